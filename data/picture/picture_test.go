package picture

import (
	"archive/zip"
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"strings"
	"testing"

	"autodropout/data/imaging"
)

// pictures returns the files of testdata/golden.py by their names.
func pictures(t testing.TB) map[string][]byte { return unzipped(t, "testdata/pictures.zip") }

func unzipped(t testing.TB, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err == nil {
			files[f.Name], err = io.ReadAll(r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// pixelsOf decodes an opaque PNG image with Go's decoder alone.
func pixelsOf(t testing.TB, text []byte) imaging.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	dst := imaging.New(m.Bounds().Dx(), m.Bounds().Dy())
	for i := range dst.Width * dst.Height {
		r, g, b, _ := m.At(i%dst.Width, i/dst.Width).RGBA()
		copy(dst.Pix[i*imaging.Channels:], []uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)})
	}
	return dst
}

// The environment variable may name an archive of testdata/photographs.py, to be
// compared too.
func TestPixelsArePillows(t *testing.T) {
	if n := comparePixels(t, pictures(t)); n < 100 {
		t.Errorf("only %d files were compared", n)
	}
	if more := os.Getenv("AUTODROPOUT_PICTURES"); more != "" {
		comparePixels(t, unzipped(t, more))
	}
}

// comparePixels returns how many files were compared.
func comparePixels(t *testing.T, files map[string][]byte) (compared int) {
	values, others, most := 0, 0, 0
	for name, text := range files {
		expected, ok := files[name+".want.png"]
		if !ok {
			continue // is one itself
		}
		compared++
		got, err := Decode(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := pixelsOf(t, expected)
		if got.Width != want.Width || got.Height != want.Height {
			t.Errorf("%s has %dx%d pixels, want %dx%d", name, got.Width, got.Height, want.Width, want.Height)
			continue
		}
		worst := 0
		for i, v := range got.Pix {
			if d := int(max(v, want.Pix[i]) - min(v, want.Pix[i])); d > 0 {
				others, worst = others+1, max(worst, d)
			}
		}
		if values, most = values+len(got.Pix), max(most, worst); worst > 0 {
			t.Errorf("%s: values are not Pillow's, by up to %d", name, worst)
		}
	}
	t.Logf("%d files: %d of %d values are not Pillow's, by up to %d", compared, others, values, most)
	return compared
}

// Other than in Pillow, a 16-bit grey image keeps its shades.
func TestUpperBitsCount(t *testing.T) {
	m := image.NewGray16(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		m.SetGray16(i%16, i/16, color.Gray16{Y: uint16(i)<<8 | uint16(255-i)})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.Pix {
		if int(v) != i/imaging.Channels {
			t.Fatalf("shade %d becomes %d", i/imaging.Channels, v)
		}
	}
}

// A JPEG image that ends with its last pixel has all there is to see; a progressive one
// might have more.
func TestMissingEnd(t *testing.T) {
	files := pictures(t)
	for name, whole := range map[string]bool{"sampling-2x2.jpg": true, "separate.jpg": true, "arithmetic-2x2.jpg": true, "progressive-2x2.jpg": false} {
		text := files[name]
		want, err := Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(text[:len(text)-2])
		if whole && (err != nil || !bytes.Equal(got.Pix, want.Pix)) || !whole && err == nil {
			t.Errorf("%s without its end gives error %v", name, err)
		}
	}
}

// What has lost data is refused, whatever it has lost.
func TestTruncated(t *testing.T) {
	for name, text := range pictures(t) {
		if strings.HasSuffix(name, ".want.png") || strings.Contains(name, "arithmetic") || strings.HasSuffix(name, ".gif") {
			continue // of the last two kinds little is seen to be missing
		}
		for _, part := range []float64{0, 0.01, 0.1, 0.5, 0.8} {
			if _, err := Decode(text[:int(part*float64(len(text)))]); err == nil {
				t.Errorf("%.0f %% of %s are decoded", 100*part, name)
			}
		}
	}
}
