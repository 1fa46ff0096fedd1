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

// numbers have names, as tables have. Those that a function uses most stand first.
type numbers []struct {
	name  string
	value float32
}

// held are numbers of which the present function has vectors in registers.
var held map[string]vector

// hold loads as many numbers as there is room for into registers, for the rest of the
// function.
func (n numbers) hold(s set) {
	held = map[string]vector{}
	for _, x := range n[:min(len(n), s.spare())] {
		v := s.vector()
		VMOVUPS(float(x.name, x.value), v)
		held[x.name] = v
	}
}

// constant returns a vector full of x: the register that holds it, or a table.
func constant(name string, x float32) Op {
	table := float(name, x) // which agrees with what is held
	if v, ok := held[name]; ok {
		return v
	}
	return table
}

// integer returns a table full of x.
func integer(name string, x uint32) Mem {
	return words(name, func(int) uint32 { return x })
}
