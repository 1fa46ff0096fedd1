package train

import (
	"path/filepath"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/safetensors"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/weights"
)

// TestWeightsOfAllModels exports the weights of one model of each kind and imports
// them into another one.
func TestWeightsOfAllModels(t *testing.T) {
	type model interface{ Params() *autograd.Params }
	for name, build := range map[string]func(seed uint64) (model, error){
		"WRN": func(seed uint64) (model, error) {
			return models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10, Seed: seed})
		},
		"ResNet": func(seed uint64) (model, error) {
			return models.NewResNet(models.ResNetConfig{Depth: 50, Channels: 4, Classes: 10, Seed: seed})
		},
		"EfficientNet": func(seed uint64) (model, error) {
			return models.NewEfficientNet(models.EfficientNetConfig{Width: 0.25, Classes: 10, Seed: seed})
		},
		"Transformer-XL": func(seed uint64) (model, error) {
			return models.NewTransformerXL(models.TransformerXLConfig{Vocab: 30, Layers: 2, Width: 8, Heads: 2, HeadWidth: 4, Inner: 8, Cutoffs: []int{10, 20}, Seed: seed})
		},
		"Transformer": func(seed uint64) (model, error) {
			return models.NewTransformer(models.TransformerConfig{SourceVocab: 20, TargetVocab: 30, Layers: 1, Width: 8, Heads: 2, Inner: 8, Seed: seed})
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, err := build(1)
			if err != nil {
				t.Fatal(err)
			}
			to, err := build(2)
			if err != nil {
				t.Fatal(err)
			}
			for i, b := range from.Params().Buffers() {
				b.Data[0] = float32(i) + 0.5
			}
			path := filepath.Join(t.TempDir(), "weights")
			if err := weights.Save(path, from.Params()); err != nil {
				t.Fatal(err)
			}
			if _, err := weights.Load(path, to.Params(), weights.Options{}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(from.Params().Flat(), to.Params().Flat()) {
				t.Error("the parameters differ")
			}
			file, err := safetensors.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range layers.State(to.Params()) {
				if got := file.Tensors[i]; got.Name != want.Name || !slices.Equal(got.Shape, want.Shape) || !slices.Equal(got.Data, want.Data) {
					t.Errorf("the file has %s %v where %s %v belongs", got.Name, got.Shape, want.Name, want.Shape)
				}
			}
			if n := len(from.Params().All()) + len(from.Params().Buffers()); len(file.Tensors) != n {
				t.Errorf("the file has %d arrays, want %d", len(file.Tensors), n)
			}
		})
	}
}
