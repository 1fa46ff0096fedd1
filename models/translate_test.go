package models

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// logProbs returns the log-probabilities of all words behind each beginning of
// target, in one pass without a cache.
func (m *Transformer) logProbs(source, target []int32) [][]float32 {
	c := &layers.Ctx{Tape: autograd.NewInference()}
	_, hidden := m.states(c, [][]int32{source}, [][]int32{target})
	y := ops.LogSoftmax(m.logits(c, hidden)).Data()
	return slices.Collect(slices.Chunk(y, m.config.TargetVocab))
}

// logProb returns the log-probability of a translation, without a cache.
func (m *Transformer) logProb(source, target []int32) float64 {
	sum := 0.0
	for i, row := range m.logProbs(source, target) {
		word := int32(m.config.End)
		if i < len(target) {
			word = target[i]
		}
		sum += float64(row[word])
	}
	return sum
}

// TestCachedDecoding demands the same log-probabilities of a word at a time with
// the cache as of whole sentences, while versions of sentences change places.
func TestCachedDecoding(t *testing.T) {
	for _, pre := range []bool{false, true} {
		m := strong(t, func(c *TransformerConfig) { c.PreNorm = pre })
		sources := sentencesOf(23, 3, 5, 2, 0)
		g := m.generate(sources)
		// Two versions of each sentence from the second word on; later the second
		// sentence is left out, and the first version of the last one too.
		origin := []int{0, 1, 2} // of every row, as a source
		targets := make([][]int32, 3)
		for step := range 6 {
			versions := len(targets) / 3
			if step >= 4 {
				versions = 2
			}
			got := g.next(len(targets) / versions)
			for row, target := range targets {
				want := m.logProbs(sources[origin[row]], target)[step]
				if d := distance(got[row*19:(row+1)*19], want); !(d <= 1e-4) {
					t.Fatalf("PreNorm %v, step %d, row %d: log-probabilities differ by %g", pre, step, row, d)
				}
			}
			rows, sentences := make([]int, 0), []int{0, 1, 2}
			switch step {
			case 0:
				rows = []int{0, 0, 1, 1, 2, 2}
			case 1:
				rows = []int{1, 0, 2, 2, 4, 5}
			case 3:
				rows, sentences = []int{1, 1, 5, 5}, []int{0, 2}
			default:
				for row := range targets {
					rows = append(rows, row)
				}
				sentences = sentences[:len(rows)/2]
			}
			var next [][]int32
			var from []int
			g.words = nil
			for i, row := range rows {
				word := int32(2 + (7*step+3*i)%17)
				next = append(next, append(slices.Clip(targets[row]), word))
				from = append(from, origin[row])
				g.words = append(g.words, int(word))
			}
			for _, p := range g.past {
				p.Select(rows, sentences)
			}
			targets, origin = next, from
		}
	}
}

// TestGreedy demands that a beam of 1 is always the most probable word.
func TestGreedy(t *testing.T) {
	for seed := range 4 {
		m := strong(t, func(c *TransformerConfig) { c.Seed = uint64(seed) })
		for _, source := range sentencesOf(23, seed, 5, 1, 8) {
			var want []int32
			for limit := int(1.2*float64(len(source)) + 10); len(want) < limit; {
				rows := m.logProbs(source, want)
				row := slices.Clone(rows[len(rows)-1])
				if len(want) == 0 {
					row[m.config.End] = float32(math.Inf(-1))
				}
				word := slices.Index(row, slices.Max(row))
				if word == m.config.End {
					break
				}
				want = append(want, int32(word))
			}
			got := m.Translate([][]int32{source}, Search{Penalty: 1})[0]
			if len(got) != 1 || !slices.Equal(got[0].Words, want) {
				t.Errorf("seed %d: a beam of 1 finds %v, always the most probable word is %v", seed, got, want)
			}
		}
	}
}

// TestBeamAgainstAllTranslations searches where a beam holds everything.
func TestBeamAgainstAllTranslations(t *testing.T) {
	for seed := range 3 {
		m := strong(t, func(c *TransformerConfig) { c.TargetVocab, c.Seed = 4, uint64(seed) })
		source := []int32{5, 9, 3}
		for _, penalty := range []float64{0, 0.6, 1, 2} {
			var all []Translation
			var visit func(words []int32)
			visit = func(words []int32) {
				if len(words) > 0 {
					p := m.logProb(source, words)
					all = append(all, Translation{slices.Clone(words), p, p / math.Pow(float64(len(words)+1), penalty)})
				}
				if len(words) < 3 {
					for _, word := range []int32{0, 2, 3} {
						visit(append(words, word))
					}
				}
			}
			visit(nil)
			slices.SortStableFunc(all, func(a, b Translation) int {
				if a.Score > b.Score {
					return -1
				}
				return 1
			})
			got := m.Translate([][]int32{source}, Search{Beam: 50, Best: 50, Penalty: penalty, Factor: 1})[0]
			if len(all) != 3+9+27 || len(got) != len(all) {
				t.Fatalf("the search finds %d of %d translations", len(got), len(all))
			}
			for i := range all {
				if !slices.Equal(got[i].Words, all[i].Words) || math.Abs(got[i].Score-all[i].Score) > 1e-4 || math.Abs(got[i].LogProb-all[i].LogProb) > 1e-4 {
					t.Errorf("seed %d, penalty %v: translation %d is %v, of all it is %v", seed, penalty, i, got[i], all[i])
				}
			}
		}
	}
}

// TestBeams demands that beams find what they score, that wide ones find better
// translations on the whole, and that sentences do not depend on each other, nor
// on the number of cores.
func TestBeams(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	m := strong(t, nil)
	sources := sentencesOf(23, 2, 7, 0, 3, 11, 1)
	sum := map[int]float64{}
	for _, beam := range []int{1, 4, 16} {
		s := Search{Beam: beam, Best: min(beam, 3), Penalty: 1, Factor: 1, Extra: 2}
		together := m.Translate(sources, s)
		for i, source := range sources {
			if len(together[i]) != s.Best {
				t.Fatalf("beam %d finds %d translations, want %d", beam, len(together[i]), s.Best)
			}
			alone := m.Translate(sources[i:i+1], s)[0]
			for j, got := range together[i] {
				if !slices.Equal(got.Words, alone[j].Words) || math.Abs(got.Score-alone[j].Score) > 1e-4 {
					t.Errorf("beam %d, sentence %d: %v in the batch, %v alone", beam, i, got, alone[j])
				}
				if want := m.logProb(source, got.Words); math.Abs(got.LogProb-want) > 1e-4 || math.Abs(got.Score-want/float64(len(got.Words)+1)) > 1e-4 {
					t.Errorf("beam %d, sentence %d: %v has log-probability %v", beam, i, got, want)
				}
				if n := len(got.Words); n < 1 || n > len(source)+2 || slices.Contains(got.Words, int32(m.config.End)) {
					t.Errorf("beam %d: %v is a translation of %d words", beam, got, len(source))
				}
				if j > 0 && got.Score > together[i][j-1].Score {
					t.Errorf("beam %d, sentence %d: translation %d is better than the one before", beam, i, j)
				}
			}
			sum[beam] += together[i][0].Score
		}
		for _, procs := range []int{1, 5} {
			runtime.GOMAXPROCS(procs)
			if again := m.Translate(sources, s); !reflect.DeepEqual(again, together) {
				t.Errorf("beam %d: on %d cores translations differ", beam, procs)
			}
		}
	}
	if !(sum[1] <= sum[4] && sum[4] < sum[16]) {
		t.Errorf("the scores of beams of 1, 4 and 16 are %v", sum)
	}
}

func TestLongestTranslations(t *testing.T) {
	for _, c := range []struct {
		search Search
		want   int
	}{
		{Search{}, 13}, {Search{Factor: 1}, 3}, {Search{Extra: 0.5}, 1}, {Search{Factor: 1.5, Extra: 2}, 6},
		{Search{Extra: math.MaxInt64}, math.MaxInt32}, {Search{Factor: math.MaxFloat64}, math.MaxInt32},
	} {
		if got := c.search.longest(3); got != c.want {
			t.Errorf("%+v: translations of 3 words have at most %d, want %d", c.search, got, c.want)
		}
	}
}

func TestSearchesThatMakeNoSense(t *testing.T) {
	for want, s := range map[string]Search{
		"beam of -1": {Beam: -1},
		"best 3":     {Beam: 2, Best: 3},
		"best 2":     {Best: 2},
		"-1*n":       {Factor: -1},
		"NaN*n":      {Factor: math.NaN()},
		"+ +Inf":     {Extra: math.Inf(1)},
		"penalty":    {Penalty: math.NaN()},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", s, err, want)
		}
	}
	m := smallTransformer(t, nil)
	if found := m.Translate(nil, Search{}); len(found) != 0 {
		t.Errorf("of no sentence it finds %v", found)
	}
	defer func() {
		if err := fmt.Sprint(recover()); !strings.Contains(err, "beam") {
			t.Errorf("Translate ended with %v", err)
		}
	}()
	m.Translate(sentencesOf(23, 1, 3), Search{Beam: -3})
}
