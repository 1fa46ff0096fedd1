package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func mask() {
	for _, s := range bothSets {
		relu(s)
		reluBits(s)
		maskScale(s)
	}
}

func zero(s set) vector {
	v := s.vector()
	VXORPS(v, v, v)
	return v
}

func relu(s set) {
	begin(s, "relu")
	dst, x := base("dst"), base("x")
	z := zero(s)
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		y := t.load(x)
		t.keep(t.compare(notLessOrEqual, y, z), y)
		t.store(y, dst)
	}}.write()
	end()
}

func reluBits(s set) {
	begin(s, "reluBits")
	dst, x, bits := base("dst"), base("x"), base("bits")
	z := zero(s)
	loop{set: s, n: Load(Param("dst").Len(), GP64()), bits: bits, body: func(t step) {
		y := t.load(x)
		positive := t.compare(notLessOrEqual, y, z)
		t.keep(positive, y)
		t.store(y, dst)
		t.storeBits(positive, t.bitsAt(bits))
	}}.write()
	end()
}

func maskScale(s set) {
	begin(s, "maskScale")
	dst, x, bits := base("dst"), base("x"), base("bits")
	c := broadcast(s, "c")
	loop{set: s, n: Load(Param("dst").Len(), GP64()), bits: bits, body: func(t step) {
		y := t.load(x)
		VMULPS(c, y, y)
		t.keep(t.loadBits(t.bitsAt(bits)), y)
		t.store(y, dst)
	}}.write()
	end()
}
