package layers

import (
	"fmt"
	"math"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

// RecurrentConfig configures [NewLSTM] and [NewGRU].
type RecurrentConfig struct {
	In, Hidden    int     // channels of the inputs, units of the state
	Layers        int     // 0: 1
	Bidirectional bool    // each layer also runs from the last step to the first
	Dropout       float64 // between the layers, as of [Dropout]; its sites are called l0, l1, ...
	NoBias        bool
	Weight        Init // of all parameters; nil: Uniform(1/sqrt(Hidden)), as PyTorch
}

// RecurrentState is the state of a recurrent layer between two steps of all examples. The
// first axis lists the layers; a bidirectional layer has both directions there.
type RecurrentState struct {
	Hidden *autograd.Tensor // (Layers*directions, N, Hidden)
	Cell   *autograd.Tensor // the same, of an LSTM; nil of a GRU
}

// Constant returns a copy that belongs to no tape, for the next segment of a text to
// begin with.
func (s *RecurrentState) Constant() *RecurrentState {
	clone := func(x *autograd.Tensor) *autograd.Tensor {
		if x == nil {
			return nil
		}
		return autograd.FromSlice(slices.Clone(x.Data()), x.Shape()...)
	}
	return &RecurrentState{clone(s.Hidden), clone(s.Cell)}
}

// LSTM is long short-term memory (Hochreiter and Schmidhuber 1997) in one or several
// layers; see [ops.LSTM].
type LSTM struct{ recurrent }

// GRU are gated recurrent units (Cho et al., arXiv 1406.1078) in one or several layers;
// see [ops.GRU].
type GRU struct{ recurrent }

// NewLSTM creates, for layer k of s, the parameters weight_ih_lk (4*Hidden, inputs),
// weight_hh_lk (4*Hidden, Hidden), bias_ih_lk and bias_hh_lk (4*Hidden), and those of
// the other direction with _reverse behind their names.
func NewLSTM(s *Scope, config RecurrentConfig) *LSTM {
	return &LSTM{newRecurrent(s, config, 4, 2)}
}

// NewGRU creates parameters with the names of [NewLSTM], but 3*Hidden rows in place of
// 4*Hidden.
func NewGRU(s *Scope, config RecurrentConfig) *GRU {
	return &GRU{newRecurrent(s, config, 3, 1)}
}

// recurrent is a stack of recurrent layers whose state has one plane or two.
type recurrent struct {
	hidden, planes int
	layers         [][]direction
	dropout        []*Dropout // behind each layer but the last
}

// direction are the parameters of a layer in one direction.
type direction struct {
	in, hidden         *autograd.Param
	inBias, hiddenBias *autograd.Param // nil: none
}

func newRecurrent(s *Scope, config RecurrentConfig, gates, planes int) recurrent {
	if config.Weight == nil {
		config.Weight = Uniform(1 / math.Sqrt(float64(config.Hidden)))
	}
	r := recurrent{hidden: config.Hidden, planes: planes}
	in, suffixes := config.In, []string{""}
	if config.Bidirectional {
		suffixes = append(suffixes, "_reverse")
	}
	for k := range max(1, config.Layers) {
		if k > 0 {
			r.dropout = append(r.dropout, NewDropout(s.Path(fmt.Sprintf("l%d", k-1)), config.Dropout))
		}
		var layer []direction
		for _, suffix := range suffixes {
			name := func(part string) string { return fmt.Sprintf("%s_l%d%s", part, k, suffix) }
			d := direction{
				in:     s.Param(name("weight_ih"), config.Weight, gates*config.Hidden, in),
				hidden: s.Param(name("weight_hh"), config.Weight, gates*config.Hidden, config.Hidden),
			}
			if !config.NoBias {
				d.inBias = s.Param(name("bias_ih"), config.Weight, gates*config.Hidden)
				d.hiddenBias = s.Param(name("bias_hh"), config.Weight, gates*config.Hidden)
			}
			layer = append(layer, d)
		}
		r.layers = append(r.layers, layer)
		in = len(suffixes) * config.Hidden
	}
	return r
}

// Forward maps sequences (N, T, In) to (N, T, directions*Hidden), from a state of
// zeros.
func (r *recurrent) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	y, _ := r.Run(c, x, nil, nil)
	return y
}

// Run is Forward from a state, nil for zeros, which also returns the state at the end.
// lengths has the number of steps of each example that are not padding; nil means all.
// Outputs of padding are 0. An example's final state is the state after its last step that
// is no padding.
func (r *recurrent) Run(c *Ctx, x *autograd.Tensor, start *RecurrentState, lengths []int) (*autograd.Tensor, *RecurrentState) {
	if x.Rank() != 3 {
		panic(autograd.NewShapeError("layers.recurrent", "sequences (N, T, In)", x))
	}
	n, steps := x.Dim(0), x.Dim(1)
	y := ops.Transpose(x, 1, 0, 2) // the steps of all examples side by side
	ends := make([][]*autograd.Tensor, r.planes)
	for k, layer := range r.layers {
		if k > 0 {
			y = r.drop(c, k-1, y)
		}
		var outputs []*autograd.Tensor
		for i, d := range layer {
			spec := ops.RecurrentSpec{Reverse: i == 1, Lengths: lengths}
			states := d.run(c, y, start.at(r, k*len(layer)+i, n), spec)
			states = ops.Reshape(states, r.planes*(steps+1), n, r.hidden)
			from, last := 1, steps
			if spec.Reverse {
				from, last = 0, 0
			}
			outputs = append(outputs, ops.Slice(states, 0, from, from+steps))
			for p := range ends {
				at := p*(steps+1) + last
				ends[p] = append(ends[p], ops.Slice(states, 0, at, at+1))
			}
		}
		y = join(2, outputs)
		if lengths != nil {
			y = ops.Mul(y, inside(lengths, steps))
		}
	}
	end := &RecurrentState{Hidden: join(0, ends[0])}
	if r.planes == 2 {
		end.Cell = join(0, ends[1])
	}
	return ops.Transpose(y, 1, 0, 2), end
}

// drop applies the mask behind a layer to its output (T, N, C). Masks have the examples
// in front, so that those of an example do not depend on how a batch is split.
func (r *recurrent) drop(c *Ctx, layer int, y *autograd.Tensor) *autograd.Tensor {
	mask := r.dropout[layer].mask(c, y.Dim(1), y.Dim(0), y.Dim(2))
	if mask == nil {
		return y
	}
	return ops.Transpose(ops.Dropout(ops.Transpose(y, 1, 0, 2), mask), 1, 0, 2)
}

// join is ops.Concat that copies nothing where there is one part.
func join(axis int, parts []*autograd.Tensor) *autograd.Tensor {
	if len(parts) == 1 {
		return parts[0]
	}
	return ops.Concat(axis, parts...)
}

// inside returns, (T, N, 1), 1 for the steps that are not padding, and 0 for the
// others.
func inside(lengths []int, steps int) *autograd.Tensor {
	x := autograd.New(steps, len(lengths), 1)
	for i, length := range lengths {
		for t := range length {
			x.Data()[t*len(lengths)+i] = 1
		}
	}
	return x
}

// at returns the planes of the state of a layer in one direction, nil for zeros.
func (s *RecurrentState) at(r *recurrent, index, n int) [2]*autograd.Tensor {
	var planes [2]*autograd.Tensor
	if s == nil {
		return planes
	}
	all := [2]*autograd.Tensor{s.Hidden, s.Cell}
	for p := range r.planes {
		directions := len(r.layers) * len(r.layers[0])
		if all[p] == nil || !slices.Equal(all[p].Shape(), []int{directions, n, r.hidden}) {
			panic(autograd.NewShapeError("layers.recurrent", fmt.Sprintf("a state of the shape (%d, %d, %d)", directions, n, r.hidden), all[p]))
		}
		planes[p] = ops.Reshape(ops.Slice(all[p], 0, index, index+1), n, r.hidden)
	}
	return planes
}

// run returns all states of a layer in one direction.
func (d *direction) run(c *Ctx, x *autograd.Tensor, start [2]*autograd.Tensor, spec ops.RecurrentSpec) *autograd.Tensor {
	var inBias, hiddenBias *autograd.Tensor
	if d.inBias != nil {
		inBias, hiddenBias = c.Use(d.inBias), c.Use(d.hiddenBias)
	}
	gates := ops.Linear(x, c.Use(d.in), inBias)
	if d.hidden.Shape()[0] == 4*d.hidden.Shape()[1] {
		return ops.LSTM(gates, c.Use(d.hidden), hiddenBias, start[0], start[1], spec)
	}
	return ops.GRU(gates, c.Use(d.hidden), hiddenBias, start[0], spec)
}
