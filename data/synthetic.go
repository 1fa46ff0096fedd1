package data

import (
	"fmt"
	"math"
	"slices"

	"autodropout/internal/parallel"
	"autodropout/internal/seed"
)

// SyntheticConfig describes a synthetic set. The zero value is the standard one.
type SyntheticConfig struct {
	// Seed gives the images; another seed, other images of the same kind.
	Seed uint64
	// Train and Test are the numbers of images; 0 means 2,000 and 4,000.
	Train, Test int
	// Detail draws the same scenes with this many pixels for one, each way; 0
	// means 1, and 2 and 4 are possible.
	Detail int
	// Difficulty says how hard the set is; its zero value means
	// [StandardDifficulty].
	Difficulty Difficulty
}

// Difficulty holds what makes a synthetic set hard. Percentages are 0..100.
type Difficulty struct {
	// Texture is the percentage of images whose main shape carries the texture
	// of its class; the others carry that of any class.
	Texture int
	// MinRadius and MaxRadius bound the size of the main shape, in pixels.
	MinRadius, MaxRadius int
	// Rotation is the largest turn of the main shape either way, in degrees.
	Rotation int
	// Distractors is the largest number of small foreign shapes in an image.
	Distractors int
	// Occluders is the largest number of bars drawn over the main shape.
	Occluders int
	// Clutter is the contrast of the background's texture, as a percentage.
	Clutter int
	// Contrast is the least difference in brightness (0..255) between the main
	// shape and the background behind it.
	Contrast int
	// Noise is the largest deviation of a pixel value (0..255) by noise.
	Noise int
	// LabelNoise is the percentage of training images whose labels are shuffled
	// among each other, so that nine of ten of these are wrong. Test labels are
	// always right.
	LabelNoise int
}

// StandardDifficulty returns the difficulty that the benchmarks use. Trained on
// 2,000 images of it without augmentation, a small residual network fits all of
// them, wrong labels included, within some thirty epochs, and pays for it on the
// test part.
func StandardDifficulty() Difficulty {
	return Difficulty{
		Texture:     85,
		MinRadius:   8,
		MaxRadius:   13,
		Rotation:    20,
		Distractors: 2,
		Occluders:   2,
		Clutter:     25,
		Contrast:    60,
		Noise:       30,
		LabelNoise:  10,
	}
}

// PlainDifficulty returns the difficulty of images whose labels alone are hard: large
// shapes with the texture of their class and nothing beside or before them, which stay
// clear when images are made small, and shuffled labels for 30 % of the training images.
// Most of a network's error then comes from learning these labels by heart.
func PlainDifficulty() Difficulty {
	return Difficulty{
		Texture:    100,
		MinRadius:  13,
		MaxRadius:  15,
		Rotation:   10,
		Clutter:    10,
		Contrast:   60,
		Noise:      20,
		LabelNoise: 30,
	}
}

const syntheticSize = 32 // height and width of a scene in pixels of detail 1

// Synthetic draws a training and a test set of images of ten classes, of 32x32
// pixels at detail 1. Every
// image shows one large textured shape, whose outline is its class, in front of
// a cluttered background, among small distracting shapes, partly hidden by bars,
// under uneven light, with noise. The texture usually tells the class as well, so
// the evidence is spread over outline and surface and no single part decides.
//
// Both parts follow the same distribution (only training labels may be wrong, by
// Difficulty.LabelNoise) and are balanced. The images are computed with whole
// numbers only: equal configurations give equal bytes on every machine.
func Synthetic(cfg SyntheticConfig) (train, test *Set, err error) {
	if cfg.Train == 0 {
		cfg.Train = 2000
	}
	if cfg.Test == 0 {
		cfg.Test = 4000
	}
	if cfg.Detail == 0 {
		cfg.Detail = 1
	}
	if cfg.Difficulty == (Difficulty{}) {
		cfg.Difficulty = StandardDifficulty()
	}
	if cfg.Train < len(shapes) || cfg.Test < len(shapes) {
		return nil, nil, fmt.Errorf("data: a synthetic set of %d training and %d test images is too small: each part needs at least %d",
			cfg.Train, cfg.Test, len(shapes))
	}
	if !slices.Contains([]int{1, 2, 4}, cfg.Detail) {
		return nil, nil, fmt.Errorf("data: a synthetic set has detail 1, 2 or 4, not %d", cfg.Detail)
	}
	side := syntheticSize * cfg.Detail
	most := min(1<<21, math.MaxInt/8/(side*side*Channels)) // with 32 bits a program has little memory
	if cfg.Train > most || cfg.Test > most {
		return nil, nil, fmt.Errorf("data: a synthetic set of %d training and %d test images is too large: each part has at most %d", cfg.Train, cfg.Test, most)
	}
	if err := cfg.Difficulty.check(); err != nil {
		return nil, nil, err
	}
	train = drawSet("synthetic training", cfg, 0, cfg.Train)
	test = drawSet("synthetic test", cfg, 1, cfg.Test)
	train.setMoments()
	test.Mean, test.Std = train.Mean, train.Std
	train.mislabel(cfg.Seed, cfg.Difficulty.LabelNoise)
	return train, test, nil
}

func (d Difficulty) check() error {
	for _, f := range []struct {
		name        string
		value       int
		least, most int
	}{
		{"texture", d.Texture, 0, 100},
		{"least radius", d.MinRadius, 4, 15},
		{"largest radius", d.MaxRadius, d.MinRadius, 15},
		{"rotation", d.Rotation, 0, 180},
		{"number of distractors", d.Distractors, 0, 10},
		{"number of occluders", d.Occluders, 0, 10},
		{"clutter", d.Clutter, 0, 100},
		{"contrast", d.Contrast, 0, 100},
		{"noise", d.Noise, 0, 127},
		{"label noise", d.LabelNoise, 0, 100},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("data: a synthetic set's %s is %d; it must be from %d to %d", f.name, f.value, f.least, f.most)
		}
	}
	return nil
}

func drawSet(name string, cfg SyntheticConfig, part uint64, n int) *Set {
	side := syntheticSize * cfg.Detail
	s := &Set{
		Name:   name,
		Height: side,
		Width:  side,
		Images: make([]uint8, n*side*side*Channels),
		Labels: make([]uint8, n),
	}
	for _, shape := range shapes {
		s.Classes = append(s.Classes, shape.name)
	}
	parallel.Range(n, 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			class := i % len(shapes)
			s.Labels[i] = uint8(class)
			drawScene(s.Image(i), seed.New(cfg.Seed, "synthetic", part, uint64(i)), cfg, class)
		}
	})
	return s
}

// mislabel shuffles the labels of percent of the images among each other, which
// leaves the classes as large as they were.
func (s *Set) mislabel(base uint64, percent int) {
	images := seed.New(base, "label noise").Perm(s.Len())[:s.Len()*percent/100]
	labels := make([]uint8, len(images))
	for k, i := range images {
		labels[k] = s.Labels[i]
	}
	for k, i := range images {
		s.Labels[i] = labels[(k+1)%len(labels)]
	}
}
