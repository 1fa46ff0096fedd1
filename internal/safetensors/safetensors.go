// Package safetensors reads and writes the safetensors file format: an 8-byte
// little-endian header length, a JSON header that maps names to data type,
// shape and byte range, and the data.
//
// The reader accepts only files whose ranges cover the data exactly: holes,
// overlaps, truncated and oversized files are errors that name the tensor. Tensors of
// types that have no meaning as float32 are left out and named. The
// writer adds a checksum of the whole file to its metadata, which the reader
// demands to be right where there is one.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/bits"
	"os"
	"reflect"
	"slices"
	"strings"

	"autodropout/internal/sized"
)

// Tensor is a named array. Data is in row-major order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Left is a tensor of a file that is left out, and why.
type Left struct{ Name, Why string }

// File is the content of a safetensors file. Tensors are in the order of their
// data.
type File struct {
	Tensors  []Tensor
	Left     []Left
	Metadata map[string]string
}

// Lookup returns the tensor of that name, nil when there is none.
func (f *File) Lookup(name string) *Tensor {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i]
		}
	}
	return nil
}

const (
	metadataKey   = "__metadata__"
	maxHeader     = 100 << 20 // what the reference implementation allows
	headerPadding = 8
)

// entry is one tensor's description in the header.
type entry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// Write writes f with every tensor as F32, and a checksum.
func Write(w io.Writer, f *File) error {
	header, err := encodeHeader(f)
	if err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	sum.Write(header)
	if err := writeData(sum, f.Tensors); err != nil {
		return err
	}
	setChecksum(header, fmt.Sprintf("%08x", sum.Sum32()))
	if _, err := w.Write(header); err != nil {
		return err
	}
	return writeData(w, f.Tensors)
}

func writeData(w io.Writer, tensors []Tensor) error {
	const chunk = 1 << 14
	buf := make([]byte, 4*chunk)
	for _, t := range tensors {
		for part := range slices.Chunk(t.Data, chunk) {
			for i, v := range part {
				binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(v))
			}
			if _, err := w.Write(buf[:4*len(part)]); err != nil {
				return err
			}
		}
	}
	return nil
}

// encodeHeader returns the length prefix and the padded JSON header, without the
// checksum. Entries keep the order of the tensors, so equal files have equal
// bytes.
func encodeHeader(f *File) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	field := func(key string, value any) error {
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value)
		if err != nil {
			return err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
		return nil
	}
	metadata := map[string]string{checksumKey: noChecksum}
	for key, value := range f.Metadata {
		if key == checksumKey {
			return nil, fmt.Errorf("safetensors: the metadata %q is the checksum's", key)
		}
		metadata[key] = value
	}
	if err := field(metadataKey, metadata); err != nil {
		return nil, err
	}
	offset := 0
	names := map[string]bool{metadataKey: true}
	for _, t := range f.Tensors {
		if names[t.Name] {
			return nil, fmt.Errorf("safetensors: two tensors are called %q", t.Name)
		}
		names[t.Name] = true
		if n, err := Elements(t.Shape); err != nil || n != len(t.Data) {
			return nil, fmt.Errorf("safetensors: tensor %q has shape %v but %d elements", t.Name, t.Shape, len(t.Data))
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{} // a scalar's shape is [], not null
		}
		e := entry{"F32", shape, [2]int{offset, offset + 4*len(t.Data)}}
		if err := field(t.Name, e); err != nil {
			return nil, err
		}
		offset = e.Offsets[1]
	}
	b.WriteByte('}')
	for b.Len()%headerPadding != 0 {
		b.WriteByte(' ')
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// ReadFile reads a file and names it in every error.
func ReadFile(path string) (*File, error) {
	return sized.ReadFile(path, func(f *os.File, size int64) (*File, error) { return Read(f, size) })
}

// Looks reports whether a file of the given size that begins with head, of 9 bytes
// or more, can be one of safetensors: no other kind has a length that fits and the
// beginning of JSON there.
func Looks(head []byte, size int64) bool {
	return len(head) > 8 && head[8] == '{' && fits(binary.LittleEndian.Uint64(head), size)
}

// fits reports whether a header of n bytes is possible in a file.
func fits(n uint64, size int64) bool { return n <= maxHeader && int64(n) <= size-8 }

// Read reads a file of the given size in bytes. It accepts the types of real
// numbers of eight bits and more, converted to float32.
func Read(r io.Reader, size int64) (*File, error) {
	if err := sized.Check(size); err != nil {
		return nil, err
	}
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, fmt.Errorf("not a safetensors file: %d bytes are too few for the header", size)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if !fits(n, size) {
		return nil, fmt.Errorf("not a safetensors file, or cut short: its header would be %d bytes of %d", n, size)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, fmt.Errorf("safetensors header cut short: %w", err)
	}
	f := &File{}
	entries, err := decodeHeader(header, f)
	if err != nil {
		return nil, err
	}
	if err := checkLayout(entries, size-8-int64(n)); err != nil {
		return nil, err
	}
	sum := newVerifier(prefix[:], header, f)
	for _, e := range entries {
		data := io.TeeReader(io.LimitReader(r, int64(e.Offsets[1]-e.Offsets[0])), sum)
		if Size(e.DType) == 0 {
			_, err = io.Copy(io.Discard, data)
			f.Left = append(f.Left, Left{e.name, fmt.Sprintf("its data type %s is not supported", e.DType)})
		} else {
			t := Tensor{Name: e.name, Shape: e.Shape}
			n, _ := Elements(e.Shape) // checkLayout has looked at the error
			t.Data, err = Decode(data, e.DType, n, false)
			f.Tensors = append(f.Tensors, t)
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %q cut short: %w", e.name, err)
		}
	}
	if err := sum.check(); err != nil {
		return nil, err
	}
	return f, nil
}

// named is an entry with its key.
type named struct {
	name string
	entry
}

// decodeHeader parses the JSON header into f.Metadata and entries sorted by
// position.
func decodeHeader(header []byte, f *File) ([]named, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(header, &fields); err != nil {
		return nil, fmt.Errorf("safetensors header is not JSON: %w", err)
	}
	var entries []named
	for name, raw := range fields {
		if name == metadataKey {
			if err := json.Unmarshal(raw, &f.Metadata); err != nil {
				return nil, fmt.Errorf("safetensors metadata must map strings to strings: %w", err)
			}
			continue
		}
		e := named{name: name}
		err := json.Unmarshal(raw, &e.entry)
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Type.Kind() == reflect.Int {
			return nil, fmt.Errorf("tensor %q has the %s as %s, which does not fit a whole number of %d bits", name, wrong.Value, wrong.Field, bits.UintSize)
		}
		if err != nil {
			return nil, fmt.Errorf("safetensors header of tensor %q: %w", name, err)
		}
		if e.DType == "" {
			return nil, fmt.Errorf("safetensors header of tensor %q has no data type", name)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b named) int {
		if a.Offsets != b.Offsets {
			return slices.Compare(a.Offsets[:], b.Offsets[:])
		}
		return strings.Compare(a.name, b.name)
	})
	return entries, nil
}

// checkLayout makes sure that the entries cover the data exactly and that
// shapes agree with sizes, so that nothing is allocated on a lie.
func checkLayout(entries []named, size int64) error {
	end := 0
	for _, e := range entries {
		if e.Offsets[0] != end || e.Offsets[1] < end {
			return fmt.Errorf("tensor %q lies at bytes %d to %d, but the one before it ends at %d", e.name, e.Offsets[0], e.Offsets[1], end)
		}
		n, err := Elements(e.Shape)
		if err != nil {
			return fmt.Errorf("tensor %q of shape %v %w", e.name, e.Shape, err)
		}
		if width := Size(e.DType); width > 0 && n*width != e.Offsets[1]-e.Offsets[0] {
			return fmt.Errorf("tensor %q of shape %v does not fit its %d bytes", e.name, e.Shape, e.Offsets[1]-e.Offsets[0])
		}
		end = e.Offsets[1]
	}
	if int64(end) != size {
		return fmt.Errorf("the tensors need %d bytes, the file holds %d: it is damaged or cut short", end, size)
	}
	return nil
}

// Elements returns the number of elements of a shape, of which none must be
// negative, and all together must fit into memory at 8 bytes each. The error continues
// a sentence about the shape.
func Elements(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, errors.New("has a negative axis, which does not fit any data")
		case d > 0 && n > math.MaxInt/8/d:
			return 0, fmt.Errorf("does not fit into the memory of a program of %d bits", bits.UintSize)
		}
		n *= d
	}
	return n, nil
}
