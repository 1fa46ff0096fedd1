package simd

func maxFromGeneric(best []float32, from []uint32, x []float32, place uint32) {
	for i, v := range x {
		if v > best[i] || v != v {
			best[i], from[i] = v, place
		}
	}
}
