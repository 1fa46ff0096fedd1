package metric

import (
	"fmt"
	"strings"
)

// orders is the length of the longest n-grams that chrF counts.
const orders = 6

// ChrF is chrF2 (Popović 2015, 2016) as sacreBLEU computes it by default: the F
// score of n-grams of 1 to 6 letters, white space left out, with recall weighing
// twice as much as precision. It needs no tokens.
type ChrF struct {
	// Lowercase compares lower-cased text.
	Lowercase bool
}

// ChrFScore is the score of a corpus, from 0 to 100.
type ChrFScore float64

// Signature describes how scores against so many references per sentence are computed, in
// the words of sacreBLEU.
func (c ChrF) Signature(references int) string {
	return signature(references, c.Lowercase, fmt.Sprintf("eff:yes|nc:%d|nw:0|space:no", orders))
}

// Score compares translations with one or more sets of references, which have one line for
// each translation; of several references the best one for a sentence counts. It is an
// error if the numbers of lines differ, or if there are no references.
func (c ChrF) Score(hypotheses []string, references ...[]string) (ChrFScore, error) {
	if err := check(hypotheses, references); err != nil {
		return 0, err
	}
	var total letterCounts
	for i, hypothesis := range hypotheses {
		found := c.ngrams(hypothesis)
		var best letterCounts
		bestF := -1.0
		for _, set := range references {
			counts := compare(found, c.ngrams(set[i]))
			if f := counts.f(); f > bestF {
				best, bestF = counts, f
			}
		}
		for n := range total {
			total[n].hypothesis += best[n].hypothesis
			total[n].reference += best[n].reference
			total[n].both += best[n].both
		}
	}
	return ChrFScore(total.f()), nil
}

// ngrams counts the n-grams of a sentence, of n letters at place n-1.
func (c ChrF) ngrams(sentence string) [orders]map[string]int {
	if c.Lowercase {
		sentence = lower(sentence)
	}
	sentence = strings.Join(fields(sentence), "")
	var starts []int // of letters, and the end
	for i := range sentence {
		starts = append(starts, i)
	}
	starts = append(starts, len(sentence))
	var counts [orders]map[string]int
	for n := range counts {
		counts[n] = make(map[string]int, len(starts))
		for i := 0; i+n+1 < len(starts); i++ {
			counts[n][sentence[starts[i]:starts[i+n+1]]]++
		}
	}
	return counts
}

// letterCounts holds the numbers of n-grams of each length.
type letterCounts [orders]struct{ hypothesis, reference, both int }

func compare(hypothesis, reference [orders]map[string]int) (counts letterCounts) {
	for n := range counts {
		c := &counts[n]
		for _, k := range reference[n] {
			c.reference += k
		}
		if c.reference == 0 {
			continue // a reference too short for the order tells nothing
		}
		for g, k := range hypothesis[n] {
			c.hypothesis += k
			c.both += min(k, reference[n][g])
		}
	}
	return counts
}

// f returns the F score of the mean precision and recall over the orders that
// both sides have.
func (c *letterCounts) f() float64 {
	const weight = 2 * 2 // of recall, squared
	var precision, recall float64
	var present int
	for _, n := range c {
		if n.hypothesis > 0 && n.reference > 0 {
			precision += float64(n.both) / float64(n.hypothesis)
			recall += float64(n.both) / float64(n.reference)
			present++
		}
	}
	if precision+recall == 0 {
		return 0
	}
	precision /= float64(present)
	recall /= float64(present)
	return 100 * (1 + weight) * precision * recall / (float64(weight*precision) + recall)
}

// String describes the score in the words of sacreBLEU.
func (s ChrFScore) String() string { return fmt.Sprintf("chrF2 = %.2f", float64(s)) }
