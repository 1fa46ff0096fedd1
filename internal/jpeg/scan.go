package jpeg

import "errors"

// A scan holds a part of the coefficients of some channels, T.81, section B.2.3.
type scan struct {
	components []*component
	from, to   int // coefficients, in zigzag order
	high, low  int // bits that are known, and that will be
}

// A coder reads the blocks of a scan.
type coder interface {
	// begin prepares for the data at pos, at the begin of the scan and after a
	// restart.
	begin(pos int)
	// end returns where the data ends. It is an error when more was read.
	end() (pos int, err error)
	// block reads one block of a channel, or a part of it.
	block(c *component, b *block) error
}

// passes are what a coder reads of a block.
type passes interface {
	whole(c *component, b *block) error
	firstDC(c *component, b *block) error
	refineDC(c *component, b *block) error
	firstAC(c *component, b *block) error
	refineAC(c *component, b *block) error
}

// reader returns what reads a block in the scan.
func (d *decoder) reader(s *scan, of passes) func(c *component, b *block) error {
	switch {
	case !d.progressive:
		return of.whole
	case s.from == 0 && s.high == 0:
		return of.firstDC
	case s.from == 0:
		return of.refineDC
	case s.high == 0:
		return of.firstAC
	}
	return of.refineAC
}

// scan reads the header and the data of a scan.
func (d *decoder) scan(body []byte) error {
	s, err := d.scanHeader(body)
	if err != nil {
		return err
	}
	var in coder
	if d.arithmetic {
		in = newArithmetic(d, s)
	} else {
		for _, c := range s.components {
			if c.dcTable > 3 || c.acTable > 3 {
				return errDamaged
			}
			c.dc, c.ac = d.tables[c.dcTable], d.tables[4+c.acTable]
			if s.from == 0 && s.high == 0 && c.dc == nil || s.to > 0 && c.ac == nil {
				return errors.New("a table of codes is missing")
			}
		}
		in = newHuffmanReader(d, s)
	}
	in.begin(d.pos)
	if len(s.components) == 1 {
		err = d.single(s.components[0], in)
	} else {
		err = d.interleaved(s.components, in)
	}
	if err != nil {
		return err
	}
	d.pos, err = in.end()
	return err
}

func (d *decoder) scanHeader(body []byte) (*scan, error) {
	if d.components == nil || len(body) < 1 || len(body) != 4+2*int(body[0]) || body[0] < 1 || body[0] > 4 {
		return nil, errDamaged
	}
	s := &scan{}
	blocks := 0
	for i := range int(body[0]) {
		id, tables := body[1+2*i], body[2+2*i]
		for j := range d.components {
			if c := &d.components[j]; c.id == id {
				c.dcTable, c.acTable, c.pred, c.context = tables>>4, tables&15, 0, 0
				if c.quant == nil {
					c.quant = d.quantisers[c.quantiser]
				}
				if c.quant == nil {
					return nil, errors.New("a table of quantisation is missing")
				}
				s.components = append(s.components, c)
				blocks += c.h * c.v
				break
			}
		}
		if len(s.components) != i+1 {
			return nil, errDamaged
		}
	}
	if len(s.components) > 1 && blocks > 10 { // T.81, section B.2.3
		return nil, errDamaged
	}
	tail := body[len(body)-3:]
	s.from, s.to, s.high, s.low = int(tail[0]), int(tail[1]), int(tail[2]>>4), int(tail[2]&15)
	switch {
	case !d.progressive:
		s.from, s.to, s.high, s.low = 0, blockSize-1, 0, 0
	case s.to >= blockSize || s.from > s.to || s.low > 13 || s.high != 0 && s.high != s.low+1,
		s.from == 0 && s.to != 0, s.from > 0 && len(s.components) > 1:
		return nil, errDamaged
	}
	return s, nil
}

// single reads a scan of one channel: all blocks that the image touches.
func (d *decoder) single(c *component, in coder) error {
	width, height := ceil(c.width, 8), ceil(c.height, 8)
	if err := d.visit(width*height, in); err != nil {
		return err
	}
	for y := range height {
		for x := range width {
			if err := d.restart(y*width+x, in, c); err != nil {
				return err
			}
			if err := d.block(c, x, y, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// interleaved reads a scan of several channels, MCU by MCU.
func (d *decoder) interleaved(components []*component, in coder) error {
	for _, c := range components {
		if err := d.visit(d.mcusX*d.mcusY*c.h*c.v, in); err != nil {
			return err
		}
	}
	for my := range d.mcusY {
		for mx := range d.mcusX {
			if err := d.restart(my*d.mcusX+mx, in, components...); err != nil {
				return err
			}
			for _, c := range components {
				for i := range c.h * c.v {
					if err := d.block(c, mx*c.h+i%c.h, my*c.v+i/c.h, in); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// visit counts blocks that a scan will visit.
func (d *decoder) visit(blocks int, in coder) error {
	if a, ok := in.(*arithmetic); ok {
		// Other than Huffman's, its symbols need not take a bit each.
		blocks *= 1 + (a.to-a.from)/8
	}
	if d.visits += blocks; d.visits > work {
		return errors.New("it takes too long to decode: save it as a usual JPEG with fewer scans")
	}
	return nil
}

// block reads a block. What is not refined by later scans is made samples at once.
func (d *decoder) block(c *component, x, y int, in coder) error {
	if d.progressive {
		return in.block(c, &c.blocks[y*c.blocksX+x])
	}
	var b block
	if err := in.block(c, &b); err != nil {
		return err
	}
	c.inverse(&b, x, y)
	return nil
}

// restart goes over a restart where one is due before an MCU.
func (d *decoder) restart(mcu int, in coder, components ...*component) error {
	if d.interval == 0 || mcu == 0 || mcu%d.interval != 0 {
		return nil
	}
	var err error
	if d.pos, err = in.end(); err != nil {
		return err
	}
	marker, ok := d.marker()
	switch {
	case !ok:
		return errTruncated
	case marker != rst0+byte((mcu/d.interval-1)%8):
		return errDamaged
	}
	for _, c := range components {
		c.pred, c.context = 0, 0
	}
	in.begin(d.pos)
	return nil
}
