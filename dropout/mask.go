package dropout

import (
	"math"
	"math/bits"
	"sync/atomic"

	"autodropout/internal/parallel"
	"autodropout/internal/seed"
)

// maskGrain is the constant number of elements, at least, that a task masks.
const maskGrain = 1 << 14

// fill writes the mask of n examples of size elements each and returns how
// many it keeps. All bits are set first; then drop clears those that example,
// whose first element has bit pos, loses.
func fill(keep []uint32, n, size int, s Stream, drop func(keep []uint32, pos int, ctr [4]uint32)) (kept int) {
	if n*size == 0 {
		return 0
	}
	f := &filling{keep: keep, n: n, size: size, first: s.Example, drop: drop}
	f.grain = wholeWords(size)
	f.grain *= max(1, maskGrain/(f.grain*size))
	parallel.Each((n+f.grain-1)/f.grain, 0, f, (*filling).part)
	return int(f.kept.Load())
}

// filling is one call of fill. A task has grain examples.
type filling struct {
	keep           []uint32
	n, size, grain int
	first          uint64 // example
	drop           func(keep []uint32, pos int, ctr [4]uint32)
	kept           atomic.Int64
}

func (f *filling) part(task int, _ []float32) {
	lo, hi := task*f.grain, min((task+1)*f.grain, f.n)
	words := f.keep[lo*f.size/32 : (hi*f.size+31)/32]
	setBits(words, (hi-lo)*f.size)
	for i := lo; i < hi; i++ {
		f.drop(f.keep, i*f.size, counter(f.first+uint64(i)))
	}
	count := 0
	for _, w := range words {
		count += bits.OnesCount32(w)
	}
	f.kept.Add(int64(count))
}

// wholeWords returns the smallest number of examples that fill whole words, so
// that tasks of as many examples share none.
func wholeWords(size int) int {
	return max(1, 32>>bits.TrailingZeros(uint(size)))
}

// setBits sets n bits and clears the rest of the last word.
func setBits(words []uint32, n int) {
	for i := range words {
		words[i] = math.MaxUint32
	}
	if n%32 != 0 {
		words[len(words)-1] = 1<<(n%32) - 1
	}
}

// clearBits clears the bits of keep, from bit pos on, that are set in drop.
func clearBits(keep []uint32, pos int, drop uint32) {
	keep[pos/32] &^= drop << (pos % 32)
	if rest := drop >> (32 - pos%32); rest != 0 {
		keep[pos/32+1] &^= rest
	}
}

// clearRange clears n bits of keep from bit pos on.
func clearRange(keep []uint32, pos, n int) {
	for ; n > 32; pos, n = pos+32, n-32 {
		clearBits(keep, pos, math.MaxUint32)
	}
	clearBits(keep, pos, uint32(1<<n-1))
}

// setRange sets n bits of keep from bit pos on.
func setRange(keep []uint32, pos, n int) {
	for n > 0 {
		lanes := min(n, 32-pos%32)
		keep[pos/32] |= uint32(1<<lanes-1) << (pos % 32)
		pos, n = pos+lanes, n-lanes
	}
}

// clearWords clears the bits of keep, from bit pos on, that are clear in words.
func clearWords(keep []uint32, pos int, words []uint32) {
	for i, w := range words {
		clearBits(keep, pos+32*i, ^w)
	}
}

// setWords sets the bits of keep, from bit pos on, that are set in words.
func setWords(keep []uint32, pos int, words []uint32) {
	for i, w := range words {
		at := pos + 32*i
		keep[at/32] |= w << (at % 32)
		if rest := w >> (32 - at%32); rest != 0 {
			keep[at/32+1] |= rest
		}
	}
}

// streamKey returns the key of a site's random stream in one step.
func streamKey(site string, s Stream) [2]uint32 {
	k := seed.Derive(seed.Derive(s.Seed, "dropout"), site, s.Step)
	return [2]uint32{uint32(k), uint32(k >> 32)}
}

// counter returns where the random stream of an example begins.
func counter(example uint64) [4]uint32 {
	return [4]uint32{2: uint32(example), 3: uint32(example >> 32)}
}

// threshold returns t such that a uniform word is below t with probability p.
func threshold(p float64) uint64 { return uint64(math.Round(p * (1 << 32))) }

// Stats counts what a policy's masks did. Empty masks would have dropped a
// whole batch; they are not applied.
type Stats struct {
	Masks    int64 // drawn, the empty ones included
	Empty    int64 // of them, those that were not applied
	Elements int64 // in the masks that were applied
	Kept     int64 // of them, those kept
}

// tally collects the Stats of a policy.
type tally struct{ masks, empty, elements, kept atomic.Int64 }

// Stats returns what the policy has done so far.
func (t *tally) Stats() Stats {
	return Stats{Masks: t.masks.Load(), Empty: t.empty.Load(), Elements: t.elements.Load(), Kept: t.kept.Load()}
}

func (t *tally) add(elements, kept int) {
	t.masks.Add(1)
	t.elements.Add(int64(elements))
	t.kept.Add(int64(kept))
}

// rescale records a mask and returns elements/kept, the factor that gives the
// rescaled mask the mean 1. A mask that keeps nothing is made one that keeps
// everything.
func (t *tally) rescale(keep []uint32, elements, kept int) float32 {
	if kept == 0 {
		t.masks.Add(1)
		t.empty.Add(1)
		setBits(keep, elements)
		return 1
	}
	t.add(elements, kept)
	return float32(float64(elements) / float64(kept))
}
