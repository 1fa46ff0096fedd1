package report

import (
	"fmt"

	"autodropout/benchmarks/internal/words"
	"autodropout/dropout"
)

// The size of a drawn mask of a sequence.
const (
	shownTokens   = 48
	shownChannels = 16
)

// places says where the places of a pattern are in the picture of a layer, in the
// order of [dropout.SequencePattern.Places].
var places = [...]struct {
	kind     dropout.Kind
	part     int // 0: attention, 1: feed-forward, 2: outside of the layers
	arc      Arc
	parallel bool
}{
	{dropout.Query, 0, ArcStart, false},
	{dropout.Key, 0, ArcStart, true},
	{dropout.Value, 0, ArcStart, true},
	{dropout.Probability, 0, ArcMiddle, false},
	{dropout.Projection, 0, ArcEnd, false},
	{dropout.Inner, 1, ArcStart, false},
	{dropout.Output, 1, ArcEnd, false},
	{dropout.Words, 2, "", false},
	{dropout.Input, 2, "", false},
	{dropout.Final, 2, "", false},
}

// inLayers is how many of the places are in every layer.
const inLayers = 7

// drawSequence draws a pattern for a Transformer: a row for the attention and one
// for the feed-forward part of a layer. All layers have the same pattern.
func drawSequence(p *dropout.SequencePattern, s dropout.Stream) *Pattern {
	out := &Pattern{Hint: "columns are tokens, in time to the right, and rows channels", Stages: []Stage{{Name: "attention, in every layer"}, {Name: "feed-forward part, in every layer"}}}
	spoken := places[:inLayers]
	if p.Outside {
		spoken = places[:]
		out.Stages = append(out.Stages, Stage{Name: "before the first layer and after the last"})
	}
	for i, place := range spoken {
		l := tokenLayer(p.Places[i], place.kind, s)
		l.Arc, l.Parallel = place.arc, place.parallel
		out.Stages[place.part].Layers = append(out.Stages[place.part].Layers, l)
	}
	out.Words = fmt.Sprintf("The pattern drops %s.", WhereWords(sequenceParts(p)))
	return out
}

func tokenLayer(b dropout.TokenPattern, kind dropout.Kind, s dropout.Stream) Layer {
	const examples = 3
	acts := b
	if kind == dropout.Words { // each is lost as a whole
		acts = dropout.TokenPattern{Size: 1, ShareC: true, Drop: b.Drop}
	}
	l := Layer{
		ID: "layer-" + kind.String(), Name: kind.String(), Label: kind.String(), Box: 64,
		Words: tokenWords(b, kind),
		Drop:  share(func(i int) [][]bool { return acts.Sample(shownTokens, shownChannels, example(s, i)) }),
		Values: []Fact{
			{"size", fmt.Sprint(b.Size)}, {"stride", fmt.Sprint(b.Stride)},
			{"share t", yes(b.ShareT)}, {"share c", yes(b.ShareC)}, {"drop", fmt.Sprint(b.Drop)},
		},
	}
	if b.Schedule != dropout.Constant {
		l.Values = append(l.Values, Fact{"schedule", b.Schedule.String()})
	}
	for e := range examples {
		mask := acts.Sample(shownTokens, shownChannels, example(s, e))
		l.Groups = append(l.Groups, Samples{Name: fmt.Sprintf("sequence %d, time to the right", e+1),
			Masks: []Mask{newMask(shownTokens, shownChannels, func(y, x int) bool { return mask[x][y] })}})
	}
	return l
}

// tokenWords says what a pattern does at a place.
func tokenWords(b dropout.TokenPattern, kind dropout.Kind) string {
	if b.Drop == 0 {
		return "Nothing is dropped here."
	}
	if kind == dropout.Words {
		return fmt.Sprintf("Every word of the table is lost with probability %g, wherever it stands.%s", b.Drop, scheduleWords(b.Schedule))
	}
	tokens, channels := "token", "channels"
	if kind == dropout.Probability {
		tokens, channels = "key", "queries and heads"
	}
	text := fmt.Sprintf("Runs of %s, %d apart, lose elements with probability %g", words.Count(b.Size, tokens, tokens+"s"), b.Stride, b.Drop)
	if b.Stride == 0 {
		text = fmt.Sprintf("All %ss lose elements with probability %g, in runs of %d", tokens, b.Drop, b.Size)
	}
	switch {
	case b.ShareT && b.ShareC:
		text += ": whole runs at a time."
	case b.ShareT:
		text += fmt.Sprintf(", the same %s throughout a run.", channels)
	case b.ShareC:
		text += fmt.Sprintf(", all %s of a %s together.", channels, tokens)
	default:
		text += ", each by itself."
	}
	return text + scheduleWords(b.Schedule)
}
