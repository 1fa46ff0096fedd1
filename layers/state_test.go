package layers

import (
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
)

func stateful(seed uint64) *autograd.Params {
	s := NewScope(seed)
	NewConv2D(s.Sub("conv"), Conv2DConfig{In: 2, Out: 3, Size: 2, NoBias: true})
	NewBatchNorm(s.Sub("bn"), BatchNormConfig{Channels: 3})
	NewLinear(s.Sub("fc"), LinearConfig{In: 3, Out: 4})
	return s.Params()
}

func TestStateHasFileLayout(t *testing.T) {
	ps := stateful(1)
	conv := ps.Lookup("conv.weight")
	for i := range conv.Data() {
		conv.Data()[i] = float32(i)
	}
	state := State(ps)
	if got := state[0]; got.Name != "conv.weight" || !slices.Equal(got.Shape, []int{3, 2, 2, 2}) {
		t.Fatalf("first array is %s %v", got.Name, got.Shape)
	}
	for o := range 3 {
		for in := range 2 {
			for h := range 2 {
				for w := range 2 {
					got := state[0].Data[((o*2+in)*2+h)*2+w]
					if want := conv.Data()[((h*2+w)*2+in)*3+o]; got != want {
						t.Errorf("out %d, in %d, row %d, column %d: %v, want %v", o, in, h, w, got, want)
					}
				}
			}
		}
	}
	state[1].Data[0] = 77
	if ps.Lookup("bn.weight").Data()[0] == 77 {
		t.Error("State shares the model's data")
	}
}

func TestStateRoundTrip(t *testing.T) {
	from, to := stateful(1), stateful(2)
	running := func(ps *autograd.Params) []float32 { return ps.Buffers()[1].Data } // bn.running_var
	running(from)[2] = 9
	state := State(from)
	slices.Reverse(state) // the order does not matter
	state = append(state, Array{"bn.num_batches_tracked", []int{}, []float32{3}})
	if err := LoadState(to, state); err != nil {
		t.Fatal(err)
	}
	for i, a := range State(to) {
		if b := State(from)[i]; a.Name != b.Name || !slices.Equal(a.Shape, b.Shape) || !slices.Equal(a.Data, b.Data) {
			t.Errorf("%s came back as %s %v", b.Name, a.Name, a.Shape)
		}
	}
	if !slices.Equal(from.Flat(), to.Flat()) || running(to)[2] != 9 {
		t.Error("the weights in memory differ")
	}
}

func TestLoadStateRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name   string
		change func(state []Array) []Array
		want   []string
	}{
		{"missing", func(s []Array) []Array { return s[1:] }, []string{"conv.weight is missing"}},
		{"unexpected", func(s []Array) []Array { return append(s, Array{"head.weight", []int{1}, []float32{1}}) }, []string{"no head.weight"}},
		{"twice", func(s []Array) []Array { return append(s, s[0]) }, []string{"conv.weight is there twice"}},
		{"shape", func(s []Array) []Array { s[0].Shape = []int{3, 2, 4, 1}; return s }, []string{"conv.weight has shape [3 2 4 1]", "[3 2 2 2]"}},
		{"short", func(s []Array) []Array { s[0].Data = s[0].Data[1:]; return s }, []string{"23 elements", "24"}},
		{"everything", func(s []Array) []Array { return nil }, []string{"conv.weight is missing; bn.weight is missing", "and 2 more"}},
	} {
		ps := stateful(1)
		before := slices.Clone(ps.Flat())
		state := State(ps)
		for i := range state {
			for j := range state[i].Data {
				state[i].Data[j] = nan // would be seen in the parameters
			}
		}
		err := LoadState(ps, c.change(state))
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q, want one with %q", c.name, err, want)
			}
		}
		if !slices.Equal(ps.Flat(), before) {
			t.Errorf("%s: the parameters changed", c.name)
		}
	}
}
