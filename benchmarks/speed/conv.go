package main

import (
	"context"
	"fmt"
	"time"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/flops"
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
	Groups int `json:"groups,omitempty"` // 0 means 1
}

// convPass is a pass of a convolution: "forward", "dX" or "dW".
type convPass struct {
	convShape
	Pass string `json:"pass"`
}

var passes = []string{"forward", "dX", "dW"}

func (s convPass) name(batch int) string {
	groups := ""
	if s.Groups > 1 {
		groups = fmt.Sprintf("-g%d", s.Groups)
	}
	return fmt.Sprintf("conv-%s-%dx%d-%dx%d-%d-%d-s%d%s-b%d", s.Pass, s.Kernel, s.Kernel, s.Size, s.Size, s.In, s.Out, s.Stride, groups, batch)
}

// flops is what the direct algorithm computes for one image.
func (s convShape) flops() float64 {
	return flops.Conv(s.outputSize(), s.Kernel, s.In/max(1, s.Groups), s.Out)
}

// outputSize holds for the kernels here: odd ones on sizes the stride divides.
func (s convShape) outputSize() int { return s.Size / s.Stride }

func (s convShape) spec() ops.ConvSpec {
	return ops.ConvSpec{Stride: s.Stride, Pad: s.Kernel / 2, Groups: s.Groups}
}

// convShapes returns convolutions of Wide ResNets: the 3x3 ones with stride 1
// between equal channels, which are nearly all of the work, then the stem, the
// first ones of the stages and their shortcuts. After them come the stem and
// some blocks of ResNet-50 and the depthwise convolutions of EfficientNet-B0.
func convShapes() []convShape {
	var shapes []convShape
	for stage, size := range []int{32, 16, 8} {
		for _, width := range []int{1, 2, 4, 10} {
			c := 16 << stage * width
			shapes = append(shapes, convShape{Size: size, In: c, Out: c, Kernel: 3, Stride: 1})
		}
	}
	for _, s := range [][5]int{ // size, in, out, kernel, stride
		{32, 3, 16, 3, 1}, {32, 16, 160, 3, 1}, {32, 32, 64, 3, 2}, {32, 160, 320, 3, 2}, {16, 320, 640, 3, 2},
		{32, 16, 160, 1, 1}, {32, 32, 64, 1, 2}, {32, 160, 320, 1, 2}, {16, 320, 640, 1, 2},
		{224, 3, 64, 7, 2}, {224, 3, 32, 3, 2}, {56, 64, 64, 1, 1}, {56, 64, 256, 1, 1}, {28, 512, 128, 1, 1}, {14, 1024, 256, 1, 1}, {56, 256, 512, 1, 2},
		{56, 128, 128, 3, 2}, {28, 256, 256, 3, 2}, {14, 512, 512, 3, 2},
	} {
		shapes = append(shapes, convShape{Size: s[0], In: s[1], Out: s[2], Kernel: s[3], Stride: s[4]})
	}
	for _, s := range [][4]int{ // size, channels, kernel, stride
		{112, 32, 3, 1}, {112, 96, 3, 2}, {56, 144, 3, 1}, {56, 144, 5, 2}, {28, 240, 5, 1}, {14, 480, 5, 1}, {14, 672, 5, 2}, {7, 1152, 3, 1},
	} {
		shapes = append(shapes, convShape{Size: s[0], In: s[1], Out: s[1], Kernel: s[2], Stride: s[3], Groups: s[1]})
	}
	return shapes
}

// measureConvs measures every pass of every convolution alone.
func (c *config) measureConvs(ctx context.Context, p *printer) error {
	p.title("Convolutions, counted as the direct algorithm computes them",
		"%-8s %6s %8s %6s %5s %5s %7s %7s", "pass", "batch", "map", "kernel", "in", "out", "stride", "groups")
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
			size, kernel := fmt.Sprintf("%dx%d", s.Size, s.Size), fmt.Sprintf("%dx%d", s.Kernel, s.Kernel)
			if err := p.print(r, fmt.Sprintf("%-8s %6d %8s %6s %5d %5d %7d %7d", s.Pass, batch, size, kernel, s.In, s.Out, s.Stride, max(1, s.Groups))); err != nil {
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
	w := autograd.FromSlice(uniform(s.Kernel*s.Kernel*s.In/max(1, s.Groups)*s.Out), s.Kernel, s.Kernel, s.In/max(1, s.Groups), s.Out)
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
