package layers

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"autodropout/autograd"
	"autodropout/ops"
)

// WhiteningConfig configures [NewWhitening].
type WhiteningConfig struct {
	In   int // channels
	Size int // of the kernel, which is square
	// Learns is the share of a training, by [dropout.Stream]'s Progress, in which the bias
	// is trained. After that, nothing before the layer's output has a gradient, and an
	// optimizer must leave the bias alone, for example through Until of [optim.SGDConfig].
	// 0: always.
	Learns float64
}

// Whitening is a convolution without padding whose kernels come from the images: half of
// its 2*In*Size*Size outputs make the elements of a patch uncorrelated with variance 1, and
// the other half are these with the opposite sign (Page 2018, "How to train your ResNet";
// Jordan, arXiv 2404.00498, section 3.1). The weight is not trained: it is a buffer.
type Whitening struct {
	config WhiteningConfig
	weight *autograd.Buffer // (Size, Size, In, Out)
	bias   *autograd.Param  // (Out)
}

// NewWhitening creates the buffer weight, which is 0 until [Whitening.Fit] or a file sets
// it, and the parameter bias in s.
func NewWhitening(s *Scope, config WhiteningConfig) *Whitening {
	out := 2 * config.In * config.Size * config.Size
	l := &Whitening{config: config, weight: s.Buffer("weight", 0, config.Size, config.Size, config.In, out)}
	l.weight.FileAxes = []int{3, 2, 0, 1}
	l.bias = s.Param("bias", Zeros, out)
	return l
}

// Out returns the number of outputs.
func (l *Whitening) Out() int { return l.bias.Len() }

// Forward maps (N, H, W, In) to (N, H-Size+1, W-Size+1, Out).
func (l *Whitening) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	y := ops.Conv2D(x, autograd.FromSlice(l.weight.Data, l.weight.Shape...), ops.ConvSpec{})
	if learns := l.config.Learns; learns > 0 && c.Stream.Progress >= learns {
		return ops.AddBias(y, autograd.FromSlice(l.bias.Data(), l.Out()))
	}
	return ops.AddBias(y, c.Use(l.bias))
}

// Fit sets the kernels from the patches of images (N, H, W, In), which are normalised
// already. eps is added to the variances, so that directions in which patches hardly differ
// are not amplified as much as the others. It is an error when the images have no patch, or
// numbers that are not finite.
func (l *Whitening) Fit(images *autograd.Tensor, eps float64) error {
	size, in := l.config.Size, l.config.In
	if images.Rank() != 4 || images.Dim(3) != in {
		panic(autograd.NewShapeError("layers.Whitening.Fit", fmt.Sprintf("images (N, H, W, %d)", in), images))
	}
	if images.Dim(0) == 0 || min(images.Dim(1), images.Dim(2)) < size {
		return fmt.Errorf("layers: no patch of %dx%d pixels is in images %v to be whitened", size, size, images.Shape())
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(l.moments(images), true) {
		return fmt.Errorf("layers: patches of images cannot be whitened: are all numbers finite?")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	n, values := l.Out()/2, eigen.Values(nil)
	for k := range n { // from the largest variance on
		column := n - 1 - k
		factor := 1 / math.Sqrt(max(values[column], 0)+eps)
		largest := 0.0 // whose sign says which of the two the first half has
		for i := range n {
			if v := vectors.At(i, column); math.Abs(v) > math.Abs(largest) {
				largest = v
			}
		}
		if largest < 0 {
			factor = -factor
		}
		for i := range n {
			v := float32(vectors.At(i, column) * factor)
			l.weight.Data[i*2*n+k], l.weight.Data[i*2*n+n+k] = v, -v
		}
	}
	return nil
}

// moments returns the means of the products of any two elements of a patch. Sums are those
// of float64 in the order of the images.
func (l *Whitening) moments(images *autograd.Tensor) *mat.SymDense {
	size, in, h, w := l.config.Size, l.config.In, images.Dim(1), images.Dim(2)
	n, data := size*size*in, images.Data()
	sums, patch := make([]float64, n*n), make([]float64, n)
	count := 0
	for image := range images.Dim(0) {
		for y := range h - size + 1 {
			for x := range w - size + 1 {
				for i := range patch {
					row, rest := i/(size*in), i%(size*in)
					patch[i] = float64(data[((image*h+y+row)*w+x)*in+rest])
				}
				for i, a := range patch {
					for j, b := range patch[:i+1] {
						sums[i*n+j] += float64(a * b)
					}
				}
				count++
			}
		}
	}
	m := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			m.SetSym(i, j, sums[i*n+j]/float64(count))
		}
	}
	return m
}
