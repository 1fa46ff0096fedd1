package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type avx512 struct{}

func (avx512) name() string   { return "AVX512" }
func (avx512) lanes() int     { return 16 }
func (avx512) registers() int { return 32 }
func (avx512) together() int  { return 4 }
func (avx512) spare() int     { return 13 }
func (avx512) vector() vector { return ZMM() }

func (avx512) tail(n reg.Register) lanemask {
	MOVQ(n, reg.RCX) // the only register that shifts count in
	bits, mask := GP32(), K()
	MOVL(U32(1), bits)
	SHLL(reg.CL, bits)
	DECL(bits)
	KMOVW(bits, mask)
	return mask
}

func (avx512) timesPowerOf2(n, _, p vector) { VSCALEFPS(n, p, p) }

func (avx512) load(m Mem, v vector, tail lanemask) {
	if tail != nil {
		VMOVUPS_Z(m, tail, v)
		return
	}
	VMOVUPS(m, v)
}

func (avx512) store(v vector, m Mem, tail lanemask) {
	if tail != nil {
		VMOVUPS(v, tail, m)
		return
	}
	VMOVUPS(v, m)
}

// multiplyAdd reads the element as part of the multiplication where it is used
// once: Zen 4 needs a third of a cycle more for a broadcast by itself.
func (avx512) multiplyAdd(m Mem, row, acc []vector, scratch vector) {
	if len(row) == 1 {
		VFMADD231PS_BCST(m, row[0], acc[0])
		return
	}
	broadcastMultiplyAdd(m, row, acc, scratch)
}

func (avx512) compare(predicate uint8, a, b vector) lanemask {
	mask := K()
	VCMPPS(U8(predicate), b, a, mask)
	return mask
}

func (avx512) both(a, b lanemask) lanemask {
	mask := K()
	KANDW(a, b, mask)
	return mask
}

func (avx512) either(a, b lanemask) lanemask {
	mask := K()
	KORW(a, b, mask)
	return mask
}

func (avx512) equal(a, b vector) lanemask {
	mask := K()
	VPCMPEQD(a, b, mask)
	return mask
}

func (avx512) keep(mask lanemask, v vector)      { VMOVAPS_Z(v, mask, v) }
func (avx512) choose(mask lanemask, a, v vector) { VMOVAPS(a, mask, v) }

func (avx512) loadBits(m Mem) lanemask {
	mask := K()
	KMOVW(m, mask)
	return mask
}

func (avx512) storeBits(mask lanemask, m Mem) { KMOVW(mask, m) }

func (s avx512) loadBytes(m Mem) vector {
	v := s.vector()
	VPMOVZXBD(m, v)
	return v
}

func (avx512) storeBytes(v vector, m Mem) { VPMOVDB(v, m) }
