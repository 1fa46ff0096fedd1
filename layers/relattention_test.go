package layers

import (
	"errors"
	"math"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

// TestRelativeAttentionInLoops compares the layer with its definition, one score
// after another.
func TestRelativeAttentionInLoops(t *testing.T) {
	const n, length, context = 2, 3, 5
	for _, positions := range []int{0, 6} {
		config := RelativeAttentionConfig{Dim: 6, Heads: 2, HeadDim: 4, Positions: positions, Weight: Normal(0.7)}
		l := NewRelativeAttention(NewScope(1), config)
		encoding := config.HeadDim
		if positions > 0 {
			encoding = positions
		}
		c := &Ctx{Tape: autograd.NewInference()}
		all := tensor(c, 1, n, context, config.Dim)
		x := ops.Slice(all, 1, context-length, context)
		u, v := tensor(c, 2, config.Heads, config.HeadDim), tensor(c, 3, config.Heads, config.HeadDim)
		e := c.Tape.Input(DistanceEncodings(context, encoding), context, encoding)
		got := l.Forward(c, x, all, e, u, v)
		for i, y := range got.Data() {
			example, query, k := i/(length*config.Dim), i/config.Dim%length, i%config.Dim
			states := all.Data()[example*context*config.Dim:][:(context-length+query+1)*config.Dim]
			want := 0.0
			for head := range config.Heads {
				value := attend(l, head, states, e, u.Data(), v.Data())
				for j, p := range l.projection.weight.Data()[(k*config.Heads+head)*config.HeadDim:][:config.HeadDim] {
					want += value[j] * float64(p)
				}
			}
			if !(math.Abs(float64(y)-want) < 1e-5) {
				t.Fatalf("positions %d: output (%d, %d, %d) is %v, want %v", positions, example, query, k, y, want)
			}
		}
	}
}

// attend returns what one head reads at the last of the given states.
func attend(l *RelativeAttention, head int, states []float32, encodings *autograd.Tensor, u, v []float32) []float64 {
	dim, width := l.config.Dim, l.config.HeadDim
	u, v = u[head*width:], v[head*width:]
	project := func(p *Linear, x []float32) []float64 {
		y := make([]float64, width)
		for i := range y {
			for j, value := range x {
				y[i] += float64(value * p.weight.Data()[(head*width+i)*len(x)+j])
			}
		}
		return y
	}
	last := len(states)/dim - 1
	q := project(l.query, states[last*dim:])
	sum, total := make([]float64, width), 0.0
	for j := 0; j <= last; j++ {
		distance := last - j
		row := encodings.Data()[(encodings.Dim(0)-1-distance)*encodings.Dim(1):][:encodings.Dim(1)]
		r := make([]float64, width)
		if l.position != nil {
			r = project(l.position, row)
		} else {
			for i, value := range row {
				r[i] = float64(value)
			}
		}
		score, key := 0.0, project(l.key, states[j*dim:(j+1)*dim])
		for i := range q {
			score += (q[i]+float64(u[i]))*key[i] + (q[i]+float64(v[i]))*r[i]
		}
		weight := math.Exp(score / math.Sqrt(float64(width)))
		total += weight
		for i, value := range project(l.value, states[j*dim:(j+1)*dim]) {
			sum[i] += weight * value
		}
	}
	for i := range sum {
		sum[i] /= total
	}
	return sum
}

// tensor returns a tensor of numbers of order one.
func tensor(c *Ctx, seed int, shape ...int) *autograd.Tensor {
	x := autograd.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(math.Sin(float64(seed*1000 + i*i)))
	}
	return c.Tape.Input(x.Data(), shape...)
}

func TestDistanceEncodings(t *testing.T) {
	e := DistanceEncodings(3, 4)
	for row, distance := range []float64{2, 1, 0} {
		for i, want := range []float64{math.Sin(distance), math.Sin(distance / 100), math.Cos(distance), math.Cos(distance / 100)} {
			if got := float64(e[row*4+i]); !(math.Abs(got-want) < 1e-6) {
				t.Errorf("distance %v has element %d = %v, want %v", distance, i, got, want)
			}
		}
	}
}

func TestRelativeAttentionRefuses(t *testing.T) {
	s := NewScope(1)
	l := NewRelativeAttention(s, RelativeAttentionConfig{Dim: 6, Heads: 2, HeadDim: 4})
	for name, shapes := range map[string][2][]int{
		"a short context":    {{1, 3, 6}, {1, 2, 6}},
		"another width":      {{1, 3, 5}, {1, 3, 5}},
		"another batch size": {{1, 3, 6}, {2, 3, 6}},
	} {
		func() {
			defer func() {
				var shape *autograd.ShapeError
				if err, _ := recover().(error); !errors.As(err, &shape) || shape.Op != "layers.RelativeAttention" {
					t.Errorf("%s: Forward ended with %v, want a panic with a ShapeError", name, err)
				}
			}()
			c := &Ctx{Tape: autograd.NewInference()}
			l.Forward(c, tensor(c, 1, shapes[0]...), tensor(c, 1, shapes[1]...), tensor(c, 1, 3, 4), tensor(c, 1, 2, 4), tensor(c, 1, 2, 4))
		}()
	}
}
