package ops

import "autodropout/simd"

// lstmCell keeps the four gates.
type lstmCell struct{}

func (lstmCell) gates() int     { return 4 }
func (lstmCell) kept() int      { return 4 }
func (lstmCell) together() bool { return true }

// forward: c' = f*c + i*g and h' = o*tanh(c'), with the sigmoids i, f and o and the
// hyperbolic tangent g.
func (lstmCell) forward(keep, x []float32, before, after [2][]float32) {
	h := len(keep) / 4
	simd.Add(keep, keep, x)
	simd.Sigmoid(keep[:2*h], keep[:2*h])
	simd.Tanh(keep[2*h:3*h], keep[2*h:3*h])
	simd.Sigmoid(keep[3*h:], keep[3*h:])
	i, f, g, o := keep[:h], keep[h:2*h], keep[2*h:3*h], keep[3*h:]
	cell, hidden := after[1], after[0]
	simd.Mul(cell, f, before[1])
	simd.MulAdd(cell, i, g)
	simd.Tanh(hidden, cell)
	simd.Mul(hidden, hidden, o)
}

func (lstmCell) backward(_, dw, keep []float32, before, after, d [2][]float32, tanh []float32) {
	h := len(tanh)
	simd.Tanh(tanh, after[1])
	dh, dc, old := d[0][:h], d[1][:h], before[1][:h]
	i, f, g, o := keep[:h], keep[h:2*h], keep[2*h:3*h], keep[3*h:4*h]
	di, df, dg, do := dw[:h], dw[h:2*h], dw[2*h:3*h], dw[3*h:4*h]
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
func (gruCell) forward(keep, x []float32, before, after [2][]float32) {
	h := len(x) / 3
	reset, update, new, q := keep[:h], keep[h:2*h], keep[2*h:3*h], keep[3*h:]
	copy(q, new)
	simd.Add(keep[:2*h], keep[:2*h], x[:2*h])
	simd.Sigmoid(keep[:2*h], keep[:2*h])
	copy(new, x[2*h:])
	simd.MulAdd(new, reset, q)
	simd.Tanh(new, new)
	hidden := after[0]
	simd.Sub(hidden, before[0], new)
	simd.Mul(hidden, hidden, update)
	simd.Add(hidden, hidden, new)
}

func (gruCell) backward(dx, dw, keep []float32, before, _, d [2][]float32, _ []float32) {
	h := len(dx) / 3
	dh, old := d[0][:h], before[0][:h]
	reset, update, new, q := keep[:h], keep[h:2*h], keep[2*h:3*h], keep[3*h:4*h]
	dr, dz, dn, dq := dx[:h], dx[h:2*h], dx[2*h:3*h], dw[2*h:3*h]
	for j, v := range dh {
		r, z, n := reset[j], update[j], new[j]
		dn[j] = float32(v*(1-z)) * (1 - float32(n*n))
		dz[j] = float32(v*(old[j]-n)) * float32(z*(1-z))
		dr[j] = float32(dn[j]*q[j]) * float32(r*(1-r))
		dq[j] = dn[j] * r
		dh[j] = v * z
	}
	copy(dw[:2*h], dx[:2*h])
}
