package metric_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"autodropout/data/text/metric"
)

type result struct {
	value           float64
	text, signature string
}

// scorers are those of testdata/golden.py.
var scorers = map[string]func(hypotheses []string, references [][]string) (result, error){
	"sacre":           bleu(metric.BLEU{}),
	"sacre lower":     bleu(metric.BLEU{Lowercase: true}),
	"tokenized":       bleu(metric.BLEU{Tokenized: true}),
	"tokenized lower": bleu(metric.BLEU{Tokenized: true, Lowercase: true}),
	"chrf":            chrF(metric.ChrF{}),
	"chrf lower":      chrF(metric.ChrF{Lowercase: true}),
}

func bleu(b metric.BLEU) func([]string, [][]string) (result, error) {
	return func(hypotheses []string, references [][]string) (result, error) {
		s, err := b.Score(hypotheses, references...)
		return result{s.Value, s.String(), b.Signature(len(references))}, err
	}
}

func chrF(c metric.ChrF) func([]string, [][]string) (result, error) {
	return func(hypotheses []string, references [][]string) (result, error) {
		s, err := c.Score(hypotheses, references...)
		return result{float64(s), s.String(), c.Signature(len(references))}, err
	}
}

// Values, descriptions and signatures are sacreBLEU's.
func TestGolden(t *testing.T) {
	content, err := os.ReadFile("testdata/scores.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Hypotheses []string
		References [][]string
		Scores     map[string]struct {
			Value           float64
			Text, Signature string
		}
	}
	if err := json.Unmarshal(content, &cases); err != nil {
		t.Fatal(err)
	}
	translations := 0
	for i, c := range cases {
		translations += len(c.Hypotheses)
		for name, want := range c.Scores {
			got, err := scorers[name](c.Hypotheses, c.References)
			if err != nil {
				t.Errorf("corpus %d: %s: %v", i, name, err)
				continue
			}
			if math.Abs(got.value-want.Value) > 1e-9 || got.text != want.Text || got.signature != want.Signature {
				t.Errorf("corpus %d: %s is %.6f, %q, %q, expected %.6f, %q, %q", i, name,
					got.value, got.text, got.signature, want.Value, want.Text, want.Signature)
			}
		}
	}
	if translations < 200 {
		t.Errorf("only %d translations were scored", translations)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		hypotheses []string
		references [][]string
		want       string
	}{
		{nil, [][]string{nil}, "no translations"},
		{[]string{"a"}, nil, "no references"},
		{[]string{"a", "b"}, [][]string{{"a", "b"}, {"a"}}, "set 1 of references has 1 lines for 2 translations"},
	} {
		for name, score := range scorers {
			if _, err := score(c.hypotheses, c.references); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: the error is %v, expected one about %q", name, err, c.want)
			}
		}
	}
}

func ExampleBLEU() {
	translations := []string{"The cat sat on the mat.", "It's raining cats and dogs!"}
	references := []string{"The cat sat on a mat.", "It is raining cats and dogs!"}
	var b metric.BLEU
	score, err := b.Score(translations, references)
	fmt.Println(score, err)
	fmt.Println(b.Signature(1))
	// Output:
	// BLEU = 57.29 84.6/72.7/55.6/42.9 (BP = 0.926 ratio = 0.929 hyp_len = 13 ref_len = 14) <nil>
	// nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0
}

func ExampleChrF() {
	score, err := metric.ChrF{}.Score([]string{"The cat sat on the mat."}, []string{"The cat sat on a mat."})
	fmt.Println(score, err)
	// Output: chrF2 = 71.42 <nil>
}
