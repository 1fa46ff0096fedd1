package data

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"autodropout/data/imaging"
)

// A Source holds labelled images: a [Set] in memory, [Photos] in files, or a
// part or view of another one. Its methods may be called by several goroutines
// at a time.
type Source interface {
	// Header returns what the images have in common.
	Header() Header
	// Len returns the number of images, and Label the class of one of them.
	Len() int
	Label(i int) int
	// Load returns an image as it is stored, of any size. It may share memory
	// with the source. A [*BadImageError] says that this image cannot be used;
	// any other error, that the source cannot.
	Load(i int) (imaging.Image, error)
	// Checksum returns a number that distinguishes sources with different images.
	Checksum() uint32
}

// Header holds what the images of a source have in common, and the form to which a [Loader]
// brings them.
type Header struct {
	// Name says what the source is, for people.
	Name string
	// Classes names the classes.
	Classes []string
	// Height and Width are the size of the images in batches.
	Height, Width int
	// Shorter is the length that the shorter side of an image is resized to
	// before the middle is cut out, where images are not varied.
	Shorter int
	// Filter is what images are resized with.
	Filter imaging.Filter
	// Mean and Std describe each channel, with pixel values scaled to 0..1.
	Mean, Std [Channels]float32
}

// mostSide is the number of rows and columns that images of batches have at most: the pixels of
// one, and their bytes, can be counted in 32 bits.
const mostSide = 1 << 14

// check returns an error if batches cannot have the form.
func (h *Header) check() error {
	name := cmp.Or(h.Name, "the data")
	if h.Height < 1 || h.Width < 1 || h.Shorter < min(h.Height, h.Width) {
		return fmt.Errorf("data: %s has images of %d rows and %d columns, whose shorter side is resized to %d: give Height and Width, and at least the smaller of them as the shorter side", name, h.Height, h.Width, h.Shorter)
	}
	if max(h.Height, h.Width) > mostSide {
		return fmt.Errorf("data: %s has images of %d rows and %d columns: at most %d of each are possible", name, h.Height, h.Width, mostSide)
	}
	for c, std := range h.Std {
		if !(std > 0) || math.IsInf(float64(h.Mean[c]), 0) || h.Mean[c] != h.Mean[c] {
			return fmt.Errorf("data: channel %d of %s has the mean %v and the standard deviation %v: give Mean, and a Std above 0, for pixel values from 0 to 1", c, name, h.Mean[c], std)
		}
	}
	return nil
}

// BadImageError reports an image that cannot be used.
type BadImageError struct {
	Path string
	Err  error
}

// Error names the file and what is wrong with it.
func (e *BadImageError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns what is wrong with the file.
func (e *BadImageError) Unwrap() error { return e.Err }

// A part shows some images of a source under another header.
type part struct {
	Source
	header  Header
	indices []int
}

// Header implements [Source].
func (p *part) Header() Header { return p.header }

// Len implements [Source].
func (p *part) Len() int { return len(p.indices) }

// Label implements [Source].
func (p *part) Label(i int) int { return p.Source.Label(p.indices[i]) }

// Load implements [Source].
func (p *part) Load(i int) (imaging.Image, error) { return p.Source.Load(p.indices[i]) }

// middle returns the middle of an image, see [middleOf].
func (p *part) middle(i int, memory *scratch) (imaging.Image, error) {
	return middleOf(p.Source, p.indices[i], &p.header, memory)
}

// Checksum implements [Source].
func (p *part) Checksum() uint32 {
	h := crc32.New(castagnoli)
	binary.Write(h, binary.LittleEndian, p.Source.Checksum())
	for _, i := range p.indices {
		binary.Write(h, binary.LittleEndian, uint64(i))
	}
	return h.Sum32()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// upTo returns the numbers below n.
func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}
