package simd

func maxFromGeneric(best []float32, from []uint32, x []float32, place uint32) {
	for i, v := range x {
		if v > best[i] || v != v {
			best[i], from[i] = v, place
		}
	}
}

func maxSquaresGeneric(dst []float32, from []byte, step int, x []float32, row, n, count int) {
	for square := range count {
		y, place := dst[square*step:][:n], from[square*step:][:n]
		above := x[2*square*n:][:2*n]
		below := x[2*square*n+row:][:2*n]
		for i := range y {
			best, origin := above[i], byte(0)
			for p, v := range [...]float32{above[n+i], below[i], below[n+i]} {
				if v > best || v != v {
					best, origin = v, byte(p+1)
				}
			}
			y[i], place[i] = best, origin
		}
	}
}

func spreadSquaresGeneric(dst []float32, row int, x []float32, from []byte, step, n, count int) {
	for square := range count {
		clear(dst[2*square*n:][:2*n])
		clear(dst[2*square*n+row:][:2*n])
		places := from[square*step:][:n]
		for i, v := range x[square*step:][:n] {
			place := int(places[i])
			dst[place/2*row+(2*square+place%2)*n+i] = v
		}
	}
}
