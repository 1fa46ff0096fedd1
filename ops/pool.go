package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// PoolSpec is a square window that moves over images.
type PoolSpec struct {
	Size   int // rows and columns of the window
	Stride int // 0 means Size
	Pad    int // rows and columns around the images, at most Size/2
}

// pool is the geometry of a pooling operation.
type pool struct {
	n, h, w, c, oh, ow int
	size, stride, pad  int
	spec               any  // see PoolSpec and AdaptivePoolArgs
	adaptive           bool // windows are what divides the images most evenly
}

func newPool(op string, x *autograd.Tensor, spec PoolSpec) pool {
	if spec.Stride == 0 {
		spec.Stride = spec.Size
	}
	if x.Rank() != 4 || x.Dim(1)*x.Dim(2) == 0 || spec.Size < 1 || spec.Stride < 1 || spec.Pad < 0 || spec.Pad > spec.Size/2 {
		panic(autograd.NewShapeError(op, "x (N, H, W, C) with at least one pixel, a window of at least 1 and padding of at most half of it", x))
	}
	p := pool{n: x.Dim(0), h: x.Dim(1), w: x.Dim(2), c: x.Dim(3), size: spec.Size, stride: spec.Stride, pad: spec.Pad, spec: spec}
	axis := ConvAxis{Stride: p.stride, Pad: p.pad, Dilation: 1}
	p.oh, p.ow = axis.outputs(p.h, p.size), axis.outputs(p.w, p.size)
	if p.oh < 1 || p.ow < 1 {
		panic(autograd.NewShapeError(op, "a window that fits into the padded images", x))
	}
	return p
}

func newAdaptivePool(op string, x *autograd.Tensor, height, width int) pool {
	if x.Rank() != 4 || x.Dim(1)*x.Dim(2) == 0 || height < 1 || width < 1 {
		panic(autograd.NewShapeError(op, "x (N, H, W, C) with at least one pixel, and a height and a width of at least 1", x))
	}
	p := pool{n: x.Dim(0), h: x.Dim(1), w: x.Dim(2), c: x.Dim(3), oh: height, ow: width, adaptive: true, spec: AdaptivePoolArgs{height, width}}
	p.size = max(ceilDiv(p.h, p.oh), ceilDiv(p.w, p.ow))
	return p
}

// A span is a range of rows or columns.
type span struct{ lo, hi int }

func (s span) length() int { return s.hi - s.lo }

// along returns what the window of one of so many outputs sees of an axis of that
// length.
func (p *pool) along(output, outputs, length int) span {
	if p.adaptive {
		return span{output * length / outputs, ceilDiv((output+1)*length, outputs)}
	}
	first := output*p.stride - p.pad
	return span{max(0, first), min(first+p.size, length)}
}

// share is what a pixel counts in the mean of a window. Padding counts too.
func (p *pool) share(y, x span) float32 {
	if p.adaptive {
		return 1 / float32(y.length()*x.length())
	}
	return 1 / float32(p.size*p.size)
}

// eachWindow calls visit for every pixel of a row of an image's outputs, with
// the place of its channels and of those its window sees.
func (p *pool) eachWindow(image, row int, visit func(out int, y, x span)) {
	y := p.along(row, p.oh, p.h)
	for col := range p.ow {
		visit(((image*p.oh+row)*p.ow+col)*p.c, y, p.along(col, p.ow, p.w))
	}
}

// eachRow calls visit, on all cores, for every row of every image's outputs.
func (p *pool) eachRow(visit func(image, row int)) {
	parallel.Range(p.n*p.oh, max(1, grain/max(1, p.ow*p.c*p.size*p.size)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			visit(i/p.oh, i%p.oh)
		}
	})
}

// AvgPool2D returns the means over the windows of x (N, H, W, C). Padding
// counts as zeros.
func AvgPool2D(x *autograd.Tensor, spec PoolSpec) *autograd.Tensor {
	p := newPool("ops.AvgPool2D", x, spec)
	return p.averages("ops.AvgPool2D", x)
}

// AdaptiveAvgPool2D returns the means over the windows that divide images x
// (N, H, W, C) into height times width parts, (N, height, width, C): row i sees the
// rows of x from i*H/height, rounded down, to (i+1)*H/height, rounded up, which may
// overlap with its neighbours'.
func AdaptiveAvgPool2D(x *autograd.Tensor, height, width int) *autograd.Tensor {
	p := newAdaptivePool("ops.AdaptiveAvgPool2D", x, height, width)
	return p.averages("ops.AdaptiveAvgPool2D", x)
}

func (p *pool) averages(name string, x *autograd.Tensor) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name:    name,
		Inputs:  []*autograd.Tensor{x},
		Spec:    p.spec,
		Shape:   []int{p.n, p.oh, p.ow, p.c},
		Forward: func(y *autograd.Output) { p.average(y.Data(), x.Data()) },
		Backward: func(g *autograd.Grad) {
			p.spreadAverage(g.New(0).Data(), g.Dy().Data())
		},
	})
}

// average sets dst to the means of the windows.
func (p *pool) average(dst, src []float32) {
	c := p.c
	p.eachRow(func(image, row int) {
		p.eachWindow(image, row, func(out int, ys, xs span) {
			mean := dst[out : out+c]
			clear(mean)
			for y := ys.lo; y < ys.hi; y++ {
				simd.SumRows(mean, src[((image*p.h+y)*p.w+xs.lo)*c:], xs.hi-xs.lo)
			}
			simd.Scale(mean, mean, p.share(ys, xs))
		})
	})
}

// spreadAverage sets dx to the gradient of what average read. Windows may
// overlap, so that a task takes a whole image.
func (p *pool) spreadAverage(dx, dy []float32) {
	c := p.c
	parallel.For(p.n, func(image int) {
		clear(dx[image*p.h*p.w*c : (image+1)*p.h*p.w*c])
		for row := range p.oh {
			p.eachWindow(image, row, func(out int, ys, xs span) {
				share := p.share(ys, xs)
				for y := ys.lo; y < ys.hi; y++ {
					for x := xs.lo; x < xs.hi; x++ {
						simd.Axpy(dx[((image*p.h+y)*p.w+x)*c:][:c], share, dy[out:out+c])
					}
				}
			})
		}
	})
}

// MaxPool2D returns the maxima over the windows of x (N, H, W, C). Padding is
// never the maximum. The gradient goes to the first of equal elements.
func MaxPool2D(x *autograd.Tensor, spec PoolSpec) *autograd.Tensor {
	p := newPool("ops.MaxPool2D", x, spec)
	return p.maxima("ops.MaxPool2D", x)
}

// AdaptiveMaxPool2D returns the maxima over the windows of [AdaptiveAvgPool2D].
func AdaptiveMaxPool2D(x *autograd.Tensor, height, width int) *autograd.Tensor {
	p := newAdaptivePool("ops.AdaptiveMaxPool2D", x, height, width)
	return p.maxima("ops.AdaptiveMaxPool2D", x)
}

func (p *pool) maxima(name string, x *autograd.Tensor) *autograd.Tensor {
	var from []uint32 // the pixel, within its image, that each maximum came from
	return autograd.Do(autograd.Op{
		Name:   name,
		Inputs: []*autograd.Tensor{x},
		Spec:   p.spec,
		Shape:  []int{p.n, p.oh, p.ow, p.c},
		Forward: func(y *autograd.Output) {
			from = y.KeepWords(y.Len())
			p.maximum(y.Data(), from, x.Data())
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			image, output := p.h*p.w*p.c, p.oh*p.ow*p.c
			parallel.For(p.n, func(i int) {
				part := dx[i*image : (i+1)*image]
				clear(part)
				for at := i * output; at < (i+1)*output; at += p.c {
					pixels := from[at : at+p.c]
					for channel, v := range dy[at : at+p.c] {
						part[int(pixels[channel])*p.c+channel] += v
					}
				}
			})
		},
	})
}

// maximum sets dst to the maxima of the windows, and from to their pixels.
func (p *pool) maximum(dst []float32, from []uint32, src []float32) {
	c := p.c
	p.eachRow(func(image, row int) {
		src := src[image*p.h*p.w*c:]
		p.eachWindow(image, row, func(out int, ys, xs span) {
			best, origin := dst[out:out+c], from[out:out+c]
			first := ys.lo*p.w + xs.lo
			copy(best, src[first*c:])
			for i := range origin {
				origin[i] = uint32(first)
			}
			for y := ys.lo; y < ys.hi; y++ {
				for x := xs.lo; x < xs.hi; x++ {
					pixel := y*p.w + x
					simd.MaxFrom(best, origin, src[pixel*c:], uint32(pixel))
				}
			}
		})
	})
}

// GlobalAvgPool returns the mean over the pixels of images x (N, H, W, C), which
// is (N, C).
func GlobalAvgPool(x *autograd.Tensor) *autograd.Tensor {
	if x.Rank() != 4 || x.Dim(1)*x.Dim(2) == 0 {
		panic(autograd.NewShapeError("ops.GlobalAvgPool", "x (N, H, W, C) with at least one pixel", x))
	}
	p := &globalPool{
		inputs: [...]*autograd.Tensor{x}, shape: [...]int{x.Dim(0), x.Dim(3)},
		pixels: x.Dim(1) * x.Dim(2), c: x.Dim(3),
	}
	return autograd.Do(autograd.Op{Name: "ops.GlobalAvgPool", Inputs: p.inputs[:], Shape: p.shape[:], Passes: p})
}

// globalPool is one mean over the pixels of images.
type globalPool struct {
	inputs    [1]*autograd.Tensor
	shape     [2]int
	pixels, c int
	x, y      []float32 // of a pass, or their gradients
	prior     []float32 // is added to the gradient of x; nil: none
}

func (p *globalPool) Forward(y *autograd.Output) {
	p.x, p.y = p.inputs[0].Data(), y.Data()
	parallel.Each(p.shape[0], 0, p, (*globalPool).average)
}

func (p *globalPool) average(image int, _ []float32) {
	row := p.y[image*p.c : (image+1)*p.c]
	clear(row)
	simd.SumRows(row, p.x[image*p.pixels*p.c:], p.pixels)
	simd.Scale(row, row, 1/float32(p.pixels))
}

func (p *globalPool) Backward(g *autograd.Grad) {
	dx, prior := g.Add(0)
	p.x, p.y, p.prior = dx.Data(), g.Dy().Data(), nil
	if prior != nil {
		p.prior = prior.Data()
	}
	parallel.Each(p.shape[0], p.c, p, (*globalPool).spread)
}

func (p *globalPool) spread(image int, share []float32) {
	lo, hi := image*p.pixels*p.c, (image+1)*p.pixels*p.c
	simd.Scale(share, p.y[image*p.c:], 1/float32(p.pixels))
	if p.prior != nil {
		simd.AddRow(p.x[lo:hi], p.prior[lo:hi], share, p.pixels)
		return
	}
	for at := lo; at < hi; at += p.c {
		copy(p.x[at:], share)
	}
}
