package jpeg

// lookup is the number of bits whose codes are found at once.
const lookup = 9

// huffman is a table of codes, T.81, section F.2.2.3.
type huffman struct {
	fast   [1 << lookup]uint16 // the length of a code and its value, by the next bits; 0: it is longer
	most   [17]int32           // the largest code of each length; -1: there is none
	offset [17]int32           // of the value of a code of each length, from the code
	values []uint8
}

// newHuffman makes the table of counts codes of 1 to 16 bits.
func newHuffman(counts []uint8, values []uint8) (*huffman, error) {
	h := &huffman{values: values}
	code, at := int32(0), int32(0)
	for i, count := range counts {
		length := i + 1
		h.offset[length] = at - code
		h.most[length] = -1
		for range count {
			if code >= 1<<length {
				return nil, errDamaged
			}
			if length <= lookup {
				for j := range 1 << (lookup - length) {
					h.fast[int(code)<<(lookup-length)|j] = uint16(length)<<8 | uint16(values[at])
				}
			}
			h.most[length] = code
			code, at = code+1, at+1
		}
		code <<= 1
	}
	return h, nil
}

// huffmanTables reads tables, T.81, section B.2.4.2.
func (d *decoder) huffmanTables(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 || body[0]>>4 > 1 || body[0]&15 > 3 {
			return errDamaged
		}
		counts, total := body[1:17], 0
		for _, n := range counts {
			total += int(n)
		}
		if total > 256 || len(body) < 17+total {
			return errDamaged
		}
		h, err := newHuffman(counts, body[17:17+total])
		if err != nil {
			return err
		}
		d.tables[body[0]>>4*4+body[0]&15] = h
		body = body[17+total:]
	}
	return nil
}

// bits reads bits. After the end of the data come zeros, which are counted.
type bits struct {
	text   []byte
	pos    int
	acc    uint64 // the next bits, from the top
	n      int    // how many
	padded int    // how many of them are not in the data
}

// fill makes sure that there are 57 bits or more.
func (r *bits) fill() {
	for r.n <= 56 {
		v, ok := next(r.text, &r.pos)
		if !ok {
			r.padded += 8
		}
		r.acc |= uint64(v) << (56 - r.n)
		r.n += 8
	}
}

// next reads a byte of the data of a scan. It does not go beyond a marker.
func next(text []byte, pos *int) (byte, bool) {
	p := *pos
	if p >= len(text) {
		return 0, false
	}
	v := text[p]
	p++
	if v == 0xff {
		for p < len(text) && text[p] == 0xff {
			p++
		}
		if p >= len(text) || text[p] != 0 {
			return 0, false // at a marker
		}
		p++
	}
	*pos = p
	return v, true
}

// take returns the next bits, up to 16.
func (r *bits) take(n int) int {
	v := int(r.acc >> (64 - n))
	r.acc <<= n
	r.n -= n
	return v
}

// extend returns a number of so many bits, T.81, figure F.12.
func (r *bits) extend(n int) int {
	if n == 0 {
		return 0
	}
	v := r.take(n)
	if v < 1<<(n-1) {
		v += -1<<n + 1
	}
	return v
}

// symbol returns the next symbol. It leaves 41 bits or more.
func (r *bits) symbol(h *huffman) (int, error) {
	r.fill()
	if f := h.fast[r.acc>>(64-lookup)]; f != 0 {
		r.acc <<= f >> 8
		r.n -= int(f >> 8)
		return int(f & 0xff), nil
	}
	for length := lookup + 1; length <= 16; length++ {
		if code := int32(r.acc >> (64 - length)); code <= h.most[length] {
			r.take(length)
			return int(h.values[code+h.offset[length]]), nil
		}
	}
	return 0, errDamaged
}

// huffmanReader is the coder of Huffman's codes.
type huffmanReader struct {
	bits
	*scan
	ends int // blocks that follow without anything new
	read func(c *component, b *block) error
}

func newHuffmanReader(d *decoder, s *scan) *huffmanReader {
	r := &huffmanReader{bits: bits{text: d.text}, scan: s}
	r.read = d.reader(s, r)
	return r
}

func (r *huffmanReader) begin(pos int) {
	r.pos, r.acc, r.n, r.padded, r.ends = pos, 0, 0, 0, 0
}

func (r *huffmanReader) end() (int, error) { return r.pos, r.checkEnd() }

// checkEnd returns an error when bits were read that are not there.
func (r *huffmanReader) checkEnd() error {
	if r.padded > r.n {
		return errTruncated
	}
	return nil
}

func (r *huffmanReader) block(c *component, b *block) error {
	if err := r.read(c, b); err != nil {
		return err
	}
	return r.checkEnd()
}

// difference reads a DC coefficient.
func (r *huffmanReader) difference(c *component) error {
	n, err := r.symbol(c.dc)
	if err != nil {
		return err
	}
	if n > 15 {
		return errDamaged
	}
	c.pred += r.extend(n)
	return nil
}

// whole reads a block of a sequential image, T.81, section F.2.2.
func (r *huffmanReader) whole(c *component, b *block) error {
	if err := r.difference(c); err != nil {
		return err
	}
	b[0] = int16(c.pred)
	for k := 1; k < blockSize; k++ {
		s, err := r.symbol(c.ac)
		if err != nil {
			return err
		}
		zeros, n := s>>4, s&15
		if k += zeros; n == 0 {
			if zeros != 15 {
				break
			}
			continue
		}
		if k >= blockSize {
			return errDamaged
		}
		b[zigzag[k]] = int16(r.extend(n))
	}
	return nil
}
