package train

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// HardExamples trains on the hard images of every batch, since the easy ones teach little. A
// small network, the proxy, sees the whole batch at once, and the images that it predicts
// worst are kept. It learns from them too, with the training's learning rate and clipping, in
// one of Every steps.
// Jordan (airbench96_faster, 2024) keeps a half, with a proxy that learns in one of four steps
// and takes a few percent of the operations. The zero value keeps all images.
type HardExamples struct {
	Keep      float64         // share of the images of a batch; 0: all, without a proxy
	Every     int             // steps from one in which the proxy learns to the next; 0: 1
	Proxy     layers.Model    `json:"-"` // complete
	Optimizer optim.Optimizer `json:"-"` // of the proxy's parameters

	tape *autograd.Tape // while there are steps to take
}

// Names of the proxy's arrays in a checkpoint.
const (
	proxyPrefix          = "proxy/"
	proxyOptimizerPrefix = "proxy optimizer/"
	proxyStepsName       = proxyOptimizerPrefix + "steps"
)

func (h *HardExamples) check() error {
	switch {
	case h.Keep == 0:
		return nil
	case !(h.Keep > 0 && h.Keep <= 1):
		return fmt.Errorf("train: a share of %v of a batch cannot be kept as hard examples: it is above 0 and at most 1", h.Keep)
	case h.Every < 0:
		return fmt.Errorf("train: the proxy that chooses hard examples cannot learn in one of %d steps: at least 1 is needed", h.Every)
	case h.Proxy == nil || h.Optimizer == nil:
		return fmt.Errorf("train: hard examples, a share of %v of a batch, need a proxy and its optimizer", h.Keep)
	}
	return nil
}

// IsZero reports whether all images are kept, whatever else is set.
func (h HardExamples) IsZero() bool { return h.Keep == 0 }

// MarshalJSON writes what two trainings must have in common for a checkpoint of one to
// continue the other.
func (h HardExamples) MarshalJSON() ([]byte, error) {
	type settings HardExamples
	return json.Marshal(struct {
		settings
		Proxy, Optimizer string
	}{settings(h), describeModel(h.Proxy.Params()), h.Optimizer.Describe()})
}

// choose returns the images of a batch that are trained on in a step, which take the place of
// the others in its memory. In a step in which the proxy learns, learn is to be called once
// the step has been taken.
func (h *HardExamples) choose(step int, config *Config, batch *data.Batch) (kept *data.Batch, learn func(*Step), err error) {
	if h.Keep == 0 {
		return batch, nil, nil
	}
	if h.tape == nil {
		h.tape = autograd.NewTape(h.Proxy.Params())
		// The proxy's running statistics serve nobody.
		h.tape.Recompute, h.tape.HoldEffects = config.Recompute, true
	}
	defer h.tape.Reset()
	c := layers.Ctx{Tape: h.tape}
	c.Stream.Seed, c.Stream.Step = config.Seed, uint64(step)
	logits := h.Proxy.Forward(&c, c.Tape.Input(batch.X, batch.Shape...))
	if logits.Rank() != 2 || logits.Dim(0) != len(batch.Y) || logits.Dim(1) <= slices.Max(batch.Y) {
		panic(autograd.NewShapeError("train.HardExamples", fmt.Sprintf("logits (%d, C) of the proxy, with a class for each label", len(batch.Y)), logits))
	}
	worst := hardest(exampleLosses(logits.Data(), batch.Y, float64(config.Smoothing)), max(1, int(math.Round(h.Keep*float64(len(batch.Y))))))
	if step%max(1, h.Every) == 0 {
		if learn, err = h.lesson(step, config, logits, batch.Y, worst); err != nil {
			return nil, nil, fmt.Errorf("the proxy that chooses hard examples: %w", err)
		}
	}
	return keepOnly(batch, worst), learn, nil
}

// lesson returns the proxy's update by some of the examples that it has seen.
func (h *HardExamples) lesson(step int, config *Config, logits *autograd.Tensor, labels []int, examples []int) (func(*Step), error) {
	const leftOut = -1
	kept := slices.Repeat([]int{leftOut}, len(labels))
	for _, i := range examples {
		kept[i] = labels[i]
	}
	loss := ops.CrossEntropy(logits, kept, ops.CrossEntropySpec{Smoothing: config.Smoothing, Ignored: []int{leftOut}})
	diverged := &DivergedError{Step: step, Loss: loss.Item()}
	if !finite(float64(diverged.Loss)) {
		return nil, diverged
	}
	grads := h.tape.Backward(loss)
	if diverged.Norm = optim.ClipNorm(grads, config.ClipNorm); !finite(diverged.Norm) {
		return nil, diverged
	}
	return func(s *Step) { h.Optimizer.Step(s.Rate, grads) }, nil
}

// exampleLosses returns the cross-entropy of each example.
func exampleLosses(logits []float32, labels []int, smoothing float64) []float64 {
	losses := make([]float64, len(labels))
	classes := len(logits) / len(labels)
	for i, label := range labels {
		row := logits[i*classes : (i+1)*classes]
		largest, sum, mean := float64(slices.Max(row)), 0.0, 0.0
		for _, x := range row {
			sum += math.Exp(float64(x) - largest)
			mean += float64(x) / float64(classes)
		}
		losses[i] = largest + math.Log(sum) - float64((1-smoothing)*float64(row[label])) - float64(smoothing*mean)
	}
	return losses
}

// hardest returns the n examples with the largest losses, in their order. Of equal ones the
// first are taken.
func hardest(losses []float64, n int) []int {
	order := make([]int, len(losses))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(losses[b], losses[a]) })
	slices.Sort(order[:n])
	return order[:n]
}

// keepOnly returns a batch of some of the examples of another, in whose memory it is.
func keepOnly(batch *data.Batch, examples []int) *data.Batch {
	size := len(batch.X) / len(batch.Y)
	for to, from := range examples {
		copy(batch.X[to*size:(to+1)*size], batch.X[from*size:(from+1)*size])
		batch.Y[to], batch.Examples[to] = batch.Y[from], batch.Examples[from]
	}
	n := len(examples)
	return &data.Batch{Index: batch.Index, X: batch.X[:n*size], Y: batch.Y[:n], Examples: batch.Examples[:n],
		Shape: append([]int{n}, batch.Shape[1:]...)}
}

// state returns the proxy and its optimizer for a checkpoint.
func (h *HardExamples) state() []layers.Array {
	if h.Keep == 0 {
		return nil
	}
	arrays := layers.State(h.Proxy.Params())
	for i := range arrays {
		arrays[i].Name = proxyPrefix + arrays[i].Name
	}
	state := h.Optimizer.State()
	arrays = append(arrays, layers.Array{Name: proxyStepsName, Shape: []int{1}, Data: []float32{float32(state.Steps)}})
	for _, slot := range state.Slots {
		arrays = append(arrays, layers.Array{Name: proxyOptimizerPrefix + slot.Name, Shape: []int{len(slot.Data)}, Data: slot.Data})
	}
	return arrays
}

// restore takes back what state returned.
func (h *HardExamples) restore(arrays []layers.Array) error {
	if h.Keep == 0 {
		return nil
	}
	var weights []layers.Array
	state := optim.State{}
	for _, a := range arrays {
		if name, ok := strings.CutPrefix(a.Name, proxyPrefix); ok {
			weights = append(weights, layers.Array{Name: name, Shape: a.Shape, Data: a.Data})
		} else if a.Name == proxyStepsName && len(a.Data) == 1 {
			state.Steps = int(a.Data[0])
		} else if name, ok := strings.CutPrefix(a.Name, proxyOptimizerPrefix); ok {
			state.Slots = append(state.Slots, optim.Slot{Name: name, Data: a.Data})
		}
	}
	if err := layers.LoadState(h.Proxy.Params(), weights); err != nil {
		return fmt.Errorf("the proxy: %w", err)
	}
	if err := h.Optimizer.LoadState(state); err != nil {
		return fmt.Errorf("the proxy's optimizer: %w", err)
	}
	return nil
}
