package metric

import (
	"fmt"
	"math"
	"strings"
)

// order is the length of the longest n-grams that BLEU counts.
const order = 4

// BLEU is corpus BLEU-4 (Papineni et al. 2002): the geometric mean of the
// precisions of n-grams of 1 to 4 tokens, times a penalty where the translation
// is shorter than the reference. The zero value is sacreBLEU's default: for text
// as it is read, which it cuts into tokens as mteval-v13a does, with exponential
// smoothing of orders without a match.
type BLEU struct {
	// Tokenized says that sentences are cut into tokens already, by white space,
	// and are to be scored as multi-bleu does: without smoothing, so that the
	// score is 0 when there is no match of some order.
	Tokenized bool
	// Lowercase compares lower-cased text.
	Lowercase bool
}

// BLEUScore is what BLEU found in a corpus.
type BLEUScore struct {
	Value float64 // from 0 to 100
	// Correct and Total count the n-grams of 1 to 4 tokens: those that a reference
	// has too, and all. Precisions are the ratios in per cent, smoothed.
	Correct, Total [order]int
	Precisions     [order]float64
	BrevityPenalty float64
	// Length and ReferenceLength are in tokens; of several references the one
	// counts whose length is closest.
	Length, ReferenceLength int
}

// Signature describes how scores against so many references per sentence are computed, in
// the words of sacreBLEU.
func (b BLEU) Signature(references int) string {
	rest := "eff:no|tok:13a|smooth:exp"
	if b.Tokenized {
		rest = "eff:no|tok:none|smooth:none"
	}
	return signature(references, b.Lowercase, rest)
}

// Score compares translations with one or more sets of references, which have one line for
// each translation. It is an error if the numbers differ, or if there are no references.
func (b BLEU) Score(hypotheses []string, references ...[]string) (BLEUScore, error) {
	if err := check(hypotheses, references); err != nil {
		return BLEUScore{}, err
	}
	var s BLEUScore
	tokens := make([][]string, len(references))
	for i, hypothesis := range hypotheses {
		for k, set := range references {
			tokens[k] = b.tokens(set[i])
		}
		s.add(b.tokens(hypothesis), tokens)
	}
	s.finish(!b.Tokenized)
	return s, nil
}

func (b BLEU) tokens(sentence string) []string {
	if b.Lowercase {
		sentence = lower(sentence)
	}
	if !b.Tokenized {
		sentence = tokenize13a(strings.TrimRightFunc(sentence, isSpace))
	}
	return fields(sentence)
}

// An ngram is up to four tokens as numbers from 1 on; 0 is no token.
type ngram [order]int32

// add counts the n-grams of one sentence.
func (s *BLEUScore) add(hypothesis []string, references [][]string) {
	ids := map[string]int32{}
	var most map[ngram]int // of all references
	closest := len(references[0])
	for _, reference := range references {
		counts := count(reference, ids)
		if most == nil {
			most = counts
		}
		for g, n := range counts {
			most[g] = max(most[g], n)
		}
		was, is := abs(closest-len(hypothesis)), abs(len(reference)-len(hypothesis))
		if is < was || is == was && len(reference) < closest {
			closest = len(reference)
		}
	}
	for g, n := range count(hypothesis, ids) {
		length := order
		for g[length-1] == 0 {
			length--
		}
		s.Total[length-1] += n
		s.Correct[length-1] += min(n, most[g])
	}
	s.Length += len(hypothesis)
	s.ReferenceLength += closest
}

// count returns how often each n-gram of 1 to 4 tokens occurs. Tokens get their
// numbers from ids, which grows.
func count(tokens []string, ids map[string]int32) map[ngram]int {
	numbers := make([]int32, len(tokens))
	for i, token := range tokens {
		id, ok := ids[token]
		if !ok {
			id = int32(len(ids) + 1)
			ids[token] = id
		}
		numbers[i] = id
	}
	counts := make(map[ngram]int, order*len(tokens))
	for i := range numbers {
		var g ngram
		for n := 0; n < order && i+n < len(numbers); n++ {
			g[n] = numbers[i+n]
			counts[g]++
		}
	}
	return counts
}

// finish computes the score from the counts.
func (s *BLEUScore) finish(smooth bool) {
	s.BrevityPenalty = 1
	if s.Length < s.ReferenceLength {
		// exp(-Inf) = 0 when nothing was translated
		s.BrevityPenalty = math.Exp(1 - float64(s.ReferenceLength)/float64(s.Length))
	}
	if s.Correct == [order]int{} {
		return
	}
	half := 1.0
	var logs float64
	for n := range s.Correct {
		switch {
		case s.Total[n] == 0:
		case s.Correct[n] > 0:
			s.Precisions[n] = 100 * float64(s.Correct[n]) / float64(s.Total[n])
		case smooth:
			half /= 2 // Chen and Cherry (2014), method 3
			s.Precisions[n] = 100 * half / float64(s.Total[n])
		}
		logs += math.Log(s.Precisions[n])
	}
	s.Value = s.BrevityPenalty * math.Exp(logs/order)
}

// String describes the score in the words of sacreBLEU.
func (s BLEUScore) String() string {
	ratio := 0.0
	if s.ReferenceLength > 0 {
		ratio = float64(s.Length) / float64(s.ReferenceLength)
	}
	p := s.Precisions
	return fmt.Sprintf("BLEU = %.2f %.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %d ref_len = %d)",
		s.Value, p[0], p[1], p[2], p[3], s.BrevityPenalty, ratio, s.Length, s.ReferenceLength)
}

func abs(n int) int { return max(n, -n) }
