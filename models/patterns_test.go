package models

import (
	"fmt"
	"os"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/golden"
	"autodropout/layers"
	"autodropout/ops"
)

// encoder is the network of that name in testdata/patterns/golden.py: layers of a
// Transformer and a classifier of each token.
type encoder struct {
	params *autograd.Params
	blocks []*layers.TransformerBlock
	fc     *layers.Linear
}

func newEncoder() (layers.Model, error) {
	s := layers.NewScope(1)
	m := &encoder{params: s.Params()}
	for i := range 2 {
		m.blocks = append(m.blocks, layers.NewTransformerBlock(s.Sub(fmt.Sprintf("layers.%d", i)),
			layers.TransformerBlockConfig{Dim: 16, Heads: 2, Hidden: 20, PostNorm: true, ReLU: true}))
	}
	m.fc = layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: 16, Out: 10})
	return m, nil
}

func (m *encoder) Params() *autograd.Params { return m.params }

func (m *encoder) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	for _, b := range m.blocks {
		x = b.Forward(c, x)
	}
	return ops.Reshape(m.fc.Forward(c, x), -1, 10)
}

func (m *encoder) Sites() (sites []dropout.Site) {
	names := map[dropout.Kind]string{dropout.Query: "self_attn.query", dropout.Key: "self_attn.key", dropout.Value: "self_attn.value",
		dropout.Probability: "self_attn.probability", dropout.Projection: "self_attn.projection", dropout.Inner: "inner", dropout.Output: "output"}
	for i := range m.blocks {
		for kind, name := range names {
			sites = append(sites, dropout.Site{Name: fmt.Sprintf("layers.%d.%s", i, name), Kind: kind, Stages: 1, Block: i, Blocks: 2})
		}
	}
	return sites
}

// TestPatternsActAsInPyTorch compares ten training losses with those of PyTorch, in
// networks of torchvision, timm and PyTorch where patterns/pytorch lets the same files
// act: the masks, and where they act, are the same.
func TestPatternsActAsInPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/patterns/losses.safetensors")
	for _, c := range []struct {
		name, pattern string
		make          func() (layers.Model, error)
		input         []int
		rate          float32
	}{
		{"wrn", "convnet-3", wrn(10, 1), []int{8, 16, 16, 3}, 0.02},
		{"wrn-wide", "wide-3", wrn(16, 1), []int{8, 16, 16, 3}, 0.02},
		{"resnet-18", "convnet-4", resNet(18, 0), []int{4, 64, 64, 3}, 1e-3},
		{"efficientnet-b0", "convnet-7", efficientNet(0, 0), []int{4, 64, 64, 3}, 1e-3},
		{"transformer", "sequence", newEncoder, []int{4, 7, 16}, 0.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && len(c.input) == 4 && c.input[1] == 64 {
				t.Skip("seconds of training")
			}
			data, err := os.ReadFile("testdata/patterns/" + c.pattern + ".json")
			if err != nil {
				t.Fatal(err)
			}
			pattern, err := dropout.ParsePattern(data)
			if err != nil {
				t.Fatal(err)
			}
			m, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			weigh(t, m)
			policy, err := pattern.Policy(m.(interface{ Sites() []dropout.Site }).Sites())
			if err != nil {
				t.Fatal(err)
			}
			file.Compare(c.name, trainWith(m, policy, c.input, c.rate), 1e-4)
		})
	}
}

// trainWith takes ten steps, as testdata/patterns/golden.py does, and returns the losses.
func trainWith(m layers.Model, policy dropout.Policy, input []int, rate float32) (losses []float32) {
	const steps = 10
	ps := m.Params()
	momentum, tape := make([]float32, ps.Len()), autograd.NewTape(ps)
	for step := range steps {
		tape.Reset()
		x := values(step%2, input...)
		if len(input) == 4 {
			for i := range x.Data() {
				x.Data()[i] *= 1.5
			}
		}
		c := &layers.Ctx{Tape: tape, Policy: policy, Stream: dropout.Stream{Seed: 1, Step: uint64(step), Progress: float64(step) / steps}}
		logits := m.Forward(c, tape.Input(x.Data(), x.Shape()...))
		labels := make([]int, logits.Dim(0))
		for i := range labels {
			labels[i] = (step*7 + i*3) % 10
		}
		loss := ops.CrossEntropy(logits, labels, ops.CrossEntropySpec{})
		losses = append(losses, loss.Item())
		for i, g := range tape.Backward(loss) {
			momentum[i] = 0.9*momentum[i] + g
			ps.Flat()[i] -= rate * momentum[i]
		}
		tape.Commit()
	}
	return losses
}
