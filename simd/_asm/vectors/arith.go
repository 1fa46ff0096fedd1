package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func arith() {
	s := avx2{}
	binary(s, "add", func(_ step, a, b vector) vector { VADDPS(b, a, a); return a })
	binary(s, "sub", func(_ step, a, b vector) vector { VSUBPS(b, a, a); return a })
	binary(s, "mul", func(_ step, a, b vector) vector { VMULPS(b, a, a); return a })
	mulAdd(s)
	// The instructions return b unless a is larger or smaller, so NaN in a is
	// all that is missing.
	binary(s, "maximum", func(t step, a, b vector) vector {
		VMAXPS(b, a, b)
		t.choose(t.compare(unordered, a, a), a, b)
		return b
	})
	binary(s, "minimum", func(t step, a, b vector) vector {
		VMINPS(b, a, b)
		t.choose(t.compare(unordered, a, a), a, b)
		return b
	})
	scalar(s, "scale", "c", func(x, c vector) { VMULPS(c, x, x) })
	scalar(s, "addScalar", "c", func(x, c vector) { VADDPS(c, x, x) })
	axpy(s)
	lerp(s)
	fill(s)
}

func binary(s set, name string, f func(t step, a, b vector) vector) {
	begin(s, name)
	dst, a, b := base("dst"), base("a"), base("b")
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		t.store(f(t, t.load(a), t.load(b)), dst)
	}}.write()
	end()
}

func mulAdd(s set) {
	begin(s, "mulAdd")
	dst, a, b := base("dst"), base("a"), base("b")
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		x := t.load(a)
		VMULPS(t.load(b), x, x)
		VADDPS(x, t.load(dst), x)
		t.store(x, dst)
	}}.write()
	end()
}

func scalar(s set, name, c string, f func(x, c vector)) {
	begin(s, name)
	dst, x := base("dst"), base("x")
	v := broadcast(s, c)
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		y := t.load(x)
		f(y, v)
		t.store(y, dst)
	}}.write()
	end()
}

func axpy(s set) {
	begin(s, "axpy")
	dst, x := base("dst"), base("x")
	a := broadcast(s, "a")
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		y := t.load(x)
		VMULPS(a, y, y)
		VADDPS(y, t.load(dst), y)
		t.store(y, dst)
	}}.write()
	end()
}

func lerp(s set) {
	begin(s, "lerp")
	dst, x := base("dst"), base("x")
	fraction := broadcast(s, "t")
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		y, d := t.load(dst), t.load(x)
		VSUBPS(y, d, d)
		VMULPS(fraction, d, d)
		VADDPS(d, y, y)
		t.store(y, dst)
	}}.write()
	end()
}

func fill(s set) {
	begin(s, "fill")
	dst := base("dst")
	c := broadcast(s, "c")
	loop{set: s, n: Load(Param("dst").Len(), GP64()), body: func(t step) {
		t.store(c, dst)
	}}.write()
	end()
}
