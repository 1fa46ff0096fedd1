package data

import (
	"fmt"
	"io"
	"sync"

	"autodropout/data/imaging"
	"autodropout/data/picture"
)

// Decode reads an image to its end, such as what somebody uploads, and decodes it as
// [picture.Decode] does. More than 100 MB are an error, which costs no more memory; whoever reads
// from strangers allows less with [io.LimitReader] or [net/http.MaxBytesReader].
func Decode(r io.Reader) (imaging.Image, error) {
	text, err := io.ReadAll(io.LimitReader(r, longestPhoto+1))
	if err != nil {
		return imaging.Image{}, fmt.Errorf("data: cannot read an image: %w", err)
	}
	if len(text) > longestPhoto {
		return imaging.Image{}, errTooLong
	}
	return picture.Decode(text)
}

var errTooLong = fmt.Errorf("it has more than %d MB: make it smaller", longestPhoto/1_000_000)

// PhotoHeader describes photographs as networks trained on ImageNet see them: the usual mean and
// standard deviation of channels, squares of so many pixels cut out of the middle, once the shorter
// side has been resized to the given length. With 224 and 256 pixels it is what torchvision's
// weights are evaluated with. See [Resized] for the sizes that are possible.
func PhotoHeader(pixels, shorter int, f imaging.Filter) (Header, error) {
	s, err := Resized(OpenPhotos(), pixels, shorter, f)
	if err != nil {
		return Header{}, err
	}
	return s.Header(), nil
}

// ShorterSide returns the usual length of the shorter side from whose middle squares of so many
// pixels are cut, in proportion to 256 for 224.
func ShorterSide(pixels int) int { return (pixels*256 + 112) / 224 }

// A Preparer brings images to the form that a header describes, as [NewOrdered] does for an
// evaluation, for programs that have images but no [Source]. It may be used by several goroutines
// at a time.
type Preparer struct {
	header Header
	table  *normaliser
	memory sync.Pool // of *scratch
}

// NewPreparer returns a preparer. It is an error if the header describes no form: one without
// pixels, or with a deviation of 0.
func NewPreparer(h Header) (*Preparer, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	if h.Shorter < max(h.Height, h.Width) {
		return nil, fmt.Errorf("data: %d x %d pixels cannot be cut out of an image whose shorter side has %d", h.Width, h.Height, h.Shorter)
	}
	return &Preparer{header: h, table: newNormaliser(&h), memory: sync.Pool{New: func() any { return new(scratch) }}}, nil
}

// Header returns the form.
func (p *Preparer) Header() Header { return p.header }

// Prepare sets dst (Height, Width, Channels) to the normalised middle of an image.
func (p *Preparer) Prepare(dst []float32, m imaging.Image) {
	if want := p.header.Height * p.header.Width * Channels; len(dst) != want {
		panic(fmt.Sprintf("data.Prepare: the result has %d values, want %d", len(dst), want))
	}
	memory := p.memory.Get().(*scratch)
	p.table.apply(dst, middle(m, &p.header, memory).Pix)
	p.memory.Put(memory)
}
