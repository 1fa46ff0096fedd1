package flops

import (
	"fmt"
	"math"

	"autodropout/models"
)

// Settings are those of a run that the trainings of its trials depend on. They can be read
// from the settings that the run has written: the names are those of its flags.
type Settings struct {
	Pixels                               int // of a side of an image; 0: 32
	Batch, Bptt, Memory, Extended, Heads int // of a Transformer-XL
	Cutoffs                              []int
	SearchInner                          int `toml:"search-inner"`
}

// words are the sizes of vocabularies, by the names of their texts.
var words = map[string]int{"Penn Treebank": 10_000, "WikiText-2": 33_278, "synthetic language": 305}

// Training counts a trial: a network is trained that the search's task names, such as
// "WRN-10-1", on so many images or words of some data for some epochs. It is NaN for
// other networks, and those whose steps vary in size, as in translation.
func (s *Settings) Training(network, data string, units, epochs int) float64 {
	var size, width int
	if _, err := fmt.Sscanf(network, "WRN-%d-%d", &size, &width); err == nil {
		side, classes := 32, 10
		if s.Pixels > 0 {
			side = s.Pixels
		}
		if data == "CIFAR-100" {
			classes = 100
		}
		return float64(units) * float64(epochs) * WRN(size, width, side, classes)
	}
	vocabulary, known := words[data]
	if _, err := fmt.Sscanf(network, "Transformer-XL-%d-%d", &size, &width); err == nil && known && s.Batch > 0 && s.Bptt > 0 && s.Heads > 0 {
		c := models.TransformerXLConfig{Vocab: vocabulary, Layers: size, Width: width, Heads: s.Heads, HeadWidth: width / s.Heads, Inner: s.SearchInner}
		for _, cutoff := range s.Cutoffs {
			if cutoff < vocabulary {
				c.Cutoffs = append(c.Cutoffs, cutoff)
			}
		}
		steps := float64(units) * float64(epochs) / float64(s.Batch*s.Bptt)
		return steps * TransformerXL(c, models.Lengths{Target: s.Bptt, Memory: s.Memory, Extended: s.Extended}, s.Batch)
	}
	return math.NaN()
}
