package simd

// Philox returns one block of the counter-based generator Philox4x32-10 of
// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011): a
// bijection of the counter that the key selects. Different counters or keys
// give independent uniform words, in any order and from any goroutine.
func Philox(ctr [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		p0 := uint64(ctr[0]) * philoxM0
		p1 := uint64(ctr[2]) * philoxM1
		ctr = [4]uint32{
			uint32(p1>>32) ^ ctr[1] ^ key[0], uint32(p1),
			uint32(p0>>32) ^ ctr[3] ^ key[1], uint32(p0),
		}
		key[0] += philoxW0
		key[1] += philoxW1
	}
	return ctr
}

// The multipliers and key increments of Philox4x32.
const (
	philoxM0 = 0xd2511f53
	philoxM1 = 0xcd9e8d57
	philoxW0 = 0x9e3779b9
	philoxW1 = 0xbb67ae85
)

// PhiloxFill sets dst to the blocks of consecutive counters ctr, ctr with its
// first word one higher, and so on; the last block may be cut short. The first
// word wraps around without a carry, so a counter has room for 2**34 words.
func PhiloxFill(dst []uint32, ctr [4]uint32, key [2]uint32) {
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		philoxFill(dst[:n], &ctr, &key)
		dst = dst[n:]
		ctr[0] += uint32(n / 4)
	}
}

// BernoulliBits sets n bits, each to 1 (keep) with probability
// 1 - threshold/65536: where a uniform 16-bit number is at least threshold. It
// writes ceil(n/32) words; bits behind the last become 0. Bit 8k+2i is drawn
// from the low half of word i of Philox block k, counted as in PhiloxFill, and
// bit 8k+2i+1 from its high half: the first n bits do not depend on n.
func BernoulliBits(bits []uint32, n int, threshold uint16, key [2]uint32, ctr [4]uint32) {
	bits = bits[:maskWords(n)]
	for words := bits; len(words) > 0; {
		n := min(len(words), maxCall/16)
		bernoulli(words[:n], threshold, &key, &ctr)
		words = words[n:]
		ctr[0] += uint32(4 * n)
	}
	if n%32 != 0 {
		bits[len(bits)-1] &= 1<<(n%32) - 1
	}
}
