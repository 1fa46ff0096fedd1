package models_test

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/models"
)

func ExampleNewWRN() {
	m, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	images := autograd.New(2, 32, 32, 3)
	logits := layers.Predict(m, images)
	fmt.Println(m, "has", m.Params().Len(), "parameters; logits", logits.Shape())

	_, err = models.NewWRN(models.WRNConfig{Depth: 27, Width: 10, Classes: 10})
	fmt.Println(err)
	// Output:
	// WRN-10-1 has 77850 parameters; logits [2 10]
	// a WRN has depth 10, 16, 22, 28, ... (6n+4), not 27
}

// A text is read in segments of three words; the memory carries what came before.
func ExampleTransformerXL_Forward() {
	m, err := models.NewTransformerXL(models.TransformerXLConfig{
		Vocab: 100, Layers: 2, Width: 16, Heads: 2, HeadWidth: 8, Inner: 32, PositionProjection: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	lengths := models.Lengths{Target: 3, Memory: 5}
	text := []int{7, 3, 1, 4, 1, 5, 9}
	tape := autograd.NewInference()
	var memory *models.Memory
	for start := 0; start+3 < len(text); start += 3 {
		tape.Reset()
		c := &layers.Ctx{Tape: tape}
		out := m.Forward(c, models.Segment{N: 1, Inputs: text[start : start+3], Targets: text[start+1 : start+4], Memory: memory}, lengths)
		memory = out.Memory
		fmt.Printf("loss %.1f, logits %v, memory of %d words\n", out.Loss.Item(), m.Logits(c, out.Hidden).Shape(), memory.Len)
	}
	fmt.Println(m, "has", m.Params().Len(), "parameters")
	// Output:
	// loss 4.6, logits [3 100], memory of 3 words
	// loss 4.6, logits [3 100], memory of 5 words
	// Transformer-XL-2-16 has 6564 parameters
}

// Translations of a model that has learned nothing yet: none is much more probable
// than another.
func ExampleTransformer_Translate() {
	m, err := models.NewTransformer(models.TransformerConfig{SourceVocab: 20, TargetVocab: 30, Layers: 2, Width: 16, Heads: 2, Inner: 32, End: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	sources := [][]int32{{7, 3, 11, 4}, {5, 2}}
	for i, found := range m.Translate(sources, models.Search{Beam: 4, Best: 2, Penalty: 1, Factor: 1, Extra: 3}) {
		fmt.Println(len(found), "translations of", sources[i], "of at most", len(sources[i])+3, "words")
		fmt.Println("the first is the better one:", found[0].Score >= found[1].Score)
	}
	// Output:
	// 2 translations of [7 3 11 4] of at most 7 words
	// the first is the better one: true
	// 2 translations of [5 2] of at most 5 words
	// the first is the better one: true
}

// A network for photographs, one eighth as wide as the published one.
func ExampleNewResNet() {
	m, err := models.NewResNet(models.ResNetConfig{Depth: 50, Channels: 8, Classes: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Blocks(), "blocks, logits", layers.Predict(m, autograd.New(1, 64, 64, 3)).Shape())
	fmt.Println("the first dropout site is", m.Sites()[0].Name)
	// Output:
	// [3 4 6 3] blocks, logits [1 10]
	// the first dropout site is layer1.0.bn1
}

func ExampleTorchvisionEfficientNet() {
	fmt.Println(models.TorchvisionEfficientNet("features.2.0.block.3.0.weight"))
	// Output: blocks.1.0.conv_pwl.weight
}
