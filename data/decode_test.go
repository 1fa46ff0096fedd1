package data_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"autodropout/data"
	"autodropout/data/imaging"
)

func TestDecode(t *testing.T) {
	m, err := data.Decode(iotest.OneByteReader(strings.NewReader("P6 2 1 255\n\x01\x02\x03\x04\x05\x06")))
	if err != nil || m.Width != 2 || m.Height != 1 || !bytes.Equal(m.Pix, []byte{1, 2, 3, 4, 5, 6}) {
		t.Errorf("%v, error %v", m, err)
	}
	lost := errors.New("the line is dead")
	if _, err := data.Decode(iotest.ErrReader(lost)); !errors.Is(err, lost) {
		t.Errorf("error %v, want that of the reader", err)
	}
	if _, err := data.Decode(io.MultiReader(strings.NewReader("P6 2 1 255\n"), endless{})); err == nil || !strings.Contains(err.Error(), "more than 100 MB") {
		t.Errorf("an endless file: error %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestPreparer wants what an evaluation's loader makes of the images of a source.
func TestPreparer(t *testing.T) {
	train, _, err := data.Synthetic(data.SyntheticConfig{Train: 20, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, shorter := range []int{9, 12} {
		s, err := data.Resized(train, 9, shorter, imaging.Bicubic)
		if err != nil {
			t.Fatal(err)
		}
		p, err := data.NewPreparer(s.Header())
		if err != nil {
			t.Fatal(err)
		}
		loader, err := data.NewOrdered(s, 20)
		if err != nil {
			t.Fatal(err)
		}
		for batch := range loader.Epoch(t.Context(), 0, 0) {
			size := len(batch.X) / len(batch.Y)
			got := make([]float32, size)
			for i, example := range batch.Examples {
				m, err := s.Load(example)
				if err != nil {
					t.Fatal(err)
				}
				p.Prepare(got, m)
				if !slices.Equal(got, batch.X[i*size:][:size]) {
					t.Errorf("shorter side %d: image %d differs from the loader's", shorter, example)
				}
			}
		}
	}
}
