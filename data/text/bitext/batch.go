package bitext

import (
	"cmp"
	"fmt"
	"slices"

	"autodropout/internal/seed"
)

// BatchConfig says how pairs are batched.
type BatchConfig struct {
	// Tokens is the largest size of a batch: its number of pairs times the number
	// of words of its longest sentence, of either side, with the one that ends it.
	Tokens int
	// Longest is the number of words up to which sentences are used, the one that
	// ends them not counted; 0 means as many as a batch can hold.
	Longest int
	// Seed and the epoch determine the order.
	Seed uint64
}

// Batch is some pairs, as lists of words without those that begin and end them.
type Batch struct{ Sources, Targets [][]int32 }

// Schedule lists the batches of an epoch.
type Schedule struct {
	// Skipped is the number of pairs with a side that is empty or too long.
	Skipped int

	set    *Dataset
	order  []int32 // of the pairs
	starts []int   // of batches in order, and the end
	turn   []int32 // of the batches
}

// Schedule returns the batches of an epoch: pairs of similar lengths are
// together, and which ones and in what order depends on seed and epoch only. It
// is an error when no pair can be used.
func (d *Dataset) Schedule(cfg BatchConfig, epoch int) (*Schedule, error) {
	longest := cfg.Tokens - 1
	if cfg.Longest > 0 {
		longest = min(longest, cfg.Longest)
	}
	s := &Schedule{set: d}
	rng := seed.New(cfg.Seed, "batches", uint64(epoch))
	for i := range d.Len() {
		if source, target := d.Lengths(i); min(source, target) == 0 || max(source, target) > longest {
			s.Skipped++
			continue
		}
		s.order = append(s.order, int32(i))
	}
	if len(s.order) == 0 {
		return nil, fmt.Errorf("bitext: none of %d pairs has 1 to %d words on both sides, as batches of %d tokens need", d.Len(), longest, cfg.Tokens)
	}
	rng.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	slices.SortStableFunc(s.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(d.lengths[2*a], d.lengths[2*b]), cmp.Compare(d.lengths[2*a+1], d.lengths[2*b+1]))
	})
	width := 0
	for k, i := range s.order {
		source, target := d.Lengths(int(i))
		size := max(source, target) + 1
		if k == 0 || max(width, size)*(k+1-s.starts[len(s.starts)-1]) > cfg.Tokens {
			s.turn = append(s.turn, int32(len(s.starts)))
			s.starts = append(s.starts, k)
			width = 0
		}
		width = max(width, size)
	}
	s.starts = append(s.starts, len(s.order))
	rng.Shuffle(len(s.turn), func(i, j int) { s.turn[i], s.turn[j] = s.turn[j], s.turn[i] })
	return s, nil
}

// Len returns the number of batches.
func (s *Schedule) Len() int { return len(s.turn) }

// Batch returns batch i of the epoch.
func (s *Schedule) Batch(i int) (Batch, error) {
	var b Batch
	k := s.turn[i]
	for _, pair := range s.order[s.starts[k]:s.starts[k+1]] {
		source, target, err := s.set.Pair(int(pair))
		if err != nil {
			return Batch{}, err
		}
		b.Sources, b.Targets = append(b.Sources, source), append(b.Targets, target)
	}
	return b, nil
}
