package data

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"autodropout/internal/seed"
)

// LanguageConfig describes a synthetic language and a text in it. The zero value
// is the standard one.
type LanguageConfig struct {
	// Seed gives the words and the text; another seed, another language of the
	// same kind.
	Seed uint64
	// Train, Valid and Test are the numbers of words of the parts; 0 means
	// 200,000, 20,000 and 20,000.
	Train, Valid, Test int
}

// SyntheticLanguage draws a text of some three hundred words from a probabilistic
// grammar whose true entropy is known: [Corpus].Entropy is exact. What comes next
// depends on what was said long ago:
//
//   - a text has a title with a topic and the name of a hero; nouns come from the
//     topic, and the hero is mentioned again and again;
//   - a verb agrees in number and gender with its subject, across the relative
//     clauses and the asides in brackets between them, which contain subjects and
//     verbs of their own, three deep at most;
//   - a pronoun agrees with the subject of the sentence before;
//   - a bracket closes as the kind that was opened.
//
// The words so far determine the state of the grammar, so the probability of the
// next word given the whole past is known at every word. The logarithms of these
// give [Corpus].ValidEntropy and TestEntropy; summing them over the grammar
// gives Entropy.
func SyntheticLanguage(cfg LanguageConfig) (*Corpus, error) {
	for _, part := range []struct {
		words    *int
		standard int
	}{{&cfg.Train, 200000}, {&cfg.Valid, 20000}, {&cfg.Test, 20000}} {
		if *part.words == 0 {
			*part.words = part.standard
		}
		const most = 1 << (20 + 4*bits.UintSize/32)
		if *part.words > most {
			return nil, fmt.Errorf("data: a part of %d words of a synthetic language is too large: each has at most %d", *part.words, most)
		}
		if *part.words < 1000 {
			return nil, fmt.Errorf("data: a part of %d words of a synthetic language is too small: each needs at least 1000", *part.words)
		}
	}
	l := newLanguage(cfg.Seed)
	train, _ := l.text(cfg.Seed, 0, cfg.Train)
	valid, validLoss := l.text(cfg.Seed, 1, cfg.Valid)
	test, testLoss := l.text(cfg.Seed, 2, cfg.Test)
	c := &Corpus{
		Name:         "synthetic language",
		Entropy:      l.entropy(),
		ValidEntropy: validLoss,
		TestEntropy:  testLoss,
	}
	c.number(l.words, train, valid, test)
	return c, nil
}

// number makes the vocabulary of words and the parts of their places in it.
func (c *Corpus) number(words []string, train, valid, test []int32) {
	counts := make([]int, len(words))
	for _, i := range train {
		counts[i]++
	}
	order := make([]int, len(words))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	ids := make([]int32, len(words))
	for id, i := range order {
		ids[i] = int32(id)
		c.Words = append(c.Words, words[i])
	}
	for _, part := range [][]int32{train, valid, test} {
		for k, i := range part {
			part[k] = ids[i]
		}
	}
	c.Train, c.Valid, c.Test = train, valid, test
}

// text returns n words of text, as places in the lexicon, and the mean of -ln p
// over all but the first, where p is the probability of a word given those
// before it.
func (l *language) text(base uint64, part uint64, n int) (words []int32, loss float64) {
	rng := seed.New(base, "language", part)
	s := speaker{language: l, stack: []phrase{{symbol: title}}}
	words = make([]int32, n)
	for i := range words {
		word, p := s.next(rng.Float64)
		words[i] = int32(word)
		if i > 0 {
			loss -= math.Log(p)
		}
	}
	return words, loss / float64(n-1)
}
