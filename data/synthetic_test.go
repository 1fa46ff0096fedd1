package data

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
)

func synthetic(t testing.TB, cfg SyntheticConfig) (train, test *Set) {
	t.Helper()
	train, test, err := Synthetic(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}

// The images are part of recorded results: they must never change, and be the
// same on every machine.
func TestSyntheticIsReproducible(t *testing.T) {
	const want = "76622d743dc9ae0470b949db61741331cf4970b55c859f57ebc6325a1e338978"
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		train, test := synthetic(t, SyntheticConfig{Seed: 1, Train: 500, Test: 500})
		h := sha256.New()
		for _, s := range []*Set{train, test} {
			h.Write(s.Images)
			h.Write(s.Labels)
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
			t.Errorf("GOMAXPROCS %d: the images have the hash %s, want %s", procs, got, want)
		}
	}
}

func TestSyntheticIsBalanced(t *testing.T) {
	train, test := synthetic(t, SyntheticConfig{Train: 203, Test: 100})
	if train.Len() != 203 || test.Len() != 100 || len(train.Classes) != 10 {
		t.Fatalf("%d and %d images of %d classes", train.Len(), test.Len(), len(train.Classes))
	}
	for class, n := range counts(train) {
		if n != 20 && n != 21 {
			t.Errorf("class %d has %d of 203 images", class, n)
		}
	}
	if test.Mean != train.Mean || test.Std != train.Std || train.Std[0] < 0.1 {
		t.Errorf("the parts are normalised by %v, %v and %v, %v", train.Mean, train.Std, test.Mean, test.Std)
	}
}

func TestSyntheticDefaults(t *testing.T) {
	train, test := synthetic(t, SyntheticConfig{})
	if train.Len() != 2000 || test.Len() != 4000 {
		t.Errorf("%d and %d images", train.Len(), test.Len())
	}
	same, _ := synthetic(t, SyntheticConfig{Train: 10, Test: 10, Difficulty: StandardDifficulty()})
	if !bytes.Equal(same.Images, train.Images[:len(same.Images)]) {
		t.Error("the standard difficulty is not the default, or images depend on their number")
	}
}

func TestSyntheticImagesAllDiffer(t *testing.T) {
	seen := map[[sha256.Size]byte]string{}
	for seed := range uint64(2) {
		train, test := synthetic(t, SyntheticConfig{Seed: seed, Train: 200, Test: 200})
		for _, s := range []*Set{train, test} {
			for i := range s.Len() {
				name := fmt.Sprintf("%s %d of seed %d", s.Name, i, seed)
				sum := sha256.Sum256(s.Image(i))
				if other, ok := seen[sum]; ok {
					t.Errorf("%s equals %s", name, other)
				}
				seen[sum] = name
			}
		}
	}
}

func TestLabelNoise(t *testing.T) {
	d := StandardDifficulty()
	d.LabelNoise = 0
	clean, cleanTest := synthetic(t, SyntheticConfig{Train: 2000, Test: 100, Difficulty: d})
	d.LabelNoise = 20
	noisy, noisyTest := synthetic(t, SyntheticConfig{Train: 2000, Test: 100, Difficulty: d})
	if !bytes.Equal(clean.Images, noisy.Images) || !bytes.Equal(cleanTest.Labels, noisyTest.Labels) {
		t.Error("label noise changes more than training labels")
	}
	wrong := 0
	for i := range clean.Labels {
		if clean.Labels[i] != noisy.Labels[i] {
			wrong++
		}
	}
	// A tenth of the 400 shuffled labels is right by chance.
	if wrong < 300 || wrong > 420 {
		t.Errorf("%d of 2000 labels are wrong, expected about 360", wrong)
	}
}

// TestPlainDifficulty: nothing but the labels of training images misleads, of which nine
// tenths of 30 % are wrong.
func TestPlainDifficulty(t *testing.T) {
	train, test := synthetic(t, SyntheticConfig{Train: 2000, Test: 100, Difficulty: PlainDifficulty()})
	wrong := 0
	for i, label := range train.Labels {
		if int(label) != i%len(train.Classes) {
			wrong++
		}
	}
	if wrong < 480 || wrong > 600 {
		t.Errorf("%d of 2000 labels are wrong, expected about 540", wrong)
	}
	for i, label := range test.Labels {
		if int(label) != i%len(test.Classes) {
			t.Errorf("test image %d has the label %d", i, label)
		}
	}
	if d := PlainDifficulty(); d.Distractors+d.Occluders > 0 || d.Texture != 100 {
		t.Errorf("plain images have %+v", d)
	}
}

func TestSyntheticRefuses(t *testing.T) {
	change := func(f func(*Difficulty)) SyntheticConfig {
		d := StandardDifficulty()
		f(&d)
		return SyntheticConfig{Difficulty: d}
	}
	for _, test := range []struct {
		cfg  SyntheticConfig
		want string
	}{
		{SyntheticConfig{Train: 9}, "too small"},
		{SyntheticConfig{Test: math.MaxInt}, "too large"},
		{SyntheticConfig{Test: -1}, "too small"},
		{change(func(d *Difficulty) { d.Texture = 101 }), "texture is 101; it must be from 0 to 100"},
		{change(func(d *Difficulty) { d.MaxRadius = d.MinRadius - 1 }), "largest radius"},
		{change(func(d *Difficulty) { d.Noise = -1 }), "noise is -1"},
	} {
		_, _, err := Synthetic(test.cfg)
		checkError(t, err, test.want)
	}
}

// Extremes of the difficulty must neither hang nor break.
func TestSyntheticExtremes(t *testing.T) {
	for _, d := range []Difficulty{
		{Texture: 0, MinRadius: 4, MaxRadius: 4},
		{Texture: 100, MinRadius: 15, MaxRadius: 15, Rotation: 180, Distractors: 10, Occluders: 10,
			Clutter: 100, Contrast: 100, Noise: 127, LabelNoise: 100},
	} {
		synthetic(t, SyntheticConfig{Train: 200, Test: 200, Difficulty: d})
	}
}

// Classes can be told apart: any two outlines, and any two textures, differ in
// a good part of the area of a shape.
func TestShapesAndTexturesDiffer(t *testing.T) {
	differing := func(a, b func(u, v int) bool) int {
		n, total := 0, 0
		for u := -unit; u < unit; u += 64 {
			for v := -unit; v < unit; v += 64 {
				total++
				if a(u, v) != b(u, v) {
					n++
				}
			}
		}
		return 100 * n / total
	}
	for i := range shapes {
		for j := range i {
			if p := differing(shapes[i].inside, shapes[j].inside); p < 10 {
				t.Errorf("%s and %s differ in %d %% of the area", shapes[i].name, shapes[j].name, p)
			}
			if p := differing(textures[i], textures[j]); p < 10 {
				t.Errorf("textures %d and %d differ in %d %% of the area", i, j, p)
			}
		}
	}
	if len(textures) != len(shapes) {
		t.Errorf("%d textures for %d shapes", len(textures), len(shapes))
	}
}

func TestShapesFitTheirFrame(t *testing.T) {
	for _, s := range shapes {
		area := 0
		for u := -2 * unit; u <= 2*unit; u += 64 {
			for v := -2 * unit; v <= 2*unit; v += 64 {
				if s.inside(u, v) {
					area++
					if u*u+v*v > 1300*1300 {
						t.Fatalf("%s reaches to (%d, %d)", s.name, u, v)
					}
				}
			}
		}
		if area < 200 { // of 804 in the circle of radius unit
			t.Errorf("%s covers only %d samples", s.name, area)
		}
	}
}

func TestCosine(t *testing.T) {
	for degrees := -720; degrees <= 720; degrees++ {
		want := math.Round(16384 * math.Cos(float64(degrees)*math.Pi/180))
		if got := cosine(degrees); got != int(want) {
			t.Errorf("cosine(%d) = %d, want %v", degrees, got, want)
		}
	}
}

func TestFrameTurnsAndScales(t *testing.T) {
	f := newFrame(100, 60, 80, 90, 100)
	// A quarter turn clockwise brings the shape's right side (u) to the bottom.
	for _, test := range [][4]int{{100, 60, 0, 0}, {100, 140, unit, 0}, {180, 60, 0, -unit}, {100, 100, unit / 2, 0}} {
		u, v := f.at(test[0], test[1])
		if abs(u-test[2]) > 1 || abs(v-test[3]) > 1 {
			t.Errorf("(%d, %d) lies at (%d, %d), want (%d, %d)", test[0], test[1], u, v, test[2], test[3])
		}
	}
}

func BenchmarkSynthetic(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	images := 0
	for b.Loop() {
		synthetic(b, SyntheticConfig{Train: 500, Test: 500})
		images += 1000
	}
	b.ReportMetric(float64(images)/b.Elapsed().Seconds(), "images/s")
}

// More detail shows the same scenes, smoother: the mean of the pixels that one has
// become is close to it, and the texture still has both of its colours.
func TestSyntheticDetail(t *testing.T) {
	d := StandardDifficulty()
	d.Noise = 0
	coarse, _ := synthetic(t, SyntheticConfig{Train: 20, Test: 10, Difficulty: d})
	fine, _ := synthetic(t, SyntheticConfig{Train: 20, Test: 10, Difficulty: d, Detail: 2})
	if fine.Height != 64 || fine.Width != 64 || !slices.Equal(fine.Labels, coarse.Labels) {
		t.Fatalf("detail 2 gives images of %dx%d pixels", fine.Width, fine.Height)
	}
	off, between := 0, 0
	for i := range coarse.Len() {
		a, b := coarse.Image(i), fine.Image(i)
		for y := range 32 {
			for x := range 32 {
				corner := (2*y*64 + 2*x) * Channels
				right, below := corner+Channels, corner+64*Channels
				mean := (int(b[corner]) + int(b[right]) + int(b[below]) + int(b[below+Channels])) / 4
				if abs(mean-int(a[(y*32+x)*Channels])) > 40 {
					off++
				}
				if b[corner] != b[right] {
					between++
				}
			}
		}
	}
	if pixels := coarse.Len() * 32 * 32; off > pixels/100 || between < pixels/20 {
		t.Errorf("of %d pixels, %d differ from those of more detail and %d have detail", pixels, off, between)
	}
	if _, _, err := Synthetic(SyntheticConfig{Detail: 3}); err == nil {
		t.Error("detail 3 is possible")
	}
}
