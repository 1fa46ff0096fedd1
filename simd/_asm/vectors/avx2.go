package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type avx2 struct{}

func (avx2) name() string   { return "AVX2" }
func (avx2) lanes() int     { return 8 }
func (avx2) registers() int { return 16 }
func (avx2) together() int  { return 2 }
func (avx2) spare() int     { return 3 }
func (avx2) vector() vector { return YMM() }

func (s avx2) tail(n reg.Register) lanemask {
	table := words("tailMasks", func(i int) uint32 {
		if i < 8 {
			return 0xffffffff
		}
		return 0
	})
	at, mask := GP64(), s.vector()
	LEAQ(table.Offset(4*8), at)
	back := GP64()
	MOVQ(n, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: at, Index: back, Scale: 4}, mask)
	return mask
}

// timesPowerOf2 multiplies twice, as exp_generic.go does.
func (s avx2) timesPowerOf2(_, t, p vector) {
	VPSUBD(integer("rounderBits", 0x4b400000), t, t)
	half := s.vector()
	VPSRAD(U8(1), t, half)
	VPSUBD(half, t, t)
	for _, k := range []vector{half, t} {
		VPADDD(integer("bias", 127), k, k)
		VPSLLD(U8(23), k, k)
		VMULPS(k, p, p)
	}
}

func (avx2) load(m Mem, v vector, tail lanemask) {
	if tail != nil {
		VMASKMOVPS(m, tail, v)
		return
	}
	VMOVUPS(m, v)
}

func (avx2) store(v vector, m Mem, tail lanemask) {
	if tail != nil {
		VMASKMOVPS(v, tail, m)
		return
	}
	VMOVUPS(v, m)
}

func (avx2) multiplyAdd(m Mem, row, acc []vector, scratch vector) {
	broadcastMultiplyAdd(m, row, acc, scratch)
}

func (s avx2) compare(predicate uint8, a, b vector) lanemask {
	mask := s.vector()
	VCMPPS(U8(predicate), b, a, mask)
	return mask
}

func (s avx2) both(a, b lanemask) lanemask {
	mask := s.vector()
	VPAND(a, b, mask)
	return mask
}

func (s avx2) either(a, b lanemask) lanemask {
	mask := s.vector()
	VPOR(a, b, mask)
	return mask
}

func (s avx2) equal(a, b vector) lanemask {
	mask := s.vector()
	VPCMPEQD(a, b, mask)
	return mask
}

func (avx2) keep(mask lanemask, v vector)      { VANDPS(mask, v, v) }
func (avx2) choose(mask lanemask, a, v vector) { VBLENDVPS(mask, a, v, v) }

// loadBits spreads a byte over the lanes, and lets each look at its own bit.
func (s avx2) loadBits(m Mem) lanemask {
	own := words("laneBits", func(i int) uint32 { return 1 << (i % 8) })
	mask := s.vector()
	VPBROADCASTB(m, mask)
	VPAND(own, mask, mask)
	VPCMPEQD(own, mask, mask)
	return mask
}

func (avx2) storeBits(mask lanemask, m Mem) {
	bits := GP32()
	VMOVMSKPS(mask, bits)
	MOVB(bits.As8(), m)
}

func (s avx2) loadBytes(m Mem) vector {
	v := s.vector()
	VPMOVZXBD(m, v)
	return v
}

// storeBytes narrows each half to four words, and all of them to eight bytes.
func (avx2) storeBytes(v vector, m Mem) {
	high := XMM()
	VEXTRACTI128(U8(1), v, high)
	VPACKSSDW(high, v.AsX(), high)
	VPACKUSWB(high, high, high)
	VMOVQ(high, m)
}
