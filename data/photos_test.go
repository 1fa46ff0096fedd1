package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/data/imaging"
	"autodropout/internal/seed"
)

// smoothPicture is a smooth image that lossy compression hardly changes.
func smoothPicture(width, height, shade int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetNRGBA(x, y, color.NRGBA{uint8(shade), uint8(4 * x), uint8(4 * y), 255})
		}
	}
	return m
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// photoFolder writes files, by their paths below a folder.
func photoFolder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "photos")
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goodPhotos is a folder of two classes with three and two training images.
func goodPhotos(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"train/b/2.JPEG": jpegOf(t, smoothPicture(20, 16, 20)), "train/b/1.jpg": jpegOf(t, smoothPicture(24, 30, 40)), "train/b/3.PNG": pngOf(t, smoothPicture(16, 16, 60)),
		"train/a/1.png": pngOf(t, smoothPicture(16, 16, 80)), "train/a/2.jpeg": jpegOf(t, smoothPicture(40, 16, 100)),
		"train/a/notes.txt": nil, "train/a/3.tar.gz": nil, "train/a/.hidden.png": nil, "train/README": nil,
		"val/b/9.JPEG": jpegOf(t, smoothPicture(16, 20, 120)),
	}
}

func loadPhotos(t testing.TB, files map[string][]byte) (train, valid *Photos) {
	t.Helper()
	train, valid, err := LoadPhotos(photoFolder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return train, valid
}

// TestPhotosChecksum: other names, sizes and times are other data, and where contents
// were read, other contents.
func TestPhotosChecksum(t *testing.T) {
	dir := photoFolder(t, goodPhotos(t))
	one := filepath.Join(dir, "train", "b", "1.jpg")
	text, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	then := time.Unix(1_600_000_000, 0)
	write := func(content []byte, changed time.Time) func() {
		return func() {
			if err := errors.Join(os.WriteFile(one, content, 0o666), os.Chtimes(one, changed, changed)); err != nil {
				t.Fatal(err)
			}
		}
	}
	sums := func() (listed, read uint32) {
		train, _, err := LoadPhotos(dir)
		if err != nil {
			t.Fatal(err)
		}
		listed = train.Checksum()
		if err := train.ReadContents(t.Context()); err != nil {
			t.Fatal(err)
		}
		return listed, train.Checksum()
	}
	write(text, then)()
	listed, read := sums()
	other := bytes.Clone(text)
	other[len(other)/2]++
	linked := filepath.Join(t.TempDir(), "linked")
	for name, c := range map[string]struct {
		change            func()
		differs, contents bool
	}{
		"nothing":      {func() {}, false, false},
		"a copy":       {write(text, then.Add(time.Hour)), true, false},
		"longer":       {write(append(bytes.Clone(text), 0), then), true, true},
		"in secret":    {write(other, then), false, true},
		"another name": {func() { os.Rename(one, one+".jpg") }, true, true},
		"a link": {func() {
			if errors.Join(os.Rename(one, linked), os.Symlink(linked, one)) != nil {
				t.Skip("no links here")
			}
		}, false, false},
	} {
		c.change()
		l, r := sums()
		if l == listed == c.differs || r == read == c.contents {
			t.Errorf("%s: the sums are %08x and %08x, before %08x and %08x", name, l, r, listed, read)
		}
		os.Remove(one)
		os.Remove(one + ".jpg")
		write(text, then)()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	train, _, err := LoadPhotos(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := train.ReadContents(ctx); err == nil || train.Checksum() != listed {
		t.Errorf("cancelled: error %v, sum %08x", err, train.Checksum())
	}
}

func small(t testing.TB, s Source) Source {
	t.Helper()
	view, err := Resized(s, 8, 9, imaging.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func TestLoadPhotosListsClassFolders(t *testing.T) {
	train, valid := loadPhotos(t, goodPhotos(t))
	if h := train.Header(); !slices.Equal(h.Classes, []string{"a", "b"}) || h.Height != 224 || h.Mean[0] != 0.485 {
		t.Errorf("the header is %+v", h)
	}
	var names []string
	for i := range train.Len() {
		names = append(names, filepath.ToSlash(strings.TrimPrefix(train.Path(i), train.dir)))
		if want := map[byte]int{'a': 0, 'b': 1}[names[i][1]]; train.Label(i) != want {
			t.Errorf("%s has label %d", names[i], train.Label(i))
		}
	}
	if want := []string{"/a/1.png", "/a/2.jpeg", "/b/1.jpg", "/b/2.JPEG", "/b/3.PNG"}; !slices.Equal(names, want) {
		t.Errorf("the images are %v, want %v", names, want)
	}
	if valid.Len() != 1 || valid.Label(0) != 1 {
		t.Errorf("the validation part has %d images, the first of class %d", valid.Len(), valid.Label(0))
	}
	m, err := train.Load(1)
	if err != nil || m.Width != 40 || m.Height != 16 {
		t.Fatalf("image 1 is %dx%d, error %v", m.Width, m.Height, err)
	}
	if p := m.Pix[(3*40+30)*Channels:]; abs(int(p[0])-100) > 3 || abs(int(p[1])-120) > 3 || abs(int(p[2])-12) > 3 {
		t.Errorf("a pixel is %v, want about [100 120 12]", p[:3])
	}
}

func TestLoadPhotosRefuses(t *testing.T) {
	for _, test := range []struct {
		change func(files map[string][]byte)
		want   string
	}{
		{func(f map[string][]byte) { clear(f) }, "there is no folder"},
		{func(f map[string][]byte) { delete(f, "val/b/9.JPEG") }, "there is no folder"},
		{func(f map[string][]byte) { delete(f, "val/b/9.JPEG"); f["val/9.JPEG"] = nil }, "has no folders"},
		{func(f map[string][]byte) { f["val/c/1.png"] = nil }, "does not have"},
		{func(f map[string][]byte) { f["train/c/1.svg"] = nil }, "has no photographs"},
	} {
		files := goodPhotos(t)
		test.change(files)
		_, _, err := LoadPhotos(photoFolder(t, files))
		checkError(t, err, test.want)
	}
}

// hugePNG claims to have side x side pixels.
func hugePNG(t testing.TB, side uint32) []byte {
	text := pngOf(t, smoothPicture(4, 4, 0))
	binary.BigEndian.PutUint32(text[16:], side)
	binary.BigEndian.PutUint32(text[20:], side)
	binary.BigEndian.PutUint32(text[29:], crc32.ChecksumIEEE(text[12:29]))
	return text
}

func TestBadImages(t *testing.T) {
	good := jpegOf(t, smoothPicture(60, 60, 10))
	files := goodPhotos(t)
	for name, text := range map[string][]byte{
		"1-empty": nil, "2-text": []byte("not an image"), "3-truncated": good[:len(good)/2], "4-header": good[:3],
		"5-huge": hugePNG(t, 60000), "6-damaged": pngOf(t, smoothPicture(9, 9, 1))[:60],
	} {
		files["train/c/"+name+".JPEG"] = text
	}
	files["train/d/7-good.JPEG"] = good
	dir := photoFolder(t, files)
	inC := func(name string) string { return filepath.Join(dir, "train", "c", name) }
	for name, target := range map[string]string{"7-nothing.jpg": "nowhere", "8-folder.jpg": "..", "9-device.jpg": os.DevNull} {
		if err := os.Symlink(target, inC(name)); err != nil {
			t.Skip("links cannot be made here: ", err)
		}
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "train", "no-class")); err != nil {
		t.Fatal(err)
	}
	train, _, err := LoadPhotos(dir)
	if err != nil {
		t.Fatal(err)
	}
	const first, end = 5, 14 // those of c
	for i := first; i < end; i++ {
		_, err := train.Load(i)
		var bad *BadImageError
		if !errors.As(err, &bad) || bad.Path != train.Path(i) {
			t.Errorf("%s: error %v", train.Path(i), err)
		}
		if i == 9 && !strings.Contains(err.Error(), "are possible in this format") {
			t.Errorf("a bomb is refused with %v", err)
		}
	}
	list := train.Bad()
	if len(list) != end-first || !slices.IsSortedFunc(list, func(a, b *BadImageError) int { return strings.Compare(a.Path, b.Path) }) {
		t.Errorf("the list of bad images is %v", list)
	}
	if _, err := train.Load(end); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(train.Path(5), good, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := train.Load(5); err == nil {
		t.Error("an image that could not be used is used later")
	}

	// A trainer gets the next image that can be used instead, an evaluation none.
	source := small(t, train)
	got := collect(newLoader(t, source, LoaderConfig{Batch: 5}).Epoch(t.Context(), 0, 0))
	all := slices.Concat(got.examples...)
	slices.Sort(all)
	if want := slices.Concat([]int{0, 1, 2, 3, 4}, slices.Repeat([]int{end}, end-first+1)); !slices.Equal(all, want) {
		t.Errorf("the images of an epoch are %v, want %v", all, want)
	}
	order := seed.New(0, "shuffle", 0).Perm(end + 1)
	for j, i := range slices.Concat(got.examples...) {
		if want := order[j]; i != want && !(i == end && want >= first) || got.labels[j] != train.Label(i) {
			t.Errorf("place %d has image %d with label %d, want %d", j, i, got.labels[j], want)
		}
	}
	got = collect(newOrdered(t, source, 3).Epoch(t.Context(), 0, 0))
	if all := slices.Concat(got.examples...); !slices.Equal(all, []int{0, 1, 2, 3, 4, end}) || len(got.labels) != 6 {
		t.Errorf("an evaluation gets images %v", all)
	}
}

func TestLoaderStopsWhenTheSourceFails(t *testing.T) {
	files := goodPhotos(t)
	files["val/b/9.JPEG"] = []byte("no image")
	train, valid := loadPhotos(t, files)
	l := newLoader(t, small(t, valid), LoaderConfig{Batch: 1})
	for range l.Epoch(t.Context(), 0, 0) {
		t.Error("there is a batch of no image")
	}
	checkError(t, l.Err(), "1 images of photos validation in a row cannot be used")
	if err := os.Remove(train.Path(3)); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*Loader{newLoader(t, small(t, train), LoaderConfig{Batch: 2}), newOrdered(t, small(t, train), 2)} {
		for range l.Epoch(t.Context(), 0, 0) {
		}
		if !errors.Is(l.Err(), fs.ErrNotExist) {
			t.Errorf("a file that is gone gives error %v", l.Err())
		}
	}
	if len(train.Bad()) != 1 {
		t.Errorf("a file that is gone counts as a bad image: %v", train.Bad())
	}
}

func TestPhotosAreTheSameOnAnyCores(t *testing.T) {
	train, _ := loadPhotos(t, goodPhotos(t))
	cfg := LoaderConfig{Batch: 3, Seed: 2, Augment: Augment{Crop: 0.08, RandAugment: imaging.PaperRandAugment, Flip: true, Cutout: 3}}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want seen
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		got := collect(newLoader(t, small(t, train), cfg).Epoch(t.Context(), 1, 0))
		if procs == 1 {
			want = got
		}
		for i, x := range want.images {
			if !slices.Equal(x, got.images[i]) {
				t.Errorf("on %d cores image %d differs", procs, i)
			}
		}
	}
}

func TestMiddle(t *testing.T) {
	train, _ := loadPhotos(t, goodPhotos(t))
	for _, filter := range []imaging.Filter{imaging.Bilinear, imaging.Bicubic} {
		view, err := Resized(train, 8, 11, filter)
		if err != nil {
			t.Fatal(err)
		}
		h := view.Header()
		for i, whole := range [][2]int{0: {11, 11}, 1: {27, 11}, 2: {11, 13}} {
			m, err := view.Load(i)
			if err != nil {
				t.Fatal(err)
			}
			got := middle(m, &h, new(scratch))
			resized := imaging.New(whole[0], whole[1])
			imaging.Resize(resized, m, m.Whole(), filter)
			left, top := int(math.RoundToEven(float64(whole[0]-8)/2)), int(math.RoundToEven(float64(whole[1]-8)/2))
			for y := range 8 {
				for x := range 8 * Channels {
					a, b := got.Pix[y*8*Channels+x], resized.Pix[((top+y)*whole[0]+left)*Channels+x]
					if abs(int(a)-int(b)) > 1 {
						t.Fatalf("image %d: value %d of row %d is %d, want %d", i, x, y, a, b)
					}
				}
			}
		}
	}
	if _, err := Resized(train, 8, 7, imaging.Bilinear); err == nil {
		t.Error("8 pixels are cut out of 7")
	}
}

func TestCropBoxes(t *testing.T) {
	rng := seed.New(1, "boxes")
	for _, size := range [][2]int{{500, 375}, {100, 100}, {30, 200}, {200, 30}, {1, 1}} {
		width, height := size[0], size[1]
		least, most := 1.0, 0.0
		for range 2000 {
			left, top, w, h := Augment{Crop: 0.25}.box(width, height, rng)
			if left < 0 || top < 0 || w < 1 || h < 1 || left+w > width || top+h > height {
				t.Fatalf("box %d %d %d %d in %dx%d", left, top, w, h, width, height)
			}
			ratio, area := float64(w)/float64(h), float64(w*h)/float64(width*height)
			if slack := 1.05; ratio > widest*slack || ratio < 1/(widest*slack) {
				t.Fatalf("a box of %dx%d is out of shape", w, h)
			}
			least, most = min(least, area), max(most, area)
		}
		if width == height && width > 1 && (least > 0.27 || least < 0.24 || most < 0.95) {
			t.Errorf("areas go from %v to %v of the image", least, most)
		}
	}
	train, _, err := Synthetic(SyntheticConfig{Train: 20, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	same := collect(newOrdered(t, train, 20).Epoch(t.Context(), 0, 0))
	cropped := collect(newLoader(t, train, LoaderConfig{Batch: 20, Augment: Augment{Crop: 0.5}}).Epoch(t.Context(), 0, 0))
	for i, x := range same.images {
		if slices.Equal(x, cropped.images[i]) {
			t.Errorf("image %d is not cropped", i)
		}
	}
}

func TestViewsSplit(t *testing.T) {
	set, _, err := Synthetic(SyntheticConfig{Train: 200, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	taken, rest, err := Take(set, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	valid, _, err := Take(rest, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	if taken.Len() != 40 || rest.Len() != 160 || valid.Len() != 20 {
		t.Fatalf("parts of %d, %d and %d images", taken.Len(), rest.Len(), valid.Len())
	}
	for i := range taken.Len() {
		m, err := taken.Load(i)
		if err != nil {
			t.Fatal(err)
		}
		for j := range valid.Len() {
			if other, _ := valid.Load(j); bytes.Equal(other.Pix, m.Pix) {
				t.Fatal("an image is in two parts")
			}
		}
	}
	if taken.Checksum() == rest.Checksum() || taken.Checksum() == valid.Checksum() {
		t.Error("two parts have one checksum")
	}
	fit, held, err := HoldOut(set, 3, 0.1)
	if err != nil || fit.Len() != 180 || held.Len() != 20 {
		t.Errorf("a tenth held out leaves %d and %d images, error %v", fit.Len(), held.Len(), err)
	}
	if _, _, err := Take(set, 3, 21); err == nil {
		t.Error("more images are taken of a class than there are")
	}
	if _, _, err := HoldOut(set, 3, 1); err == nil {
		t.Error("everything is held out")
	}
}

// BenchmarkPhotos decodes, crops and resizes on one core.
func BenchmarkPhotos(b *testing.B) {
	for _, size := range [][3]int{{96, 96, 96}, {500, 375, 224}} {
		name := [2]string{"96x96", "500x375"}[min(size[0]/400, 1)]
		files := map[string][]byte{"val/a/1.jpg": nil}
		rng := seed.New(1, "noise")
		m := smoothPicture(size[0], size[1], 100)
		for i := range m.Pix {
			m.Pix[i] += uint8(rng.IntN(24)) // as many details as photographs have
		}
		for _, i := range []string{"1", "2", "3", "4"} {
			files["train/a/"+i+".jpg"] = jpegOf(b, m)
		}
		train, _ := loadPhotos(b, files)
		source, err := Resized(train, size[2], size[2], imaging.Bilinear)
		if err != nil {
			b.Fatal(err)
		}
		for _, kind := range []struct {
			name    string
			augment Augment
		}{{"crop", Augment{Crop: 0.08, Flip: true}}, {"randaugment", Augment{Crop: 0.08, Flip: true, RandAugment: imaging.AuthorsRandAugment}}} {
			b.Run(name+"/"+kind.name, func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
				l := newLoader(b, source, LoaderConfig{Batch: 4, Augment: kind.augment})
				images := 0
				for epoch := 0; b.Loop(); epoch++ {
					for batch := range l.Epoch(b.Context(), epoch, 0) {
						images += len(batch.Y)
					}
				}
				b.ReportMetric(float64(images)/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}
