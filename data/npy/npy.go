// Package npy reads and writes NumPy's array files: .npy, which holds one array,
// and .npz, an archive of named ones.
//
// Arrays of numbers and truth values of every size are read and become float32, as
// everything here is: float64 and whole numbers above 2^24 are rounded to the nearest.
// Objects, texts, dates and complex numbers are refused, so that nothing in a file is ever
// run. Written arrays are float32. Sizes are checked against the file's before anything is
// allocated, and the total size of an archive's arrays is bounded.
package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"strings"

	"autodropout/internal/atomicfile"
	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
)

// Array is an array of float32 in row-major order. A nil Shape is a scalar's.
type Array struct {
	Shape []int
	Data  []float32
}

const (
	magic     = "\x93NUMPY"
	maxHeader = 1 << 20
	maxAxes   = 64 // NumPy's own limit
)

// dtypes maps NumPy's types, without the order of their bytes, to those of safetensors.
var dtypes = map[string]string{
	"b1": "BOOL", "i1": "I8", "i2": "I16", "i4": "I32", "i8": "I64", "u1": "U8", "u2": "U16", "u4": "U32", "u8": "U64",
	"f2": "F16", "f4": "F32", "f8": "F64",
}

// ReadFile reads a .npy file and names it in every error.
func ReadFile(path string) (Array, error) {
	return sized.ReadFile(path, func(f *os.File, size int64) (Array, error) { return Read(f, size) })
}

// Read reads an array from a .npy file of the given size in bytes.
func Read(r io.Reader, size int64) (Array, error) { return read(r, size, sized.NewBudget(size)) }

// read is [Read] within the budget of an archive.
func read(r io.Reader, size int64, budget *sized.Budget) (Array, error) {
	if err := sized.Check(size); err != nil {
		return Array{}, err
	}
	head, err := readHeader(r, size)
	if err != nil {
		return Array{}, err
	}
	elements, err := safetensors.Elements(head.shape)
	if err != nil {
		return Array{}, fmt.Errorf("an array of shape %v %w", head.shape, err)
	}
	width := safetensors.Size(head.dtype)
	if rest := size - head.length; rest != int64(elements*width) {
		return Array{}, fmt.Errorf("an array of shape %v and type %s has %d bytes, the file %d behind its header: it is damaged or cut short", head.shape, head.descr, elements*width, rest)
	}
	copies := int64(1)
	if head.columns {
		copies = 2 // for a moment
	}
	if err := budget.Keep(copies * 4 * int64(elements)); err != nil {
		return Array{}, err
	}
	if err := budget.Work(int64(elements * width)); err != nil {
		return Array{}, err
	}
	data, err := safetensors.Decode(r, head.dtype, elements, head.descr[0] == '>')
	if err != nil {
		return Array{}, fmt.Errorf("the array is cut short: %w", err)
	}
	if head.columns {
		data = rows(data, head.shape)
	}
	return Array{Shape: head.shape, Data: data}, nil
}

// rows returns the row-major order of an array that is stored column by column.
func rows(src []float32, shape []int) []float32 {
	dst := make([]float32, 0, len(src))
	strides := make([]int, len(shape))
	step := 1
	for i, n := range shape {
		strides[i] = step
		step *= n
	}
	index := make([]int, len(shape))
	for from := 0; len(dst) < len(src); {
		dst = append(dst, src[from])
		for i := len(shape) - 1; i >= 0; i-- {
			index[i]++
			from += strides[i]
			if index[i] < shape[i] {
				break
			}
			from -= index[i] * strides[i]
			index[i] = 0
		}
	}
	return dst
}

// header is what stands before the elements.
type header struct {
	descr, dtype string
	columns      bool // fortran_order
	shape        []int
	length       int64 // in bytes, with all that precedes the elements
}

// readHeader reads the magic, the version and the header, a Python dictionary.
func readHeader(r io.Reader, size int64) (header, error) {
	var prefix [12]byte
	if _, err := io.ReadFull(r, prefix[:10]); err != nil || string(prefix[:6]) != magic {
		return header{}, errors.New("it is not a .npy file")
	}
	length, start := int64(binary.LittleEndian.Uint16(prefix[8:])), int64(10)
	switch version := prefix[6]; version {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(r, prefix[10:]); err != nil {
			return header{}, errors.New("it is a .npy file cut short")
		}
		length, start = int64(binary.LittleEndian.Uint32(prefix[8:])), 12
	default:
		return header{}, fmt.Errorf("it is a .npy file of version %d, and versions 1 to 3 are known", version)
	}
	if length > maxHeader || start+length > size {
		return header{}, fmt.Errorf("it is a .npy file cut short: its header would be %d bytes of %d", length, size)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, errors.New("it is a .npy file cut short")
	}
	h, err := parseHeader(string(text))
	h.length = start + length
	return h, err
}

// parseHeader reads a dictionary of exactly the form
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
// with its entries in any order.
func parseHeader(text string) (h header, err error) {
	bad := fmt.Errorf("its header %.80q does not say descr, fortran_order and shape as NumPy writes them", strings.TrimSpace(text))
	body, isDict := strings.CutPrefix(strings.TrimSpace(text), "{")
	body, closed := strings.CutSuffix(body, "}")
	seen := map[string]bool{}
	for isDict && closed {
		if body = strings.TrimLeft(body, ", "); body == "" {
			break
		}
		key, rest, ok := strings.Cut(body, ":")
		rest = strings.TrimLeft(rest, " ")
		if !ok || rest == "" || seen[key] {
			return h, bad
		}
		seen[key] = true
		end := strings.IndexByte(rest[1:], map[byte]byte{'\'': '\'', '(': ')', '[': ']'}[rest[0]]) + 2
		switch {
		case key == "'descr'" && rest[0] == '\'' && end > 3:
			h.descr = rest[1 : end-1]
		case key == "'descr'" && rest[0] == '[':
			return h, errors.New("its elements are records: save each of their fields as an array")
		case key == "'shape'" && rest[0] == '(' && end > 1:
			shape := rest[1 : end-1]
			if h.shape, err = parseShape(shape); errors.Is(err, strconv.ErrRange) {
				return h, fmt.Errorf("an array of shape (%.80s) does not fit into the memory of a program of %d bits", shape, bits.UintSize)
			} else if err != nil {
				return h, bad
			}
		case key == "'fortran_order'":
			h.columns = strings.HasPrefix(rest, "True")
			if end = len("True"); !h.columns {
				end = len("False")
			}
			if value := rest[:min(end, len(rest))]; value != "True" && value != "False" {
				return h, bad
			}
		default:
			return h, bad
		}
		body = rest[end:]
	}
	if len(seen) != 3 {
		return h, bad
	}
	if h.dtype = dtypes[strings.TrimLeft(h.descr, "<>|=")]; h.dtype == "" {
		return h, fmt.Errorf("its elements have the type %q, which is not supported: numbers and truth values are", h.descr)
	}
	return h, nil
}

// parseShape reads what stands between the brackets: "", "3," or "3, 4", or "3L, 4L" as Python 2 writes long numbers.
func parseShape(text string) ([]int, error) {
	shape := []int{}
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(text), ","), ",") {
		if part = strings.TrimSpace(part); part == "" && text == "" {
			break
		}
		n, err := strconv.Atoi(strings.TrimSuffix(part, "L"))
		if err == nil && (n < 0 || len(shape) == maxAxes) {
			err = strconv.ErrSyntax
		}
		if err != nil {
			return nil, err
		}
		shape = append(shape, n)
	}
	return shape, nil
}

// WriteFile writes an array to a .npy file, which appears whole or not at all.
func WriteFile(path string, a Array) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, a) })
}

// Write writes an array as a .npy file of version 1 and type '<f4'.
func Write(w io.Writer, a Array) error {
	elements := 1
	var shape strings.Builder
	for _, n := range a.Shape {
		elements *= n
		fmt.Fprintf(&shape, "%d, ", n)
	}
	if elements != len(a.Data) || len(a.Shape) > maxAxes {
		return fmt.Errorf("npy: an array of shape %v has %d elements", a.Shape, len(a.Data))
	}
	text := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", strings.TrimSuffix(shape.String(), " "))
	const align = 64 // NumPy's
	text += strings.Repeat(" ", align-(10+len(text)+1)%align) + "\n"
	var head bytes.Buffer
	head.WriteString(magic + "\x01\x00")
	head.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(text))))
	head.WriteString(text)
	if _, err := w.Write(head.Bytes()); err != nil {
		return err
	}
	const chunk = 1 << 14
	buffer := make([]byte, 0, 4*chunk)
	for part := range slices.Chunk(a.Data, chunk) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}
