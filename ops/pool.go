package ops

import (
	"math"

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
}

func newPool(op string, x *autograd.Tensor, spec PoolSpec) pool {
	if spec.Stride == 0 {
		spec.Stride = spec.Size
	}
	if x.Rank() != 4 || spec.Size < 1 || spec.Stride < 1 || spec.Pad < 0 || spec.Pad > spec.Size/2 {
		panic(autograd.NewShapeError(op, "x (N, H, W, C), a window of at least 1 and padding of at most half of it", x))
	}
	p := pool{n: x.Dim(0), h: x.Dim(1), w: x.Dim(2), c: x.Dim(3), size: spec.Size, stride: spec.Stride, pad: spec.Pad}
	p.oh = outputs(p.h, p.size, p.stride, p.pad, 1)
	p.ow = outputs(p.w, p.size, p.stride, p.pad, 1)
	if p.oh < 1 || p.ow < 1 {
		panic(autograd.NewShapeError(op, "a window that fits into the padded images", x))
	}
	return p
}

// each calls visit for every output pixel of image i and every input pixel its
// window sees; first marks the first of a window. Pixels are counted over all
// images.
func (p *pool) each(i int, visit func(out, in int, first bool)) {
	for oy := range p.oh {
		for ox := range p.ow {
			out := (i*p.oh+oy)*p.ow + ox
			top, left := oy*p.stride-p.pad, ox*p.stride-p.pad
			first := true
			for y := max(0, top); y < min(top+p.size, p.h); y++ {
				for x := max(0, left); x < min(left+p.size, p.w); x++ {
					visit(out, (i*p.h+y)*p.w+x, first)
					first = false
				}
			}
		}
	}
}

// AvgPool2D returns the means over the windows of x (N, H, W, C). Padding
// counts as zeros.
func AvgPool2D(x *autograd.Tensor, spec PoolSpec) *autograd.Tensor {
	p := newPool("ops.AvgPool2D", x, spec)
	c, factor := p.c, 1/float32(p.size*p.size)
	return autograd.Do(autograd.Op{
		Name:   "ops.AvgPool2D",
		Inputs: []*autograd.Tensor{x},
		Shape:  []int{p.n, p.oh, p.ow, c},
		Forward: func(y *autograd.Tensor) {
			dst, src := y.Data(), x.Data()
			parallel.For(p.n, func(i int) {
				p.each(i, func(out, in int, first bool) {
					to, from := dst[out*c:(out+1)*c], src[in*c:(in+1)*c]
					if first {
						simd.Scale(to, from, factor)
					} else {
						simd.Axpy(to, factor, from)
					}
				})
			})
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			image := p.h * p.w * c
			parallel.For(p.n, func(i int) {
				clear(dx[i*image : (i+1)*image])
				p.each(i, func(out, in int, _ bool) {
					simd.Axpy(dx[in*c:(in+1)*c], factor, dy[out*c:(out+1)*c])
				})
			})
		},
	})
}

// MaxPool2D returns the maxima over the windows of x (N, H, W, C). Padding is
// never the maximum. The gradient goes to the first of equal elements.
func MaxPool2D(x *autograd.Tensor, spec PoolSpec) *autograd.Tensor {
	p := newPool("ops.MaxPool2D", x, spec)
	c := p.c
	var from []uint32 // the pixel, within its image, that each maximum came from
	return autograd.Do(autograd.Op{
		Name:   "ops.MaxPool2D",
		Inputs: []*autograd.Tensor{x},
		Shape:  []int{p.n, p.oh, p.ow, c},
		Forward: func(y *autograd.Tensor) {
			dst, src := y.Data(), x.Data()
			from = y.KeepBits(32 * len(dst))
			parallel.For(p.n, func(i int) {
				p.each(i, func(out, in int, first bool) {
					best, origin := dst[out*c:(out+1)*c], from[out*c:(out+1)*c]
					pixel := uint32(in - i*p.h*p.w)
					for j, v := range src[in*c : (in+1)*c] {
						if first || v > best[j] || math.IsNaN(float64(v)) {
							best[j], origin[j] = v, pixel
						}
					}
				})
			})
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			image, output := p.h*p.w*c, p.oh*p.ow*c
			parallel.For(p.n, func(i int) {
				part := dx[i*image : (i+1)*image]
				clear(part)
				for o := i * output; o < (i+1)*output; o++ {
					part[int(from[o])*c+o%c] += dy[o]
				}
			})
		},
	})
}

// GlobalAvgPool returns the mean over the pixels of images x (N, H, W, C), which
// is (N, C).
func GlobalAvgPool(x *autograd.Tensor) *autograd.Tensor {
	if x.Rank() != 4 || x.Dim(1)*x.Dim(2) == 0 {
		panic(autograd.NewShapeError("ops.GlobalAvgPool", "x (N, H, W, C) with at least one pixel", x))
	}
	n, pixels, c := x.Dim(0), x.Dim(1)*x.Dim(2), x.Dim(3)
	factor := 1 / float32(pixels)
	return autograd.Do(autograd.Op{
		Name:   "ops.GlobalAvgPool",
		Inputs: []*autograd.Tensor{x},
		Shape:  []int{n, c},
		Forward: func(y *autograd.Tensor) {
			dst, src := y.Data(), x.Data()
			parallel.For(n, func(i int) {
				row := dst[i*c : (i+1)*c]
				clear(row)
				simd.SumRows(row, src[i*pixels*c:], pixels)
				simd.Scale(row, row, factor)
			})
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			parallel.For(n, func(i int) {
				image := dx[i*pixels*c : (i+1)*pixels*c]
				simd.Scale(image[:c], dy[i*c:], factor)
				for at := c; at < len(image); at += c {
					copy(image[at:at+c], image[:c])
				}
			})
		},
	})
}
