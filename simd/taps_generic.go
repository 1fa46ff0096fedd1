package simd

// gemmTapsGeneric multiplies one run at a time, with the micro-kernel for products.
func gemmTapsGeneric(count, m, n int, a *Taps, aNext int, b []float32, ldb int, c []float32, ldc, cNext int, accumulate bool) {
	height := equalParts(m, gemmSizes().mr, 1)
	for i := range count {
		beta := float32(0)
		if accumulate {
			beta = 1
		}
		for t, offset := range a.Offsets {
			run := panels{matrix: matrix{a.Data[i*aNext+offset:], a.Row, a.Col}, next: height * a.Row}
			rows := panels{matrix: matrix{b[t*a.Run*ldb:], ldb, 1}, next: n}
			gemmBlock(m, n, a.Run, height, n, 1, run, rows, beta, c[i*cNext:], ldc)
			beta = 1
		}
	}
}

func depthwiseTapsGeneric(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	for i := range m {
		sum := c[i*ldc:][:n]
		if !accumulate {
			clear(sum)
		}
		for t, offset := range a.Offsets {
			for j := range a.Run {
				x, w := a.Data[offset+i*a.Row+j*a.Col:][:n], b[(t*a.Run+j)*ldb:][:n]
				for channel := range sum {
					sum[channel] += float32(x[channel] * w[channel])
				}
			}
		}
	}
}
