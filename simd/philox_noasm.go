//go:build purego || !(amd64 || arm64)

package simd

func philoxFill(dst []uint32, ctr *[4]uint32, key *[2]uint32) { philoxFillGeneric(dst, ctr, key) }
func bernoulli(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32) {
	bernoulliGeneric(bits, threshold, key, ctr)
}
