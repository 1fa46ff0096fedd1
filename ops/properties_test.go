package ops_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/ops"
	"autodropout/simd"
)

// What the tests of properties try. A long run is, for example,
//
//	go test ./ops -run Properties -timeout 1h -geometries 100000 -cases 20000
var (
	geometries = flag.Int("geometries", 300, "random geometries of convolutions to try")
	cases      = flag.Int("cases", 600, "random cases of all other operations to try")
	seedFlag   = flag.Uint64("seed", 1, "first seed of random cases")
)

// TestPropertiesOnLowerTiers runs the tests of properties in other processes, on
// the instructions that this processor has besides those in use here.
func TestPropertiesOnLowerTiers(t *testing.T) {
	if os.Getenv("AUTODROPOUT_SIMD") != "" {
		t.Skip("AUTODROPOUT_SIMD asks for one set of instructions")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for tier := simd.Generic; tier < simd.Active(); tier++ {
		args := []string{"-test.run=^TestProperties$", "-test.v", "-test.timeout=0"}
		flag.Visit(func(f *flag.Flag) {
			if f.Name == "geometries" || f.Name == "cases" || f.Name == "seed" {
				args = append(args, fmt.Sprintf("-%s=%s", f.Name, f.Value))
			}
		})
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "AUTODROPOUT_SIMD="+tier.String())
		out, err := cmd.CombinedOutput()
		switch {
		case bytes.Contains(out, []byte("is not available on this machine")):
			continue
		case err != nil || !bytes.Contains(out, []byte("on "+tier.String())):
			t.Errorf("on %s: %v\n%s", tier, err, out)
		default:
			t.Logf("%s", out)
		}
	}
}

// TestProperties compares random cases of every operation with its definition in
// float64. An operation without a row fails.
func TestProperties(t *testing.T) {
	for _, op := range exportedOps(t) {
		if properties[op] == nil && op != "Conv2D" {
			t.Errorf("%s has no row of random cases", op)
		}
	}
	t.Run("Conv2D", testGeometries)
	t.Run("others", testOthers)
}

// A property is a random case of an operation.
type property struct {
	about  string
	inputs tensors
	run    gradcheck.Func
	want   func(in []array) array // the definition
}

// array is a tensor in float64.
type array struct {
	shape []int
	data  []float64
}

func newArray(shape ...int) array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return array{slices.Clone(shape), make([]float64, n)}
}

func (a array) clone() array { return array{a.shape, slices.Clone(a.data)} }

// testOthers tries the rows of properties in turn.
func testOthers(t *testing.T) {
	names := slices.Sorted(maps.Keys(properties))
	for i := range *cases {
		name, seed := names[i%len(names)], *seedFlag+uint64(i)
		rng := rand.New(rand.NewPCG(seed, 3))
		p := properties[name](rng)
		t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) { p.check(t, rng) })
	}
	t.Logf("%d cases of %d operations from seed %d on %s", *cases, len(names), *seedFlag, simd.Active())
}

// check compares the output, and derivatives along single elements and along
// directions in which all elements move. Some inputs are constants, and some have
// another use before the operation or after it.
func (p property) check(t *testing.T, rng *rand.Rand) {
	in := make([]array, len(p.inputs))
	var ps autograd.Params
	leaves := make([]*autograd.Param, len(in))
	constant := rng.IntN(2*len(in)+1) - 1 // that input, or none
	for i, x := range p.inputs {
		in[i] = array{x.Shape(), widen(x.Data())}
		if i != constant || len(in) == 1 {
			leaves[i] = ps.Add(fmt.Sprint(i), x.Shape()...)
			copy(leaves[i].Data(), x.Data())
		}
	}
	tape := autograd.NewTape(&ps)
	on := make(tensors, len(in))
	for i, x := range p.inputs {
		on[i] = x
		if leaves[i] != nil {
			on[i] = tape.Use(leaves[i])
		}
	}
	loss := ops.Sum(tape.Input(nil, 0))
	uses := make([][]float32, len(in)) // the gradient of the other use
	use := func() {
		for i, leaf := range leaves {
			if leaf != nil && uses[i] == nil && rng.IntN(3) == 0 {
				weights := normal(rng, leaf.Shape()...)
				uses[i] = weights.Data()
				loss = ops.Add(loss, ops.Sum(ops.Mul(on[i], weights)))
			}
		}
	}
	use()
	y, want := p.run(on), p.want(in)
	use()
	if !slices.Equal(y.Shape(), want.shape) {
		t.Fatalf("%s: the shape is %v, want %v", p.about, y.Shape(), want.shape)
	}
	if mean, largest := errorsBySize(y.Data(), want.data, p.sensitivity(rng, in, want)); !(mean <= 3e-6 && largest <= 1e-4) {
		t.Fatalf("%s: errors are %.2g in the mean, %.2g at most", p.about, mean, largest)
	}
	dy := normal(rng, y.Shape()...)
	grads := tape.Backward(ops.Add(loss, ops.Sum(ops.Mul(y, dy))))
	for i, leaf := range leaves {
		if leaf == nil || leaf.Len() == 0 {
			continue
		}
		for k := range 4 {
			direction := make([]float64, leaf.Len())
			for j := range direction {
				direction[j] = rng.NormFloat64()
			}
			if k < 2 { // a single element
				clear(direction)
				direction[rng.IntN(len(direction))] = 1
			}
			numeric := p.derivative(in, i, direction, dy.Data())
			for j, w := range uses[i] {
				numeric += float64(w) * direction[j]
			}
			analytic, square, length := 0.0, 0.0, 0.0
			for j, g := range grads[leaf.Offset() : leaf.Offset()+leaf.Len()] {
				analytic += float64(g) * direction[j]
				square += float64(g) * float64(g)
				length += direction[j] * direction[j]
			}
			usual := math.Sqrt(square / float64(leaf.Len()) * length) // sums may cancel
			if !(math.Abs(analytic-numeric) <= 1e-4*(0.1+usual+math.Abs(numeric))) {
				t.Errorf("%s: the derivative by input %d along direction %d is %.7g, want %.7g", p.about, i, k, analytic, numeric)
			}
		}
	}
}

// sensitivity returns how far the output moves, in the mean, when all inputs move
// by a multiple of their size, divided by that multiple: what rounding errors are
// to be compared with.
func (p property) sensitivity(rng *rand.Rand, in []array, want array) float64 {
	const draws, multiple = 3, 1e-3
	square := 0.0
	for range draws {
		moved := make([]array, len(in))
		for i, x := range in {
			moved[i] = x.clone()
			for j := range x.data {
				moved[i].data[j] *= 1 + multiple*rng.NormFloat64()
			}
		}
		for i, v := range p.want(moved).data {
			square += (v - want.data[i]) * (v - want.data[i]) / draws
		}
	}
	return math.Sqrt(square/float64(max(1, len(want.data)))) / multiple
}

// derivative returns that of the sum of the outputs times dy as input i moves in a
// direction.
func (p property) derivative(in []array, i int, direction []float64, dy []float32) float64 {
	const step = 1e-8 // so small that few elements cross a kink
	at := func(h float64) []float64 {
		moved := slices.Clone(in)
		moved[i] = in[i].clone()
		for j, d := range direction {
			moved[i].data[j] += h * d
		}
		return p.want(moved).data
	}
	above, below, sum := at(step), at(-step), 0.0
	for j, d := range dy {
		sum += float64(d) * (above[j] - below[j])
	}
	return sum / (2 * step)
}

// testGeometries tries random convolutions, by both routes where there are two.
func testGeometries(t *testing.T) {
	routes := map[string]int{}
	for i := range *geometries {
		seed := *seedFlag + uint64(i)
		x, w, spec := randomGeometry(rand.New(rand.NewPCG(seed, 1)))
		e := newConvExample(seed, x, w, spec)
		ways := []string{"direct"}
		if w[0] == 3 && w[1] == 3 && spec.Stride == 1 && spec.Dilation == 1 && spec.Groups == 1 && (spec.Across == nil || spec.Across.Stride == 1 && spec.Across.Dilation == 1) {
			ways = append(ways, "winograd")
		}
		for _, route := range ways {
			routes[route]++
			t.Run("", func(t *testing.T) {
				ops.ForceConvRoute(t, route)
				y, dx, dw := e.run()
				for j, got := range [][]float32{y, dx, dw} {
					usual := math.Sqrt(e.products / float64(len(got))) // of sums of products of normal numbers
					if mean, largest := errorsBySize(got, [][]float64{e.y, e.dx, e.dw}[j], usual); !(mean <= 3e-6 && largest <= 1e-4) {
						t.Errorf("seed %d, x %v, kernels %v, %+v, across %+v, %s: errors of %s are %.2g in the mean, %.2g at most",
							seed, x, w, spec, spec.Across, route, []string{"y", "dx", "dw"}[j], mean, largest)
					}
				}
			})
		}
	}
	t.Logf("%d geometries from seed %d on %s: %v", *geometries, *seedFlag, simd.Active(), routes)
}

// randomGeometry returns the shapes of a convolution whose definition is quickly
// computed: most of them small, with every combination of what a ConvSpec has.
func randomGeometry(rng *rand.Rand) (x, w [4]int, spec ops.ConvSpec) {
	for {
		products := 1 << 19
		if rng.IntN(16) == 0 {
			products <<= 4
		}
		extent := []int{3, 9, 17, 40}[rng.IntN(4)]
		most := []int{4, 20, 80, 200}[rng.IntN(4)] // channels of a group
		groups := []int{1, 1, 1, 2, 3, 4, 8, 1 + rng.IntN(64)}[rng.IntN(8)]
		ins, outs := 1+rng.IntN(most), 1+rng.IntN(most)
		if groups > 8 && rng.IntN(2) == 0 {
			ins, outs = 1, 1 // depthwise
		}
		kh := []int{1, 2, 3, 3, 3, 4, 5, 7}[rng.IntN(8)]
		kw := kh
		if rng.IntN(4) == 0 {
			kw = 1 + rng.IntN(5)
		}
		spec = ops.ConvSpec{
			Stride: []int{1, 1, 1, 2, 2, 3, 4}[rng.IntN(7)], Pad: rng.IntN(5),
			Dilation: []int{1, 1, 1, 2, 3}[rng.IntN(5)], Groups: groups,
		}
		if rng.IntN(5) == 0 { // what Winograd's algorithm computes
			spec = ops.ConvSpec{Stride: 1, Pad: spec.Pad, Dilation: 1, Groups: 1}
			groups, kh, kw = 1, 3, 3
		}
		across := ops.ConvAxis{Stride: spec.Stride, Pad: spec.Pad, Dilation: spec.Dilation}
		if rng.IntN(4) == 0 {
			across = ops.ConvAxis{Stride: 1 + rng.IntN(3), Pad: rng.IntN(4), Dilation: 1 + rng.IntN(2)}
			spec.Across = &across
		}
		x = [4]int{1 + rng.IntN(4), 1 + rng.IntN(extent), 1 + rng.IntN(extent), ins * groups}
		w = [4]int{kh, kw, ins, outs * groups}
		down, width := x[1]+2*spec.Pad-spec.Dilation*(kh-1), x[2]+2*across.Pad-across.Dilation*(kw-1)
		if down < 1 || width < 1 {
			continue
		}
		pixels := x[0] * ((down-1)/spec.Stride + 1) * ((width-1)/across.Stride + 1)
		if pixels*kh*kw*ins*outs*groups <= products {
			return x, w, spec
		}
	}
}
