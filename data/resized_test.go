package data

import (
	"slices"
	"sync/atomic"
	"testing"

	"autodropout/data/imaging"
)

// counted counts how often its images are loaded.
type counted struct {
	*Set
	loads atomic.Int64
}

func (c *counted) Load(i int) (imaging.Image, error) {
	c.loads.Add(1)
	return c.Set.Load(i)
}

// epochs returns the values and places of two epochs of all images.
func epochs(t *testing.T, l *Loader) (values []float32, places []int) {
	t.Helper()
	for epoch := range 2 {
		for batch := range l.Epoch(t.Context(), epoch, 0) {
			values, places = append(values, batch.X...), append(places, batch.Examples...)
		}
		if err := l.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return values, places
}

func TestResizedLoadsOnce(t *testing.T) {
	set, _, err := Synthetic(SyntheticConfig{Train: 100, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	varied := LoaderConfig{Batch: 7, Seed: 3, Augment: Augment{Flip: true, Pad: 2, RandAugment: imaging.RandAugment{Operations: 1, Magnitude: 5}}}
	cropped := varied
	cropped.Augment.Crop = 0.5
	for _, c := range []struct {
		name   string
		pixels int
		room   int // images
		loads  int64
		config LoaderConfig // without a batch: in order
	}{
		{"in order", 20, 100, 90, LoaderConfig{}},
		{"varied", 20, 100, 90, varied},
		{"of the same size", 32, 100, 90, varied},
		{"with room for some", 20, 10, 90 + 80, varied},
		{"cropped", 20, 100, 2 * 90, cropped},
	} {
		var values [2][]float32
		var places [2][]int
		for i, room := range []int{c.room, 0} { // with 0, none is kept
			source := &counted{Set: set}
			view, err := Resized(source, c.pixels, c.pixels, imaging.Bilinear)
			if err != nil {
				t.Fatal(err)
			}
			view.(*resized).room = room
			some, _, err := HoldOut(view, 1, 0.1)
			if err != nil {
				t.Fatal(err)
			}
			var l *Loader
			if c.config.Batch == 0 {
				l, err = NewOrdered(some, 7)
			} else {
				l, err = NewLoader(some, c.config)
			}
			if err != nil {
				t.Fatal(err)
			}
			values[i], places[i] = epochs(t, l)
			if want := []int64{c.loads, 2 * 90}[i]; source.loads.Load() != want {
				t.Errorf("%s, room for %d: two epochs load %d images, want %d", c.name, room, source.loads.Load(), want)
			}
		}
		if !slices.Equal(values[0], values[1]) || !slices.Equal(places[0], places[1]) {
			t.Errorf("%s: kept images are others than those loaded anew", c.name)
		}
	}
}

func TestResizedRoom(t *testing.T) {
	view, err := Resized(OpenPhotos(), 224, 256, imaging.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	if room := view.(*resized).room; room < 800 || room*224*224*3 > 128<<20 {
		t.Errorf("%d images of 224x224 pixels are kept", room)
	}
}
