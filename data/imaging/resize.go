package imaging

import (
	"fmt"
	"math"
)

// Filter is a kernel that [Resize] weighs pixels with. When an image becomes
// smaller the kernel widens, so that every pixel counts.
type Filter int

const (
	Bilinear Filter = iota
	Bicubic         // Keys's cubic convolution with a = -1/2
)

// support is the distance beyond which the kernel is 0.
func (f Filter) support() float64 {
	if f == Bicubic {
		return 2
	}
	return 1
}

func (f Filter) weight(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x >= f.support():
		return 0
	case f == Bilinear:
		return 1 - x
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	default:
		return (((x-5)*x+8)*x - 4) * a
	}
}

// Box is a part of an image, in pixels from the top left corner; its edges need
// not be whole numbers.
type Box struct{ Left, Top, Right, Bottom float64 }

// Whole returns the box of a whole image.
func (m Image) Whole() Box { return Box{Right: float64(m.Width), Bottom: float64(m.Height)} }

// bits is the precision of weights.
const bits = 32 - 8 - 2

// taps are the weights of one axis: value i of the result is the sum of
// weights[i*size:][:count[i]] times the values from start[i] on.
type taps struct {
	start, count []int
	weights      []int32
	size         int
}

// newTaps maps the inputs from lo to hi of an axis to outputs.
func newTaps(inputs, outputs int, lo, hi float64, f Filter) taps {
	scale := float64(float32(hi)-float32(lo)) / float64(outputs)
	wide := max(scale, 1)
	support := f.support() * wide
	size := int(math.Ceil(support))*2 + 1
	t := taps{make([]int, outputs), make([]int, outputs), make([]int32, outputs*size), size}
	row := make([]float64, size)
	for i := range outputs {
		centre := float64(float32(lo)) + (float64(i)+0.5)*scale
		first := max(0, int(centre-support+0.5))
		n := min(inputs, int(centre+support+0.5)) - first
		sum := 0.0
		for j := range n {
			row[j] = f.weight((float64(first+j) - centre + 0.5) * (1 / wide))
			sum += row[j]
		}
		t.start[i], t.count[i] = first, n
		for j := range n {
			w := row[j]
			if sum != 0 {
				w /= sum
			}
			t.weights[i*size+j] = int32(math.Copysign(0.5, w) + w*(1<<bits))
		}
	}
	return t
}

// cut makes the first value that is needed the one with index 0, and returns
// which one it was and how many are needed.
func (t *taps) cut() (first, n int) {
	last := len(t.start) - 1
	first, n = t.start[0], t.start[last]+t.count[last]-t.start[0]
	for i := range t.start {
		t.start[i] -= first
	}
	return first, n
}

// half is what sums begin with, so that cutting them off rounds.
const half = 1 << (bits - 1)

// across resizes the rows of src from row top on.
func (t *taps) across(dst, src Image, top int) {
	for y := range dst.Height {
		line := src.Pix[(top+y)*src.Width*Channels:]
		for x := range dst.Width {
			weights, from := t.weights[x*t.size:][:t.count[x]], line[t.start[x]*Channels:]
			red, green, blue := half, half, half
			for _, w := range weights {
				red += int(w) * int(from[0])
				green += int(w) * int(from[1])
				blue += int(w) * int(from[2])
				from = from[Channels:]
			}
			p := dst.at(x, y)
			p[0], p[1], p[2] = clamp(red>>bits), clamp(green>>bits), clamp(blue>>bits)
		}
	}
}

// down resizes the columns of src.
func (t *taps) down(dst, src Image) {
	row := dst.Width * Channels
	sums := make([]int, row)
	for y := range dst.Height {
		for i := range sums {
			sums[i] = half
		}
		for j, w := range t.weights[y*t.size:][:t.count[y]] {
			for i, v := range src.Pix[(t.start[y]+j)*row:][:row] {
				sums[i] += int(w) * int(v)
			}
		}
		for i, sum := range sums {
			dst.Pix[y*row+i] = clamp(sum >> bits)
		}
	}
}

// Resize sets dst to the part of src in box, seen through a kernel: rows first,
// then columns. No value is further than 1 from PIL's, which goes the other way
// round in some cases. Resize panics unless box lies in src and is not empty.
func Resize(dst, src Image, box Box, f Filter) {
	if w := src.Whole(); box.Left < 0 || box.Top < 0 || box.Right > w.Right || box.Bottom > w.Bottom || box.Left >= box.Right || box.Top >= box.Bottom {
		panic(fmt.Sprintf("imaging.Resize: there is no box %v in an image of %dx%d pixels", box, src.Width, src.Height))
	}
	if dst.Width == 0 || dst.Height == 0 {
		return
	}
	columns := newTaps(src.Width, dst.Width, box.Left, box.Right, f)
	rows := newTaps(src.Height, dst.Height, box.Top, box.Bottom, f)
	top, n := rows.cut()
	middle := New(dst.Width, n)
	columns.across(middle, src, top)
	rows.down(dst, middle)
}
