package imaging

// A lookup maps the values of one channel.
type lookup [256]uint8

// clamp limits a value to 0..255.
func clamp(v int) uint8 { return uint8(max(0, min(v, 255))) }

// apply maps every channel by its own table.
func apply(op string, dst, src Image, tables *[Channels]lookup) {
	sameSize(op, dst, src)
	for i := 0; i < len(src.Pix); i += Channels {
		d, s := dst.Pix[i:i+Channels:i+Channels], src.Pix[i:i+Channels:i+Channels]
		d[0], d[1], d[2] = tables[0][s[0]], tables[1][s[1]], tables[2][s[2]]
	}
}

// each applies f to every value.
func each(op string, dst, src Image, f func(v uint8) uint8) {
	var table lookup
	for v := range table {
		table[v] = f(uint8(v))
	}
	apply(op, dst, src, &[Channels]lookup{table, table, table})
}

// histograms counts the values of every channel.
func histograms(m Image) (counts [Channels][256]int) {
	for i := 0; i < len(m.Pix); i += Channels {
		p := m.Pix[i : i+Channels : i+Channels]
		counts[0][p[0]]++
		counts[1][p[1]]++
		counts[2][p[2]]++
	}
	return counts
}

// perChannel applies to each channel the table that f makes of its histogram.
// dst may be src.
func perChannel(op string, dst, src Image, f func(table *lookup, counts *[256]int)) {
	counts := histograms(src)
	var tables [Channels]lookup
	for c := range tables {
		for v := range tables[c] {
			tables[c][v] = uint8(v)
		}
		f(&tables[c], &counts[c])
	}
	apply(op, dst, src, &tables)
}

// invert sets dst to src with every value v as 255-v. dst may be src.
func invert(dst, src Image) {
	each("Invert", dst, src, func(v uint8) uint8 { return 255 - v })
}

// posterize sets dst to src with the highest bits of every value only, from 0
// (black) to 8. dst may be src.
func posterize(dst, src Image, bits int) {
	mask := ^(uint8(0xff) >> max(0, min(bits, 8)))
	each("Posterize", dst, src, func(v uint8) uint8 { return v & mask })
}

// solarize sets dst to src with every value of at least threshold inverted. dst
// may be src.
func solarize(dst, src Image, threshold int) {
	each("Solarize", dst, src, func(v uint8) uint8 {
		if int(v) < threshold {
			return v
		}
		return 255 - v
	})
}

// autoContrast sets dst to src with each channel stretched to the whole range.
// dst may be src.
func autoContrast(dst, src Image) {
	perChannel("AutoContrast", dst, src, func(table *lookup, counts *[256]int) {
		lo, hi := 0, 255
		for lo < 255 && counts[lo] == 0 {
			lo++
		}
		for hi > 0 && counts[hi] == 0 {
			hi--
		}
		if hi <= lo {
			return
		}
		scale := 255 / float64(hi-lo)
		offset := float64(-lo) * scale
		for v := range table {
			table[v] = clamp(int(float64(float64(v)*scale) + offset))
		}
	})
}

// equalize sets dst to src with the values of each channel spread so that all
// are about equally frequent. dst may be src.
func equalize(dst, src Image) {
	perChannel("Equalize", dst, src, func(table *lookup, counts *[256]int) {
		total, last, distinct := 0, 0, 0
		for _, n := range counts {
			if n > 0 {
				total, last, distinct = total+n, n, distinct+1
			}
		}
		step := (total - last) / 255
		if distinct <= 1 || step == 0 {
			return
		}
		n := step / 2
		for v := range table {
			table[v] = clamp(n / step)
			n += counts[v]
		}
	})
}
