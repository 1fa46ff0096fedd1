package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

type table struct {
	at    Mem
	words [16]uint32
}

var tables = map[string]table{}

// words returns a read-only table of sixteen words. Those of one name share it,
// and must agree about what is in it.
func words(name string, word func(i int) uint32) Mem {
	var t table
	for i := range t.words {
		t.words[i] = word(i)
	}
	if known, ok := tables[name]; ok {
		if known.words != t.words {
			panic("two tables are called " + name)
		}
		return known.at
	}
	t.at = GLOBL(name, RODATA|NOPTR)
	for i, w := range t.words {
		DATA(4*i, U32(w))
	}
	tables[name] = t
	return t.at
}

// float returns a table full of x.
func float(name string, x float32) Mem {
	return integer(name, math.Float32bits(x))
}

// integer returns a table full of x.
func integer(name string, x uint32) Mem {
	return words(name, func(int) uint32 { return x })
}
