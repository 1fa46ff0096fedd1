package onnxfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
)

// parts are what a tensor's message holds besides what [Tensor] does.
type parts struct {
	raw      []byte // nil: the elements are numbers of their own
	external bool
	place    map[string]string
}

func (r *reader) tensor(b []byte, t *Tensor) error {
	var p parts
	err := r.each(b, func(f field) (err error) {
		switch f.number {
		case 1:
			var dims []int64
			if dims, err = numbers(r, nil, f, protowire.VarintType, 8, toInt64); err == nil {
				err = t.extend(dims)
			}
		case 2:
			t.Type = Type(f.value)
		case 4:
			t.Floats, err = numbers(r, t.Floats, f, protowire.Fixed32Type, 4, toFloat32)
		case 5, 7: // also truth values and 16 bits of real ones
			t.Ints, err = numbers(r, t.Ints, f, protowire.VarintType, 8, toInt64)
		case 8:
			t.Name, err = r.text(f)
		case 9:
			p.raw = f.bytes
		case 10:
			t.Floats, err = numbers(r, t.Floats, f, protowire.Fixed64Type, 4, toFloat64)
		case 13:
			var e Entry
			if e, err = r.entry(f.bytes); err == nil {
				if p.place == nil {
					p.place = map[string]string{}
				}
				p.place[e.Key] = e.Value
			}
		case 14:
			p.external = f.value == 1
		}
		return err
	})
	if err == nil {
		err = r.elements(t, &p)
	}
	if err == errCut {
		return err
	}
	return named(err, "tensor %q", t.Name)
}

// extend adds axes to the shape of a tensor.
func (t *Tensor) extend(dims []int64) error {
	for _, d := range dims {
		if d < 0 || int64(int(d)) != d || len(t.Shape) == MaxRank {
			return fmt.Errorf("its shape has an axis of length %d, or more than %d axes", d, MaxRank)
		}
		t.Shape = append(t.Shape, int(d))
	}
	return nil
}

// Len returns the number of elements that a shape stands for, and whether a program can
// count so far.
func Len(shape []int) (n int, ok bool) {
	n = 1
	for _, d := range shape {
		high, low := bits.Mul(uint(n), uint(d))
		if n = int(low); high != 0 || n < 0 || d < 0 {
			return 0, false
		}
	}
	return n, true
}

// elements fills a tensor once its message has been read.
func (r *reader) elements(t *Tensor, p *parts) error {
	kind, known := elementTypes[t.Type]
	if !known {
		return fmt.Errorf("its elements have type %d, which is not read: float, double, float16, bfloat16, bool and integers of 8, 32 and 64 bits are", t.Type)
	}
	n, ok := Len(t.Shape)
	if high, size := bits.Mul(uint(n), uint(kind.size)); !ok || high != 0 || int(size) < 0 {
		return fmt.Errorf("its shape %v is more than a program can hold", t.Shape)
	}
	size := int64(n) * int64(kind.size)
	switch {
	case p.external:
		source, err := r.external.open(p.place, size)
		if err != nil {
			return err
		}
		return t.decode(source.budget, source.part, n, kind.name)
	case p.raw != nil:
		if int64(len(p.raw)) != size {
			return fmt.Errorf("its shape %v stands for %d bytes, it has %d", t.Shape, size, len(p.raw))
		}
		return t.decode(r.budget, bytes.NewReader(p.raw), n, kind.name)
	}
	return t.convert(n)
}

// decode reads n elements from bytes that are there.
func (t *Tensor) decode(budget *sized.Budget, from io.Reader, n int, kind string) error {
	if t.Floats != nil || t.Ints != nil {
		return errors.New("it has its elements twice")
	}
	if t.Type.Real() {
		if err := budget.Keep(4 * int64(n)); err != nil {
			return err
		}
		data, err := safetensors.Decode(from, kind, n, false)
		t.Floats = data
		return err
	}
	if err := budget.Keep(8 * int64(n)); err != nil {
		return err
	}
	t.Ints = make([]int64, n)
	size := elementTypes[t.Type].size
	var b [8]byte
	for i := range t.Ints {
		if _, err := io.ReadFull(from, b[:size]); err != nil {
			return err
		}
		t.Ints[i] = integer(t.Type, b)
	}
	return nil
}

// integer is a whole number of a type, little-endian.
func integer(t Type, b [8]byte) int64 {
	switch t {
	case Int64:
		var v uint64
		for i := range b {
			v |= uint64(b[i]) << (8 * i)
		}
		return int64(v)
	case Int32:
		return int64(int32(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24))
	case Int8:
		return int64(int8(b[0]))
	}
	return int64(b[0])
}

// convert checks elements that the message held as numbers, and makes real ones of 16
// bits, which it holds as whole numbers, what they are.
func (t *Tensor) convert(n int) error {
	if t.Type == Float16 || t.Type == BFloat16 {
		raw := make([]byte, 0, 2*len(t.Ints))
		for _, v := range t.Ints {
			raw = append(raw, byte(v), byte(v>>8))
		}
		data, err := safetensors.Decode(bytes.NewReader(raw), elementTypes[t.Type].name, len(t.Ints), false)
		if err != nil {
			return err
		}
		t.Floats, t.Ints = data, nil
	}
	have, other := len(t.Ints), len(t.Floats)
	if t.Type.Real() {
		have, other = other, have
	}
	if have != n || other != 0 {
		return fmt.Errorf("its shape %v stands for %d elements, it has %d", t.Shape, n, have+other)
	}
	return nil
}

// external are the files beside a file that hold tensors of it.
type external struct {
	folder *os.Root // nil: there are none
	files  map[string]*externalFile
}

type externalFile struct {
	*os.File
	size   int64
	budget *sized.Budget
}

// source is a part of another file.
type source struct {
	part   io.Reader
	budget *sized.Budget // of that file, whichever tensors it holds
}

func (e *external) close() {
	for _, f := range e.files {
		f.Close()
	}
}

// open returns the part of a file that a tensor of so many bytes lies in.
func (e *external) open(place map[string]string, size int64) (source, error) {
	location := place["location"]
	if e.folder == nil {
		return source{}, fmt.Errorf("it lies in the file %q, and only one file was given", location)
	}
	f := e.files[location]
	if f == nil {
		// Root keeps what it opens inside of the folder, links and all.
		info, err := e.folder.Stat(location)
		if err != nil {
			return source{}, fmt.Errorf("it lies in another file, which must be in the folder of this one: %w", err)
		}
		if !info.Mode().IsRegular() {
			return source{}, sized.NotFile(location, info.Mode())
		}
		file, err := e.folder.Open(location)
		if err != nil {
			return source{}, err
		}
		f = &externalFile{file, info.Size(), sized.NewBudget(info.Size())}
		if e.files == nil {
			e.files = map[string]*externalFile{}
		}
		e.files[location] = f
	}
	offset, err := wholeNumber(place["offset"], 0)
	if err != nil {
		return source{}, err
	}
	length, err := wholeNumber(place["length"], size)
	if err != nil {
		return source{}, err
	}
	if length != size || offset > f.size-length {
		return source{}, fmt.Errorf("it is to lie at %d in %q, %d bytes long, but has %d bytes and the file %d: the file is damaged, or of another network",
			offset, location, length, size, f.size)
	}
	return source{io.NewSectionReader(f, offset, length), f.budget}, nil
}

// wholeNumber reads a number of at least 0; an empty text is another.
func wholeNumber(text string, other int64) (int64, error) {
	if text == "" {
		return other, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no place in a file", text)
	}
	return n, nil
}
