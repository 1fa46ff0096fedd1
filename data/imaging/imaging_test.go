package imaging

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/golden"
)

// magnitudes are those of the golden file.
var magnitudes = []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17}

// operations are called as golden.py calls PIL's.
var operations = map[string]func(dst, src Image, m float64){
	"AutoContrast": func(dst, src Image, _ float64) { autoContrast(dst, src) },
	"Equalize":     func(dst, src Image, _ float64) { equalize(dst, src) },
	"Invert":       func(dst, src Image, _ float64) { invert(dst, src) },
	"Rotate":       func(dst, src Image, m float64) { rotate(dst, src, 30*m/10, grey) },
	"RotateBack":   func(dst, src Image, m float64) { rotate(dst, src, -30*m/10, grey) },
	"Posterize":    func(dst, src Image, m float64) { posterize(dst, src, max(1, int(4*m/10))) },
	"Solarize":     func(dst, src Image, m float64) { solarize(dst, src, int(256*m/10)) },
	"Color":        func(dst, src Image, m float64) { color(dst, src, float32(1.8*m/10+0.1)) },
	"Contrast":     func(dst, src Image, m float64) { contrast(dst, src, float32(1.8*m/10+0.1)) },
	"Brightness":   func(dst, src Image, m float64) { brightness(dst, src, float32(1.8*m/10+0.1)) },
	"Sharpness":    func(dst, src Image, m float64) { sharpness(dst, src, float32(1.8*m/10+0.1)) },
	"ShearX":       func(dst, src Image, m float64) { shearX(dst, src, 0.3*m/10, grey) },
	"ShearY":       func(dst, src Image, m float64) { shearY(dst, src, -0.3*m/10, grey) },
	"TranslateX":   func(dst, src Image, m float64) { translate(dst, src, float64(src.Width)/8*m/10, 0, grey) },
	"TranslateY":   func(dst, src Image, m float64) { translate(dst, src, 0, -float64(src.Height)/8*m/10, grey) },
}

// load returns the images (N, Height, Width, Channels) or one image of a name.
func load(f *golden.File, name string) []Image {
	x := f.Tensor(name)
	height, width := x.Dim(-3), x.Dim(-2)
	var images []Image
	for part := range slices.Chunk(x.Data(), height*width*Channels) {
		m := New(width, height)
		for i, v := range part {
			m.Pix[i] = uint8(v)
		}
		images = append(images, m)
	}
	return images
}

// same reports an error unless all values are within tolerance of each other.
func same(t *testing.T, name string, got, want Image, tolerance int) {
	t.Helper()
	wrong, worst := 0, 0
	for i, w := range want.Pix {
		if d := max(int(got.Pix[i])-int(w), int(w)-int(got.Pix[i])); d > tolerance {
			wrong, worst = wrong+1, max(worst, d)
		}
	}
	if wrong > 0 {
		t.Errorf("%s: %d of %d values are more than %d from PIL's, up to %d", name, wrong, len(want.Pix), tolerance, worst)
	}
}

func TestOperationsEqualPIL(t *testing.T) {
	f := golden.Load(t, "testdata/imaging.safetensors")
	compared := 0
	for _, size := range []string{"square", "wide", "flat"} {
		src := load(f, size+"/image")[0]
		for name, operation := range operations {
			if !f.Has(size + "/" + name) {
				continue
			}
			compared++
			for i, want := range load(f, size+"/"+name) {
				dst := New(src.Width, src.Height)
				operation(dst, src, magnitudes[i])
				same(t, fmt.Sprintf("%s/%s at %v", size, name, magnitudes[i]), dst, want, 0)
			}
		}
	}
	if want := 2*len(operations) + 3; compared != want {
		t.Errorf("%d operations were compared, want %d", compared, want)
	}
}

func TestPointOperationsInPlace(t *testing.T) {
	f := golden.Load(t, "testdata/imaging.safetensors")
	for _, name := range []string{"AutoContrast", "Equalize", "Invert", "Posterize", "Solarize", "Color", "Contrast", "Brightness"} {
		m, want := load(f, "wide/image")[0], load(f, "wide/"+name)
		i := len(want) / 2
		operations[name](m, m, magnitudes[i])
		same(t, name+" in place", m, want[i], 0)
	}
}

func TestResizeEqualsPIL(t *testing.T) {
	f := golden.Load(t, "testdata/imaging.safetensors")
	src := load(f, "resize/image")[0]
	filters := map[string]Filter{"bilinear": Bilinear, "bicubic": Bicubic}
	boxes := map[string]Box{"whole": src.Whole(), "part": {5, 7, 35, 30}, "fraction": {3.25, 1.5, 30.75, 23.1}}
	compared := 0
	for _, name := range f.Names() {
		parts := strings.Split(name, "/")
		if parts[0] != "resize" || len(parts) != 4 {
			continue
		}
		compared++
		want := load(f, name)[0]
		dst := New(want.Width, want.Height)
		Resize(dst, src, boxes[parts[2]], filters[parts[1]])
		same(t, name, dst, want, 1)
	}
	if compared != 24 {
		t.Errorf("%d sizes were compared, want 24", compared)
	}
}

// TestContrastOfLargeImages takes one whose brightness sums up to more than 32 bits
// hold with a sign.
func TestContrastOfLargeImages(t *testing.T) {
	src := New(3000, 3000)
	for i := range src.Pix {
		src.Pix[i] = 250
	}
	contrast(src, src, 0.5)
	if src.Pix[0] != 250 {
		t.Errorf("an even image of 250 becomes %d", src.Pix[0])
	}
}

func TestPosterizeToNothing(t *testing.T) {
	m := Image{1, 1, []uint8{255, 128, 1}}
	posterize(m, m, 0)
	if want := []uint8{0, 0, 0}; !slices.Equal(m.Pix, want) {
		t.Errorf("no bits leave %v, want %v", m.Pix, want)
	}
}

func TestBlank(t *testing.T) {
	m := New(5, 4)
	blankSquare(m, 4, 1, 3, Colour{1, 1, 1})
	want := "00000" // columns 3 and 4 of rows 0 to 2
	for y := range 4 {
		got := ""
		for x := range 5 {
			got += fmt.Sprint(m.at(x, y)[1])
		}
		if want = "00011"; y == 3 {
			want = "00000"
		}
		if got != want {
			t.Errorf("row %d is %s, want %s", y, got, want)
		}
	}
}

func TestPanicsOnImagesThatDoNotFit(t *testing.T) {
	a, b := New(3, 2), New(2, 3)
	for name, call := range map[string]func(){
		"another size":  func() { invert(a, b) },
		"same memory":   func() { rotate(a, a, 10, grey) },
		"box too large": func() { Resize(a, b, Box{0, 0, 3, 3}, Bilinear) },
		"empty box":     func() { Resize(a, b, Box{1, 1, 1, 2}, Bilinear) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func BenchmarkResize(b *testing.B) {
	for _, size := range [][2]int{{64, 32}, {300, 224}} {
		b.Run(fmt.Sprintf("%d-%d", size[0], size[1]), func(b *testing.B) {
			src, dst := New(size[0], size[0]), New(size[1], size[1])
			for b.Loop() {
				Resize(dst, src, src.Whole(), Bilinear)
			}
		})
	}
}
