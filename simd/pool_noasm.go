//go:build purego || !amd64

package simd

// On ARM this is as good: memory is the limit.
func maxFrom(best []float32, from []uint32, x []float32, place uint32) {
	maxFromGeneric(best, from, x, place)
}
