package dropout

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// BlockPattern is the dropout pattern of one residual block: the eight choices
// of AutoDropout's ConvNet search space. It acts on maps of height H and width
// W, at the outputs of the block's batch normalisations. How the choices act
// in detail is this package's own reading, since nothing was published:
//
//   - The pattern is a grid of square blocks. Size and Stride count in units of
//     min(H, W), rounded to cells, at least one; blocks repeat at the pitch
//     size + stride.
//   - Along each axis the grid spans Repeat pitches, where the gap after the
//     last block counts. A span that covers the map is continued without end
//     and placed with a uniform phase; a shorter one is placed uniformly over
//     all positions that touch the map, so that without geometry every cell is
//     equally likely to be dropped.
//   - The placed pattern is sheared along x, then along y, then rotated, about
//     the centre of the map; coordinates round to the nearest cell.
//   - Every example has its own placement and, without ShareC, every channel.
//   - The rest is multiplied by elements/kept, counted over the whole batch.
type BlockPattern struct {
	Size     float64 // side of a block, 0 to 1; 0 is no dropout
	Stride   float64 // gap between blocks, 0.01 to 1
	Repeat   int     // blocks along each axis, 1 to 64
	Rotate   float64 // degrees, -180 to 180, from the x axis towards the y axis
	ShearX   float64 // cells along x for each cell along y, -1 to 1
	ShearY   float64 // cells along y for each cell along x, -1 to 1
	ShareC   bool    // all channels lose the same cells
	Residual bool    // the shortcut has dropout of the same pattern as well
}

// ConvPattern holds the pattern of every residual block of a ConvNet, stage by
// stage. In a file it is versioned JSON: see [LoadPattern].
type ConvPattern struct {
	Origin Origin
	Stages [][]BlockPattern
}

// Origin says where a pattern comes from. Everything in it is optional.
type Origin struct {
	Task   string  `json:"task,omitempty"`   // the data it was found on
	Model  string  `json:"model,omitempty"`  // the network it was found with
	Search string  `json:"search,omitempty"` // how it was found
	Reward float64 `json:"reward,omitempty"` // what it reached there
	Date   string  `json:"date,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// Blocks returns the number of blocks in each stage.
func (p *ConvPattern) Blocks() []int {
	blocks := make([]int, len(p.Stages))
	for i, stage := range p.Stages {
		blocks[i] = len(stage)
	}
	return blocks
}

// Resize returns the pattern for a network with other numbers of blocks in the
// same number of stages; widths do not matter. Within a stage, a block takes
// the pattern of the block whose relative depth is nearest, the first block
// being at depth 0 and the last at 1; of two equally near, the earlier one. So
// first blocks, which change the shape, take the pattern of first blocks, and
// equal numbers of blocks give the same pattern again.
func (p *ConvPattern) Resize(blocks []int) (*ConvPattern, error) {
	if len(blocks) != len(p.Stages) {
		return nil, fmt.Errorf("the pattern has %d stages and the network %d; a pattern fits networks with as many stages as the one it was found on", len(p.Stages), len(blocks))
	}
	out := &ConvPattern{Origin: p.Origin, Stages: make([][]BlockPattern, len(blocks))}
	for s, n := range blocks {
		if n < 1 || len(p.Stages[s]) < 1 {
			return nil, fmt.Errorf("stage %d has %d blocks in the pattern and %d in the network; both must have at least 1", s, len(p.Stages[s]), n)
		}
		for i := range n {
			out.Stages[s] = append(out.Stages[s], p.Stages[s][nearestBlock(i, n, len(p.Stages[s]))])
		}
	}
	return out, nil
}

// nearestBlock returns which of m blocks is nearest in relative depth to block
// i of n.
func nearestBlock(i, n, m int) int {
	if n == 1 {
		return 0
	}
	// i(m-1)/(n-1) rounded, halves down
	return (2*i*(m-1) + n - 2) / (2 * (n - 1))
}

// String describes the pattern for a person, one line for each block, counting
// stages and blocks from 1.
func (p *ConvPattern) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pattern for %v blocks", p.Blocks())
	for s, stage := range p.Stages {
		for i, block := range stage {
			fmt.Fprintf(&b, "\n%d.%d  %v", s+1, i+1, block)
		}
	}
	return b.String()
}

// String describes the pattern in a few words.
func (b BlockPattern) String() string {
	if b.Size == 0 {
		return "none"
	}
	text := fmt.Sprintf("size %g stride %g repeat %d", b.Size, b.Stride, b.Repeat)
	if b.Rotate != 0 {
		text += fmt.Sprintf(" rotate %g", b.Rotate)
	}
	if b.ShearX != 0 || b.ShearY != 0 {
		text += fmt.Sprintf(" shear %g,%g", b.ShearX, b.ShearY)
	}
	if b.ShareC {
		text += " share_c"
	}
	if b.Residual {
		text += " residual"
	}
	return text
}

// field is one of the eight choices: its name in tokens and files, the grid a
// search chooses from, and the range a file may use.
type field struct {
	name   string
	grid   []float64
	lo, hi float64
	kind   fieldKind
}

type fieldKind int

const (
	number fieldKind = iota
	whole
	flag
)

// convFields lists the choices in the order in which they are made. The grids
// are those of the pattern file's version: changing one changes the version.
var convFields = [...]field{
	{"size", []float64{0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}, 0, 1, number},
	{"stride", []float64{0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1}, 0.01, 1, number},
	{"repeat", []float64{1, 2, 3, 4, 5, 6, 7, 8}, 1, 64, whole},
	{"rotate", []float64{0, 15, 30, 45, 60, 75}, -180, 180, number},
	{"shear_x", []float64{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}, -1, 1, number},
	{"shear_y", []float64{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}, -1, 1, number},
	{"share_c", []float64{0, 1}, 0, 1, flag},
	{"residual", []float64{0, 1}, 0, 1, flag},
}

// values are the eight choices in the order of convFields; flags are 0 or 1.
type values [len(convFields)]float64

func (b BlockPattern) values() values {
	return values{b.Size, b.Stride, float64(b.Repeat), b.Rotate, b.ShearX, b.ShearY, indicator(b.ShareC), indicator(b.Residual)}
}

func (v values) pattern() BlockPattern {
	return BlockPattern{Size: v[0], Stride: v[1], Repeat: int(v[2]), Rotate: v[3], ShearX: v[4], ShearY: v[5], ShareC: v[6] != 0, Residual: v[7] != 0}
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// check returns an error when v is out of the range that a file may use.
func (f field) check(v float64) error {
	switch {
	case v >= f.lo && v <= f.hi && (f.kind != whole || v == math.Trunc(v)):
		return nil
	case f.kind == whole:
		return fmt.Errorf("must be a whole number from %g to %g, not %g", f.lo, f.hi, v)
	default:
		return fmt.Errorf("must be a number from %g to %g, not %g", f.lo, f.hi, v)
	}
}

// check returns an error when a pattern cannot be used or saved.
func (p *ConvPattern) check() error {
	if len(p.Stages) == 0 {
		return fmt.Errorf("stages must hold at least one stage")
	}
	for s, stage := range p.Stages {
		if len(stage) == 0 {
			return fmt.Errorf("stages[%d] must hold at least one block", s)
		}
		for i, block := range stage {
			for j, v := range block.values() {
				if err := convFields[j].check(v); err != nil {
					return fmt.Errorf("stages[%d][%d].%s %w", s, i, convFields[j].name, err)
				}
			}
		}
	}
	if r := p.Origin.Reward; math.IsNaN(r) || math.IsInf(r, 0) {
		return fmt.Errorf("origin.reward must be finite, not %g", r)
	}
	return nil
}

// ConvSpace returns the search space of patterns for a ConvNet with that many
// residual blocks in each stage: eight tokens for each block.
func ConvSpace(blocks []int) Space {
	s := Space{Name: "convnet", Stages: slices.Clone(blocks)}
	for _, n := range blocks {
		s.Groups += n
	}
	for _, f := range convFields {
		s.Tokens = append(s.Tokens, Token{Name: f.name, Values: slices.Clone(f.grid)})
	}
	return s
}

// isConv reports whether a space is one that ConvSpace made.
func (s Space) isConv() bool {
	groups := 0
	for _, n := range s.Stages {
		groups += n
	}
	return s.Name == "convnet" && groups == s.Groups && len(s.Tokens) == len(convFields)
}

// DecodeConv returns the pattern that tokens, a point of a [ConvSpace], stand
// for.
func DecodeConv(space Space, tokens []int) (*ConvPattern, error) {
	if !space.isConv() {
		return nil, fmt.Errorf("the %s space does not hold ConvNet patterns", space.Name)
	}
	if err := space.Check(tokens); err != nil {
		return nil, err
	}
	p := &ConvPattern{Stages: make([][]BlockPattern, len(space.Stages))}
	for s, n := range space.Stages {
		for range n {
			var v values
			for j := range v {
				v[j] = space.Tokens[j].Values[tokens[j]]
			}
			tokens = tokens[len(v):]
			p.Stages[s] = append(p.Stages[s], v.pattern())
		}
	}
	return p, nil
}

// EncodeConv is the inverse of [DecodeConv]. It returns an error when the
// pattern has other blocks than the space or a value that is not on the grid.
func EncodeConv(space Space, p *ConvPattern) ([]int, error) {
	if !space.isConv() || !slices.Equal(space.Stages, p.Blocks()) {
		return nil, fmt.Errorf("the pattern is for %v blocks, and the %s space for %v", p.Blocks(), space.Name, space.Stages)
	}
	var tokens []int
	for s, stage := range p.Stages {
		for i, block := range stage {
			for j, v := range block.values() {
				k := slices.Index(space.Tokens[j].Values, v)
				if k < 0 {
					return nil, fmt.Errorf("stages[%d][%d].%s is %g, which is not on the grid %v", s, i, space.Tokens[j].Name, v, space.Tokens[j].Values)
				}
				tokens = append(tokens, k)
			}
		}
	}
	return tokens, nil
}
