// Package torchfile reads the tensors of files that PyTorch's torch.save wrote:
// a state_dict, or dictionaries that hold some, such as a checkpoint of a
// training. Both formats are read, the archive of PyTorch 1.6 and later and the
// one before.
//
// Such a file is a Python pickle, which can run any program when Python loads
// it. Here nothing runs: objects that are not tensors, numbers, texts or
// containers are passed over. Sizes are checked against those of the file before anything is
// allocated.
package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"

	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
)

// Limits that no file of weights meets.
const (
	maxPickle  = 1 << 28 // bytes
	maxTensors = 1 << 20
	maxNesting = 8
	maxAxes    = 16
	maxObjects = 1 << 22 // in all dictionaries and lists, each time they are met
	// maxShared is how many bytes of tensors, as float32, a byte of the file may
	// stand for: two for F16 and four for U8, and as much again for tied weights.
	maxShared = 8
)

// dtypes maps classes of storages to the types of safetensors.
var dtypes = map[global]string{
	{"torch", "DoubleStorage"}:   "F64",
	{"torch", "FloatStorage"}:    "F32",
	{"torch", "HalfStorage"}:     "F16",
	{"torch", "BFloat16Storage"}: "BF16",
	{"torch", "LongStorage"}:     "I64",
	{"torch", "IntStorage"}:      "I32",
	{"torch", "ShortStorage"}:    "I16",
	{"torch", "CharStorage"}:     "I8",
	{"torch", "ByteStorage"}:     "U8",
	{"torch", "BoolStorage"}:     "BOOL",
}

// ReadFile returns the tensors of a file, converted to float32, and names the file in every error. A
// tensor inside dictionaries is named by the keys that lead to it, with dots
// between them: "model.conv1.weight".
func ReadFile(path string) ([]safetensors.Tensor, error) {
	return sized.ReadFile(path, func(f *os.File, size int64) ([]safetensors.Tensor, error) { return Read(f, size) })
}

// Read is [ReadFile] for a file of the given size in bytes.
func Read(r io.ReaderAt, size int64) ([]safetensors.Tensor, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return readLegacy(r, size)
	}
	return readArchive(archive, size)
}

// reader collects tensors.
type reader struct {
	storages map[string][]float32
	raw      func(s *storage) ([]byte, error)
	room     int64 // bytes that tensors may still take
	tensors  []safetensors.Tensor
}

// readArchive reads an archive: data.pkl describes the tensors, and a file for
// each storage holds their elements.
func readArchive(archive *zip.Reader, size int64) ([]safetensors.Tensor, error) {
	files := map[string]*zip.File{}
	folder := ""
	for _, f := range archive.File {
		files[f.Name] = f
		if path.Base(f.Name) == "data.pkl" {
			folder = path.Dir(f.Name)
		}
	}
	if files[folder+"/constants.pkl"] != nil {
		return nil, errors.New("it is a TorchScript program: save its weights with torch.save(model.state_dict(), ...)")
	}
	description := files[folder+"/data.pkl"]
	if description == nil {
		return nil, errors.New("it is an archive, but not one that torch.save wrote: it has no data.pkl")
	}
	if order := files[folder+"/byteorder"]; order != nil {
		if raw, err := content(order, 16); err != nil || string(raw) != "little" {
			return nil, errors.New("its numbers are big-endian: save it again on a little-endian machine")
		}
	}
	raw, err := content(description, maxPickle)
	if err != nil {
		return nil, err
	}
	root, err := (&pickleReader{data: raw}).read()
	if err != nil {
		return nil, err
	}
	return collect(root, size, func(s *storage) ([]byte, error) {
		f := files[folder+"/data/"+s.key]
		if f == nil {
			return nil, fmt.Errorf("the storage %q of a tensor is missing", s.key)
		}
		return content(f, size)
	})
}

// content returns a file of the archive, which torch.save does not compress.
func content(f *zip.File, limit int64) ([]byte, error) {
	if f.Method != zip.Store || f.UncompressedSize64 > uint64(limit) {
		return nil, fmt.Errorf("%s in it is compressed or too large, as torch.save does not write it", f.Name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw := make([]byte, f.UncompressedSize64)
	if _, err = io.ReadFull(r, raw); err == nil {
		_, err = r.Read(make([]byte, 1)) // only the end compares checksums
	}
	if err != io.EOF {
		return nil, fmt.Errorf("%s in it is damaged: %w", f.Name, err)
	}
	return raw, nil
}

// legacyMagic begins files of the format before PyTorch 1.6.
var legacyMagic = []byte("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")

// readLegacy reads five pickles, a magic number, a version, facts about the
// machine, the object and the keys of its storages, and then the storages.
func readLegacy(r io.ReaderAt, size int64) ([]safetensors.Tensor, error) {
	magic := make([]byte, len(legacyMagic))
	if _, err := r.ReadAt(magic, 0); err != nil || !bytes.Equal(magic, legacyMagic) {
		return nil, errors.New("it is no file that torch.save wrote, or it is cut short")
	}
	data, err := io.ReadAll(io.NewSectionReader(r, int64(len(magic)), size-int64(len(magic))))
	if err != nil {
		return nil, err
	}
	p := &pickleReader{data: data}
	var objects [4]any
	for i := range objects {
		if objects[i], err = p.read(); err != nil {
			return nil, err
		}
	}
	if machine, ok := objects[1].(*dict); ok {
		for i, key := range machine.keys {
			if key == "little_endian" && machine.values[i] == false {
				return nil, errors.New("its numbers are big-endian: save it again on a little-endian machine")
			}
		}
	}
	keys, ok := objects[3].(*list)
	if !ok {
		return nil, errShort
	}
	storages := walker{left: maxObjects}
	width := map[string]int{}
	storages.visit = func(_ string, t *tensor) error {
		width[t.key] = safetensors.Size(t.dtype)
		return nil
	}
	if err := storages.walk(objects[2], "", maxNesting); err != nil {
		return nil, err
	}
	raw := map[string][]byte{}
	for _, item := range keys.items {
		key, _ := item.(string)
		head, err := p.take(8)
		if err != nil {
			return nil, err
		}
		elements := binary.LittleEndian.Uint64(head)
		if width[key] == 0 || elements > uint64(len(p.data)/width[key]) {
			return nil, fmt.Errorf("the storage %q in it has a type that is not supported, or is cut short", key)
		}
		if raw[key], err = p.take(int(elements) * width[key]); err != nil {
			return nil, err
		}
	}
	return collect(objects[2], size, func(s *storage) ([]byte, error) {
		if raw[s.key] == nil {
			return nil, fmt.Errorf("the storage %q of a tensor is missing", s.key)
		}
		return raw[s.key], nil
	})
}

// collect returns the tensors in a dictionary.
func collect(root any, size int64, raw func(s *storage) ([]byte, error)) ([]safetensors.Tensor, error) {
	if o, ok := root.(object); ok {
		return nil, fmt.Errorf("it holds a whole Python object (%v), not its weights: save them with torch.save(model.state_dict(), ...)", o.class)
	}
	r := &reader{storages: map[string][]float32{}, raw: raw, room: maxShared * size}
	err := (&walker{visit: r.add, left: maxObjects}).walk(root, "", maxNesting)
	if err == nil && len(r.tensors) == 0 {
		err = errors.New("it holds no tensors: save a model's weights with torch.save(model.state_dict(), ...)")
	}
	return r.tensors, err
}

// walker visits the tensors in dictionaries and lists.
type walker struct {
	visit func(name string, t *tensor) error
	left  int // objects that may still be met
}

func (w *walker) walk(v any, name string, depth int) error {
	if w.left--; w.left < 0 {
		return errors.New("its dictionaries hold each other too often")
	}
	if depth == 0 {
		return nil
	}
	below := func(key string, v any) error {
		if name != "" {
			key = name + "." + key
		}
		return w.walk(v, key, depth-1)
	}
	switch v := v.(type) {
	case *tensor:
		return w.visit(name, v)
	case *dict:
		for i, key := range v.keys {
			text, ok := key.(string)
			if number, isInt := key.(int); isInt {
				text, ok = strconv.Itoa(number), true
			}
			if !ok {
				continue
			}
			if err := below(text, v.values[i]); err != nil {
				return err
			}
		}
	case *list:
		for i, item := range v.items {
			if err := below(strconv.Itoa(i), item); err != nil {
				return err
			}
		}
	}
	return nil
}

// add appends a tensor to those read.
func (r *reader) add(name string, t *tensor) error {
	if len(t.shape) > maxAxes {
		return fmt.Errorf("tensor %q has %d axes, at most %d are supported", name, len(t.shape), maxAxes)
	}
	elements, fits := t.extent()
	if !fits {
		return fmt.Errorf("tensor %q of shape %v and strides %v does not fit its storage of %d elements", name, t.shape, t.stride, t.elements)
	}
	if r.room -= 4 * int64(elements); r.room < 0 || len(r.tensors) == maxTensors {
		return fmt.Errorf("tensor %q is one of too many that share their memory", name)
	}
	data, err := r.data(name, t.storage)
	if err != nil {
		return err
	}
	out := make([]float32, 0, elements)
	if elements > 0 {
		out = gather(out, data, t.offset, t.shape, t.stride)
	}
	r.tensors = append(r.tensors, safetensors.Tensor{Name: name, Shape: t.shape, Data: out})
	return nil
}

// extent returns the number of elements and whether all of them lie inside the
// storage, no more of them than it has.
func (t *tensor) extent() (elements int, fits bool) {
	if slices.Min(append([]int{t.offset}, t.shape...)) < 0 {
		return 0, false
	}
	if slices.Contains(t.shape, 0) {
		return 0, true
	}
	elements, last := 1, t.offset
	for i, n := range t.shape {
		if n > t.elements/elements || t.stride[i] < 0 || n > 1 && t.stride[i] > t.elements/(n-1) {
			return 0, false
		}
		elements *= n
		last += (n - 1) * t.stride[i] // of at most maxAxes numbers below elements
	}
	return elements, t.offset < t.elements && last < t.elements
}

// data returns the elements of a storage.
func (r *reader) data(name string, s *storage) ([]float32, error) {
	if data, ok := r.storages[s.key]; ok && len(data) >= s.elements {
		return data, nil
	}
	width := safetensors.Size(s.dtype)
	if width == 0 {
		return nil, fmt.Errorf("tensor %q has a data type that is not supported: save it as float32", name)
	}
	raw, err := r.raw(s)
	if err != nil {
		return nil, err
	}
	if len(raw)/width < s.elements {
		return nil, fmt.Errorf("tensor %q needs %d elements of its storage, which has %d", name, s.elements, len(raw)/width)
	}
	data := safetensors.Decode(s.dtype, raw[:s.elements*width])
	r.storages[s.key] = data
	return data, nil
}

// gather appends the elements of a view in row-major order.
func gather(dst, src []float32, offset int, shape, stride []int) []float32 {
	if len(shape) == 0 {
		return append(dst, src[offset])
	}
	if len(shape) == 1 && stride[0] == 1 {
		return append(dst, src[offset:offset+shape[0]]...)
	}
	for i := range shape[0] {
		dst = gather(dst, src, offset+i*stride[0], shape[1:], stride[1:])
	}
	return dst
}
