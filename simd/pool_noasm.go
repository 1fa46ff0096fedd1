//go:build purego || !(amd64 || arm64)

package simd

func maxFrom(best []float32, from []uint32, x []float32, place uint32) {
	maxFromGeneric(best, from, x, place)
}
