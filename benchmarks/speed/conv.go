package main

import (
	"context"
	"fmt"
	"time"

	"autodropout/autograd"
	"autodropout/ops"
)

// convShape is a convolution of square images with square kernels that pads so
// as to keep the size, but for the stride.
type convShape struct {
	Size   int `json:"size"` // of the input, in pixels
	In     int `json:"in"`   // channels
	Out    int `json:"out"`
	Kernel int `json:"kernel"`
	Stride int `json:"stride"`
}

// convPass is a pass of a convolution: "forward", "dX" or "dW".
type convPass struct {
	convShape
	Pass string `json:"pass"`
}

var passes = []string{"forward", "dX", "dW"}

func (s convPass) name(batch int) string {
	return fmt.Sprintf("conv-%s-%dx%d-%dx%d-%d-%d-s%d-b%d", s.Pass, s.Kernel, s.Kernel, s.Size, s.Size, s.In, s.Out, s.Stride, batch)
}

// flops is what the direct algorithm computes for one image, with the taps that
// meet padding.
func (s convShape) flops() float64 {
	pixels := float64(s.outputSize() * s.outputSize())
	return 2 * pixels * float64(s.Kernel*s.Kernel*s.In) * float64(s.Out)
}

// outputSize holds for the kernels here: odd ones on sizes the stride divides.
func (s convShape) outputSize() int { return s.Size / s.Stride }

func (s convShape) spec() ops.ConvSpec { return ops.ConvSpec{Stride: s.Stride, Pad: s.Kernel / 2} }

// convShapes returns the 3x3 convolutions of Wide ResNets: those with stride 1
// between equal channels, which are nearly all of the work, and the stem and the
// first ones of the stages.
func convShapes() []convShape {
	var shapes []convShape
	for stage, size := range []int{32, 16, 8} {
		for _, width := range []int{1, 2, 4, 10} {
			c := 16 << stage * width
			shapes = append(shapes, convShape{Size: size, In: c, Out: c, Kernel: 3, Stride: 1})
		}
	}
	return append(shapes,
		convShape{Size: 32, In: 3, Out: 16, Kernel: 3, Stride: 1},
		convShape{Size: 32, In: 16, Out: 160, Kernel: 3, Stride: 1},
		convShape{Size: 32, In: 32, Out: 64, Kernel: 3, Stride: 2},
		convShape{Size: 32, In: 160, Out: 320, Kernel: 3, Stride: 2},
		convShape{Size: 16, In: 320, Out: 640, Kernel: 3, Stride: 2})
}

// measureConvs measures every pass of every convolution alone.
func (c *config) measureConvs(ctx context.Context, p *printer) error {
	p.title("Convolutions, counted as the direct algorithm computes them",
		"%-8s %6s %8s %5s %5s %7s", "pass", "batch", "map", "in", "out", "stride")
	batch := c.batch
	if batch == 0 {
		batch = 16
	}
	for _, shape := range c.convs {
		for _, pass := range passes {
			s := convPass{shape, pass}
			k := s.kernel(batch)
			k.warmUp()
			speed, err := measure(ctx, k, float64(batch)*s.flops(), c.rounds, c.round)
			if err != nil {
				return err
			}
			r := c.result(s.name(batch), speed)
			r.Batch, r.convPass = batch, &s
			size := fmt.Sprintf("%dx%d", s.Size, s.Size)
			if err := p.print(r, fmt.Sprintf("%-8s %6d %8s %5d %5d %7d", s.Pass, batch, size, s.In, s.Out, s.Stride)); err != nil {
				return err
			}
		}
	}
	return nil
}

// kernel returns the pass alone: neither the loss nor the rest of the backward
// pass is in the time.
func (s convPass) kernel(batch int) kernel {
	x := autograd.FromSlice(uniform(batch*s.Size*s.Size*s.In), batch, s.Size, s.Size, s.In)
	w := autograd.FromSlice(uniform(s.Kernel*s.Kernel*s.In*s.Out), s.Kernel, s.Kernel, s.In, s.Out)
	if s.Pass == "forward" {
		tape := autograd.NewInference()
		x = tape.Input(x.Data(), x.Shape()...)
		return func() time.Duration {
			tape.Reset()
			start := time.Now()
			ops.Conv2D(x, w, s.spec())
			return time.Since(start)
		}
	}
	operand := &x
	if s.Pass == "dW" {
		operand = &w
	}
	var ps autograd.Params
	p := ps.Add("operand", (*operand).Shape()...)
	copy(p.Data(), (*operand).Data())
	tape := autograd.NewTape(&ps)
	return func() time.Duration {
		tape.Reset()
		var start, end time.Time
		*operand = stamp(tape.Use(p), &end)
		y := stamp(ops.Conv2D(x, w, s.spec()), &start)
		tape.Backward(ops.Sum(y))
		return end.Sub(start)
	}
}

// stamp returns x; the backward pass notes when it comes by.
func stamp(x *autograd.Tensor, at *time.Time) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name:   "stamp",
		Inputs: []*autograd.Tensor{x},
		Shape:  x.Shape(),
		Alias:  true,
		Backward: func(g *autograd.Grad) {
			*at = time.Now()
			g.Share(0)
		},
	})
}
