package models

import (
	"fmt"
	"slices"
	"strings"

	"autodropout/dropout"
	"autodropout/layers"
)

// Photographic is a network for photographs.
type Photographic interface {
	layers.Model
	fmt.Stringer

	Blocks() []int         // number of residual blocks in each stage
	Sites() []dropout.Site // where dropout may act
	Pixels() int           // height and width of the images that it was made for
}

// PhotographNames are the names that [NewPhotographic] knows.
var PhotographNames = []string{
	"resnet-18", "resnet-34", "resnet-50", "resnet-101", "efficientnet-b0", "efficientnet-b1", "efficientnet-b2",
	"efficientnet-b3", "efficientnet-b4", "efficientnet-b5", "efficientnet-b6", "efficientnet-b7",
}

// NewPhotographic returns a network by its name, with initial weights of a seed. channels are those after
// the first convolution, and in an EfficientNet those of B0: the larger ones multiply all widths by a factor,
// in multiples of 8, so that 32 become 48 in EfficientNet-B4. 0 is the published number, 64 for a ResNet and
// 32 for an EfficientNet. It is an error when the name is none of [PhotographNames].
func NewPhotographic(name string, channels, classes int, seed uint64) (Photographic, error) {
	if !slices.Contains(PhotographNames, name) {
		return nil, fmt.Errorf("there is no network %q: take one of %s", name, strings.Join(PhotographNames, ", "))
	}
	if depth, ok := strings.CutPrefix(name, "resnet-"); ok {
		config := ResNetConfig{Channels: channels, Classes: classes, Seed: seed}
		fmt.Sscan(depth, &config.Depth)
		return NewResNet(config)
	}
	const published = 32
	config := EfficientNetConfig{Width: float64(channels) / published, Classes: classes, Seed: seed}
	fmt.Sscanf(name, "efficientnet-b%d", &config.Version)
	return NewEfficientNet(config)
}

// Pixels returns the height and width of the images it was made for.
func (m *ResNet) Pixels() int { return 224 }
