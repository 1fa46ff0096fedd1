package models

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/golden"
	"autodropout/layers"
	"autodropout/ops"
)

// The parts of encoder and decoder, and words.
func TestTransformerSizes(t *testing.T) {
	const projections = 4 * (512*512 + 512)
	layers := func(inner int) int {
		feedForward := 2*512*inner + inner + 512
		return 6*(projections+feedForward+2*2*512) + 6*(2*projections+feedForward+3*2*512)
	}
	pre := TransformerBase(3000)
	pre.PreNorm, pre.SharedOutput = true, false
	for _, c := range []struct {
		name   string
		config TransformerConfig
		want   int
	}{
		// What fairseq reports for its recipe, with 8,848 German and 6,632 English
		// types.
		{"IWSLT", TransformerIWSLT(8848, 6632), 39_469_056},
		{"base", pre, layers(2048) + 2*3000*512 + 2*2*512},
	} {
		m, err := NewTransformer(c.config)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Params().Len(); got != c.want {
			t.Errorf("%s: %d parameters, want %d", c.name, got, c.want)
		}
	}
	if want := layers(1024) + (8848+6632)*512; want != 39_469_056 {
		t.Errorf("the sum of the parts is %d", want)
	}
}

// smallTransformer is a model of testdata/transformer/golden.py.
func smallTransformer(t testing.TB, change func(c *TransformerConfig)) *Transformer {
	t.Helper()
	config := TransformerConfig{SourceVocab: 23, TargetVocab: 19, Layers: 2, Width: 16, Heads: 2, Inner: 20, Begin: 0, End: 1, Seed: 1}
	if change != nil {
		change(&config)
	}
	m, err := NewTransformer(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sentencesOf returns sentences of testdata/transformer/golden.py.
func sentencesOf(vocabulary, seed int, lengths ...int) [][]int32 {
	sentences := make([][]int32, len(lengths))
	for i, n := range lengths {
		for p := range n {
			sentences[i] = append(sentences[i], int32(2+(seed+31*i+p*p+3*p)%(vocabulary-2)))
		}
	}
	return sentences
}

// pairs returns the sentences of the batch of testdata/transformer/golden.py.
func pairs(m *Transformer) (sources, targets [][]int32) {
	return sentencesOf(m.config.SourceVocab, 0, 4, 0, 6), sentencesOf(m.config.TargetVocab, 5, 3, 7, 1)
}

// adam is written out here, since models do not know optimizers.
type adam struct{ m, v []float64 }

func (a *adam) step(t int, w, grads []float32) {
	const rate, beta1, beta2, eps = 0.01, 0.9, 0.98, 1e-9
	if a.m == nil {
		a.m, a.v = make([]float64, len(w)), make([]float64, len(w))
	}
	for i, g := range grads {
		a.m[i] += (1 - beta1) * (float64(g) - a.m[i])
		a.v[i] += (1 - beta2) * (float64(g)*float64(g) - a.v[i])
		m, v := a.m[i]/(1-math.Pow(beta1, float64(t))), a.v[i]/(1-math.Pow(beta2, float64(t)))
		w[i] -= float32(rate * m / (math.Sqrt(v) + eps))
	}
}

// states returns what the encoder makes of a batch, and the decoder's states
// without padding.
func (m *Transformer) states(c *layers.Ctx, sources, targets [][]int32) (memory, hidden *autograd.Tensor) {
	source, inputs := m.sources(sources), pad(targets, []int{m.config.Begin}, nil)
	memory = m.encode(c, source)
	hidden = m.decode(c, memory, source.lengths, inputs)
	return memory, ops.Embedding(ops.Reshape(hidden, -1, m.config.Width), inputs.places())
}

// TestTransformerTrainsAsPyTorch compares outputs and all gradients, and ten
// losses.
func TestTransformerTrainsAsPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/transformer/transformer.safetensors")
	for _, c := range []struct {
		name   string
		policy dropout.Policy
		change func(c *TransformerConfig)
	}{
		{"post", nil, func(c *TransformerConfig) { c.SharedOutput, c.SharedVocab, c.SourceVocab = true, true, 19 }},
		{"pre", nil, func(c *TransformerConfig) { c.PreNorm = true }},
		{"dropout", coins{}, func(c *TransformerConfig) { c.SharedOutput = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := smallTransformer(t, c.change)
			load(t, m.Params(), file, c.name+".state.")
			sources, targets := pairs(m)
			tape := autograd.NewTape(m.Params())
			ctx := &layers.Ctx{Tape: tape, Policy: c.policy}
			memory, hidden := m.states(ctx, sources, targets)
			file.Compare(c.name+".memory", memory.Data(), 1e-5)
			file.Compare(c.name+".hidden", hidden.Data(), 1e-5)
			file.Compare(c.name+".logprobs", ops.LogSoftmax(m.logits(ctx, hidden)).Data(), 1e-5)
			var losses []float32
			var optimizer adam
			for step := range 10 {
				tape.Reset()
				loss := m.Loss(ctx, sources, targets, 0.1)
				losses = append(losses, loss.Item())
				grads := tape.Backward(loss)
				if step == 0 {
					for _, p := range m.Params().All() {
						file.Compare(c.name+".grad."+p.Name, grads[p.Offset():p.Offset()+p.Len()], 1e-5)
					}
				}
				optimizer.step(step+1, m.Params().Flat(), grads)
			}
			file.Compare(c.name+".losses", losses, 1e-4)
		})
	}
}

// TestPaddingDoesNotCount demands of a batch, in sums, what its sentences have
// alone.
func TestPaddingDoesNotCount(t *testing.T) {
	m := strong(t, nil)
	sources, targets := pairs(m)
	run := func(sources, targets [][]int32) (hidden []float32, loss float64, grads []float32) {
		tape := autograd.NewTape(m.Params())
		c := &layers.Ctx{Tape: tape}
		_, states := m.states(c, sources, targets)
		hidden = slices.Clone(states.Data())
		words := float32(0)
		for _, target := range targets {
			words += float32(len(target) + 1)
		}
		sum := ops.Scale(m.Loss(c, sources, targets, 0.1), words)
		loss = float64(sum.Item())
		return hidden, loss, tape.Backward(sum)
	}
	hidden, loss, grads := run(sources, targets)
	var alone []float32
	sum, sumGrads := 0.0, make([]float32, len(grads))
	for i := range sources {
		h, l, g := run(sources[i:i+1], targets[i:i+1])
		alone = append(alone, h...)
		sum += l
		for j := range g {
			sumGrads[j] += g[j]
		}
	}
	if len(alone) != len(hidden) || !(distance(alone, hidden) <= 1e-5) {
		t.Errorf("states in the batch differ by %g from those alone", distance(alone, hidden))
	}
	if !(math.Abs(sum-loss) <= 1e-4) {
		t.Errorf("the batch has loss %v, its sentences %v", loss, sum)
	}
	if d := distance(grads, sumGrads); !(d <= 1e-4) {
		t.Errorf("the batch's gradient differs by %g from the sum of its sentences'", d)
	}
}

// strong is a small model with weights large enough for all inputs to matter.
func strong(t testing.TB, change func(c *TransformerConfig)) *Transformer {
	m := smallTransformer(t, change)
	for i, v := range values(7, m.Params().Len()).Data() {
		m.Params().Flat()[i] += v / 2
	}
	return m
}

func TestTransformerSameBitsOnAnyNumberOfCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	m := smallTransformer(t, func(c *TransformerConfig) { c.Width = 96 })
	sources, targets := pairs(m)
	run := func(procs int) []float32 {
		runtime.GOMAXPROCS(procs)
		tape := autograd.NewTape(m.Params())
		loss := m.Loss(&layers.Ctx{Tape: tape, Policy: coins{}}, sources, targets, 0.1)
		return append(slices.Clone(tape.Backward(loss)), loss.Item())
	}
	want := run(1)
	for _, procs := range []int{3, 64} {
		if !slices.Equal(run(procs), want) {
			t.Errorf("loss or gradients differ between 1 and %d cores", procs)
		}
	}
}

func TestTransformerSites(t *testing.T) {
	m := smallTransformer(t, nil)
	sources, targets := pairs(m)
	seen := visits{}
	forward := func(train bool) {
		m.Loss(&layers.Ctx{Tape: autograd.NewInference(), Mode: modes[train], Policy: seen}, sources, targets, 0)
	}
	if forward(false); len(seen) != 0 {
		t.Errorf("at evaluation the policy was called at %v", seen)
	}
	forward(true)
	kinds := map[dropout.Kind]int{}
	for _, s := range m.Sites() {
		kinds[s.Kind]++
		width := 16
		if s.Kind == dropout.Inner {
			width = 20
		}
		length := 8 // of the targets
		if memory := strings.Contains(s.Name, "multihead_attn"); strings.HasPrefix(s.Name, "encoder") || memory && (s.Kind == dropout.Key || s.Kind == dropout.Value) {
			length = 7 // of the sources
		}
		want := []int{3, length, width}
		if s.Kind == dropout.Probability {
			want = []int{3, 2, length, length}
			if strings.Contains(s.Name, "multihead_attn") {
				want[3] = 7
			}
		}
		if !slices.Equal(seen[s.Name], want) {
			t.Errorf("site %s was visited with shape %v, want %v", s.Name, seen[s.Name], want)
		}
		delete(seen, s.Name)
	}
	if len(seen) > 0 {
		t.Errorf("the policy was called at %v, which are no sites", seen)
	}
	// Three attentions in each of two layers.
	for kind, want := range map[dropout.Kind]int{dropout.Query: 6, dropout.Key: 6, dropout.Value: 6, dropout.Probability: 6,
		dropout.Projection: 6, dropout.Inner: 4, dropout.Output: 4, dropout.Input: 2, dropout.Final: 2} {
		if kinds[kind] != want {
			t.Errorf("there are %d sites of kind %v, want %d", kinds[kind], kind, want)
		}
	}
}

// TestTransferredPattern demands that a pattern that was learned for a language
// model acts at the places of its kind in encoder and decoder, and nowhere else.
func TestTransferredPattern(t *testing.T) {
	kinds := []dropout.Kind{dropout.Query, dropout.Key, dropout.Value, dropout.Probability, dropout.Projection, dropout.Inner, dropout.Output}
	m := smallTransformer(t, nil)
	for place, kind := range kinds {
		var pattern dropout.SequencePattern
		for i := range pattern.Places {
			pattern.Places[i].Size = 1
		}
		pattern.Places[place] = dropout.TokenPattern{Size: 2, Stride: 1, ShareC: true, Drop: 0.5}
		policy, err := pattern.Policy(m.Sites())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Sites() {
			shape := []int{3, 5, 16}
			if s.Kind == dropout.Probability {
				shape = []int{3, 2, 5, 6}
			}
			if acts := policy.Mask(s.Name, shape, dropout.Stream{}) != nil; acts != (s.Kind == kind) {
				t.Errorf("a pattern for %v acts at %s: %v", kind, s.Name, acts)
			}
		}
		sources, targets := pairs(m)
		loss := func(policy dropout.Policy) float32 {
			return m.Loss(&layers.Ctx{Tape: autograd.NewInference(), Mode: layers.Training, Policy: policy}, sources, targets, 0).Item()
		}
		if with, without := loss(policy), loss(nil); with == without || math.IsNaN(float64(with)) {
			t.Errorf("with a pattern for %v the loss is %v, without it %v", kind, with, without)
		}
	}
}

func TestTransformersThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(c *TransformerConfig){
		"source words": func(c *TransformerConfig) { c.SourceVocab = 0 },
		"layers":       func(c *TransformerConfig) { c.Layers = 0 },
		"2 heads":      func(c *TransformerConfig) { c.Width = 15 },
		"3 heads":      func(c *TransformerConfig) { c.Heads = 3 },
		"share":        func(c *TransformerConfig) { c.SharedVocab = true },
		"19 and 1":     func(c *TransformerConfig) { c.Begin = 19 },
		"0 and 19":     func(c *TransformerConfig) { c.End = 19 },
	} {
		config := TransformerConfig{SourceVocab: 23, TargetVocab: 19, Layers: 1, Width: 16, Heads: 2, Inner: 20, End: 1}
		change(&config)
		if m, err := NewTransformer(config); err == nil || m != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	if m := smallTransformer(t, nil); fmt.Sprint(m) != "Transformer-2-16" {
		t.Errorf("the model is called %v", m)
	}
}
