package layers

import (
	"slices"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/ops"
)

// Ctx is what a forward pass depends on besides parameters and input. It is
// made for one pass and passed down to every layer.
type Ctx struct {
	Tape   *autograd.Tape
	Mode   Mode           // 0: training on a tape that records, prediction on any other
	Policy dropout.Policy // nil: no dropout
	Stream dropout.Stream // where dropout draws from
}

// Mode says what a pass is for.
type Mode int

const (
	ByTape     Mode = iota // training on a tape that records, prediction on any other
	Training               // dropout acts, and statistics are those of the batch
	Prediction             // nothing is dropped, and statistics are the running ones
)

// Trains reports whether dropout acts and normalisations take the statistics of the batch.
func (c *Ctx) Trains() bool {
	if c.Mode == ByTape {
		return c.Tape.Recording()
	}
	return c.Mode == Training
}

// Use returns the tensor of a parameter on the context's tape.
func (c *Ctx) Use(p *autograd.Param) *autograd.Tensor { return c.Tape.Use(p) }

// Mask returns the policy's mask for a tensor of the given shape at the named
// site, for operations that apply a mask themselves. It is nil outside training,
// without a policy, and where the policy does not act.
func (c *Ctx) Mask(site string, shape ...int) dropout.Mask {
	if c.Policy == nil || !c.Trains() {
		return nil
	}
	return c.Policy.Mask(site, shape, c.Stream)
}

// Drop applies the mask of the named site to x. Where there is none, it returns
// x.
func (c *Ctx) Drop(site string, x *autograd.Tensor) *autograd.Tensor {
	mask := c.Mask(site, x.Shape()...)
	if mask == nil {
		return x
	}
	return ops.Dropout(x, mask)
}

// Layer maps one tensor to another.
type Layer interface {
	// Forward computes the output for a batch x on the context's tape.
	Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor
}

// Chain applies layers one after another. Each layer's output is given back to the tape
// once the next layer is done, see [autograd.Tape.Block], so prediction takes no more
// memory for a longer chain.
func Chain(c *Ctx, x *autograd.Tensor, chain ...Layer) *autograd.Tensor {
	if len(chain) == 0 {
		return x
	}
	// The block around a layer has the layers before it inside: only then does
	// it own, and give back, the layer's input.
	last := len(chain) - 1
	return c.Tape.Block(func() *autograd.Tensor {
		return chain[last].Forward(c, Chain(c, x, chain[:last]...))
	})
}

// Model is a complete network.
type Model interface {
	Layer

	// Params returns the model's parameters and buffers.
	Params() *autograd.Params
}

// Predict returns the model's output for a batch x, outside training, as a constant that
// belongs to no tape. A program that predicts many batches with unchanging weights should
// use [Freeze].
func Predict(m Model, x *autograd.Tensor) *autograd.Tensor {
	tape := autograd.NewInference()
	y := m.Forward(&Ctx{Tape: tape}, tape.Input(x.Data(), x.Shape()...))
	return autograd.FromSlice(slices.Clone(y.Data()), y.Shape()...)
}
