package simd

// The points of F(4x4,3x3) are 0, ±winoA, ±winoB and infinity; winoP and winoQ
// are their squares, and winoAlpha and winoBeta the reciprocals of the product
// of a point's distances from the others.
const (
	winoA, winoB = 0.625, 1.5
	winoP, winoQ = winoA * winoA, winoB * winoB
	winoAlpha    = 1 / (2 * winoP * (winoP - winoQ))
	winoBeta     = 1 / (2 * winoQ * (winoQ - winoP))
)

func winogradGeneric(t WinogradTransform, dst, src Strided, n, count, rows int) {
	in, out := t.Size()
	for group := range rows * count {
		r, g := group/count, group%count
		from, to := src.from(r, g).Data, dst.from(r, g).Data
		for j := range n {
			var x [6]float32
			for i := range in {
				x[i] = from[i*src.Step+j]
			}
			y := t.apply(&x)
			for i := range out {
				if t.gives(i) {
					to[i*dst.Step+j] = y[i]
				}
			}
		}
	}
}

// apply returns the map of one element of each vector.
func (t WinogradTransform) apply(x *[6]float32) (y [6]float32) {
	switch t {
	case WinogradInput2:
		return [6]float32{x[0] - x[2], x[2] + x[1], x[2] - x[1], x[3] - x[1]}
	case WinogradKernel2:
		even, odd := float32(0.5*(x[0]+x[2])), float32(0.5*x[1])
		return [6]float32{x[0], even + odd, even - odd, x[2]}
	case WinogradOutput2:
		return [6]float32{x[0] + x[1] + x[2], x[1] - x[2] + x[3]}
	case WinogradOutputGrad2:
		return [6]float32{x[0], x[0] + x[1], x[0] - x[1], x[1]}
	case WinogradKernelGrad2:
		half := float32(0.5 * (x[1] + x[2]))
		return [6]float32{x[0] + half, 0.5 * (x[1] - x[2]), half + x[3]}
	}
	if t >= WinogradInputLast3 {
		return t.applyLast(x)
	}
	return t.apply4(x)
}

// apply4 is apply for F(4x4,3x3).
func (t WinogradTransform) apply4(x *[6]float32) (y [6]float32) {
	switch t {
	case WinogradInput4:
		even, odd := x[4]-float32(winoQ*x[2]), x[3]-float32(winoQ*x[1])
		y[0] = even - float32(winoP*(x[2]-float32(winoQ*x[0])))
		y[1], y[2] = sumAndDifference(even, float32(winoA*odd))
		y[3], y[4] = sumAndDifference(x[4]-float32(winoP*x[2]), float32(winoB*(x[3]-float32(winoP*x[1]))))
		y[5] = x[5] - float32(winoQ*x[3]) - float32(winoP*odd)
	case WinogradKernel4:
		y[0] = 1 / (winoP * winoQ) * x[0]
		y[1], y[2] = sumAndDifference(float32(winoAlpha*x[0])+float32(winoAlpha*winoP*x[2]), float32(winoAlpha*winoA*x[1]))
		y[3], y[4] = sumAndDifference(float32(winoBeta*x[0])+float32(winoBeta*winoQ*x[2]), float32(winoBeta*winoB*x[1]))
		y[5] = x[2]
	case WinogradOutput4:
		sumA, differenceA, sumB, differenceB := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
		y[0] = x[0] + sumA + sumB
		y[1] = float32(winoA*differenceA) + float32(winoB*differenceB)
		y[2] = float32(winoP*sumA) + float32(winoQ*sumB)
		y[3] = float32(winoA*winoP*differenceA) + float32(winoB*winoQ*differenceB) + x[5]
	case WinogradOutputGrad4:
		y[0] = x[0]
		y[1], y[2] = sumAndDifference(x[0]+float32(winoP*x[2]), float32(winoA*x[1])+float32(winoA*winoP*x[3]))
		y[3], y[4] = sumAndDifference(x[0]+float32(winoQ*x[2]), float32(winoB*x[1])+float32(winoB*winoQ*x[3]))
		y[5] = x[3]
	case WinogradKernelGrad4:
		sumA, differenceA, sumB, differenceB := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
		y[0] = float32(1/(winoP*winoQ)*x[0]) + float32(winoAlpha*sumA) + float32(winoBeta*sumB)
		y[1] = float32(winoAlpha*winoA*differenceA) + float32(winoBeta*winoB*differenceB)
		y[2] = float32(winoAlpha*winoP*sumA) + float32(winoBeta*winoQ*sumB) + x[5]
	}
	return y
}

// applyLast is apply for last tiles.
func (t WinogradTransform) applyLast(x *[6]float32) (y [6]float32) {
	switch t {
	case WinogradInputLast3:
		y[0] = float32(winoP*float32(float32(winoQ*x[0])-float32(winoB*x[1]))) - float32(winoQ*x[2]) + float32(winoB*x[3])
		square := float32((winoP - winoQ) * x[2])
		y[1] = float32((winoA+winoB)*(x[3]-float32(winoA*winoB*x[1]))) + square
		y[2] = float32((winoB-winoA)*(x[3]+float32(winoA*winoB*x[1]))) + square
		y[3] = 2 * winoB * (x[3] - float32(winoP*x[1]))
		y[5] = x[4] - float32(winoB*x[3]) - float32(winoP*(x[2]-float32(winoB*x[1])))
	case WinogradOutputLast3:
		sum, difference := x[1]+x[2], x[1]-x[2]
		y[0] = x[0] + sum + x[3]
		y[1] = float32(winoA*difference) + float32(winoB*x[3])
		y[2] = float32(winoP*sum) + float32(winoQ*x[3]) + x[5]
	case WinogradOutputGradLast3:
		y[0] = x[0]
		y[1], y[2] = sumAndDifference(x[0]+float32(winoP*x[2]), float32(winoA*x[1]))
		y[3] = x[0] + float32(winoB*x[1]) + float32(winoQ*x[2])
		y[5] = x[2]
	case WinogradInputLast2:
		y[0] = float32(winoP*winoQ*x[0]) - float32(winoQ*x[2])
		y[1], y[2] = sumAndDifference(float32((winoP-winoQ)*x[2]), float32((winoP-winoQ)*winoA*x[1]))
		y[5] = x[3] - float32(winoP*x[1])
	case WinogradOutputLast2:
		y[0] = x[0] + x[1] + x[2]
		y[1] = float32(winoA*(x[1]-x[2])) + x[5]
	case WinogradOutputGradLast2:
		y[0], y[5] = x[0], x[1]
		y[1], y[2] = sumAndDifference(x[0], float32(winoA*x[1]))
	}
	return y
}

func sumAndDifference(x, y float32) (sum, difference float32) { return x + y, x - y }
