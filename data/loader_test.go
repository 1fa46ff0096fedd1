package data

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"testing"
	"time"

	"autodropout/data/imaging"
	"autodropout/internal/golden"
	"autodropout/internal/seed"
)

// seen is what a test keeps of the batches of a loop.
type seen struct {
	examples [][]int
	labels   []int
	images   map[int][]float32 // by place in the set
}

func collect(batches func(yield func(*Batch) bool)) seen {
	s := seen{images: map[int][]float32{}}
	for b := range batches {
		s.examples = append(s.examples, slices.Clone(b.Examples))
		s.labels = append(s.labels, b.Y...)
		size := len(b.X) / len(b.Y)
		for j, i := range b.Examples {
			s.images[i] = slices.Clone(b.X[j*size : (j+1)*size])
		}
	}
	return s
}

func newLoader(t testing.TB, s Source, cfg LoaderConfig) *Loader {
	t.Helper()
	l, err := NewLoader(s, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newOrdered(t testing.TB, s Source, batch int) *Loader {
	t.Helper()
	l, err := NewOrdered(s, batch)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func tableOf(s Source) *normaliser {
	header := s.Header()
	return newNormaliser(&header)
}

func TestEpochHoldsEveryImageOnce(t *testing.T) {
	s := tinySet(25)
	l := newLoader(t, s, LoaderConfig{Batch: 10, Seed: 1})
	got := collect(l.Epoch(t.Context(), 0, 0))
	if l.Batches() != 3 || len(got.examples) != 3 || len(got.examples[2]) != 5 {
		t.Fatalf("batches %v, said to be %d; want 10 + 10 + 5", got.examples, l.Batches())
	}
	all := slices.Concat(got.examples...)
	for j, i := range all {
		if got.labels[j] != int(s.Labels[i]) {
			t.Errorf("image %d has label %d, want %d", i, got.labels[j], s.Labels[i])
		}
		want := (float32(i)/255 - s.Mean[0]) / s.Std[0]
		if got.images[i][0] != want {
			t.Errorf("image %d starts with %v, want %v", i, got.images[i][0], want)
		}
	}
	if slices.IsSorted(all) {
		t.Error("the order is not shuffled")
	}
	if slices.Equal(all, slices.Concat(collect(l.Epoch(t.Context(), 1, 0)).examples...)) {
		t.Error("two epochs have the same order")
	}
	slices.Sort(all)
	for i, j := range all {
		if i != j {
			t.Fatalf("image %d is missing or doubled", i)
		}
	}
}

func TestDropLast(t *testing.T) {
	l := newLoader(t, tinySet(25), LoaderConfig{Batch: 10, DropLast: true})
	if got := collect(l.Epoch(t.Context(), 0, 0)); l.Batches() != 2 || len(got.examples) != 2 {
		t.Errorf("%d batches, said to be %d; want 2", len(got.examples), l.Batches())
	}
}

// What an image becomes depends on the seed, the epoch and the image alone.
func TestAugmentationIgnoresBatchesAndCores(t *testing.T) {
	train, _, err := Synthetic(SyntheticConfig{Train: 60, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	cfg := LoaderConfig{Batch: 7, Seed: 5, Augment: Augment{Flip: true, Pad: 4, Cutout: 8}}
	want := collect(newLoader(t, train, cfg).Epoch(t.Context(), 2, 0))
	same := func(got seen) bool {
		for i, x := range want.images {
			if !slices.Equal(got.images[i], x) {
				return false
			}
		}
		return len(got.images) == len(want.images)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(procs)
		for _, batch := range []int{1, 7, 32, 100} {
			cfg.Batch = batch
			if !same(collect(newLoader(t, train, cfg).Epoch(t.Context(), 2, 0))) {
				t.Errorf("GOMAXPROCS %d, batch %d: other images", procs, batch)
			}
		}
	}
	if same(collect(newLoader(t, train, cfg).Epoch(t.Context(), 3, 0))) {
		t.Error("two epochs have the same augmentation")
	}
	cfg.Seed++
	if same(collect(newLoader(t, train, cfg).Epoch(t.Context(), 2, 0))) {
		t.Error("two seeds give the same augmentation")
	}
}

func TestVariationsShareTheOrder(t *testing.T) {
	train, _, err := Synthetic(SyntheticConfig{Train: 60, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	cfg := LoaderConfig{Batch: 20, Seed: 5, Augment: StandardAugment()}
	first := collect(newLoader(t, train, cfg).Epoch(t.Context(), 2, 0))
	cfg.Variation = 1
	second := collect(newLoader(t, train, cfg).Epoch(t.Context(), 2, 0))
	if !slices.EqualFunc(first.examples, second.examples, slices.Equal) {
		t.Error("the order differs")
	}
	same := 0
	for i, x := range first.images {
		if slices.Equal(x, second.images[i]) {
			same++
		}
	}
	if same > 5 { // of 162 ways each is as likely
		t.Errorf("%d of 60 images are varied alike", same)
	}
}

func TestRandAugmentIsApplied(t *testing.T) {
	train, _, err := Synthetic(SyntheticConfig{Train: 10, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	table, before := tableOf(train), slices.Clone(train.Images)
	var memory scratch
	for i := range train.Len() {
		got, want := make([]float32, train.imageSize()), make([]float32, train.imageSize())
		Augment{RandAugment: imaging.PaperRandAugment, Flip: true}.apply(got, train.Image(i), 32, 32, table, seed.New(uint64(i), "test"), false, &memory)
		rng := seed.New(uint64(i), "test")
		image := imaging.Image{Width: 32, Height: 32, Pix: slices.Clone(train.Image(i))}
		imaging.PaperRandAugment.Apply(image, imaging.New(32, 32), rng)
		Augment{Flip: true}.apply(want, image.Pix, 32, 32, table, rng, false, nil)
		if !slices.Equal(got, want) {
			t.Errorf("image %d differs from one that RandAugment was applied to before", i)
		}
	}
	if !slices.Equal(train.Images, before) {
		t.Error("the set was changed")
	}
}

func TestEveryImageIsVariedOnItsOwn(t *testing.T) {
	train, _, err := Synthetic(SyntheticConfig{Train: 10, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	twins := *train
	twins.Images = bytes.Repeat(train.Image(0), 10)
	l := newLoader(t, &twins, LoaderConfig{Batch: 10, Augment: Augment{Pad: 8}})
	var kinds [][]float32
	for _, x := range collect(l.Epoch(t.Context(), 0, 0)).images {
		if !slices.ContainsFunc(kinds, func(k []float32) bool { return slices.Equal(k, x) }) {
			kinds = append(kinds, x)
		}
	}
	if len(kinds) < 7 {
		t.Errorf("ten equal images became only %d different ones", len(kinds))
	}
}

func TestEpochResumes(t *testing.T) {
	l := newLoader(t, tinySet(45), LoaderConfig{Batch: 10, Seed: 3, Augment: StandardAugment()})
	whole := collect(l.Epoch(t.Context(), 4, 0))
	rest := collect(l.Epoch(t.Context(), 4, 3))
	if len(rest.examples) != 2 {
		t.Fatalf("%d batches are left after 3 of 5", len(rest.examples))
	}
	for k, examples := range rest.examples {
		if !slices.Equal(examples, whole.examples[3+k]) {
			t.Errorf("batch %d differs after resuming", 3+k)
		}
	}
	for i, x := range rest.images {
		if !slices.Equal(x, whole.images[i]) {
			t.Errorf("image %d differs after resuming", i)
		}
	}
	for range l.Epoch(t.Context(), 4, 5) {
		t.Error("an epoch that is over has another batch")
	}
}

func TestBatchesWalksInOrder(t *testing.T) {
	s := tinySet(25)
	got := collect(newOrdered(t, s, 10).Epoch(t.Context(), 0, 0))
	for j, i := range slices.Concat(got.examples...) {
		if i != j {
			t.Fatalf("image %d comes at place %d", i, j)
		}
		if want := (float32(i)/255 - s.Mean[2]) / s.Std[2]; got.images[i][47] != want {
			t.Errorf("image %d ends with %v, want %v", i, got.images[i][47], want)
		}
	}
	if len(got.examples) != 3 {
		t.Errorf("%d batches, want 3", len(got.examples))
	}
}

func TestBatchShape(t *testing.T) {
	index := 0
	for b := range newOrdered(t, tinySet(25), 10).Epoch(t.Context(), 0, 0) {
		n := min(10, 25-10*index)
		if b.Index != index || !slices.Equal(b.Shape, []int{n, 4, 4, 3}) || len(b.X) != n*48 || len(b.Y) != n {
			t.Errorf("batch %d: index %d, shape %v, %d values, %d labels", index, b.Index, b.Shape, len(b.X), len(b.Y))
		}
		index++
	}
}

func TestLoopsLeaveNoGoroutines(t *testing.T) {
	s := tinySet(200)
	l := newLoader(t, s, LoaderConfig{Batch: 3, Augment: StandardAugment()})
	collect(l.Epoch(t.Context(), 0, 0)) // starts the pool, which stays
	before := runtime.NumGoroutine()
	for _, test := range []struct {
		name string
		loop func()
	}{
		{"break", func() {
			for range l.Epoch(t.Context(), 0, 0) {
				break
			}
		}},
		{"cancel", func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			for range l.Epoch(ctx, 0, 0) {
				n++
				cancel()
			}
			if n != 1 {
				t.Errorf("%d batches came, want no more after cancelling in the first", n)
			}
		}},
		{"cancelled before", func() {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for range l.Epoch(ctx, 0, 0) {
				t.Error("a batch came from a cancelled loop")
			}
		}},
		{"panic", func() {
			defer func() { recover() }()
			for range l.Epoch(t.Context(), 0, 0) {
				panic("body")
			}
		}},
	} {
		for range 20 {
			test.loop()
		}
		// A goroutine that has done its last deed may take a moment to be gone.
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if after := runtime.NumGoroutine(); after > before {
			t.Errorf("%s: %d goroutines, %d before", test.name, after, before)
		}
	}
}

func TestWaitedCountsTheTrainersTime(t *testing.T) {
	l := newLoader(t, tinySet(100), LoaderConfig{Batch: 10})
	start := time.Now()
	for range l.Epoch(t.Context(), 0, 0) {
		time.Sleep(5 * time.Millisecond) // training
	}
	total := time.Since(start)
	if l.Waited() <= 0 || l.Waited() > total-50*time.Millisecond {
		t.Errorf("waited %v of %v", l.Waited(), total)
	}
}

func TestNewLoaderRefuses(t *testing.T) {
	for _, test := range []struct {
		set  *Set
		cfg  LoaderConfig
		want string
	}{
		{tinySet(0), LoaderConfig{Batch: 1}, "no images"},
		{tinySet(5), LoaderConfig{}, "a batch of 0 images"},
		{tinySet(5), LoaderConfig{Batch: math.MaxInt}, "make it smaller"},
		{tinySet(5), LoaderConfig{Batch: 6, DropLast: true}, "never fills"},
		{tinySet(5), LoaderConfig{Batch: 1, Augment: Augment{Pad: -1}}, "negative"},
		{tinySet(5), LoaderConfig{Batch: 1, Augment: Augment{RandAugment: imaging.RandAugment{Operations: -1}}}, "negative"},
		{tinySet(5), LoaderConfig{Batch: 1, Augment: Augment{Pad: 4, Reflect: true}}, "less than a side"},
		{tinySet(5), LoaderConfig{Batch: 1, Augment: Augment{Alternate: true}}, "need Flip"},
	} {
		_, err := NewLoader(test.set, test.cfg)
		checkError(t, err, test.want)
	}
}

// A set that a program has made may lack something.
func TestNewLoaderRefusesIncompleteSets(t *testing.T) {
	const huge = 1 << (bits.UintSize / 2) // whose square is 0
	for want, change := range map[string]func(s *Set){
		"has images of 0 rows":               func(s *Set) { s.Height = 0 },
		"columns, whose shorter":             func(s *Set) { s.Width = -1 },
		"at most 16384 of each":              func(s *Set) { s.Width, s.Height = huge, huge },
		"the standard deviation 0: give":     func(s *Set) { s.Std[1] = 0 },
		"channel 2 of tiny has the mean NaN": func(s *Set) { s.Mean[2] = float32(math.NaN()) },
	} {
		s := tinySet(5)
		change(s)
		_, err := NewLoader(s, LoaderConfig{Batch: 1})
		checkError(t, err, want)
	}
	_, err := Resized(tinySet(5), huge, huge, imaging.Bilinear)
	checkError(t, err, "too large")
	s := tinySet(5)
	s.Images = s.Images[:len(s.Images)-1]
	l := newLoader(t, s, LoaderConfig{Batch: 5})
	for range l.Epoch(t.Context(), 0, 0) {
		t.Error("an image that is not there is in a batch")
	}
	checkError(t, l.Err(), "tiny has 5 labels, and image 4 of 4x4 pixels would end at element 240 of Images, which has 239")
}

func TestAugmentIsNormalisedWithoutVariation(t *testing.T) {
	s := tinySet(3)
	table := tableOf(s)
	plain, varied := make([]float32, 48), make([]float32, 48)
	table.apply(plain, s.Image(1))
	Augment{}.apply(varied, s.Image(1), 4, 4, table, seed.New(1, "test"), false, nil)
	if !slices.Equal(plain, varied) {
		t.Error("the zero Augment changes an image")
	}
}

// pixelSet has one image whose pixel (y, x) has red 8*y+x+1.
func pixelSet() *Set {
	s := &Set{Height: 8, Width: 8, Labels: []uint8{0}, Std: [Channels]float32{1, 1, 1}}
	for i := range 64 {
		s.Images = append(s.Images, uint8(i+1), 0, 0)
	}
	return s
}

func TestFlipAndCrop(t *testing.T) {
	for _, a := range []Augment{{Flip: true, Pad: 2}, {Flip: true, Pad: 2, Reflect: true}} {
		t.Run(fmt.Sprint(a.Reflect), func(t *testing.T) { checkFlipAndCrop(t, a) })
	}
}

func checkFlipAndCrop(t *testing.T, a Augment) {
	s := pixelSet()
	table := tableOf(s)
	// What PyTorch's padding by reflection makes of the image.
	padded := golden.Load(t, "testdata/augment/augment.safetensors").Ints("reflected")
	shifts := map[[3]int]int{}
	for k := range uint64(2000) {
		x := make([]float32, 8*8*Channels)
		a.apply(x, s.Image(0), 8, 8, table, seed.New(k, "test"), false, nil)
		at := func(y, x2 int) int { return int(math.Round(float64(x[(y*8+x2)*Channels]) * 255)) }
		// A pixel of the middle is always inside: it tells shift and direction.
		v := at(4, 4) - 1
		flip := 0
		if at(4, 5) < at(4, 4) {
			flip = 1
		}
		down, right := v/8-4, v%8-4
		if flip == 1 {
			right = v%8 - 3
		}
		shifts[[3]int{flip, down, right}]++
		for y := range 8 {
			for col := range 8 {
				from := col
				if flip == 1 {
					from = 7 - col
				}
				sy, sx, want := y+down, from+right, 0
				if a.Reflect {
					want = padded[(sy+2)*12+sx+2]
				} else if sy >= 0 && sy < 8 && sx >= 0 && sx < 8 {
					want = 8*sy + sx + 1
				}
				if at(y, col) != want {
					t.Fatalf("flip %d, shift %d %d: pixel (%d, %d) is %d, want %d", flip, down, right, y, col, at(y, col), want)
				}
			}
		}
	}
	if len(shifts) != 2*5*5 {
		t.Errorf("%d kinds of crops, want 50", len(shifts))
	}
	for kind, n := range shifts {
		if n < 15 || n > 75 { // 40 are expected
			t.Errorf("crop %v was drawn %d times of 2000", kind, n)
		}
	}
}

// Every image comes one way in even epochs and the other way in odd ones, and half of
// them begin with either.
func TestFlipsAlternate(t *testing.T) {
	const n = 400
	s, _, err := Synthetic(SyntheticConfig{Train: n, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	mirrored := func(x []float32) []float32 {
		y := make([]float32, len(x))
		for i := range x {
			row, col := i/Channels/s.Width, i/Channels%s.Width
			y[(row*s.Width+s.Width-1-col)*Channels+i%Channels] = x[i]
		}
		return y
	}
	cfg := LoaderConfig{Batch: 64, Seed: 3, Augment: Augment{Flip: true, Alternate: true}}
	l := newLoader(t, s, cfg)
	plain := collect(newOrdered(t, s, 64).Epoch(t.Context(), 0, 0))
	flips := 0
	first := collect(l.Epoch(t.Context(), 0, 0))
	for i, x := range first.images {
		if slices.Equal(x, mirrored(plain.images[i])) {
			flips++
		} else if !slices.Equal(x, plain.images[i]) {
			t.Fatalf("image %d is neither way", i)
		}
	}
	if flips < n/2-50 || flips > n/2+50 {
		t.Errorf("%d of %d images are mirrored at first, want about half", flips, n)
	}
	for epoch := 1; epoch < 5; epoch++ {
		for i, x := range collect(l.Epoch(t.Context(), epoch, 0)).images {
			want := first.images[i]
			if epoch%2 == 1 {
				want = mirrored(want)
			}
			if !slices.Equal(x, want) {
				t.Fatalf("image %d of epoch %d comes the wrong way", i, epoch)
			}
		}
	}
	cfg.Seed++
	other := collect(newLoader(t, s, cfg).Epoch(t.Context(), 0, 0))
	if slices.EqualFunc(upTo(n), upTo(n), func(i, j int) bool { return slices.Equal(other.images[i], first.images[j]) }) {
		t.Error("two seeds mirror the same images")
	}
}

func TestCutout(t *testing.T) {
	s := pixelSet()
	table := tableOf(s)
	sizes := map[int]int{}
	for k := range uint64(1000) {
		x := make([]float32, 8*8*Channels)
		Augment{Cutout: 4}.apply(x, s.Image(0), 8, 8, table, seed.New(k, "test"), false, nil)
		top, left, bottom, right, n := 8, 8, -1, -1, 0
		for i := range 64 {
			if x[i*Channels] == 0 {
				top, left, bottom, right = min(top, i/8), min(left, i%8), max(bottom, i/8), max(right, i%8)
				n++
			} else if want := table[0][i+1]; x[i*Channels] != want {
				t.Fatalf("pixel %d is %v, want %v", i, x[i*Channels], want)
			}
		}
		if n != (bottom-top+1)*(right-left+1) || n > 16 || n < 4 {
			t.Fatalf("%d pixels are blank in rows %d-%d, columns %d-%d", n, top, bottom, left, right)
		}
		sizes[n]++
	}
	// A square is whole for 5 of 8 centres each way.
	if n := sizes[16]; n < 320 || n > 460 {
		t.Errorf("%d of 1000 squares are whole, expected about 390", n)
	}
}

// TestCutoutInside: every place is as likely, and a square that is too large is the image.
func TestCutoutInside(t *testing.T) {
	s := pixelSet()
	table := tableOf(s)
	places := map[int]int{}
	for k := range uint64(1000) {
		x := make([]float32, 8*8*Channels)
		Augment{Cutout: 5, Inside: true}.apply(x, s.Image(0), 8, 8, table, seed.New(k, "test"), false, nil)
		var blank []int
		for i := range 64 {
			if x[i*Channels] == 0 {
				blank = append(blank, i)
			}
		}
		first := blank[0]
		if len(blank) != 25 || blank[24] != first+4*8+4 || first%8 > 3 {
			t.Fatalf("pixels %v are blank, want a square of 5", blank)
		}
		places[first]++
	}
	for place, n := range places { // 62.5 expected
		if n < 35 || n > 95 || len(places) != 16 {
			t.Errorf("%d of 1000 squares begin at pixel %d, and there are %d places, want 16", n, place, len(places))
		}
	}
	x := slices.Repeat([]float32{1}, 8*8*Channels)
	Augment{Cutout: 20, Inside: true}.apply(x, s.Image(0), 8, 8, table, seed.New(1, "test"), false, nil)
	if slices.ContainsFunc(x, func(v float32) bool { return v != 0 }) {
		t.Error("a square of 20 pixels leaves some of 8")
	}
}

func TestEpochsShareBuffers(t *testing.T) {
	train, _, err := Synthetic(SyntheticConfig{Train: 100, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	l := newLoader(t, train, LoaderConfig{Batch: 30, Seed: 5, Augment: StandardAugment()})
	buffers := map[*float32]bool{}
	for epoch := range 4 {
		var got []float32
		for batch := range l.Epoch(t.Context(), epoch, 0) {
			buffers[&batch.X[0]] = true
			got = append(got, batch.X...)
			if epoch == 1 && batch.Index == 1 {
				break // the next epoch gets all buffers nevertheless
			}
		}
		var want []float32
		for batch := range newLoader(t, train, l.cfg).Epoch(t.Context(), epoch, 0) {
			want = append(want, batch.X...)
		}
		if epoch != 1 && !slices.Equal(got, want) {
			t.Errorf("epoch %d has other images than a loader of its own", epoch)
		}
	}
	if len(buffers) != ahead+1 {
		t.Errorf("four epochs use %d buffers, want %d", len(buffers), ahead+1)
	}
}

func BenchmarkLoader(b *testing.B) {
	train, _, err := Synthetic(SyntheticConfig{Train: 1000, Test: 10})
	if err != nil {
		b.Fatal(err)
	}
	l := newLoader(b, train, LoaderConfig{Batch: 128, Augment: StandardAugment()})
	b.ReportAllocs()
	images := 0
	for epoch := 0; b.Loop(); epoch++ {
		for batch := range l.Epoch(b.Context(), epoch, 0) {
			images += len(batch.Y)
		}
	}
	b.ReportMetric(float64(images)/b.Elapsed().Seconds(), "images/s")
}
