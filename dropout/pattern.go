package dropout

import (
	"fmt"
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
//
// The fields from Place on are not the paper's. They make the usual hand-made dropout a
// pattern too, see [Dropout.Pattern]. Their zero values change nothing.
//
//   - The pattern acts at the sites of the kind Place, and at the shortcut if Residual.
//   - With Cells a block has this side, whatever the size of the map. Of Size only counts
//     then whether it is 0, which is no dropout.
//   - With Scatter the blocks are not a grid: one begins at each place where it fits
//     into the map, of each channel without ShareC, with the same probability, so that
//     about the share Scatter is dropped, as DropBlock does. Stride, Repeat, Rotate and
//     the shears do not count then.
//   - The strength of Schedule is a factor of Scatter, and for a grid the probability
//     that an example has it.
type BlockPattern struct {
	Size     float64 // side of a block, 0 to 1; 0 is no dropout
	Stride   float64 // gap between blocks, 0.01 to 1
	Repeat   int     // blocks along each axis, 1 to 64
	Rotate   float64 // degrees, -180 to 180, from the x axis towards the y axis
	ShearX   float64 // cells along x for each cell along y, -1 to 1
	ShearY   float64 // cells along y for each cell along x, -1 to 1
	ShareC   bool    // all channels lose the same cells
	Residual bool    // the shortcut has dropout of the same pattern as well

	Place    Kind     // Norm, Hidden, Branch, or Features, which belongs to the last block
	Cells    int      // side of a block in cells, 1 to 64; 0: Size says
	Aspect   Aspect   // shape of a block
	Scatter  float64  // share that scattered blocks drop, to 0.95; 0: blocks are a grid
	Schedule Schedule // of the training
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

// Beyond reports whether the pattern lies outside the paper's space: a field from Place on
// has an effect.
func (b BlockPattern) Beyond() bool { return convFields.version(b.values()) > 1 }

// String describes the pattern in a few words.
func (b BlockPattern) String() string {
	if b.Size == 0 {
		return "none"
	}
	text := fmt.Sprintf("size %g", b.Size)
	if b.Cells > 0 {
		text = fmt.Sprintf("cells %d", b.Cells)
	}
	if b.Aspect != Square {
		text += fmt.Sprintf(" %v", b.Aspect)
	}
	if b.Scatter > 0 {
		text += fmt.Sprintf(" scatter %g", b.Scatter)
	} else {
		text += fmt.Sprintf(" stride %g repeat %d", b.Stride, b.Repeat)
		if b.Rotate != 0 {
			text += fmt.Sprintf(" rotate %g", b.Rotate)
		}
		if b.ShearX != 0 || b.ShearY != 0 {
			text += fmt.Sprintf(" shear %g,%g", b.ShearX, b.ShearY)
		}
	}
	if b.ShareC {
		text += " share_c"
	}
	if b.Residual {
		text += " residual"
	}
	if b.Place != Norm {
		text += fmt.Sprintf(" at %v", b.Place)
	}
	if b.Schedule != Constant {
		text += fmt.Sprintf(" %v", b.Schedule)
	}
	return text
}
