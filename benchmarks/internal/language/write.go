package language

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/data"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/weights"
)

// write continues the prompt with the best model of a run.
func (s *subject) write(asked cli.Run, stdout, stderr io.Writer) error {
	path, err := experiment.Weights(asked, s.About(), experiment.Keys(s.Rows(s.Table())), func(a, b runfolder.Score) bool { return a.Valid < b.Valid }, stderr)
	if err != nil {
		return err
	}
	model, err := models.NewTransformerXL(s.network(experiment.Final, 0))
	if err != nil {
		return err
	}
	if _, err := weights.Load(path, model.Params(), weights.Options{}); err != nil {
		return err
	}
	prompt, err := s.corpus.Encode(s.prompt)
	if err != nil {
		return fmt.Errorf("the prompt cannot be continued: %w", err)
	}
	text := s.continued(model, prompt, seed.New(uint64(s.Seed), "generate"))
	_, err = fmt.Fprintf(stdout, "%s\n", s.join(text))
	return err
}

// continued returns the prompt and what the model draws to follow it.
func (s *subject) continued(model *models.TransformerXL, prompt []int32, rng *rand.Rand) []int {
	text := []int{0}
	for i, word := range s.corpus.Words {
		if word == data.EOS {
			text[0] = i // a line begins
		}
	}
	for _, id := range prompt {
		text = append(text, int(id))
	}
	c := &layers.Ctx{Tape: autograd.NewInference()}
	context := s.Memory + s.Extended + s.Target
	for range s.generate {
		read := text[max(0, len(text)-context):]
		out := model.Forward(c, models.Segment{N: 1, Inputs: read}, models.Lengths{Target: 1, Extended: len(read) - 1})
		text = append(text, draw(model.Logits(c, out.Dropped).Data(), s.Temperature, rng))
		c.Tape.Reset()
	}
	return text[1:]
}

// draw returns a word at random, with probabilities proportional to
// exp(logits/temperature).
func draw(logits []float32, temperature float64, rng *rand.Rand) int {
	most := float32(math.Inf(-1))
	for _, x := range logits {
		most = max(most, x)
	}
	total := 0.0
	sums := make([]float64, len(logits))
	for i, x := range logits {
		total += math.Exp(float64(x-most) / temperature)
		sums[i] = total
	}
	at := rng.Float64() * total
	for i, sum := range sums {
		if at < sum {
			return i
		}
	}
	return len(logits) - 1
}

// join writes words as text.
func (s *subject) join(ids []int) string {
	var b strings.Builder
	space := ""
	for _, id := range ids {
		word := s.corpus.Words[id]
		if word == data.EOS {
			b.WriteString("\n")
			space = ""
			continue
		}
		b.WriteString(space + word)
		space = " "
	}
	return b.String()
}
