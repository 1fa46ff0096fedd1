package models

import (
	"fmt"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/golden"
	"autodropout/layers"
	"autodropout/ops"
)

func TestTransformerXLSizes(t *testing.T) {
	ptb := TransformerXLPTB()
	without := ptb
	without.PositionProjection = false
	adaptive := TransformerXLWikiText2()
	adaptive.Cutoffs = []int{4_000, 12_000}
	for _, c := range []struct {
		name   string
		config TransformerXLConfig
		want   int
	}{
		// Word vectors, the softmax's bias, u and v; in each layer: projections,
		// feed-forward part, two normalisations.
		{"PTB", ptb, 10_000*380 + 10_000 + 2*380 + 16*(5*380*380+2*380*900+900+380+4*380)},
		{"PTB without position projection", without, 24_041_160},
		{"WikiText-2", TransformerXLWikiText2(), 33_278*400 + 33_278 + 2*400 + 16*(5*400*400+2*400*900+900+400+4*400)},
		{"WikiText-2 with an adaptive softmax", adaptive, 33_278*400 + 4_002 + 2*400 + 100*(400+8_000) + 25*(400+21_278) + 2*400 + 16*1_522_900},
	} {
		m, err := NewTransformerXL(c.config)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Params().Len(); got != c.want {
			t.Errorf("%s: %d parameters, want %d", c.name, got, c.want)
		}
	}
	if 10_000*380+10_000+2*380+16*(5*380*380+2*380*900+900+380+4*380) != 26_351_560 {
		t.Error("the sum of the parts is not 26.35 million")
	}
}

// small is the model of testdata/transformerxl/golden.py.
func small(t testing.TB, layers int, change func(c *TransformerXLConfig)) *TransformerXL {
	t.Helper()
	config := TransformerXLConfig{Vocab: 50, Layers: layers, Width: 16, Heads: 2, HeadWidth: 6, Inner: 20, PositionProjection: true, Seed: 1}
	if change != nil {
		change(&config)
	}
	m, err := NewTransformerXL(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const texts = 2

// words returns positions [begin, end) of the two texts of
// testdata/transformerxl/golden.py.
func words(begin, end int) []int {
	var ids []int
	for text := range texts {
		for p := begin; p < end; p++ {
			ids = append(ids, (text*31+p*p+3*p)%50)
		}
	}
	return ids
}

// segment returns the segment whose targets are predicted at [now,
// now+l.Target).
func segment(now int, l Lengths, memory *Memory) Segment {
	return Segment{
		N:       texts,
		Inputs:  words(max(0, now-l.Extended), now+l.Target),
		Targets: words(now+1, now+l.Target+1),
		Memory:  memory,
	}
}

// TestTransformerXLTrainsAsPyTorch compares ten training losses, the memory they
// left, and from the fourth step outputs and all gradients.
func TestTransformerXLTrainsAsPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/transformerxl/transformerxl.safetensors")
	for _, c := range []struct {
		name    string
		layers  int
		lengths Lengths
		policy  dropout.Policy
		change  func(c *TransformerXLConfig)
	}{
		{"layer", 1, Lengths{Target: 5, Memory: 7}, nil, nil},
		{"memory", 4, Lengths{Target: 5, Memory: 7}, nil, nil},
		{"extended", 4, Lengths{Target: 4, Memory: 5, Extended: 6}, nil, func(c *TransformerXLConfig) { c.PositionProjection = false }},
		{"adaptive", 2, Lengths{Target: 6, Memory: 3, Extended: 2}, nil, func(c *TransformerXLConfig) { c.Cutoffs = []int{20, 35} }},
		{"dropout", 2, Lengths{Target: 5, Memory: 7, Extended: 3}, coins{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := small(t, c.layers, c.change)
			load(t, m.Params(), file, c.name+".state.")
			tape := autograd.NewTape(m.Params())
			var memory *Memory
			var losses []float32
			for step := range 10 {
				tape.Reset()
				ctx := &layers.Ctx{Tape: tape, Policy: c.policy}
				s := segment(step*c.lengths.Target, c.lengths, memory)
				out := m.Forward(ctx, s, c.lengths)
				if step == 3 {
					file.Compare(c.name+".hidden", out.Hidden.Data(), 1e-5)
					all := ops.LogSoftmax(m.Logits(ctx, out.Dropped))
					file.Compare(c.name+".logprobs", all.Data(), 1e-5)
					file.Compare(c.name+".tempered", m.LogProbs(ctx, out.Dropped, s.Targets, 1.3).Data(), 1e-5)
				}
				grads := tape.Backward(out.Loss)
				if step == 3 {
					for _, p := range m.Params().All() {
						file.Compare(c.name+".grad."+p.Name, grads[p.Offset():p.Offset()+p.Len()], 1e-5)
					}
				}
				for i, g := range grads {
					m.Params().Flat()[i] -= 0.05 * g
				}
				losses, memory = append(losses, out.Loss.Item()), out.Memory
			}
			file.Compare(c.name+".losses", losses, 1e-5)
			for i, states := range memory.States {
				file.Compare(fmt.Sprintf("%s.memory.%d", c.name, i), states, 1e-4)
			}
		})
	}
}

// coins is the dropout of testdata/transformerxl/golden.py. What an example loses
// depends on its index in the step.
type coins struct{}

func (coins) Describe() string { return "coins" }

func (coins) Mask(site string, shape []int, s dropout.Stream) dropout.Mask {
	return func(keep []uint32) float32 {
		seed, size, first := 0, 1, int(s.Example)
		for i, b := range []byte(site) {
			seed += int(b) * (i + 1)
		}
		for _, d := range shape[1:] {
			size *= d
		}
		if site == wordsSite { // its rows are words
			first = 0
		}
		clear(keep)
		for i, v := range values(seed, first+shape[0], size).Data()[first*size:] {
			if v < 0.5 {
				keep[i/32] |= 1 << (i % 32)
			}
		}
		return 1.25
	}
}

// load sets the parameters of a model from the tensors whose names begin with
// prefix.
func load(t *testing.T, ps *autograd.Params, file *golden.File, prefix string) {
	t.Helper()
	var state []layers.Array
	for _, name := range file.Names() {
		if short, ok := strings.CutPrefix(name, prefix); ok {
			x := file.Tensor(name)
			state = append(state, layers.Array{Name: short, Shape: x.Shape(), Data: x.Data()})
		}
	}
	if err := layers.LoadState(ps, state); err != nil {
		t.Fatal(err)
	}
}
