package onnx

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/onnxfile"
	"autodropout/layers"
)

// Network is a network from a file. It is a [layers.Model] whose parameters are those of
// the file: it predicts and trains as any other.
//
// Its parameters have the file's names. A matrix that several operations read is one
// parameter, as where weights are tied; vectors are copied for each operation, since
// programs write equal ones only once. Numbers without a name of their own, those in Constant
// nodes, and masks with infinite ones are constants unless they are the weights of an
// operation. A file does not say what else was a buffer, such as an encoding of positions: it
// is trained.
type Network struct {
	Name     string            // that the file gives it
	Producer string            // program that wrote the file, and its version
	Opset    int               // version of the operations
	Metadata map[string]string // from the file
	Inputs   []Input           // as the file declares them; an axis of length 0 may have any
	Outputs  []string

	params  *autograd.Params
	sites   []dropout.Site
	notes   []string
	slots   int         // values that nodes compute, and inputs
	inputs  []valueType // by input: its slot is its index
	outputs []operand
	chain   [][]*node // nodes in order; from one part to the next goes a single value
	links   []int     // the slot of that value, by part
	drops   []string  // by part: the dropout site of the value that goes on, "" where there is none; nil: of no part
	most    int       // elements that a value may have
	fixed   int       // examples of a batch, where the file has a number of them; 0: any
}

// valueType is what an input may be.
type valueType struct {
	real bool
	rank int // -1: not known
}

// node is an operation of a network.
type node struct {
	*onnxfile.Node
	operand []operand         // the inputs
	params  []*autograd.Param // that it is the first to read
	out     []int             // slots of the outputs; -1: not wanted
	run     func(c *call) ([]datum, error)
}

// operand is an input of a node: what another one computed, a parameter, or a constant.
// It may be none of these.
type operand struct {
	slot     int // -1: none
	param    *autograd.Param
	kernel   bool // the parameter is the weight of a convolution, in the order of ops.Conv2D
	constant *datum
}

func (o *operand) there() bool { return o.slot >= 0 || o.param != nil || o.constant != nil }

// Open reads the network of a file, and of the file beside it that has its weights where
// it is larger than 2 GB. An operation that is not known is an error that names it.
func Open(path string) (*Network, error) {
	return open(path, layers.NewScope(0), func(*onnxfile.Model) error { return nil })
}

// Body is [Open] without the last linear layer and what follows it: the output are the
// features that the classifier saw. The parameters are created in s, beside those of the
// layers that take its place.
func Body(s *layers.Scope, path string) (*Network, error) { return open(path, s, behead) }

func open(path string, s *layers.Scope, change func(*onnxfile.Model) error) (*Network, error) {
	m, err := onnxfile.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the network: %w", err)
	}
	unwrap(&m.Graph)
	unshare(&m.Graph)
	if err := change(m); err != nil {
		return nil, fmt.Errorf("cannot take the network of %s: %w", path, err)
	}
	n, err := build(m, s)
	if err != nil {
		return nil, fmt.Errorf("cannot take the network of %s: %w", path, err)
	}
	return n, nil
}

// String returns the name.
func (n *Network) String() string { return n.Name }

// Size returns the size of the pictures that the network takes, with 224 pixels where its file leaves it
// open.
func (n *Network) Size() (height, width int) {
	const usual = 224
	if len(n.Inputs) == 0 || len(n.Inputs[0].Shape) != 3 {
		return usual, usual
	}
	in := n.Inputs[0].Shape
	return cmp.Or(in[0], usual), cmp.Or(in[1], usual)
}

// Pictures returns an error if the file says that the first input takes no pictures of so many channels.
// Files have the channels on the second axis. Some programs have them on the last one, which is taken for
// the width: a network that averages all pixels would run, and compute nonsense.
func (n *Network) Pictures(channels int) error {
	if len(n.Inputs) == 0 || len(n.Inputs[0].Shape) != 3 {
		return nil
	}
	in := n.Inputs[0]
	last := in.Shape[1] == channels
	if declared := in.Shape[2]; declared == channels || declared == 0 && !last {
		return nil
	}
	text := fmt.Sprintf("its input %s is (N", in.Name)
	for _, length := range channelsFirst(append([]int{0}, in.Shape...))[1:] {
		if length == 0 {
			text += ", ?"
			continue
		}
		text += fmt.Sprint(", ", length)
	}
	text += fmt.Sprintf(") in the file, where pictures of %d channels are (N, %d, height, width)", channels, channels)
	if last {
		text += ": export it with the channels first (tf2onnx: --inputs-as-nchw " + in.Name + ")"
	}
	return errors.New(text)
}

// Params implements [layers.Model].
func (n *Network) Params() *autograd.Params { return n.params }

// Sites returns the dropout sites of the file's network, named by its nodes, and those that
// [Network.Divide] has made.
func (n *Network) Sites() []dropout.Site { return n.sites }

// Notes returns, in whole sentences, what the file has visibly lost of the original
// network, for users who train it further.
func (n *Network) Notes() []string { return n.notes }

// Forward returns the first output for the only input x. Tensors of four axes are pictures,
// (N, H, W, C). It panics if [Network.Run] returns an error, for example because x does not
// fit.
func (n *Network) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	y, err := n.Run(c, Array{Tensor: x})
	if err != nil {
		panic(&autograd.ShapeError{Op: "onnx.Network.Forward", Shapes: [][]int{slices.Clone(x.Shape())}, Want: err.Error()})
	}
	return y[0].Tensor
}

// Run returns the outputs for a batch of the inputs. Tensors of four axes are pictures, (N,
// H, W, C). It is an error if something does not fit: the inputs, or nodes of the file
// among each other.
func (n *Network) Run(c *layers.Ctx, inputs ...Array) ([]Array, error) {
	r := &run{network: n, ctx: c, values: make([]datum, n.slots)}
	if len(inputs) != len(n.inputs) {
		return nil, fmt.Errorf("the network has %d inputs, not %d", len(n.inputs), len(inputs))
	}
	for i, in := range inputs {
		if (in.IDs == nil) != n.inputs[i].real {
			kind := "whole numbers: give IDs"
			if n.inputs[i].real {
				kind = "real numbers: give a Tensor"
			}
			return nil, fmt.Errorf("the input %s is of %s", n.Inputs[i].Name, kind)
		}
		if in.IDs != nil {
			if size, ok := elements(in.Shape); !ok || size != len(in.IDs) {
				return nil, fmt.Errorf("the input %s has %d numbers in the shape %v", n.Inputs[i].Name, len(in.IDs), in.Shape)
			}
			r.values[i] = datum{whole: &wholes{in.Shape, in.IDs}}
			continue
		}
		r.values[i] = datum{real: in.Tensor, last: picture(in.Tensor.Shape())}
		if rank := n.inputs[i].rank; rank >= 0 && in.Tensor.Rank() != rank {
			return nil, fmt.Errorf("the input %s has %d axes, not the %d of %v", n.Inputs[i].Name, rank, in.Tensor.Rank(), in.Tensor.Shape())
		}
		if declared := n.Inputs[i].Shape; r.values[i].last && len(declared) == 3 && declared[2] != 0 && declared[2] != in.Tensor.Dim(-1) {
			return nil, fmt.Errorf("the input %s has %d channels, on the second axis of the file, and not the %d of %v", n.Inputs[i].Name, declared[2], in.Tensor.Dim(-1), in.Tensor.Shape())
		}
	}
	if len(inputs) > 0 {
		if shape := r.values[0].shape(); len(shape) > 0 {
			r.examples = shape[0]
		}
	}
	if err := r.part(len(n.chain) - 1); err != nil {
		return nil, r.explain(err)
	}
	outputs := make([]Array, len(n.outputs))
	for i := range n.outputs {
		d := r.datum(&n.outputs[i])
		switch {
		case d.whole != nil:
			outputs[i] = Array{IDs: d.whole.data, Shape: d.whole.shape}
		case picture(d.real.Shape()):
			outputs[i] = Array{Tensor: d.lastTensor()}
		default:
			outputs[i] = Array{Tensor: d.firstTensor()}
		}
	}
	return outputs, nil
}

// Check runs the network on one example of zeros and returns the error of Run. shape gives
// the lengths of axes that the file leaves open; a network that leaves open only the number
// of examples needs none.
func (n *Network) Check(shape ...int) error {
	_, err := n.Width(shape...)
	return err
}

// Width is [Network.Check], and returns the length of the last axis of the first output,
// such as the number of features.
func (n *Network) Width(shape ...int) (int, error) {
	tape := autograd.NewInference()
	var inputs []Array
	for _, in := range n.Inputs {
		dims := append([]int{1}, in.Shape...)
		for i, d := range dims {
			if d == 0 && i > 0 && i <= len(shape) {
				dims[i] = shape[i-1]
			}
		}
		size, ok := elements(dims)
		if !ok || size > n.most {
			return 0, fmt.Errorf("the input %s of shape %v is too large", in.Name, dims)
		}
		if in.Below > 0 {
			inputs = append(inputs, Array{IDs: make([]int, size), Shape: dims})
		} else {
			inputs = append(inputs, Array{Tensor: tape.Input(make([]float32, size), dims...)})
		}
	}
	y, err := n.Run(&layers.Ctx{Tape: tape, Mode: layers.Prediction}, inputs...)
	if err != nil || y[0].IDs != nil || y[0].Tensor.Rank() == 0 {
		return 0, err
	}
	return y[0].Tensor.Dim(-1), nil
}
