package simd

func philoxFillGeneric(dst []uint32, ctr *[4]uint32, key *[2]uint32) {
	c := *ctr
	for len(dst) > 0 {
		block := Philox(c, *key)
		dst = dst[copy(dst, block[:]):]
		c[0]++
	}
}

func bernoulliGeneric(bits []uint32, threshold uint16, key *[2]uint32, ctr *[4]uint32) {
	c := *ctr
	for i := range bits {
		var word uint32
		for k := range 4 {
			for j, u := range Philox(c, *key) {
				if uint16(u) >= threshold {
					word |= 1 << (8*k + 2*j)
				}
				if uint16(u>>16) >= threshold {
					word |= 2 << (8*k + 2*j)
				}
			}
			c[0]++
		}
		bits[i] = word
	}
}
