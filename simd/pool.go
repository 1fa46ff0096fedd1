package simd

// MaxFrom updates maxima and where they come from: where x[i] is larger than
// best[i], or NaN, it becomes best[i], and place from[i]. All slices have the
// length of best.
func MaxFrom(best []float32, from []uint32, x []float32, place uint32) {
	from, x = from[:len(best)], x[:len(best)]
	for len(best) > 0 {
		n := min(len(best), maxCall)
		maxFrom(best[:n], from[:n], x[:n], place)
		best, from, x = best[n:], from[n:], x[n:]
	}
}
