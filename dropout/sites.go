package dropout

import (
	"fmt"
	"slices"

	"autodropout/autograd"
)

// sitesOf returns the sites of a kind where policies act, and an error when there
// are none.
func sitesOf(kind Kind, sites []Site) ([]Site, error) {
	var at []Site
	for _, s := range sites {
		outside := kind == Features || kind == Words || kind == Input || kind == Final
		if s.Kind == kind && (s.Blocks > 0 || outside) {
			at = append(at, s)
		}
	}
	if at == nil {
		return nil, fmt.Errorf("the model has no %v dropout sites in its blocks, where this kind of dropout acts: add them to the model, or choose another dropout", kind)
	}
	return at, nil
}

func names(sites []Site) map[string]bool {
	set := make(map[string]bool, len(sites))
	for _, s := range sites {
		set[s.Name] = true
	}
	return set
}

// blocksOf returns how many blocks each stage of a network has.
func blocksOf(sites []Site) ([]int, error) {
	var blocks []int
	for _, s := range sites {
		if s.Blocks == 0 {
			continue
		}
		if blocks == nil && s.Stages > 0 {
			blocks = make([]int, s.Stages)
		}
		if s.Stages != len(blocks) || s.Stage < 0 || s.Stage >= s.Stages || s.Block < 0 || s.Block >= s.Blocks ||
			blocks[s.Stage] != 0 && blocks[s.Stage] != s.Blocks {
			return nil, fmt.Errorf("dropout site %s says it is in block %d of %d, stage %d of %d, which the other sites contradict: correct the model's list of sites", s.Name, s.Block, s.Blocks, s.Stage, s.Stages)
		}
		blocks[s.Stage] = s.Blocks
	}
	if i := slices.Index(blocks, 0); i >= 0 || blocks == nil {
		return nil, fmt.Errorf("the model has no dropout sites in residual blocks, or not in all of its stages: a pattern needs one in every stage")
	}
	return blocks, nil
}

// batch returns the number of examples, of cells in each and of channels.
func batch(op string, shape []int) (n, cells, channels int) {
	last := len(shape) - 1
	if last < 1 {
		panic(&autograd.ShapeError{Op: op, Want: "(N, ..., C)", Shapes: [][]int{slices.Clone(shape)}})
	}
	cells = 1
	for _, extent := range shape[1:last] {
		cells *= extent
	}
	return shape[0], cells, shape[last]
}

// imageAxes returns the axes of a batch of images.
func imageAxes(op string, shape []int) (n, h, w, c int) {
	if len(shape) != 4 {
		panic(&autograd.ShapeError{Op: op, Want: "(N, H, W, C)", Shapes: [][]int{slices.Clone(shape)}})
	}
	return shape[0], shape[1], shape[2], shape[3]
}

// checkDrop returns an error when p is no probability of dropping.
func checkDrop(p float64) error {
	if p >= 0 && p < 1 {
		return nil
	}
	return fmt.Errorf("the probability of dropping must be at least 0 and below 1, not %g", p)
}

// checkKeep returns an error when p is no probability of keeping.
func checkKeep(p float64) error {
	if p > 0 && p <= 1 {
		return nil
	}
	return fmt.Errorf("the probability of keeping must be above 0 and at most 1, not %g", p)
}
