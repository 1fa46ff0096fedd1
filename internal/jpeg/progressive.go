package jpeg

// The scans of a progressive image, T.81, section G.2.

func (r *huffmanReader) firstDC(c *component, b *block) error {
	if err := r.difference(c); err != nil {
		return err
	}
	b[0] = int16(c.pred << r.low)
	return nil
}

func (r *huffmanReader) refineDC(_ *component, b *block) error {
	r.fill()
	b[0] |= int16(r.take(1) << r.low)
	return nil
}

func (r *huffmanReader) firstAC(c *component, b *block) error {
	if r.ends > 0 {
		r.ends--
		return nil
	}
	for k := r.from; k <= r.to; k++ {
		s, err := r.symbol(c.ac)
		if err != nil {
			return err
		}
		zeros, n := s>>4, s&15
		if n == 0 && zeros < 15 {
			r.ends = 1<<zeros - 1 + r.extra(zeros)
			return nil
		}
		if k += zeros; n == 0 {
			continue
		}
		if k > r.to {
			return errDamaged
		}
		b[zigzag[k]] = int16(r.extend(n) << r.low)
	}
	return nil
}

// extra reads the bits that follow the symbol of a run of blocks.
func (r *huffmanReader) extra(n int) int {
	if n == 0 {
		return 0
	}
	return r.take(n)
}

// refineAC adds a bit to the coefficients that are not zero, and says which others no
// longer are.
func (r *huffmanReader) refineAC(c *component, b *block) error {
	k := r.from
	if r.ends > 0 {
		r.ends--
		r.refine(b, k, blockSize)
		return nil
	}
	for ; k <= r.to; k++ {
		s, err := r.symbol(c.ac)
		if err != nil {
			return err
		}
		zeros, n := s>>4, s&15
		if n == 0 && zeros < 15 {
			r.ends = 1<<zeros - 1 + r.extra(zeros)
			r.refine(b, k, blockSize)
			return nil
		}
		if n > 1 {
			return errDamaged
		}
		fresh := int16(0)
		if n == 1 {
			fresh = -1 << r.low
			if r.take(1) == 1 {
				fresh = 1 << r.low
			}
		}
		if k = r.refine(b, k, zeros); k <= r.to && fresh != 0 {
			b[zigzag[k]] = fresh
		}
	}
	return nil
}

// refine goes over so many zeros from coefficient k on, refines what is not zero on
// its way, and returns the place of the zero that comes next.
func (r *huffmanReader) refine(b *block, k, zeros int) int {
	for ; k <= r.to; k++ {
		v := &b[zigzag[k]]
		if *v == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		r.fill()
		if r.take(1) == 1 {
			addBit(v, r.low)
		}
	}
	return k
}

// addBit makes the magnitude of a coefficient larger by a bit that was 0.
func addBit(v *int16, low int) {
	if *v > 0 {
		*v += 1 << low
	} else {
		*v -= 1 << low
	}
}
