package imaging

import "math/rand/v2"

// RandAugment varies images by some of fifteen operations drawn at random, all
// at one magnitude (Cubuk et al., arXiv 1909.13719). The operations, their ranges
// and the chance of each are those of the code of AutoDropout's first author,
// which the paper does not repeat; sizes in pixels, made for images of 32 pixels
// there, grow with the image.
type RandAugment struct {
	// Operations is how many operations are drawn for an image; 0 is none.
	Operations int
	// Magnitude is how strong they are: 10 is the end of the usual range.
	Magnitude float64
}

// The two settings published for CIFAR-10.
var (
	// AuthorsRandAugment is that of the code of AutoDropout's first author.
	AuthorsRandAugment = RandAugment{Operations: 2, Magnitude: 17}
	// PaperRandAugment is that of the RandAugment paper for WRN-28-10.
	PaperRandAugment = RandAugment{Operations: 3, Magnitude: 5}
)

// Apply varies m in place. Each operation drawn is done with one probability, which
// is drawn for the image from 0.2 to 0.8. spare is memory for an image of the
// same size.
func (r RandAugment) Apply(m, spare Image, rng *rand.Rand) {
	sameSize("RandAugment", spare, m)
	apart("RandAugment", spare, m)
	p := 0.2 + 0.6*rng.Float64()
	for range r.Operations {
		operation := variations[rng.IntN(len(variations))]
		if rng.Float64() < p {
			operation(spare, m, r.Magnitude/10, rng)
			copy(m.Pix, spare.Pix)
		}
	}
}

// variations are the operations at strength times the end of their usual range.
var variations = [...]func(dst, src Image, strength float64, rng *rand.Rand){
	func(dst, src Image, _ float64, _ *rand.Rand) { autoContrast(dst, src) },
	func(dst, src Image, _ float64, _ *rand.Rand) { equalize(dst, src) },
	func(dst, src Image, _ float64, _ *rand.Rand) { invert(dst, src) },
	func(dst, src Image, s float64, rng *rand.Rand) { rotate(dst, src, eitherWay(30*s, rng), grey) },
	func(dst, src Image, s float64, _ *rand.Rand) { posterize(dst, src, int(4*s)) },
	func(dst, src Image, s float64, _ *rand.Rand) { solarize(dst, src, int(256*s)) },
	func(dst, src Image, s float64, _ *rand.Rand) { color(dst, src, enhancement(s)) },
	func(dst, src Image, s float64, _ *rand.Rand) { contrast(dst, src, enhancement(s)) },
	func(dst, src Image, s float64, _ *rand.Rand) { brightness(dst, src, enhancement(s)) },
	func(dst, src Image, s float64, _ *rand.Rand) { sharpness(dst, src, enhancement(s)) },
	func(dst, src Image, s float64, rng *rand.Rand) { shearX(dst, src, eitherWay(0.3*s, rng), grey) },
	func(dst, src Image, s float64, rng *rand.Rand) { shearY(dst, src, eitherWay(0.3*s, rng), grey) },
	func(dst, src Image, s float64, rng *rand.Rand) {
		translate(dst, src, eitherWay(float64(src.Width)/8*s, rng), 0, grey)
	},
	func(dst, src Image, s float64, rng *rand.Rand) {
		translate(dst, src, 0, eitherWay(float64(src.Height)/8*s, rng), grey)
	},
	blank,
}

func enhancement(strength float64) float32 { return float32(1.8*strength + 0.1) }

// eitherWay is v or -v.
func eitherWay(v float64, rng *rand.Rand) float64 {
	if rng.IntN(2) == 1 {
		return -v
	}
	return v
}

// blank covers a square at a random place, up to five eighths of the image wide.
// Its range is not published with the others; this is UDA's.
func blank(dst, src Image, strength float64, rng *rand.Rand) {
	copy(dst.Pix, src.Pix)
	side := int(0.625 * strength * float64(min(src.Width, src.Height)))
	blankSquare(dst, rng.IntN(src.Width), rng.IntN(src.Height), side, grey)
}
