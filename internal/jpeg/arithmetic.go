package jpeg

// conditions say which differences are small, T.81, section B.2.4.3.
type conditions struct {
	dcLower, dcUpper, ac uint8
}

// conditioning reads them.
func (d *decoder) conditioning(body []byte) error {
	for ; len(body) >= 2; body = body[2:] {
		table, value := body[0], body[1]
		if table&15 > 3 || table>>4 > 1 {
			return errDamaged
		}
		c := &d.conditions[table&15]
		if table>>4 == 1 {
			c.ac = value
			continue
		}
		if c.dcLower, c.dcUpper = value&15, value>>4; c.dcLower > c.dcUpper {
			return errDamaged
		}
	}
	if len(body) != 0 {
		return errDamaged
	}
	return nil
}

// probability is a place in the table of states, times two, and the more probable
// symbol.
type probability uint8

// arithmetic is the coder of T.81, annex D.
type arithmetic struct {
	*scan
	text       []byte
	pos        int
	c, a       uint32 // the code and the interval, figure D.16
	ct         int    // bits until the next byte
	half       probability
	conditions [4]conditions
	dc         [4][49]probability  // table F.4
	ac         [4][245]probability // table F.5
	read       func(c *component, b *block) error
}

func newArithmetic(d *decoder, s *scan) *arithmetic {
	q := &arithmetic{scan: s, text: d.text, conditions: d.conditions}
	q.read = d.reader(s, q)
	return q
}

func (q *arithmetic) whole(c *component, b *block) error {
	if err := q.firstDC(c, b); err != nil {
		return err
	}
	return q.firstAC(c, b)
}

func (q *arithmetic) begin(pos int) {
	q.pos, q.half = pos, fixed<<1
	clear(q.dc[:])
	clear(q.ac[:])
	q.a, q.c, q.ct = 0x10000, 0, 0 // figure D.23
	for range 2 {
		q.byteIn()
		q.c <<= 8
	}
}

// end finds no error: zeros at the end of the data are left out.
func (q *arithmetic) end() (int, error) { return q.pos, nil }

func (q *arithmetic) block(c *component, b *block) error {
	if c.dcTable > 3 || c.acTable > 3 {
		return errDamaged
	}
	return q.read(c, b)
}

func (q *arithmetic) byteIn() {
	v, _ := next(q.text, &q.pos)
	q.c += uint32(v) << 8
}

// bit decodes a decision, figures D.14 to D.19.
func (q *arithmetic) bit(p *probability) int {
	s := &states[*p>>1]
	qe, symbol := uint32(s.qe), int(*p&1)
	q.a -= qe
	if q.c>>16 < q.a {
		if q.a >= 0x8000 {
			return symbol
		}
		symbol = p.learn(s, q.a < qe)
	} else {
		q.c -= q.a << 16
		symbol = p.learn(s, q.a >= qe)
		q.a = qe
	}
	for {
		if q.ct == 0 {
			q.byteIn()
			q.ct = 8
		}
		q.a, q.c, q.ct = q.a<<1, q.c<<1, q.ct-1
		if q.a >= 0x8000 {
			return symbol
		}
	}
}

// learn moves on after the less or the more probable symbol, and returns it.
func (p *probability) learn(s *state, less bool) int {
	most := *p & 1
	if !less {
		*p = probability(s.mps)<<1 | most
		return int(most)
	}
	*p = probability(s.lps)<<1 | most
	if s.exchanging {
		*p ^= 1
	}
	return int(most ^ 1)
}

// magnitude decodes a magnitude of more than m, from the place at in stats on,
// figures F.23 and F.24. It also returns its largest power of two.
func (q *arithmetic) magnitude(stats []probability, at, m int) (v, power int, err error) {
	for q.bit(&stats[at]) == 1 {
		if m <<= 1; m == 0x8000 {
			return 0, 0, errDamaged
		}
		at++
	}
	v = m
	for bit := m >> 1; bit > 0; bit >>= 1 {
		if q.bit(&stats[at+14]) == 1 {
			v |= bit
		}
	}
	return v + 1, m, nil
}

func (q *arithmetic) firstDC(c *component, b *block) error {
	stats, limits := q.dc[c.dcTable][:], q.conditions[c.dcTable]
	at := c.context
	c.context = 0
	if q.bit(&stats[at]) == 1 {
		sign := q.bit(&stats[at+1])
		v, power := 1, 0
		if q.bit(&stats[at+2+sign]) == 1 {
			var err error
			if v, power, err = q.magnitude(stats, 20, 1); err != nil {
				return err
			}
		}
		switch { // section F.1.4.4.1.2
		case power < 1<<limits.dcLower>>1:
		case power > 1<<limits.dcUpper>>1:
			c.context = 12 + 4*sign
		default:
			c.context = 4 + 4*sign
		}
		c.pred += v * (1 - 2*sign)
	}
	b[0] = int16(c.pred << q.low)
	return nil
}

func (q *arithmetic) refineDC(_ *component, b *block) error {
	b[0] |= int16(q.bit(&q.half) << q.low)
	return nil
}

func (q *arithmetic) firstAC(c *component, b *block) error {
	stats := q.ac[c.acTable][:]
	for k := max(q.from, 1); k <= q.to; k++ {
		if q.bit(&stats[3*(k-1)]) == 1 {
			return nil
		}
		for q.bit(&stats[3*(k-1)+1]) == 0 {
			if k++; k > q.to {
				return errDamaged
			}
		}
		sign := q.bit(&q.half)
		at := 3*(k-1) + 2
		v := 1
		if q.bit(&stats[at]) == 1 {
			v = 2
			if q.bit(&stats[at]) == 1 {
				large := 189
				if k > int(q.conditions[c.acTable].ac) {
					large = 217
				}
				var err error
				if v, _, err = q.magnitude(stats, large, 2); err != nil {
					return err
				}
			}
		}
		b[zigzag[k]] = int16(v * (1 - 2*sign) << q.low)
	}
	return nil
}

func (q *arithmetic) refineAC(c *component, b *block) error {
	stats := q.ac[c.acTable][:]
	known := q.to // the last coefficient that is not zero
	for known > 0 && b[zigzag[known]] == 0 {
		known--
	}
	for k := q.from; k <= q.to; k++ {
		if k > known && q.bit(&stats[3*(k-1)]) == 1 {
			return nil
		}
		for ; ; k++ {
			if k > q.to {
				return errDamaged
			}
			v := &b[zigzag[k]]
			if *v != 0 {
				if q.bit(&stats[3*(k-1)+2]) == 1 {
					addBit(v, q.low)
				}
				break
			}
			if q.bit(&stats[3*(k-1)+1]) == 1 {
				*v = int16((1 - 2*q.bit(&q.half)) << q.low)
				break
			}
		}
	}
	return nil
}
