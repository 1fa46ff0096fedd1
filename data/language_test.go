package data

import (
	"math"
	"slices"
	"testing"

	"autodropout/internal/seed"
)

// spread adds the probabilities of all next words to p, and counts the ways to
// say each.
func spread(l *language, stack []phrase, m memory, share float64, p []float64, ways []int) {
	top := len(stack) - 1
	for _, r := range l.rules(stack[top], m) {
		for i, q := range r.words.p {
			p[r.words.first+i] += share * r.p * q
			ways[r.words.first+i]++
		}
		if len(r.words.p) == 0 {
			rest := slices.Clone(stack[:top])
			for _, f := range slices.Backward(r.then) {
				rest = append(rest, f)
			}
			spread(l, rest, r.memory, share*r.p, p, ways)
		}
	}
}

// The probability that the speaker tells is that of the word given the state,
// and as no word can be said in two ways, the words alone tell the state: so it is
// the probability of the word given all words before it.
func TestLanguageTellsTrueProbabilities(t *testing.T) {
	l := newLanguage(3)
	rng := seed.New(3, "test")
	s := speaker{language: l, stack: []phrase{{symbol: title}}}
	deepest := 0
	for range 5000 {
		p, ways := make([]float64, len(l.words)), make([]int, len(l.words))
		spread(l, s.stack, s.memory, 1, p, ways)
		sum := 0.0
		for i := range p {
			sum += p[i]
			if ways[i] > 1 {
				t.Fatalf("there are %d ways to say %q after %v", ways[i], l.words[i], s.stack)
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Fatalf("the probabilities after %v add up to %g", s.stack, sum)
		}
		deepest = max(deepest, s.stack[len(s.stack)-1].depth)
		before := s.stack
		if word, told := s.next(rng.Float64); math.Abs(told-p[word]) > 1e-12 {
			t.Fatalf("%q after %v has probability %g, and the speaker tells %g", l.words[word], before, p[word], told)
		}
	}
	if deepest != maxClauses {
		t.Errorf("the deepest clause was %d, want %d", deepest, maxClauses)
	}
}

// The entropy summed over the grammar is the mean loss of the true
// probabilities over a long text.
func TestLanguageEntropy(t *testing.T) {
	l := newLanguage(1)
	const parts, n = 25, 10000
	var sum, squares float64
	for part := range uint64(parts) {
		_, loss := l.text(7, part, n)
		sum += loss
		squares += loss * loss
	}
	mean := sum / parts
	deviation := math.Sqrt((squares/parts - mean*mean) / (parts - 1))
	if want := l.entropy(); math.Abs(mean-want) > 4*deviation || deviation > 0.005 {
		t.Errorf("the mean loss is %g ± %g, the entropy %g", mean, deviation, want)
	}
	if a, b := l.entropy(), newLanguage(2).entropy(); a != b {
		t.Errorf("the entropies of two languages of the same kind are %g and %g", a, b)
	}
}

func TestLanguageWordsDiffer(t *testing.T) {
	for base := range uint64(5) {
		seen := map[string]bool{}
		for _, word := range newLanguage(base).words {
			if seen[word] {
				t.Errorf("seed %d: %q is there twice", base, word)
			}
			seen[word] = true
		}
		if len(seen) < 200 || len(seen) > 900 {
			t.Errorf("seed %d: %d words", base, len(seen))
		}
	}
}

func TestSyntheticLanguage(t *testing.T) {
	cfg := LanguageConfig{Seed: 1, Train: 5000, Valid: 1000, Test: 1200}
	c, err := SyntheticLanguage(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Train) != 5000 || len(c.Valid) != 1000 || len(c.Test) != 1200 {
		t.Errorf("%s", c.size())
	}
	again, err := SyntheticLanguage(cfg)
	if err != nil || !slices.Equal(again.Train, c.Train) || !slices.Equal(again.Test, c.Test) || !slices.Equal(again.Words, c.Words) {
		t.Errorf("the same configuration gives another text (%v)", err)
	}
	cfg.Seed = 2
	other, err := SyntheticLanguage(cfg)
	if err != nil || slices.Equal(other.Words, c.Words) {
		t.Errorf("another seed gives the same words (%v)", err)
	}
	if slices.Equal(c.Valid, c.Test[:1000]) || slices.Equal(c.Valid, c.Train[:1000]) {
		t.Error("two parts are alike")
	}
	checkFalling(t, c)
	// The title: = hero topic = <eos>.
	mark, eos := index(c.Words)["="], index(c.Words)[EOS]
	for _, part := range [][]int32{c.Train, c.Valid, c.Test} {
		if part[0] != mark || part[3] != mark || part[4] != eos {
			t.Errorf("a part begins with %v, not with a title", part[:5])
		}
	}
	if _, err := SyntheticLanguage(LanguageConfig{Test: 999}); err == nil {
		t.Error("999 words were enough")
	}
}

// checkFalling fails unless words stand in the order of falling frequency.
func checkFalling(t *testing.T, c *Corpus) {
	t.Helper()
	counts := make([]int, len(c.Words))
	for _, id := range c.Train {
		counts[id]++
	}
	if !slices.IsSortedFunc(counts, func(a, b int) int { return b - a }) {
		t.Error("words are not in the order of falling frequency")
	}
}

// ngram is a model that remembers few words: interpolated absolute discounting
// (Ney, Essen and Kneser 1994) over contexts of up to order-1 words.
type ngram struct {
	order, words int
	followers    map[[4]int32]map[int32]int // of contexts, which are filled up with -1
	totals       map[[4]int32]int
}

func newNgram(order, words int, text []int32) *ngram {
	m := &ngram{order, words, map[[4]int32]map[int32]int{}, map[[4]int32]int{}}
	for i, word := range text {
		for n := range min(order, i+1) {
			c := last(text[:i], n)
			if m.followers[c] == nil {
				m.followers[c] = map[int32]int{}
			}
			m.followers[c][word]++
			m.totals[c]++
		}
	}
	return m
}

func last(text []int32, n int) (c [4]int32) {
	c = [4]int32{-1, -1, -1, -1}
	copy(c[:], text[len(text)-n:])
	return c
}

func (m *ngram) p(text []int32, n int, word int32) float64 {
	if n < 0 {
		return 1 / float64(m.words)
	}
	const discount = 0.7
	lower := m.p(text, n-1, word)
	c := last(text, n)
	total := float64(m.totals[c])
	if total == 0 {
		return lower
	}
	return (max(float64(m.followers[c][word])-discount, 0) + discount*float64(len(m.followers[c]))*lower) / total
}

// A model must remember far to come near the least perplexity.
func TestLanguageNeedsMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("counts n-grams for a second")
	}
	c, err := SyntheticLanguage(LanguageConfig{})
	if err != nil {
		t.Fatal(err)
	}
	floor := math.Exp(c.TestEntropy)
	for _, order := range []int{2, 4} {
		m := newNgram(order, len(c.Words), c.Train)
		loss := 0.0
		for i := 10; i < len(c.Test); i++ {
			loss -= math.Log(m.p(c.Test[:i], order-1, c.Test[i]))
		}
		perplexity := math.Exp(loss / float64(len(c.Test)-10))
		t.Logf("%d-gram: perplexity %.2f, the least possible is %.2f", order, perplexity, floor)
		if perplexity < 2*floor {
			t.Errorf("a %d-gram model has perplexity %.2f, and the least possible is %.2f", order, perplexity, floor)
		}
	}
}
