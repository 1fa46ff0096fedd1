package torchfile

import (
	"archive/tar"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
)

var errTar = errors.New("it is a tar archive, but not one that PyTorch 0.1 wrote, or it is damaged")

// tarReader reads the format of PyTorch before 0.1.10: a tar archive of the
// storages, the tensors and the object, which refers to tensors by their keys.
type tarReader struct {
	file    *io.SectionReader
	budget  *sized.Budget
	members map[string]place

	storages map[string]*storage
	places   map[string]place // of the storages that are no views
	tensors  map[string]*tensor
}

func readTar(r *io.SectionReader, budget *sized.Budget) (*safetensors.File, error) {
	t := &tarReader{file: r, budget: budget, members: map[string]place{}, storages: map[string]*storage{}, places: map[string]place{}, tensors: map[string]*tensor{}}
	archive := tar.NewReader(r)
	for {
		head, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, errTar
		}
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil || budget.Work(1) != nil || head.Size > r.Size()-at {
			return nil, errTar
		}
		t.members[head.Name] = place{at, head.Size}
	}
	if err := t.readStorages(); err != nil {
		return nil, err
	}
	if err := t.readTensors(); err != nil {
		return nil, err
	}
	m, err := t.machine("pickle")
	if err != nil {
		return nil, err
	}
	m.resolve = func(id any) (any, error) {
		if found := t.tensors[keyText(id)]; found != nil {
			return found, nil
		}
		if container, ok := id.([]any); ok && len(container) > 0 {
			return container[0], nil // a class and its source
		}
		return nil, errors.New("it refers to a tensor that is not there")
	}
	root, err := m.read()
	if err != nil {
		return nil, err
	}
	return collectPlaces(r, root, t.places, budget)
}

// machine returns what reads the pickles of a member.
func (t *tarReader) machine(name string) (*machine, error) {
	p, ok := t.members[name]
	if !ok {
		return nil, errTar
	}
	return newMachine(io.NewSectionReader(t.file, p.at, p.bytes), p.bytes, t.budget), nil
}

// entries reads a number from a member and then as many times a tuple of three
// objects, and calls visit with its first one as text, the others, and where it
// ends in the file. Visit returns how many bytes follow.
func (t *tarReader) entries(name string, visit func(key string, entry []any, at int64) (bytes int64, err error)) (*machine, error) {
	m, err := t.machine(name)
	if err != nil {
		return nil, err
	}
	count, err := m.read()
	n, ok := count.(int)
	if err != nil || !ok {
		return nil, errTar
	}
	for range n {
		v, err := m.read()
		if err != nil {
			return nil, err
		}
		entry, ok := v.([]any)
		if !ok || len(entry) != 3 {
			return nil, errTar
		}
		bytes, err := visit(keyText(entry[0]), entry[1:], t.members[name].at+m.position())
		if err == nil {
			err = m.skip(bytes)
		}
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (t *tarReader) readStorages() error {
	m, err := t.entries("storages", func(key string, entry []any, at int64) (int64, error) {
		class, _ := entry[1].(global)
		s := newStorage(class, key)
		bytes, err := length(t.file, at, s.width)
		if err != nil {
			return 0, fmt.Errorf("the storage %q in it %w", key, err)
		}
		s.bytes = bytes
		t.storages[key], t.places[key] = s, place{at + lengthBytes, bytes}
		return lengthBytes + bytes, nil
	})
	if err != nil {
		return err
	}
	views, err := m.read()
	if err != nil {
		return err
	}
	list, _ := views.(*list)
	for i := 0; list != nil && i < len(list.items); i++ {
		v, _ := list.items[i].([]any)
		if len(v) != 4 {
			return errTar
		}
		root := t.storages[keyText(v[1])]
		offset, isInt := v[2].(int)
		if root == nil || !isInt {
			return errTar
		}
		view := *root
		view.base += offset
		t.storages[keyText(v[0])] = &view
	}
	return nil
}

// readTensors reads for each tensor its number of axes, shape, strides and offset.
func (t *tarReader) readTensors() error {
	_, err := t.entries("tensors", func(key string, entry []any, at int64) (int64, error) {
		s := t.storages[keyText(entry[0])]
		var axes int32 // in eight bytes, of which the others mean nothing
		if err := binary.Read(io.NewSectionReader(t.file, at, 4), binary.LittleEndian, &axes); err != nil || s == nil || axes < 0 || axes > maxAxes {
			return 0, errTar
		}
		numbers := make([]int64, 2*axes+1)
		if err := binary.Read(io.NewSectionReader(t.file, at+8, int64(8*len(numbers))), binary.LittleEndian, numbers); err != nil {
			return 0, errTar
		}
		if slices.ContainsFunc(numbers, func(v int64) bool { return int64(int(v)) != v }) {
			return 0, errTar // with 32 bits
		}
		x := &tensor{storage: s, dtype: s.dtype, offset: int(numbers[2*axes])}
		for i := range axes {
			x.shape, x.stride = append(x.shape, int(numbers[i])), append(x.stride, int(numbers[axes+i]))
		}
		t.tensors[key] = x
		return int64(8 + 8*len(numbers)), nil
	})
	return err
}
