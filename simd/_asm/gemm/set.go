package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type vector = reg.VecVirtual

// A set is what differs between the instruction sets.
type set interface {
	name() string
	lanes() int
	rows() int  // of the largest tile, which is two vectors wide
	lines() int // of memory that four steps of a tile fetch

	vector() vector
	zero(v vector)

	// setMask makes the first columns lanes those that load and store touch
	// when masked. columns is overwritten.
	setMask(columns reg.GPVirtual)
	load(m Mem, v vector, masked bool)
	store(v vector, m Mem, masked bool)

	// multiplyAdd adds the products of the element at m with the vectors of row
	// to acc. It may use scratch.
	multiplyAdd(m Mem, row, acc []vector, scratch vector)
}

type avx512 struct{}

func (avx512) name() string   { return "AVX512" }
func (avx512) lanes() int     { return 16 }
func (avx512) rows() int      { return 14 }
func (avx512) lines() int     { return 4 }
func (avx512) vector() vector { return ZMM() }
func (avx512) zero(v vector)  { VPXORD(v, v, v) }

func (avx512) setMask(columns reg.GPVirtual) {
	MOVQ(columns, reg.RCX)
	MOVL(U32(1), columns.As32())
	SHLL(reg.CL, columns.As32())
	DECL(columns.As32())
	KMOVW(columns.As32(), reg.K1)
}

func (avx512) load(m Mem, v vector, masked bool) {
	if masked {
		VMOVUPS_Z(m, reg.K1, v)
		return
	}
	VMOVUPS(m, v)
}

func (avx512) store(v vector, m Mem, masked bool) {
	if masked {
		VMOVUPS(v, reg.K1, m)
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

func broadcastMultiplyAdd(m Mem, row, acc []vector, scratch vector) {
	VBROADCASTSS(m, scratch)
	for j, v := range row {
		VFMADD231PS(v, scratch, acc[j])
	}
}

type avx2 struct{}

func (avx2) name() string   { return "AVX2" }
func (avx2) lanes() int     { return 8 }
func (avx2) rows() int      { return 6 }
func (avx2) lines() int     { return 1 }
func (avx2) vector() vector { return YMM() }
func (avx2) zero(v vector)  { VXORPS(v, v, v) }

// maskRegister is set outside the part of a function that uses it.
var maskRegister = reg.Y15

func (avx2) setMask(columns reg.GPVirtual) {
	table := maskTable()
	at := GP64()
	LEAQ(table, at)
	NEGQ(columns)
	VMOVUPS(Mem{Base: at, Index: columns, Scale: 4, Disp: 4 * 8}, maskRegister)
}

func (avx2) load(m Mem, v vector, masked bool) {
	if masked {
		VMASKMOVPS(m, maskRegister, v)
		return
	}
	VMOVUPS(m, v)
}

func (avx2) store(v vector, m Mem, masked bool) {
	if masked {
		VMASKMOVPS(v, maskRegister, m)
		return
	}
	VMOVUPS(v, m)
}

func (avx2) multiplyAdd(m Mem, row, acc []vector, scratch vector) {
	broadcastMultiplyAdd(m, row, acc, scratch)
}

var masks *Mem

// maskTable is eight words of ones followed by eight words of zeros.
func maskTable() Mem {
	if masks == nil {
		m := GLOBL("gemmMasks", RODATA|NOPTR)
		for i := range 16 {
			word := U32(0)
			if i < 8 {
				word = 0xffffffff
			}
			DATA(4*i, word)
		}
		masks = &m
	}
	return *masks
}
