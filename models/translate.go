package models

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// Search configures the search for translations: beam search, which extends the Beam most
// probable beginnings of a translation by a word at a time.
//
// Every beginning is extended by every word. Results among the Beam best that end are
// translations; the best of the others are the next beginnings. The search is over when
// there are Beam translations, or at the longest length. A translation has at least one
// word.
type Search struct {
	Beam int // 0 means 1: always the most probable word
	Best int // translations of each sentence that are wanted, at most Beam; 0 means 1

	// Penalty is the exponent of the length, the end counted, by which the
	// log-probability of a translation is divided to compare it with others: 0
	// favours short ones, 1 compares means.
	Penalty float64

	// The most words of a translation of n words are Factor*n + Extra, rounded
	// down, at least 1 and at most 2,147,483,647. Both 0 mean 1.2 and 10.
	Factor, Extra float64
}

// Check returns an error if the settings are invalid.
func (s Search) Check() error {
	switch {
	case s.Beam < 0 || s.Best < 0 || s.Best > max(1, s.Beam):
		return fmt.Errorf("a search with a beam of %d cannot find the best %d translations: both must not be negative, and the beam the larger", s.Beam, s.Best)
	case !(s.Factor >= 0 && s.Extra >= 0) || math.IsInf(s.Factor+s.Extra, 0):
		return fmt.Errorf("the longest translation of n words cannot be %g*n + %g: both numbers must be finite and not negative", s.Factor, s.Extra)
	case math.IsNaN(s.Penalty) || math.IsInf(s.Penalty, 0):
		return fmt.Errorf("the length penalty must be finite, not %g", s.Penalty)
	}
	return nil
}

// longest returns the most words of a translation of n words.
func (s *Search) longest(n int) int {
	if s.Factor == 0 && s.Extra == 0 {
		return int(1.2*float64(n) + 10)
	}
	return max(1, int(min(s.Factor*float64(n)+s.Extra, math.MaxInt32))) // a larger float64 may become any int
}

// Translation is a translation that a search has found.
type Translation struct {
	Words   []int32 // without the end
	LogProb float64 // of its words and the end, in nats
	Score   float64 // LogProb/(len(Words)+1)^Penalty
}

// Translate returns the translations of each source that the search finds, the best first.
// It remembers the keys and values of a translation's words, so that each further word
// costs one position. The translations of a sentence do not depend on the other sentences.
// It panics when search.Check fails.
func (m *Transformer) Translate(sources [][]int32, search Search) [][]Translation {
	if err := search.Check(); err != nil {
		panic(err)
	}
	search.Beam, search.Best = max(1, search.Beam), max(1, search.Best)
	found := make([][]Translation, len(sources))
	if len(sources) == 0 {
		return found
	}
	g := m.generate(sources)
	beams := make([]*beam, len(sources))
	for i, source := range sources {
		beams[i] = &beam{search: &search, end: int32(m.config.End), longest: search.longest(len(source)),
			found: &found[i], open: []hypothesis{{}}}
	}
	for len(beams) > 0 {
		beams = g.advance(beams)
	}
	for i := range found {
		slices.SortStableFunc(found[i], func(a, b Translation) int { return cmp.Compare(b.Score, a.Score) })
		found[i] = found[i][:min(len(found[i]), search.Best)]
	}
	return found
}

// generation computes what follows the beginnings of translations.
type generation struct {
	model *Transformer
	ctx   layers.Ctx
	past  []*layers.Past // of every layer
	words []int          // the last of every beginning, sentence by sentence
	done  int            // words of every beginning before these
}

// generate reads the sources.
func (m *Transformer) generate(sources [][]int32) *generation {
	g := &generation{model: m, ctx: layers.Ctx{Tape: autograd.NewInference()}}
	source := m.sources(sources)
	memory := m.encode(&g.ctx, source)
	for _, block := range m.decoder.blocks {
		g.past = append(g.past, block.Recall(&g.ctx, memory, source.lengths))
	}
	g.words = slices.Repeat([]int{m.config.Begin}, len(sources))
	return g
}

// next returns the log-probabilities of all words behind every beginning of n
// sentences, (beginnings, TargetVocab), valid until the next call.
func (g *generation) next(n int) []float32 {
	g.ctx.Tape.Reset()
	m, c := g.model, &g.ctx
	x := m.embed(c, m.decoder, m.target, padded{words: g.words, n: len(g.words), longest: 1}, g.done)
	x = ops.Reshape(x, n, -1, m.config.Width)
	for i, block := range m.decoder.blocks {
		x = block.Continue(c, x, g.past[i])
	}
	g.done++
	x = ops.Reshape(m.decoder.end(c, x), -1, m.config.Width)
	return ops.LogSoftmax(m.logits(c, x)).Data()
}

// advance takes all beams a word further and returns those that go on.
func (g *generation) advance(beams []*beam) []*beam {
	scores := g.next(len(beams))
	versions := len(g.words) / len(beams)
	size := versions * g.model.config.TargetVocab
	var on []*beam
	var rows, sentences []int
	g.words = g.words[:0]
	for i, b := range beams {
		b.extend(scores[i*size : (i+1)*size])
		if b.over() {
			continue
		}
		on, sentences = append(on, b), append(sentences, i)
		for _, h := range b.open {
			rows = append(rows, i*versions+h.parent)
			g.words = append(g.words, int(h.words[len(h.words)-1]))
		}
	}
	for _, p := range g.past {
		p.Select(rows, sentences)
	}
	return on
}

// beam is the search for translations of one sentence.
type beam struct {
	search  *Search
	end     int32
	longest int
	open    []hypothesis // beginnings; as many in all beams, for they have the same length
	found   *[]Translation
}

// hypothesis is the beginning of a translation.
type hypothesis struct {
	words  []int32
	score  float64 // log-probability
	parent int     // index in open of what it was before its last word
}

// extend takes the beam a word further. scores are the log-probabilities of all
// words behind every hypothesis.
func (b *beam) extend(scores []float32) {
	if len(b.open[0].words) == b.longest {
		for i, h := range b.open {
			b.finish(h, h.score+float64(scores[i*len(scores)/len(b.open)+int(b.end)]))
		}
		b.open = nil
		return
	}
	var open []hypothesis
	for rank, s := range b.best(scores) {
		h := b.open[s.parent]
		switch {
		case s.word == b.end && rank < b.search.Beam:
			b.finish(h, s.score)
		case s.word != b.end && len(open) < b.search.Beam:
			words := append(slices.Clip(h.words), s.word)
			open = append(open, hypothesis{words, s.score, s.parent})
		}
	}
	b.open = open
}

// finish adds a translation.
func (b *beam) finish(h hypothesis, logProb float64) {
	score := logProb / math.Pow(float64(len(h.words)+1), b.search.Penalty)
	*b.found = append(*b.found, Translation{h.words, logProb, score})
}

// over reports whether the search has ended.
func (b *beam) over() bool { return len(b.open) == 0 || len(*b.found) >= b.search.Beam }

// step is a hypothesis with one word more.
type step struct {
	parent int
	word   int32
	score  float64
}

// best returns the best 2*Beam steps, so that at least Beam of them do not end a
// translation; of equally good ones the first.
func (b *beam) best(scores []float32) []step {
	count := 2 * b.search.Beam
	words := len(scores) / len(b.open)
	best := make([]step, 0, count+1)
	for i, h := range b.open {
		for word, logProb := range scores[i*words : (i+1)*words] {
			s := step{i, int32(word), h.score + float64(logProb)}
			if s.score != s.score {
				s.score = math.Inf(-1) // NaN compares with nothing
			}
			if len(h.words) == 0 && s.word == b.end || len(best) == count && s.score <= best[count-1].score {
				continue
			}
			at := len(best)
			for at > 0 && best[at-1].score < s.score {
				at--
			}
			best = slices.Insert(best, at, s)
			best = best[:min(len(best), count)]
		}
	}
	return best
}
