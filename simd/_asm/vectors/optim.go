package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func optim() {
	s := avx2{}
	sgd(s)
	sgdMomentum(s, "sgdMomentum", false)
	sgdMomentum(s, "sgdNesterov", true)
	adam(s)
	rmsProp(s)
}

// decayed returns g + wd*w.
func decayed(t step, g pointer, w, wd vector) vector {
	d := t.vector()
	VMULPS(wd, w, d)
	VADDPS(d, t.load(g), d)
	return d
}

// flush sets the lanes of x that are negligible to 0.
func flush(t step, x vector) {
	magnitude, negligible := t.vector(), t.vector()
	VMOVUPS(float("negligible", 0x1p-100), negligible)
	VANDPS(integer("magnitudeBits", 1<<31-1), x, magnitude)
	t.keep(t.compare(notLess, magnitude, negligible), x)
}

func sgd(s set) {
	begin(s, "sgd")
	w, g := base("w"), base("g")
	lr, wd := broadcast(s, "lr"), broadcast(s, "wd")
	loop{set: s, n: Load(Param("w").Len(), GP64()), body: func(t step) {
		x := t.load(w)
		d := decayed(t, g, x, wd)
		VMULPS(lr, d, d)
		VSUBPS(d, x, x)
		t.store(x, w)
	}}.write()
	end()
}

func sgdMomentum(s set, name string, nesterov bool) {
	begin(s, name)
	w, g, m := base("w"), base("g"), base("m")
	lr, momentum, wd := broadcast(s, "lr"), broadcast(s, "momentum"), broadcast(s, "wd")
	loop{set: s, n: Load(Param("w").Len(), GP64()), body: func(t step) {
		x := t.load(w)
		d := decayed(t, g, x, wd)
		v := t.load(m)
		VMULPS(momentum, v, v)
		VADDPS(d, v, v)
		flush(t, v)
		t.store(v, m)
		if nesterov {
			VMULPS(momentum, v, v)
			VADDPS(v, d, v)
		}
		VMULPS(lr, v, v)
		VSUBPS(v, x, x)
		t.store(x, w)
	}}.write()
	end()
}

func adam(s set) {
	begin(s, "adam")
	w, g, m, v := base("w"), base("g"), base("m"), base("v")
	k := Load(Param("k"), GP64())
	field := func(i int) vector {
		f := s.vector()
		VBROADCASTSS(Mem{Base: k, Disp: 4 * i}, f)
		return f
	}
	wd, oneBeta1, beta2, oneBeta2 := field(0), field(1), field(2), field(3)
	correctV, eps, stepWidth := field(4), field(5), field(6)
	loop{set: s, n: Load(Param("w").Len(), GP64()), body: func(t step) {
		x := t.load(w)
		d := decayed(t, g, x, wd)

		first, change := t.load(m), t.vector()
		VSUBPS(first, d, change)
		VMULPS(oneBeta1, change, change)
		VADDPS(change, first, first)
		flush(t, first)
		t.store(first, m)

		second, square := t.load(v), t.vector()
		VMULPS(beta2, second, second)
		VMULPS(oneBeta2, d, square)
		VMULPS(d, square, square)
		VADDPS(square, second, second)
		flush(t, second)
		t.store(second, v)

		VSQRTPS(second, second)
		VMULPS(correctV, second, second)
		VADDPS(eps, second, second)
		VMULPS(stepWidth, first, first)
		VDIVPS(second, first, first)
		VSUBPS(first, x, x)
		t.store(x, w)
	}}.write()
	end()
}

func rmsProp(s set) {
	begin(s, "rmsProp")
	w, g, v, m := base("w"), base("g"), base("v"), base("m")
	k := Load(Param("k"), GP64())
	field := func(i int) vector {
		f := s.vector()
		VBROADCASTSS(Mem{Base: k, Disp: 4 * i}, f)
		return f
	}
	wd, rho, oneRho, momentum, eps, lr := field(0), field(1), field(2), field(3), field(4), field(5)
	loop{set: s, n: Load(Param("w").Len(), GP64()), body: func(t step) {
		x := t.load(w)
		d := decayed(t, g, x, wd)

		mean, square := t.load(v), t.vector()
		VMULPS(rho, mean, mean)
		VMULPS(oneRho, d, square)
		VMULPS(d, square, square)
		VADDPS(square, mean, mean)
		flush(t, mean)
		t.store(mean, v)

		VADDPS(eps, mean, mean)
		VSQRTPS(mean, mean)
		VMULPS(lr, d, d)
		VDIVPS(mean, d, d)
		move := t.load(m)
		VMULPS(momentum, move, move)
		VADDPS(d, move, move)
		flush(t, move)
		t.store(move, m)
		VSUBPS(move, x, x)
		t.store(x, w)
	}}.write()
	end()
}
