package data

import (
	"fmt"
	"slices"
	"sync"

	"autodropout/data/imaging"
)

// Resized returns a view of a source in which the images of batches have pixels rows and
// columns. Images that are not varied by [Augment.Crop] are first resized so that the shorter
// side has the given length, and the middle is cut out; the usual length is 8/7 of pixels. It is
// an error if the length is shorter than pixels, or pixels are more than 16,384.
//
// The view keeps what it cut out, in up to 128 MB of memory, so that such an image is loaded and
// resized once: its source must not change meanwhile.
func Resized(s Source, pixels, shorter int, f imaging.Filter) (Source, error) {
	if pixels > mostSide {
		return nil, fmt.Errorf("data: squares of %d pixels are too large: they have at most %d rows and columns", pixels, mostSide)
	}
	if pixels < 1 || shorter < pixels {
		return nil, fmt.Errorf("data: no square of %d pixels can be cut out of an image whose shorter side has %d", pixels, shorter)
	}
	header := s.Header()
	header.Height, header.Width, header.Shorter, header.Filter = pixels, pixels, shorter, f
	const memory = 128 << 20
	return &resized{part: part{s, header, upTo(s.Len())}, room: memory / (pixels * pixels * Channels), kept: map[int]imaging.Image{}}, nil
}

// resized shows the images of a source in another size.
type resized struct {
	part
	room int // how many middles are kept at most
	mu   sync.RWMutex
	kept map[int]imaging.Image
}

// middle returns the middle of an image, resized before or now.
func (r *resized) middle(i int, memory *scratch) (imaging.Image, error) {
	r.mu.RLock()
	m, known := r.kept[i]
	full := len(r.kept) >= r.room
	r.mu.RUnlock()
	if known {
		return m, nil
	}
	m, err := r.Load(i)
	if err != nil {
		return m, err
	}
	stored := m.Pix
	m = middle(m, &r.header, memory)
	if full {
		return m, nil
	}
	if &m.Pix[0] != &stored[0] { // scratch is for the next image
		m.Pix = slices.Clone(m.Pix)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) < r.room {
		r.kept[i] = m
	}
	return m, nil
}

// middleOf returns the middle of an image of a source, in the size of a header, see [middle].
// It is valid until the memory is used again.
func middleOf(s Source, i int, h *Header, memory *scratch) (imaging.Image, error) {
	if keeper, ok := s.(interface {
		middle(i int, memory *scratch) (imaging.Image, error)
	}); ok {
		return keeper.middle(i, memory)
	}
	m, err := s.Load(i)
	if err != nil {
		return m, err
	}
	return middle(m, h, memory), nil
}
