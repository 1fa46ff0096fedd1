package jpeg

// Multipliers of the inverse cosine transform, times 8192. It is Loeffler's, Ligtenberg's
// and Moschytz' (1989), in whole numbers as the accurate one of libjpeg has them.
const (
	f0_298 = 2446
	f0_390 = 3196
	f0_541 = 4433
	f0_765 = 6270
	f0_899 = 7373
	f1_175 = 9633
	f1_501 = 12299
	f1_847 = 15137
	f1_961 = 16069
	f2_053 = 16819
	f2_562 = 20995
	f3_072 = 25172
)

const (
	fraction = 13 // bits of the multipliers
	between  = 2  // bits that are kept between both passes
)

// inverse writes the samples of a block to its place in the plane.
func (c *component) inverse(b *block, x, y int) {
	stride := c.blocksX * 8
	dst := c.plane[y*8*stride+x*8:]
	var work [blockSize]int32
	q := c.quant
	for i := range 8 {
		if b[i+8]|b[i+16]|b[i+24]|b[i+32]|b[i+40]|b[i+48]|b[i+56] == 0 {
			v := int32(b[i]) * int32(q[i]) << between
			for j := i; j < blockSize; j += 8 {
				work[j] = v
			}
			continue
		}
		var in, out [8]int32
		for j := range in {
			in[j] = int32(b[i+8*j]) * int32(q[i+8*j])
		}
		transform(&out, &in)
		for j, v := range out {
			work[i+8*j] = (v + 1<<(fraction-between-1)) >> (fraction - between)
		}
	}
	for i := range 8 {
		var out [8]int32
		transform(&out, (*[8]int32)(work[8*i:]))
		row := dst[i*stride : i*stride+8 : i*stride+8]
		const shift = fraction + between + 3
		for j, v := range out {
			row[j] = uint8(min(max((v+1<<(shift-1))>>shift+128, 0), 255))
		}
	}
}

// transform is the transform of eight numbers, times 8192.
func transform(out, in *[8]int32) {
	// Even ones.
	z := (in[2] + in[6]) * f0_541
	e2, e3 := z-in[6]*f1_847, z+in[2]*f0_765
	e0, e1 := (in[0]+in[4])<<fraction, (in[0]-in[4])<<fraction
	a0, a3, a1, a2 := e0+e3, e0-e3, e1+e2, e1-e2

	// Odd ones.
	t0, t1, t2, t3 := in[7], in[5], in[3], in[1]
	z1, z2, z3, z4 := t0+t3, t1+t2, t0+t2, t1+t3
	z5 := (z3 + z4) * f1_175
	z1, z2 = -z1*f0_899, -z2*f2_562
	z3, z4 = z5-z3*f1_961, z5-z4*f0_390
	t0 = t0*f0_298 + z1 + z3
	t1 = t1*f2_053 + z2 + z4
	t2 = t2*f3_072 + z2 + z3
	t3 = t3*f1_501 + z1 + z4

	out[0], out[7] = a0+t3, a0-t3
	out[1], out[6] = a1+t2, a1-t2
	out[2], out[5] = a2+t1, a2-t1
	out[3], out[4] = a3+t0, a3-t0
}
