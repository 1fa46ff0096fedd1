package bitext

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// BatchConfig says how sentence pairs are batched.
type BatchConfig struct {
	// Tokens is the largest size of a batch: its number of pairs times the number
	// of words of its longest sentence, of either side, with the one that ends it.
	// A pair that is larger is a batch of its own.
	Tokens int
	// Longest is the number of words, the one that ends a sentence not counted, up
	// to which pairs are used: those with a longer side, or an empty one, are
	// left out. 0 means that all pairs are used.
	Longest int
}

// Batches divides sentence pairs by their numbers into batches of similar lengths.
type Batches struct {
	// Skipped is the number of pairs that are left out.
	Skipped int

	lengths func(pair int) (source, target int)
	order   []int32 // the pairs, by their lengths
	starts  []int   // of the batches in order, and the end
	turn    []int   // the batches as they come
}

// NewBatches divides n pairs of the given lengths, the shortest first.
func NewBatches(n int, lengths func(pair int) (source, target int), cfg BatchConfig) *Batches {
	b := &Batches{lengths: lengths, order: make([]int32, 0, n)}
	for i := range n {
		if source, target := lengths(i); cfg.Longest > 0 && (min(source, target) == 0 || max(source, target) > cfg.Longest) {
			b.Skipped++
			continue
		}
		b.order = append(b.order, int32(i))
	}
	slices.SortFunc(b.order, func(i, j int32) int { return cmp.Or(b.compare(i, j), cmp.Compare(i, j)) })
	width := 0
	for k, i := range b.order {
		source, target := lengths(int(i))
		size := max(source, target) + 1
		if k == 0 || max(width, size)*(k+1-b.starts[len(b.starts)-1]) > cfg.Tokens {
			b.turn = append(b.turn, len(b.starts))
			b.starts = append(b.starts, k)
			width = 0
		}
		width = max(width, size)
	}
	b.starts = append(b.starts, len(b.order))
	return b
}

// compare orders pairs by the lengths of the source and then of the target.
func (b *Batches) compare(i, j int32) int {
	si, ti := b.lengths(int(i))
	sj, tj := b.lengths(int(j))
	return cmp.Or(cmp.Compare(si, sj), cmp.Compare(ti, tj))
}

// Len returns the number of batches.
func (b *Batches) Len() int { return len(b.turn) }

// Batch returns the pairs of batch i, which are not to be changed.
func (b *Batches) Batch(i int) []int32 {
	k := b.turn[i]
	return b.order[b.starts[k]:b.starts[k+1]]
}

// Shuffled returns as many batches of the same lengths for another epoch: they come
// in random order, and pairs of equal lengths have changed places.
func (b *Batches) Shuffled(rng *rand.Rand) *Batches {
	s := *b
	s.order, s.turn = slices.Clone(b.order), rng.Perm(len(b.turn))
	for from := 0; from < len(s.order); {
		to := from + 1
		for to < len(s.order) && b.compare(b.order[from], b.order[to]) == 0 {
			to++
		}
		equal := s.order[from:to]
		rng.Shuffle(len(equal), func(i, j int) { equal[i], equal[j] = equal[j], equal[i] })
		from = to
	}
	return &s
}
