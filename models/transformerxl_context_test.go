package models

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
)

// predict walks through the texts to position end, in segments of the given
// length, and returns the logits of every position, (texts, end, 50).
func predict(m *TransformerXL, end int, l Lengths) []float32 {
	logits := make([]float32, texts*end*50)
	tape := autograd.NewInference()
	var memory, spare *Memory
	for now := 0; now < end; now += l.Target {
		l := l
		l.Target = min(l.Target, end-now)
		tape.Reset()
		c := &layers.Ctx{Tape: tape}
		s := segment(now, l, memory)
		s.Spare = spare
		out := m.Forward(c, s, l)
		row := l.Target * 50
		for i := range texts {
			copy(logits[(i*end+now)*50:], m.Logits(c, out.Hidden).Data()[i*row:(i+1)*row])
		}
		memory, spare = out.Memory, memory
	}
	return logits
}

// distance is the largest difference of two slices' elements; NaN when there is
// one.
func distance(a, b []float32) float64 {
	worst := 0.0
	for i := range a {
		if d := math.Abs(float64(a[i] - b[i])); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// TestSegmentsEqualOneLongContext demands the same predictions however the texts
// are cut, as long as each sees its whole past.
func TestSegmentsEqualOneLongContext(t *testing.T) {
	const end = 24
	m := perturbed(t, 4, nil)
	want := predict(m, end, Lengths{Target: end})
	for _, l := range []Lengths{
		{Target: 12, Memory: 12},              // two segments
		{Target: 7, Memory: 100},              // ragged ones
		{Target: 1, Memory: end},              // word by word
		{Target: 1, Extended: end},            // all words again
		{Target: 8, Extended: end},            //
		{Target: 6, Memory: end, Extended: 6}, // a memory that ends before the words read again
		{Target: 4, Memory: end, Extended: 9},
		{Target: 5, Memory: end, Extended: 2},
	} {
		if d := distance(predict(m, end, l), want); !(d <= 1e-5) {
			t.Errorf("%+v: logits differ by %g from those of one long context", l, d)
		}
	}
	for _, l := range []Lengths{{Target: 12}, {Target: 12, Memory: 3}, {Target: 12, Extended: 3}} {
		if d := distance(predict(m, end, l), want); !(d > 1e-3) {
			t.Errorf("%+v: logits are those of one long context, which the model cannot see", l)
		}
	}
}

// perturbed is a small model with weights large enough for the context to matter.
func perturbed(t testing.TB, count int, change func(c *TransformerXLConfig)) *TransformerXL {
	m := small(t, count, change)
	for i, v := range values(1, m.Params().Len()).Data() {
		m.Params().Flat()[i] += v / 2
	}
	return m
}

// TestMemoryWindow demands that the memory ends where the next input begins.
func TestMemoryWindow(t *testing.T) {
	m := small(t, 1, nil)
	for _, l := range []Lengths{{3, 5, 0}, {3, 5, 2}, {3, 5, 7}, {3, 2, 4}, {3, 0, 4}} {
		var memory *Memory
		end := 0 // of the memory, as a position
		for now := 0; now < 20; now += l.Target {
			s := segment(now, l, memory)
			if begin := max(0, now-l.Extended); end != begin {
				t.Fatalf("%+v: at %d the memory ends at %d and the input begins at %d", l, now, end, begin)
			}
			memory = m.Forward(&layers.Ctx{Tape: autograd.NewInference()}, s, l).Memory
			end = max(0, now+l.Target-l.Extended)
			if got := memory.length(); got != min(l.Memory, end) {
				t.Fatalf("%+v: at %d the memory has %d positions, want %d", l, now, got, min(l.Memory, end))
			}
			// The states that enter the first layer are the words' own.
			for i := range memory.length() {
				p := end - memory.Len + i
				id := words(p, p+1)[0]
				got := memory.States[0][i*16:][:16]
				want := m.embedding.Data()[id*16:][:16]
				for j := range got {
					if got[j] != want[j]*4 {
						t.Fatalf("%+v: at %d the memory's position %d is not the word at %d", l, now, i, p)
					}
				}
			}
		}
	}
}

// TestShardsEqualBatch demands that a text's rows do not depend on the others
// that are in its batch, with dropout and memory, and that gradients add up.
func TestShardsEqualBatch(t *testing.T) {
	m := perturbed(t, 2, nil)
	l := Lengths{Target: 5, Memory: 4, Extended: 2}
	type result struct{ hidden, grads, memory []float32 }
	run := func(first, count int) (r result) {
		tape := autograd.NewTape(m.Params())
		var memory *Memory
		for step := range 3 {
			tape.Reset()
			now := step * l.Target
			s := segment(now, l, memory)
			s.N = count
			s.Inputs = s.Inputs[first*len(s.Inputs)/texts:][:count*len(s.Inputs)/texts]
			s.Targets = s.Targets[first*l.Target:][:count*l.Target]
			c := &layers.Ctx{Tape: tape, Policy: coins{}, Stream: dropout.Stream{Step: uint64(step), Example: uint64(first)}}
			out := m.Forward(c, s, l)
			memory = out.Memory
			r.hidden = append(r.hidden, out.Dropped.Data()...)
			r.grads = slices.Clone(tape.Backward(out.Loss))
		}
		r.memory = memory.States[1]
		return r
	}
	whole, one, two := run(0, 2), run(0, 1), run(1, 1)
	for step := range 3 {
		size := l.Target * 16
		got := slices.Concat(one.hidden[step*size:(step+1)*size], two.hidden[step*size:(step+1)*size])
		if d := distance(got, whole.hidden[2*step*size:]); !(d <= 1e-5) {
			t.Errorf("step %d: shards' outputs differ by %g from the batch's", step, d)
		}
	}
	if d := distance(slices.Concat(one.memory, two.memory), whole.memory); !(d <= 1e-5) {
		t.Errorf("shards' memories differ by %g from the batch's", d)
	}
	for i := range one.grads {
		one.grads[i] = (one.grads[i] + two.grads[i]) / 2
	}
	if d := distance(one.grads, whole.grads); !(d <= 1e-5) {
		t.Errorf("the mean of the shards' gradients differs by %g from the batch's", d)
	}
}

func TestTransformerXLSameBitsOnAnyNumberOfCores(t *testing.T) {
	run := func(procs int) []float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		m := small(t, 2, func(c *TransformerXLConfig) { c.Width, c.Vocab, c.Cutoffs = 96, 1500, []int{700} })
		tape := autograd.NewTape(m.Params())
		out := m.Forward(&layers.Ctx{Tape: tape, Policy: coins{}}, segment(0, Lengths{Target: 40}, nil), Lengths{Target: 40, Memory: 20})
		return slices.Concat(out.Memory.States[1], out.Loss.Data(), tape.Backward(out.Loss))
	}
	want := run(1)
	for _, procs := range []int{3, 64} {
		if !slices.Equal(run(procs), want) {
			t.Errorf("loss, memory or gradients differ between 1 and %d cores", procs)
		}
	}
}

func TestTransformerXLSites(t *testing.T) {
	m := small(t, 3, nil)
	seen := visits{}
	forward := func(train bool) {
		l := Lengths{Target: 4, Memory: 5}
		c := &layers.Ctx{Tape: autograd.NewInference(), Mode: modes[train], Policy: seen}
		memory := m.Forward(c, segment(0, l, nil), l).Memory
		m.Forward(c, segment(4, l, memory), l)
	}
	if forward(false); len(seen) != 0 {
		t.Errorf("at evaluation the policy was called at %v", seen)
	}
	forward(true)
	sites := m.Sites()
	for _, s := range sites {
		if seen[s.Name] == nil {
			t.Errorf("the policy was not called at %s", s.Name)
		}
	}
	if len(seen) != len(sites) || len(sites) != 3*7+3 {
		t.Errorf("the policy was called at %d sites of %d: %v", len(seen), len(sites), seen)
	}
	for site, want := range map[string]string{
		"words": "[50 16]", "input": "[2 4 16]", "hidden": "[2 4 16]", "layers.2.query": "[2 4 12]", "layers.2.key": "[2 8 12]",
		"layers.2.value": "[2 8 12]", "layers.2.probability": "[2 2 4 8]", "layers.2.projection": "[2 4 16]",
		"layers.2.inner": "[2 4 20]", "layers.2.output": "[2 4 16]",
	} {
		if got := fmt.Sprint(seen[site]); got != want {
			t.Errorf("%s has shape %s, want %s", site, got, want)
		}
	}
	if want := (dropout.Site{Name: "layers.1.inner", Kind: dropout.Inner, Stages: 1, Block: 1, Blocks: 3}); !slices.Contains(sites, want) {
		t.Errorf("no site %+v", want)
	}
}

func TestNewTransformerXLRefuses(t *testing.T) {
	for want, change := range map[string]func(c *TransformerXLConfig){
		"words":           func(c *TransformerXLConfig) { c.Vocab = 0 },
		"layers":          func(c *TransformerXLConfig) { c.Layers = -1 },
		"heads":           func(c *TransformerXLConfig) { c.Heads = 0 },
		"even":            func(c *TransformerXLConfig) { c.HeadWidth, c.PositionProjection = 7, false },
		"17, must be":     func(c *TransformerXLConfig) { c.Width = 17 },
		"not [10 10]":     func(c *TransformerXLConfig) { c.Cutoffs = []int{10, 10} },
		"not [0]":         func(c *TransformerXLConfig) { c.Cutoffs = []int{0} },
		"the 50 classes,": func(c *TransformerXLConfig) { c.Cutoffs = []int{50} },
	} {
		config := small(t, 1, nil).config
		change(&config)
		if _, err := NewTransformerXL(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewTransformerXL(%+v): error %v, want one with %q", config, err, want)
		}
	}
}

// TestSpareMemory demands that a full memory's buffers serve again.
func TestSpareMemory(t *testing.T) {
	m := small(t, 2, nil)
	l := Lengths{Target: 3, Memory: 4}
	var memories []*Memory
	for step := range 6 {
		s := segment(step*l.Target, l, nil)
		if step > 1 {
			s.Memory, s.Spare = memories[step-1], memories[step-2]
		}
		memories = append(memories, m.Forward(&layers.Ctx{Tape: autograd.NewInference()}, s, l).Memory)
	}
	for layer := range 2 {
		if &memories[5].States[layer][0] != &memories[3].States[layer][0] || &memories[5].States[layer][0] == &memories[4].States[layer][0] {
			t.Errorf("layer %d: the last memory is not in the buffers of the spare one", layer)
		}
	}
}

func TestSegmentsThatDoNotFit(t *testing.T) {
	m := small(t, 2, nil)
	l := Lengths{Target: 3, Memory: 4, Extended: 2}
	for name, change := range map[string]func(s *Segment, l *Lengths){
		"no targets":    func(_ *Segment, l *Lengths) { l.Target = 0 },
		"few inputs":    func(s *Segment, _ *Lengths) { s.Inputs = s.Inputs[:4] },
		"many inputs":   func(s *Segment, _ *Lengths) { s.Inputs = words(0, 6) },
		"ragged inputs": func(s *Segment, _ *Lengths) { s.Inputs = words(0, 4)[1:] },
		"few targets":   func(s *Segment, _ *Lengths) { s.Targets = s.Targets[1:] },
		"memory of a batch": func(s *Segment, _ *Lengths) {
			s.Memory = &Memory{Len: 1, States: [][]float32{make([]float32, 16), make([]float32, 16)}}
		},
		"memory of one layer": func(s *Segment, _ *Lengths) { s.Memory = &Memory{Len: 1, States: [][]float32{make([]float32, 32)}} },
		"its memory to spare": func(s *Segment, _ *Lengths) {
			s.Memory = &Memory{Len: 1, States: [][]float32{make([]float32, 32), make([]float32, 32)}}
			s.Spare = s.Memory
		},
		"unknown word":   func(s *Segment, _ *Lengths) { s.Inputs[1] = 50 },
		"unknown target": func(s *Segment, _ *Lengths) { s.Targets[1] = 50 },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				var shape *autograd.ShapeError
				if err, _ := recover().(error); !errors.As(err, &shape) {
					t.Errorf("Forward ended with %v, want a panic with a ShapeError", err)
				}
			}()
			l, s := l, segment(0, l, nil)
			change(&s, &l)
			m.Forward(&layers.Ctx{Tape: autograd.NewInference()}, s, l)
		})
	}
}
