package train

import (
	"cmp"
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

// Filter leaves the easy images of every batch out, which teach little. A small network, the
// proxy, sees the whole batch, and those that it predicts worst are trained on. It learns
// from them too, with the training's learning rate, in one of Every steps. Jordan
// (airbench96_faster, 2024) keeps a half, with a proxy that learns in one of four steps and
// takes a few percent of the operations. The zero value keeps all images.
type Filter struct {
	Keep      float64         // share of the images of a batch; 0: all, without a proxy
	Every     int             // steps from one in which the proxy learns to the next; 0: 1
	Proxy     layers.Model    `json:"-"` // complete
	Optimizer optim.Optimizer `json:"-"` // of the proxy's parameters

	tape *autograd.Tape // of steps in which the proxy learns
}

// Names of a filter's arrays in a checkpoint.
const (
	proxyPrefix          = "proxy/"
	proxyOptimizerPrefix = "proxy optimizer/"
	proxyStepsName       = proxyOptimizerPrefix + "steps"
)

func (f *Filter) check() error {
	switch {
	case f.Keep == 0:
		return nil
	case !(f.Keep > 0 && f.Keep <= 1):
		return fmt.Errorf("train: a filter cannot keep %v of a batch: the share is above 0 and at most 1", f.Keep)
	case f.Every < 0:
		return fmt.Errorf("train: a filter's proxy cannot learn in one of %d steps: at least 1 is needed", f.Every)
	case f.Proxy == nil || f.Optimizer == nil:
		return fmt.Errorf("train: a filter that keeps %v of a batch needs a proxy and its optimizer", f.Keep)
	}
	return nil
}

// describe returns what two trainings must have in common of their proxies, "" without one.
func (f *Filter) describe() string {
	if f.Keep == 0 {
		return ""
	}
	return describeModel(f.Proxy.Params()) + "; " + f.Optimizer.Describe()
}

// apply returns the images of a batch that are trained on in a step. They take the place of
// the others in its memory.
func (f *Filter) apply(step int, config *Config, batch *data.Batch) (*data.Batch, error) {
	if f.Keep == 0 {
		return batch, nil
	}
	c := layers.Ctx{Mode: layers.Training}
	learns := step%max(1, f.Every) == 0
	if learns {
		if f.tape == nil {
			f.tape = autograd.NewTape(f.Proxy.Params())
			f.tape.Recompute = config.Recompute
		}
		c.Tape = f.tape
		defer c.Tape.Reset()
	} else {
		c.Tape = takeTape()
		defer giveTape(c.Tape)
	}
	c.Stream.Seed, c.Stream.Step = config.Seed, uint64(step)
	logits := f.Proxy.Forward(&c, c.Tape.Input(batch.X, batch.Shape...))
	losses := exampleLosses(logits.Data(), batch.Y, float64(config.Smoothing))
	keep := max(1, int(math.Round(f.Keep*float64(len(batch.Y)))))
	worst := hardest(losses, keep)
	if learns {
		const leftOut = -1
		labels := slices.Repeat([]int{leftOut}, len(batch.Y))
		for _, i := range worst {
			labels[i] = batch.Y[i]
		}
		loss := ops.CrossEntropy(logits, labels, ops.CrossEntropySpec{Smoothing: config.Smoothing, Ignored: []int{leftOut}})
		if !finite(float64(loss.Item())) {
			return nil, fmt.Errorf("the proxy of the filter has diverged at step %d (loss %v): lower the learning rate", step, loss.Item())
		}
		grads := c.Tape.Backward(loss)
		f.Optimizer.Step(config.Schedule(step), grads)
		c.Tape.Commit()
	}
	return keepOnly(batch, worst), nil
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
	kept := *batch
	for to, from := range examples {
		copy(batch.X[to*size:(to+1)*size], batch.X[from*size:(from+1)*size])
		batch.Y[to] = batch.Y[from]
	}
	kept.X, kept.Y = batch.X[:len(examples)*size], batch.Y[:len(examples)]
	kept.Shape = append([]int{len(examples)}, batch.Shape[1:]...)
	return &kept
}

// state returns the proxy and its optimizer for a checkpoint.
func (f *Filter) state() []layers.Array {
	if f.Keep == 0 {
		return nil
	}
	arrays := layers.State(f.Proxy.Params())
	for i := range arrays {
		arrays[i].Name = proxyPrefix + arrays[i].Name
	}
	state := f.Optimizer.State()
	arrays = append(arrays, layers.Array{Name: proxyStepsName, Shape: []int{1}, Data: []float32{float32(state.Steps)}})
	for _, slot := range state.Slots {
		arrays = append(arrays, layers.Array{Name: proxyOptimizerPrefix + slot.Name, Shape: []int{len(slot.Data)}, Data: slot.Data})
	}
	return arrays
}

// restore takes back what state returned.
func (f *Filter) restore(arrays []layers.Array) error {
	if f.Keep == 0 {
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
	if err := layers.LoadState(f.Proxy.Params(), weights); err != nil {
		return fmt.Errorf("the proxy: %w", err)
	}
	if err := f.Optimizer.LoadState(state); err != nil {
		return fmt.Errorf("the proxy's optimizer: %w", err)
	}
	return nil
}
