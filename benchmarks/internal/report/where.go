package report

import (
	"fmt"
	"math"
	"slices"

	"autodropout/benchmarks/internal/words"
	"autodropout/dropout"
)

// Part is a part of a network in words, with the share of it that a pattern is expected to
// drop over a whole training.
type Part struct {
	Name   string // "cells in stage 1", "words"
	Share  float64
	Weight float64 // in a mean over the network
	Layers bool    // of a Transformer: it is in every layer
}

// Where returns the parts of the network that a pattern is for, nil where it is no pattern
// of dropout. Side is as in [DrawPattern].
func Where(pattern fmt.Stringer, side int) []Part {
	switch p := pattern.(type) {
	case *dropout.ConvPattern:
		return convParts(p, side)
	case *dropout.SequencePattern:
		return sequenceParts(p)
	}
	return nil
}

// convParts returns the stages, and the inputs of the classifier where a block drops there.
func convParts(p *dropout.ConvPattern, side int) (parts []Part) {
	classifier, last := 0.0, false
	for i, stage := range p.Stages {
		cells, sum := max(1, side>>i), 0.0
		for j, b := range stage {
			if b.Size > 0 && b.Place == dropout.Features {
				if isLast(p, i, j) {
					classifier, last = b.Share(1, 1), true
				}
				continue
			}
			sum += b.Share(cells, cells)
		}
		parts = append(parts, Part{Name: fmt.Sprintf("cells in stage %d", i+1), Share: sum / float64(len(stage)), Weight: float64(len(stage))})
	}
	if last {
		parts = append(parts, Part{Name: "inputs of the classifier", Share: classifier})
	}
	return parts
}

// isLast reports whether a block is the last of the network: in no other has the place before the
// classifier a meaning.
func isLast(p *dropout.ConvPattern, stage, block int) bool {
	return stage == len(p.Stages)-1 && block == len(p.Stages[stage])-1
}

// sequenceNames says of what the places of a pattern are, in their order.
var sequenceNames = [len(places)]string{"queries", "keys", "values", "attention", "outputs of the attention", "hidden units", "outputs of the feed-forward part",
	"words", "word vectors", "last output"}

// sequenceParts returns the places outside of the layers first, as texts go through them.
func sequenceParts(p *dropout.SequencePattern) (parts []Part) {
	for i, place := range places {
		b := p.Places[i]
		if place.kind == dropout.Words { // each is lost as a whole
			b = dropout.TokenPattern{Size: 1, Drop: b.Drop, Schedule: b.Schedule}
		}
		part := Part{Name: sequenceNames[i], Layers: i < inLayers, Weight: 1}
		if b.Drop > 0 {
			part.Share = b.Share()
		}
		if part.Layers || p.Outside {
			parts = append(parts, part)
		}
	}
	if len(parts) > inLayers {
		parts = append(parts[inLayers:], parts[:inLayers]...)
	}
	return parts
}

// Mean returns the mean share of the parts.
func Mean(parts []Part) float64 {
	sum, weight := 0.0, 0.0
	for _, p := range parts {
		sum += p.Weight * p.Share
		weight += p.Weight
	}
	return sum / weight
}

// WhereWords says what is dropped, and where: "about 12 % of the words and 20 % of the last
// output; nothing in the layers".
func WhereWords(parts []Part) string {
	var inside, outside []Part
	for _, p := range parts {
		if p.Layers {
			inside = append(inside, p)
		} else {
			outside = append(outside, p)
		}
	}
	in, out := shareWords(inside, "of everything"), shareWords(outside, "of the cells in every stage")
	if in+out == "" {
		return "nothing"
	}
	if len(inside) == 0 {
		if !slices.ContainsFunc(outside, func(p Part) bool { return p.Share == 0 }) {
			return "about " + out
		}
		return "about " + out + "; nothing elsewhere"
	}
	switch {
	case in == "":
		return "about " + out + "; nothing in the layers"
	case out != "":
		return "about " + out + "; " + in + " in every layer"
	case len(outside) > 0:
		return "about " + in + " in every layer; nothing before and after them"
	}
	return "about " + in + " in every layer"
}

// shareWords lists parts that something is dropped of, those together that follow each other
// with the same share. Where all have the same it says so of all.
func shareWords(parts []Part, all string) string {
	var said []string
	for i := 0; i < len(parts); {
		share, names := whole(parts[i].Share), []string{parts[i].Name}
		j := i + 1
		for ; j < len(parts) && whole(parts[j].Share) == share; j++ {
			names = append(names, parts[j].Name)
		}
		switch {
		case parts[i].Share == 0:
		case len(names) > 2 && len(names) == len(parts):
			said = append(said, share+" "+all)
		default:
			said = append(said, share+" of the "+words.And(names))
		}
		i = j
	}
	return words.And(said)
}

// whole writes a share in per cent, with two digits at least where it is not 0.
func whole(share float64) string {
	if percent := 100 * share; percent > 0 && percent < 9.95 {
		return fmt.Sprintf("%.2g %%", percent)
	}
	return fmt.Sprintf("%.0f %%", math.Round(100*share))
}
