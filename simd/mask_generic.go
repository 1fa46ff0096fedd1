package simd

import "math"

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
			// As a number, since whether to branch is anyone's guess.
			var bit uint32
			if !(v <= 0) {
				bit = 1
			}
			word |= bit << i
			d[i] = max(v, 0)
		}
		bits[w] = word
	}
}

func maskScaleGeneric(dst, x []float32, bits []uint32, c float32) {
	for i := range dst {
		dst[i] = masked(c*x[i], bits, i)
	}
}

// masked returns x if bit i is set and 0 otherwise, without a branch.
func masked(x float32, bits []uint32, i int) float32 {
	bit := bits[uint(i)/32] >> (uint(i) % 32) & 1
	return math.Float32frombits(math.Float32bits(x) & -bit)
}
