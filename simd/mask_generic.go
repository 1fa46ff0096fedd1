package simd

func reluGeneric(dst, x []float32) {
	for i := range dst {
		dst[i] = max(x[i], 0)
	}
}

func reluBitsGeneric(dst, x []float32, bits []uint32) {
	for w := range bits {
		lo := 32 * w
		hi := min(lo+32, len(dst))
		d, x := dst[lo:hi], x[lo:hi]
		var word uint32
		for i, v := range x {
			if !(v <= 0) {
				word |= 1 << i
			}
			d[i] = max(v, 0)
		}
		bits[w] = word
	}
}

func maskScaleGeneric(dst, x []float32, bits []uint32, c float32) {
	for i := range dst {
		var y float32
		if bits[i/32]>>(i%32)&1 != 0 {
			y = c * x[i]
		}
		dst[i] = y
	}
}

func maskAxpyGeneric(dst, x []float32, bits []uint32, a float32) {
	for i := range dst {
		if bits[i/32]>>(i%32)&1 != 0 {
			dst[i] += float32(a * x[i])
		}
	}
}
