package ops

import "autodropout/simd"

// unitsOf returns the units [lo, hi) of part k of x, whose parts have h units.
func unitsOf(x []float32, k, h, lo, hi int) []float32 { return x[k*h+lo : k*h+hi] }

// lstmCell keeps the four gates.
type lstmCell struct{}

func (lstmCell) gates() int     { return 4 }
func (lstmCell) kept() int      { return 4 }
func (lstmCell) together() bool { return true }

// forward: c' = f*c + i*g and h' = o*tanh(c'), with the sigmoids i, f and o and the
// hyperbolic tangent g.
func (lstmCell) forward(keep, x []float32, before, after [2][]float32, lo, hi int) {
	h := len(before[0])
	var gates [4][]float32
	for k := range gates {
		gate := unitsOf(keep, k, h, lo, hi)
		simd.Add(gate, gate, unitsOf(x, k, h, lo, hi))
		if k == 2 {
			simd.Tanh(gate, gate)
		} else {
			simd.Sigmoid(gate, gate)
		}
		gates[k] = gate
	}
	cell, hidden := after[1][lo:hi], after[0][lo:hi]
	simd.Mul(cell, gates[1], before[1][lo:hi])
	simd.MulAdd(cell, gates[0], gates[2])
	simd.Tanh(hidden, cell)
	simd.Mul(hidden, hidden, gates[3])
}

func (lstmCell) backward(_, dw, keep []float32, before, after, d [2][]float32, lo, hi int, tanh []float32) {
	n, h := len(tanh), len(before[0])
	simd.Tanh(tanh, after[1][lo:hi])
	dh, dc, old := d[0][lo:hi][:n], d[1][lo:hi][:n], before[1][lo:hi][:n]
	part := func(x []float32, k int) []float32 { return unitsOf(x, k, h, lo, hi)[:n] }
	i, f, g, o := part(keep, 0), part(keep, 1), part(keep, 2), part(keep, 3)
	di, df, dg, do := part(dw, 0), part(dw, 1), part(dw, 2), part(dw, 3)
	for j, t := range tanh {
		do[j] = float32(dh[j]*t) * float32(o[j]*(1-o[j]))
		sum := dc[j] + float32(float32(dh[j]*o[j])*(1-float32(t*t)))
		di[j] = float32(sum*g[j]) * float32(i[j]*(1-i[j]))
		df[j] = float32(sum*old[j]) * float32(f[j]*(1-f[j]))
		dg[j] = float32(sum*i[j]) * (1 - float32(g[j]*g[j]))
		dc[j] = sum * f[j]
	}
	clear(dh)
}

// gruCell keeps the three gates, and what the hidden state adds to the new state
// before it is reset.
type gruCell struct{}

func (gruCell) gates() int     { return 3 }
func (gruCell) kept() int      { return 4 }
func (gruCell) together() bool { return false }

// forward: h' = n + z*(h-n) and n = tanh(x + r*q), with the sigmoids r and z and what
// the hidden state adds, q.
func (gruCell) forward(keep, x []float32, before, after [2][]float32, lo, hi int) {
	h := len(before[0])
	part := func(x []float32, k int) []float32 { return unitsOf(x, k, h, lo, hi) }
	for k := range 2 {
		gate := part(keep, k)
		simd.Add(gate, gate, part(x, k))
		simd.Sigmoid(gate, gate)
	}
	fresh, q := part(keep, 2), part(keep, 3)
	copy(q, fresh)
	copy(fresh, part(x, 2))
	simd.MulAdd(fresh, part(keep, 0), q)
	simd.Tanh(fresh, fresh)
	hidden := after[0][lo:hi]
	simd.Sub(hidden, before[0][lo:hi], fresh)
	simd.Mul(hidden, hidden, part(keep, 1))
	simd.Add(hidden, hidden, fresh)
}

func (gruCell) backward(dx, dw, keep []float32, before, _, d [2][]float32, lo, hi int, _ []float32) {
	n, h := hi-lo, len(before[0])
	dh, old := d[0][lo:hi][:n], before[0][lo:hi][:n]
	part := func(x []float32, k int) []float32 { return unitsOf(x, k, h, lo, hi)[:n] }
	reset, update, fresh, q := part(keep, 0), part(keep, 1), part(keep, 2), part(keep, 3)
	dr, dz, dn, dq := part(dx, 0), part(dx, 1), part(dx, 2), part(dw, 2)
	for j, v := range dh {
		r, z, n := reset[j], update[j], fresh[j]
		dn[j] = float32(v*(1-z)) * (1 - float32(n*n))
		dz[j] = float32(v*(old[j]-n)) * float32(z*(1-z))
		dr[j] = float32(dn[j]*q[j]) * float32(r*(1-r))
		dq[j] = dn[j] * r
		dh[j] = v * z
	}
	copy(part(dw, 0), dr)
	copy(part(dw, 1), dz)
}
