package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func philox() {
	philoxFill()
	bernoulli()
}

const (
	philoxM0 = 0xd2511f53
	philoxM1 = 0xcd9e8d57
	philoxW0 = 0x9e3779b9
	philoxW1 = 0xbb67ae85
)

// A generator computes eight blocks at a time, as two groups of four. A word of
// a block takes 64 bits, of which the upper 32 are of no account: VPMULUDQ
// ignores them and fills them with the high half of its product.
type generator struct {
	key, ctr pointer
	next     [2]vector // first counter words of the groups
}

// newGenerator starts with counters at distances first from the given one. name
// is for the tables of these.
func newGenerator(name string, first [2][4]uint32) *generator {
	g := &generator{key: Load(Param("key"), GP64()), ctr: Load(Param("ctr"), GP64())}
	for i := range g.next {
		g.next[i] = YMM()
		VPBROADCASTD(Mem{Base: g.ctr}, g.next[i])
		VPADDD(words(fmt.Sprint(name, i), func(k int) uint32 { return first[i][k/2%4] }), g.next[i], g.next[i])
	}
	return g
}

// blocks returns the words of the next eight blocks, group by group.
func (g *generator) blocks() (x [2][4]vector) {
	for i := range x {
		for j := range x[i] {
			x[i][j] = YMM()
		}
		VMOVDQU(g.next[i], x[i][0])
		VPADDD(integer("eight", 8), g.next[i], g.next[i])
		for j := 1; j < 4; j++ {
			VPBROADCASTD(Mem{Base: g.ctr, Disp: 4 * j}, x[i][j])
		}
	}
	k0, k1 := YMM(), YMM()
	VPBROADCASTD(Mem{Base: g.key}, k0)
	VPBROADCASTD(Mem{Base: g.key, Disp: 4}, k1)
	for round := range 10 {
		if round > 0 {
			VPADDD(integer("philoxW0", philoxW0), k0, k0)
			VPADDD(integer("philoxW1", philoxW1), k1, k1)
		}
		for i := range x {
			x[i] = philoxRound(x[i], k0, k1)
		}
	}
	return x
}

func philoxRound(x [4]vector, k0, k1 vector) [4]vector {
	VPXOR(k0, x[1], x[1])
	VPXOR(k1, x[3], x[3])
	VPMULUDQ(integer("philoxM0", philoxM0), x[0], x[0])
	VPMULUDQ(integer("philoxM1", philoxM1), x[2], x[2])
	high := YMM()
	VPSRLQ(U8(32), x[2], high)
	VPXOR(high, x[1], x[1])
	VPSRLQ(U8(32), x[0], high)
	VPXOR(high, x[3], x[3])
	return [4]vector{x[1], x[2], x[3], x[0]}
}

// interleave makes a and b share their 64-bit lanes, a below b.
func interleave(a, b vector) vector {
	VPSLLQ(U8(32), b, b)
	VPBLENDD(U8(0xaa), b, a, a)
	return a
}

// philoxFill writes as many times eight blocks as fit into dst.
func philoxFill() {
	begin(avx2{}, "philoxFill")
	dst := base("dst")
	n := Load(Param("dst").Len(), GP64())
	// In this order unpacking leaves neighbouring blocks in one vector.
	g := newGenerator("fillCounters", [2][4]uint32{{0, 2, 1, 3}, {4, 6, 5, 7}})
	perTurn(n, 32, func() {
		for i, x := range g.blocks() {
			low, high := interleave(x[0], x[1]), interleave(x[2], x[3])
			block := YMM()
			VPUNPCKLQDQ(high, low, block)
			VMOVDQU(block, Mem{Base: dst, Disp: 64 * i})
			VPUNPCKHQDQ(high, low, block)
			VMOVDQU(block, Mem{Base: dst, Disp: 64*i + 32})
		}
		SUBQ(I8(-128), dst)
	})
}

// perTurn repeats body while n holds size of what it counts, and returns.
func perTurn(n reg.Register, size uint8, body func()) {
	SUBQ(U8(size), n)
	JLT(LabelRef("done"))
	Label("loop")
	body()
	SUBQ(U8(size), n)
	JGE(LabelRef("loop"))
	Label("done")
	end()
}

// bernoulli writes pairs of words of bits, eight blocks each.
func bernoulli() {
	begin(avx2{}, "bernoulli")
	bits := base("bits")
	n := Load(Param("bits").Len(), GP64())
	threshold := YMM()
	a, err := Param("threshold").Resolve()
	if err != nil {
		panic(err)
	}
	VPBROADCASTW(a.Addr, threshold)
	// Interleaved, the groups are blocks 0 1 4 5 in the lower half of a vector
	// and 2 3 6 7 in the upper one, which is what unpacking ends with in order.
	g := newGenerator("bernoulliCounters", [2][4]uint32{{0, 4, 2, 6}, {1, 5, 3, 7}})
	perTurn(n, 2, func() {
		x := g.blocks()
		var kept [4]vector // halves at least threshold, word by word
		for j := range kept {
			u := interleave(x[0][j], x[1][j])
			kept[j] = YMM()
			VPMAXUW(threshold, u, kept[j])
			VPCMPEQW(u, kept[j], kept[j])
		}
		for j := 0; j < 4; j += 2 {
			// Bytes from here: the pairs of words 0 and 1, or 2 and 3, of a block
			// come together.
			VPACKSSWB(kept[j+1], kept[j], kept[j])
			VPSHUFB(pairs(), kept[j], kept[j])
		}
		mask, word := YMM(), GP32()
		VPUNPCKLDQ(kept[2], kept[0], mask)
		VPMOVMSKB(mask, word)
		MOVL(word, Mem{Base: bits})
		VPUNPCKHDQ(kept[2], kept[0], mask)
		VPMOVMSKB(mask, word)
		MOVL(word, Mem{Base: bits, Disp: 4})
		ADDQ(U8(8), bits)
	})
}

// pairs is the shuffle that turns 16-bit units 0 1 2 3 4 5 6 7 into
// 0 4 1 5 2 6 3 7 in each half of a vector.
func pairs() Mem {
	return words("pairs", func(i int) uint32 {
		low := uint32(2 * (i % 4))
		return low | (low+1)<<8 | (low+8)<<16 | (low+9)<<24
	})
}
