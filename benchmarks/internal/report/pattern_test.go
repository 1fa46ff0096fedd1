package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/dropout"
)

// cells reads a drawn mask back: true where a cell is dropped.
func cells(t *testing.T, m Mask) [][]bool {
	t.Helper()
	rows := make([][]bool, m.Height)
	for i := range rows {
		rows[i] = make([]bool, m.Width)
	}
	for _, stroke := range strings.Split(m.Path, "M")[1:] {
		var x, y, n int
		if _, err := fmt.Sscanf(strings.Replace(stroke, ".5h", " ", 1), "%d %d %d", &x, &y, &n); err != nil {
			t.Fatalf("stroke %q: %v", stroke, err)
		}
		for i := range n {
			rows[y][x+i] = true
		}
	}
	return rows
}

func TestDrawConv(t *testing.T) {
	stream := dropout.Stream{Seed: 7}
	own := dropout.BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 8}
	shared := dropout.BlockPattern{Size: 0.5, Stride: 0.25, Repeat: 1, ShareC: true, Residual: true, Rotate: 15}
	p := DrawPattern(&dropout.ConvPattern{Stages: [][]dropout.BlockPattern{{own, {}}, {shared}}}, 32, stream)
	first, none, last := p.Stages[0].Layers[0], p.Stages[0].Layers[1], p.Stages[1].Layers[0]
	if math.Abs(first.Drop-0.25) > 0.01 || none.Drop != 0 || none.Percent() != "nothing" {
		t.Errorf("the layers drop %v and %v", first.Drop, none.Drop)
	}
	if first.Shortcut || none.Shortcut || !last.Shortcut {
		t.Error("only the last block drops at its shortcut")
	}
	for c, mask := range first.Groups[1].Masks { // of the second image
		sample := stream
		sample.Example++
		want := own.Sample(32, 32, c, sample)
		for y, row := range cells(t, mask) {
			for x, dropped := range row {
				if dropped == want[y][x] {
					t.Fatalf("channel %d: cell %d, %d is drawn wrong", c, y, x)
				}
			}
		}
	}
	if masks := last.Groups[0].Masks; masks[0].Width != 16 || masks[0].Path != masks[3].Path || first.Groups[0].Masks[0].Path == first.Groups[0].Masks[1].Path {
		t.Error("channels share a pattern where they should not, or the other way round")
	}
	for words, wants := range map[string][]string{
		p.Words:     {"% of the cells in stage 1 and ", "% of the cells in stage 2.", "leaves 1 of 3 blocks alone", "same cells in 1 of the 2 blocks that drop", "too in 1 of the 2 blocks."},
		first.Words: {"8 cells a side", "8 cells apart", "all over the map", "cells of its own"},
		none.Words:  {"Nothing"},
		last.Words:  {"One square of 8 cells", "rotated by 15°", "same cells", "shortcut"},
	} {
		for _, want := range wants {
			if !strings.Contains(words, want) {
				t.Errorf("%q does not say %q", words, want)
			}
		}
	}
}

func TestDrawSequence(t *testing.T) {
	pattern := &dropout.SequencePattern{}
	for i := range pattern.Places {
		pattern.Places[i] = dropout.TokenPattern{Size: 1}
	}
	pattern.Places[0] = dropout.TokenPattern{Size: 1, Drop: 0.5}
	pattern.Places[6] = dropout.TokenPattern{Size: 4, Stride: 4, ShareT: true, ShareC: true, Drop: 0.5}
	p := DrawPattern(pattern, 0, dropout.Stream{})
	var names []string
	for _, stage := range p.Stages {
		for _, l := range stage.Layers {
			names = append(names, l.Name)
		}
	}
	if got := strings.Join(names, " "); got != "query key value probability projection inner output" {
		t.Errorf("the places are %s", got)
	}
	query, output := p.Stages[0].Layers[0], p.Stages[1].Layers[1]
	if math.Abs(query.Drop-0.5) > 0.02 || math.Abs(output.Drop-0.25) > 0.05 || p.Stages[0].Layers[1].Drop != 0 {
		t.Errorf("the places drop %v and %v", query.Drop, output.Drop)
	}
	want := pattern.Places[6].Sample(shownTokens, shownChannels, dropout.Stream{})
	for y, row := range cells(t, output.Groups[0].Masks[0]) {
		for x, dropped := range row {
			if dropped == want[x][y] {
				t.Fatalf("channel %d of token %d is drawn wrong", y, x)
			}
		}
	}
	if p.Words != "The pattern drops about 50 % of the queries and 25 % of the outputs of the feed-forward part in every layer." || !strings.Contains(output.Words, "whole runs") || !strings.Contains(query.Words, "each by itself") {
		t.Errorf("the words are %q, %q, %q", p.Words, query.Words, output.Words)
	}
}

// TestDrawWhereItActs: before the classifier the last block drops single values, and other blocks
// drop nothing. Words are lost as wholes, whatever the other choices are.
func TestDrawWhereItActs(t *testing.T) {
	grid := dropout.BlockPattern{Size: 0.25, Stride: 1, Repeat: 1, Place: dropout.Features}
	p := DrawPattern(&dropout.ConvPattern{Stages: [][]dropout.BlockPattern{{grid}, {grid}}}, 32, dropout.Stream{})
	first, last := p.Stages[0].Layers[0], p.Stages[1].Layers[0]
	if first.Drop != 0 || first.Words != "Nothing is dropped here." || math.Abs(last.Drop-0.25) > 0.2 {
		t.Errorf("the blocks drop %v (%s) and %v (%s)", first.Drop, first.Words, last.Drop, last.Words)
	}
	if !strings.Contains(p.Words, "25 % of the inputs of the classifier") || !strings.Contains(p.Words, "leaves 1 of 2 blocks alone") {
		t.Errorf("the words are %q", p.Words)
	}
	pattern := &dropout.SequencePattern{Outside: true}
	for i := range pattern.Places {
		pattern.Places[i] = dropout.TokenPattern{Size: 1, Stride: 3}
	}
	pattern.Places[7].Drop = 0.5
	words := DrawPattern(pattern, 0, dropout.Stream{}).Stages[2].Layers[0]
	channels := cells(t, words.Groups[0].Masks[0])
	if math.Abs(words.Drop-0.5) > 0.05 || !slices.Equal(channels[0], channels[1]) {
		t.Errorf("%v of the %s are dropped, in one channel %v, in the next %v", words.Drop, words.Name, channels[0], channels[1])
	}
}

type choices struct{}

func (choices) String() string { return "lr 0.1" }

// TestChoices: what is no pattern of dropout has no picture, and says what it is.
func TestChoices(t *testing.T) {
	p := DrawPattern(choices{}, 32, dropout.Stream{})
	if p.Words != "lr 0.1" || p.Stages != nil || Picture(choices{}, 32, dropout.Stream{}) != nil {
		t.Errorf("choices are drawn as %+v", p)
	}
	var page strings.Builder
	if err := (&Page{Pattern: p, Outputs: []Fact{{"trial 1", "a < b"}}}).Write(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"What was chosen", "lr 0.1", "The choices as JSON", "a &lt; b"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if strings.Contains(page.String(), "Choose a layer") {
		t.Error("the page speaks of layers")
	}
}
