package imaging

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noise returns an image in which every operation shows.
func noise(width, height int) Image {
	rng := rand.New(rand.NewPCG(1, 2))
	m := New(width, height)
	for i := range m.Pix {
		m.Pix[i] = uint8(10 + rng.IntN(236))
	}
	return m
}

func TestEachVariationChangesAnImage(t *testing.T) {
	if len(variations) != 15 {
		t.Errorf("there are %d variations, want 15", len(variations))
	}
	rng := rand.New(rand.NewPCG(3, 4))
	src := noise(32, 32)
	for i, operation := range variations {
		dst := New(32, 32)
		operation(dst, src, 0.8, rng)
		if slices.Equal(dst.Pix, src.Pix) {
			t.Errorf("variation %d left the image as it was", i)
		}
	}
}

// TestRandAugmentRate compares how many images change with what the method says:
// an operation is done with probability 1/2 on average, since p is from 0.2 to 0.8.
func TestRandAugmentRate(t *testing.T) {
	const images = 4000
	src, spare := noise(8, 8), New(8, 8)
	unchanged := 0
	for i := range images {
		m := Image{src.Width, src.Height, slices.Clone(src.Pix)}
		RandAugment{Operations: 1, Magnitude: 8}.Apply(m, spare, rand.New(rand.NewPCG(5, uint64(i))))
		if slices.Equal(m.Pix, src.Pix) {
			unchanged++
		}
	}
	// Five standard deviations of a binomial count.
	if slack := 5 * math.Sqrt(images*0.25); math.Abs(float64(unchanged)-images/2) > slack {
		t.Errorf("%d of %d images were left as they were, want %d ± %.0f", unchanged, images, images/2, slack)
	}
}

func TestRandAugmentRepeats(t *testing.T) {
	a, b, spare := noise(20, 12), noise(20, 12), New(20, 12)
	AuthorsRandAugment.Apply(a, spare, rand.New(rand.NewPCG(7, 8)))
	AuthorsRandAugment.Apply(b, spare, rand.New(rand.NewPCG(7, 8)))
	if !slices.Equal(a.Pix, b.Pix) {
		t.Error("the same numbers gave another image")
	}
	RandAugment{}.Apply(b, spare, rand.New(rand.NewPCG(9, 9)))
	if !slices.Equal(a.Pix, b.Pix) {
		t.Error("no operations changed the image")
	}
}

func TestEnhancementsAtTheirOrigin(t *testing.T) {
	src, dst := noise(9, 7), New(9, 7)
	for name, operation := range map[string]func(dst, src Image, factor float32){
		"Color": color, "Contrast": contrast, "Brightness": brightness, "Sharpness": sharpness,
	} {
		if operation(dst, src, 1); !slices.Equal(dst.Pix, src.Pix) {
			t.Errorf("%s by 1 changed the image", name)
		}
	}
}

func BenchmarkRandAugment(b *testing.B) {
	m, spare := noise(32, 32), New(32, 32)
	rng := rand.New(rand.NewPCG(1, 1))
	for b.Loop() {
		AuthorsRandAugment.Apply(m, spare, rng)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
