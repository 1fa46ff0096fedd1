package data

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/internal/sizedtest"
)

// checkGolden compares sets with those of testdata/golden.py.
func checkGolden(t *testing.T, train, test *Set, classes, height, width, colours int) {
	t.Helper()
	if train.Len() != 15 || test.Len() != 3 || len(train.Classes) != classes || train.Mean == [Channels]float32{} || test.Mean != train.Mean {
		t.Fatalf("%d training and %d test images of %d classes, mean %v", train.Len(), test.Len(), len(train.Classes), train.Mean)
	}
	for _, s := range []*Set{train, test} {
		if s.Height != height || s.Width != width {
			t.Fatalf("the images have %dx%d pixels, want %dx%d", s.Width, s.Height, width, height)
		}
		for i := range s.Len() {
			if want := 3 * i % classes; s.Label(i) != want {
				t.Errorf("%s: image %d has label %d, want %d", s.Name, i, s.Label(i), want)
			}
			for at, v := range s.Image(i) {
				x, y, c := at/Channels%width, at/Channels/width, at%Channels%colours
				if want := uint8(i + 5*x + 11*y + 60*c); v != want {
					t.Fatalf("%s: image %d, row %d, column %d, colour %d is %d, want %d", s.Name, i, y, x, c, v, want)
				}
			}
		}
	}
}

func TestLoadCIFAROfEveryVersion(t *testing.T) {
	for archive, want := range map[string]struct {
		name, class string
		classes     int
	}{
		"cifar-10-python.tar.gz":  {"CIFAR-10 training", "name 3", 10},
		"cifar-100-python.tar.gz": {"CIFAR-100 training", "fine_3", 100},
		"cifar-100-binary.tar.gz": {"CIFAR-100 training", "fine_3", 100},
	} {
		root := t.TempDir()
		if out, err := exec.Command("tar", "-xzf", filepath.Join("testdata", archive), "-C", root).CombinedOutput(); err != nil {
			t.Skipf("tar: %v: %s", err, out)
		}
		folder, err := filepath.Glob(filepath.Join(root, "*"))
		if err != nil || len(folder) != 1 {
			t.Fatal(folder, err)
		}
		for _, path := range []string{filepath.Join("testdata", archive), folder[0], root} {
			train, test, err := loadCIFAR(path, smallVersions())
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			checkGolden(t, train, test, want.classes, 32, 32, 3)
			if train.Name != want.name || train.Classes[3] != want.class {
				t.Errorf("%s: the set is %s, and class 3 %q", path, train.Name, train.Classes[3])
			}
		}
	}
}

func TestLoadNPZ(t *testing.T) {
	for name, colours := range map[string]int{"last": 3, "first": 3, "grey": 1} {
		train, test, err := LoadImages(filepath.Join("testdata", name+".npz"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkGolden(t, train, test, 4, 6, 5, colours)
	}
	_, _, err := LoadImages("testdata/scaled.npz")
	checkError(t, err, "scaled.npz", `array "x_train"`, "whole numbers from 0 to 255")
	_, _, err = LoadImages("testdata/lacking.npz")
	checkError(t, err, "lacking.npz", "x_train, y_train, x_test, y_test", "it has images")
}

func TestLoadParquet(t *testing.T) {
	for _, path := range []string{"testdata/parquet/plain_text", "testdata/parquet"} {
		train, test, err := LoadImages(path)
		if err != nil {
			t.Fatal(err)
		}
		checkGolden(t, train, test, 4, 6, 5, 3)
		if strings.Join(train.Classes, "") != "abcd" {
			t.Errorf("the classes are %v", train.Classes)
		}
	}
	_, _, err := LoadImages("testdata/lz4")
	checkError(t, err, "train-0.parquet", "LZ4", "write it with")
	_, _, err = LoadImages("testdata/paths")
	checkError(t, err, "train-0.parquet", "row 0", "not in the file")
	_, _, err = LoadImages("testdata/parquet/plain_text/test-00000-of-00001.parquet")
	checkError(t, err, "is a single file")
}

func TestClassNames(t *testing.T) {
	for about, want := range map[string]string{
		`{"info": {"features": {"label": {"names": ["a", "b"]}, "boxes": [{"dtype": "int64"}]}}}`:              "ab",
		`{"info": {"features": {"label": {"names": ["a"]}, "fine_label": {"names": ["c", "d"]}, "n": "int"}}}`: "cd",
		`{"info": {"features": {"label": {"dtype": "int64"}}}}`:                                                "",
		`{"info": {"features": {"label": ["a"]}}}`:                                                             "",
		`not JSON`: "", "": "",
	} {
		if got := strings.Join(classNames(about), ""); got != want {
			t.Errorf("the classes of %s are %q, want %q", about, got, want)
		}
	}
}

// FuzzParquet reads a file of strangers.
func FuzzParquet(f *testing.F) {
	for _, path := range []string{"testdata/parquet/plain_text/test-00000-of-00001.parquet", "testdata/parquet/plain_text/train-00001-of-00002.parquet", "testdata/lz4/train-0.parquet"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sizedtest.Within(t, text, func() {
			s := &Set{}
			if err := parseParquet(bytes.NewReader(text), int64(len(text)), s); err == nil && len(s.Images) != s.Len()*s.imageSize() {
				t.Errorf("%d values for %d images", len(s.Images), s.Len())
			}
		})
	})
}
