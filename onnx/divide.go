package onnx

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
)

// Division is how a network of convolutions falls into stages of blocks. Its pictures have one size
// in all of a stage.
type Division struct {
	Stages   [][]Block
	Features int // numbers that the first output has for each picture
}

// Block is what lies between two points of a network that a single value passes, with a convolution
// in it, such as a residual block.
type Block struct {
	Site   string // of dropout behind it, of kind [dropout.Norm]
	Params []*autograd.Param

	link          int // the part of the chain that it ends with
	height, width int // of what it computes
}

// Divide finds the blocks of a network whose only input are pictures, by a pass with zeros,
// and makes a dropout site behind each. It is an error where pictures of that size, or another number of
// them than that of the file, do not fit, and where no convolution is found.
func (n *Network) Divide(height, width, channels int) (*Division, error) {
	if len(n.Inputs) == 0 {
		return nil, fmt.Errorf("it has no input")
	}
	if rank := n.inputs[0].rank; len(n.Inputs) != 1 || !n.inputs[0].real || rank >= 0 && rank != 4 {
		return nil, fmt.Errorf("it must take pictures, of four axes, and nothing else, and it has %d inputs, the first of %d axes", len(n.Inputs), rank)
	}
	if size, ok := elements([]int{height, width, channels}); !ok || size > n.most {
		return nil, fmt.Errorf("pictures of %dx%d pixels are too large", height, width)
	}
	if err := n.Pictures(channels); err != nil {
		return nil, fmt.Errorf("pictures of %dx%d pixels and %d channels do not pass: %w", height, width, channels, err)
	}
	examples := 1
	if n.fixed == 1 {
		examples = 2 // a network that takes no more than the file says cannot be trained
	}
	tape := autograd.NewInference()
	r := &run{network: n, ctx: &layers.Ctx{Tape: tape, Mode: layers.Prediction}, values: make([]datum, n.slots), shapes: make([][]int, len(n.chain)), examples: examples}
	r.values[0] = datum{real: tape.Input(make([]float32, examples*height*width*channels), examples, height, width, channels), last: true}
	if err := r.part(len(n.chain) - 1); err != nil {
		return nil, fmt.Errorf("pictures of %dx%d pixels and %d channels do not pass: %w", height, width, channels, r.explain(err))
	}
	features := r.datum(&n.outputs[0])
	if features.real == nil || features.real.Rank() != 2 {
		return nil, fmt.Errorf("its output %s is of shape %v, and not a list of real numbers for each picture", n.Outputs[0], features.shape())
	}
	d := &Division{Features: features.real.Dim(1)}
	var blocks []Block
	first := Block{link: -1} // with what comes before any convolution
	b := &first
	for i, nodes := range n.chain {
		if slices.ContainsFunc(nodes, func(node *node) bool { return node.Op == "Conv" }) {
			if blocks = append(blocks, Block{link: -1}); len(blocks) == 1 {
				blocks[0] = first
			}
			b = &blocks[len(blocks)-1]
		}
		for _, node := range nodes {
			b.Params = append(b.Params, node.params...)
		}
		if len(blocks) == 0 {
			continue
		}
		// What a pooling makes of the last block is one pixel, of which nothing can be dropped.
		if s := r.shapes[i]; len(s) == 4 && (b.link < 0 || s[1]*s[2] > 1) {
			b.link, b.height, b.width = i, s[1], s[2]
		}
	}
	n.stage(d, joined(blocks))
	if len(d.Stages) == 0 {
		return nil, fmt.Errorf("no convolution is found in it behind which one value passes alone")
	}
	return d, nil
}

// joined returns the blocks that end with a picture: one that does not belongs to the next.
func joined(blocks []Block) (whole []Block) {
	var before []*autograd.Param
	for _, b := range blocks {
		b.Params = append(before, b.Params...)
		if before = nil; b.link < 0 {
			before = b.Params
			continue
		}
		whole = append(whole, b)
	}
	if last := len(whole) - 1; last >= 0 {
		whole[last].Params = append(whole[last].Params, before...)
	}
	return whole
}

// stage puts blocks into stages, and makes their sites.
func (n *Network) stage(d *Division, blocks []Block) {
	n.drops = make([]string, len(n.chain))
	for i := range blocks {
		b := &blocks[i]
		b.Site = fmt.Sprintf("block.%d", i)
		n.drops[b.link] = b.Site
		if i == 0 || b.height != blocks[i-1].height || b.width != blocks[i-1].width {
			d.Stages = append(d.Stages, nil)
		}
		last := len(d.Stages) - 1
		d.Stages[last] = append(d.Stages[last], *b)
	}
	for s, stage := range d.Stages {
		for i, b := range stage {
			n.sites = append(n.sites, dropout.Site{Name: b.Site, Kind: dropout.Norm, Stage: s, Stages: len(d.Stages), Block: i, Blocks: len(stage)})
		}
	}
}
