package report

import (
	"fmt"
	"math"
	"strings"

	"autodropout/benchmarks/internal/words"
	"autodropout/dropout"
)

// drawConv draws a pattern for a ConvNet: a row for each stage, a box for each
// residual block.
func drawConv(p *dropout.ConvPattern, side int, s dropout.Stream) *Pattern {
	const first, least, shrink = 64, 30, 0.82 // of boxes, in pixels
	out := &Pattern{Hint: "a thick line above a block is a shortcut that loses cells as well"}
	box := float64(first)
	for i, stage := range p.Stages {
		cells := max(1, side>>i)
		row := Stage{Name: fmt.Sprintf("stage %d: %d × %d", i+1, cells, cells)}
		for j, b := range stage {
			side := cells
			if b.Place == dropout.Features && isLast(p, i, j) {
				side = 1 // the maps have been averaged
			}
			row.Layers = append(row.Layers, convLayer(b, acting(p, i, j), fmt.Sprintf("%d.%d", i+1, j+1), side, int(max(least, box)), s))
		}
		out.Stages = append(out.Stages, row)
		box *= shrink
	}
	out.Words = convWords(p, side)
	return out
}

// acting returns the pattern of a block, one that drops nothing where it would act before the
// classifier and the block is not the last.
func acting(p *dropout.ConvPattern, stage, block int) dropout.BlockPattern {
	b := p.Stages[stage][block]
	if b.Place == dropout.Features && !b.Residual && !isLast(p, stage, block) {
		b.Size = 0
	}
	return b
}

// convLayer draws a block with the choices b, of which acts is what drops something.
func convLayer(b, acts dropout.BlockPattern, label string, cells, box int, s dropout.Stream) Layer {
	const examples, channels = 2, 4
	l := Layer{
		ID: "layer-" + strings.ReplaceAll(label, ".", "-"), Name: "block " + label, Label: label, Box: box, Arc: WholeArc,
		Shortcut: acts.Size > 0 && acts.Residual,
		Drop:     share(func(i int) [][]bool { return acts.Sample(cells, cells, 0, example(s, i)) }),
		Words:    blockWords(acts, cells),
		Values: []Fact{
			{"size", fmt.Sprint(b.Size)}, {"stride", fmt.Sprint(b.Stride)}, {"repeat", fmt.Sprint(b.Repeat)},
			{"rotate", fmt.Sprintf("%g°", b.Rotate)}, {"shear x", fmt.Sprint(b.ShearX)}, {"shear y", fmt.Sprint(b.ShearY)},
			{"share c", yes(b.ShareC)}, {"residual", yes(b.Residual)},
		},
	}
	if b.Beyond() {
		l.Values = append(l.Values, Fact{"place", b.Place.String()}, Fact{"cells", fmt.Sprint(b.Cells)}, Fact{"aspect", b.Aspect.String()},
			Fact{"scatter", fmt.Sprint(b.Scatter)}, Fact{"schedule", b.Schedule.String()})
	}
	for e := range examples {
		group := Samples{Name: fmt.Sprintf("image %d, %d channels", e+1, channels)}
		for c := range channels {
			mask := acts.Sample(cells, cells, c, example(s, e))
			group.Masks = append(group.Masks, newMask(cells, cells, func(y, x int) bool { return mask[y][x] }))
		}
		l.Groups = append(l.Groups, group)
	}
	return l
}

// blockWords says what a pattern does in a block with maps of so many cells.
func blockWords(b dropout.BlockPattern, cells int) string {
	if b.Size == 0 {
		return "Nothing is dropped here."
	}
	if b.Beyond() {
		return beyondWords(b)
	}
	count := func(v float64) int { return max(1, int(math.Round(v*float64(cells)))) }
	text := fmt.Sprintf("Squares of %s a side, %s apart", words.Count(count(b.Size), "cell", "cells"), words.Count(count(b.Stride), "cell", "cells"))
	if b.Repeat*(count(b.Size)+count(b.Stride)) >= cells {
		text += ", all over the map"
	} else if b.Repeat == 1 {
		text = fmt.Sprintf("One square of %s a side", words.Count(count(b.Size), "cell", "cells"))
	} else {
		text += fmt.Sprintf(", %d × %d of them", b.Repeat, b.Repeat)
	}
	if b.Rotate != 0 {
		text += fmt.Sprintf(", rotated by %g°", b.Rotate)
	}
	if b.ShearX != 0 || b.ShearY != 0 {
		text += ", sheared"
	}
	if b.ShareC {
		text += ". All channels lose the same cells."
	} else {
		text += ". Every channel loses cells of its own."
	}
	if b.Residual {
		text += " The shortcut loses the same kind of pattern."
	}
	return text
}

// beyondWords says what a pattern does that is none of the paper's.
func beyondWords(b dropout.BlockPattern) string {
	what := fmt.Sprintf("Squares of %g of the map's side", b.Size)
	switch {
	case b.Cells == 1:
		what = "Single cells"
	case b.Cells > 1:
		what = fmt.Sprintf("Squares of %d cells a side", b.Cells)
	case b.Size == 1:
		what = "Whole maps"
	}
	switch b.Aspect {
	case dropout.Row:
		what += ", widened to whole rows,"
	case dropout.Column:
		what += ", lengthened to whole columns,"
	}
	how := fmt.Sprintf(" are lost in a grid, %g of the side apart", b.Stride)
	if b.Scatter > 0 {
		how = fmt.Sprintf(" are lost here and there, about %g %% of all cells", 100*b.Scatter)
	}
	where := map[dropout.Kind]string{dropout.Norm: "at the normalisations", dropout.Hidden: "between the convolutions",
		dropout.Branch: "at the end of the residual branch", dropout.Features: "before the classifier"}[b.Place]
	text := fmt.Sprintf("%s%s, %s.", what, how, where)
	if b.ShareC {
		text += " All channels lose the same cells."
	}
	if b.Residual {
		text += " The shortcut loses the same kind of pattern."
	}
	return text + scheduleWords(b.Schedule)
}

// scheduleWords says how strongly a pattern acts in the course of a training.
func scheduleWords(s dropout.Schedule) string {
	switch s {
	case dropout.Up:
		return " It begins with nothing and grows in the course of the training."
	case dropout.Down:
		return " It fades in the course of the training."
	case dropout.Off:
		return " It stops after three quarters of the training."
	}
	return ""
}

// convWords sums a pattern up.
func convWords(p *dropout.ConvPattern, side int) string {
	blocks, acts, shared, shortcuts := 0, 0, 0, 0
	for i, stage := range p.Stages {
		for j := range stage {
			b := acting(p, i, j)
			blocks++
			if b.Size == 0 {
				continue
			}
			acts++
			if b.ShareC {
				shared++
			}
			if b.Residual {
				shortcuts++
			}
		}
	}
	if acts == 0 {
		return "The pattern drops nothing."
	}
	text := fmt.Sprintf("The pattern drops %s. ", WhereWords(Where(p, side)))
	if acts < blocks {
		text += fmt.Sprintf("It leaves %d of %s alone. ", blocks-acts, words.Count(blocks, "block", "blocks"))
	}
	switch shared {
	case 0:
		text += "Every channel loses cells of its own"
	case acts:
		text += "All channels of a block lose the same cells"
	default:
		text += fmt.Sprintf("All channels lose the same cells in %d of the %d blocks that drop", shared, acts)
	}
	switch shortcuts {
	case 0:
		text += "; shortcuts lose nothing."
	case acts:
		text += "; shortcuts lose cells too."
	default:
		text += fmt.Sprintf("; shortcuts lose cells too in %d of the %d blocks.", shortcuts, acts)
	}
	return text
}
