package dropout

import (
	"math"
	"math/bits"
	"slices"

	"autodropout/autograd"
	"autodropout/simd"
)

// tokenMask is a [TokenPattern], or a baseline of that form, ready for use.
type tokenMask struct {
	size, stride   int
	shareT, shareC bool
	threshold      uint16 // elements are dropped with probability threshold/65536
}

// threshold16 returns p in units of 1/65536, below 1.
func threshold16(p float64) uint16 { return uint16(min(math.Round(p*65536), 65535)) }

// phase returns how far into the pattern an example's first token is.
func (m *tokenMask) phase(ctr [4]uint32, key [2]uint32) int {
	if m.stride == 0 {
		return 0
	}
	ctr[1] = 1 // apart from the noise
	return below(simd.Philox(ctr, key)[0], m.size+m.stride)
}

// runs calls visit for every block of affected tokens, in order, that has some
// of the tokens from 0 on: number n covers those from lo to hi-1.
func (m *tokenMask) runs(phase, tokens int, visit func(n, lo, hi int)) {
	for n, lo := 0, -phase; lo < tokens; n, lo = n+1, lo+m.size+m.stride {
		if hi := min(lo+m.size, tokens); hi > 0 {
			visit(n, max(lo, 0), hi)
		}
	}
}

// line sets the bits, clear before, of tokens that noise shared by all channels drops. The
// noise of token t, or of block n where its tokens share it, is bit t, or n, of
// the example's random stream.
func (m *tokenMask) line(dropped []uint32, tokens int, ctr [4]uint32, key [2]uint32) {
	phase := m.phase(ctr, key)
	noise := make([]uint32, len(dropped)) // there are no more blocks than tokens
	simd.BernoulliBits(noise, tokens, m.threshold, key, ctr)
	m.runs(phase, tokens, func(n, lo, hi int) {
		for t := lo; t < hi; t++ {
			i := t
			if m.shareT {
				i = n
			}
			dropped[t/32] |= (^noise[i/32] >> (i % 32) & 1) << (t % 32)
		}
	})
}

// drop clears the bits of one example (tokens, channels) of keep, which begins
// at bit pos.
func (m *tokenMask) drop(keep []uint32, pos, tokens, channels int, ctr [4]uint32, key [2]uint32) {
	switch {
	case m.shareC:
		dropped := make([]uint32, (tokens+31)/32)
		m.line(dropped, tokens, ctr, key)
		eachBit(dropped, func(t int) { clearRange(keep, pos+t*channels, channels) })
	case m.shareT && m.size > 1:
		m.dropBlocks(keep, pos, tokens, channels, ctr, key)
	default:
		dropElements(keep, pos, tokens*channels, m.threshold, ctr, key)
		m.gaps(m.phase(ctr, key), tokens, func(lo, hi int) { setRange(keep, pos+lo*channels, (hi-lo)*channels) })
	}
}

// dropBlocks gives the channels noise of their own and the tokens of a block the
// same.
func (m *tokenMask) dropBlocks(keep []uint32, pos, tokens, channels int, ctr [4]uint32, key [2]uint32) {
	var noise [64]uint32 // of some channels at a time, so that it is no object of its own
	words := (channels + 31) / 32
	m.runs(m.phase(ctr, key), tokens, func(n, lo, hi int) {
		block := ctr
		block[0] += uint32(4 * words * n)
		for from := 0; from < channels; from += 32 * len(noise) {
			some := min(32*len(noise), channels-from)
			part := noise[:(some+31)/32]
			simd.BernoulliBits(part, some, m.threshold, key, block)
			block[0] += uint32(4 * len(part))
			if some%32 != 0 {
				part[len(part)-1] |= math.MaxUint32 << (some % 32)
			}
			for t := lo; t < hi; t++ {
				clearWords(keep, pos+t*channels+from, part)
			}
		}
	})
}

// gaps calls visit for the runs of tokens that the pattern leaves alone.
func (m *tokenMask) gaps(phase, tokens int, visit func(lo, hi int)) {
	if m.stride == 0 {
		return
	}
	from := 0
	m.runs(phase, tokens, func(_, lo, hi int) {
		if lo > from {
			visit(from, lo)
		}
		from = hi
	})
	if from < tokens {
		visit(from, tokens)
	}
}

// dropKeys is drop for attention probabilities: an example is (rows, keys), its
// tokens are the keys and its channels the rows.
func (m *tokenMask) dropKeys(keep []uint32, pos, rows, keys int, ctr [4]uint32, key [2]uint32) {
	words := (keys + 31) / 32
	line := make([]uint32, words)
	switch {
	case m.shareC:
		m.line(line, keys, ctr, key)
		for i := range line {
			line[i] = ^line[i]
		}
		for r := range rows {
			clearWords(keep, pos+r*keys, line)
		}
	case m.shareT && m.size > 1:
		m.dropKeyBlocks(keep, pos, rows, keys, ctr, key)
	default:
		dropElements(keep, pos, rows*keys, m.threshold, ctr, key)
		m.gaps(m.phase(ctr, key), keys, func(lo, hi int) { setRange(line, lo, hi-lo) })
		if m.stride > 0 {
			for r := range rows {
				setWords(keep, pos+r*keys, line)
			}
		}
	}
}

// dropKeyBlocks gives the rows noise of their own and the keys of a block the
// same: that of block n in row r is bit r*blocks+n.
func (m *tokenMask) dropKeyBlocks(keep []uint32, pos, rows, keys int, ctr [4]uint32, key [2]uint32) {
	type run struct{ lo, length int }
	var blocks []run
	m.runs(m.phase(ctr, key), keys, func(n, lo, hi int) {
		for len(blocks) < n { // a block before the first key
			blocks = append(blocks, run{})
		}
		blocks = append(blocks, run{lo, hi - lo})
	})
	row, first := 0, 0 // and its first bit
	eachDropped(rows*len(blocks), m.threshold, ctr, key, func(i int) {
		for i >= first+len(blocks) {
			row, first = row+1, first+len(blocks)
		}
		b := blocks[i-first]
		clearRange(keep, pos+row*keys+b.lo, b.length)
	})
}

// wordFiller returns what draws the mask of a table of word vectors. Bit w of the
// step's random stream keeps word w.
func (m tokenMask) wordFiller(op string, shape []int, key [2]uint32) func(keep []uint32) (elements, kept int) {
	if len(shape) != 2 {
		panic(&autograd.ShapeError{Op: op, Want: "(words, C)", Shapes: [][]int{slices.Clone(shape)}})
	}
	words, channels := shape[0], shape[1]
	return func(keep []uint32) (elements, kept int) {
		bits := make([]uint32, (words+31)/32)
		simd.BernoulliBits(bits, words, m.threshold, key, [4]uint32{})
		rows := Stream{} // the examples of fill are words here
		return words * channels, fill(keep, words, channels, rows, func(keep []uint32, pos int, ctr [4]uint32) {
			if w := int(ctr[2]); bits[w/32]>>(w%32)&1 == 0 {
				clearRange(keep, pos, channels)
			}
		})
	}
}

// eachBit calls visit for every set bit.
func eachBit(words []uint32, visit func(i int)) {
	for i, w := range words {
		for ; w != 0; w &= w - 1 {
			visit(32*i + bits.TrailingZeros32(w))
		}
	}
}
