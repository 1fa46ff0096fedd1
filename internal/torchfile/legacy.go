package torchfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
)

// legacyMagic is the number that begins files of the format before PyTorch 1.6.
const legacyMagic = "119547037146038801333356"

// readLegacy reads five pickles, a magic number, a version, facts about the
// machine, the object and the keys of its storages, and then the storages, which
// are little-endian on every machine.
func readLegacy(r *io.SectionReader, budget *sized.Budget) (*safetensors.File, error) {
	m := newMachine(r, r.Size(), budget)
	if magic, err := m.read(); err != nil || magic != long(legacyMagic) {
		return nil, errors.New("it is no file that torch.save wrote, or it is cut short")
	}
	var objects [4]any
	for i := range objects {
		var err error
		if objects[i], err = m.read(); err != nil {
			return nil, err
		}
	}
	keys, ok := objects[3].(*list)
	if !ok {
		return nil, errShort
	}
	places := map[string]place{}
	at := m.position()
	for _, item := range keys.items {
		key, _ := item.(string)
		bytes, err := length(r, at, m.widths[key])
		if err != nil {
			return nil, fmt.Errorf("the storage %q in it %w", key, err)
		}
		at += lengthBytes
		places[key] = place{at, bytes}
		at += bytes
	}
	return collectPlaces(r, objects[2], places, budget)
}

// place is where the elements of a storage are.
type place struct{ at, bytes int64 }

const lengthBytes = 8

// length reads the number of elements of a storage at a position, and returns how
// many bytes they have.
func length(r *io.SectionReader, at int64, width int) (bytes int64, err error) {
	var head [lengthBytes]byte
	if _, err := r.ReadAt(head[:], at); err != nil {
		return 0, errors.New("is cut short")
	}
	elements := int64(binary.LittleEndian.Uint64(head[:]))
	if width == 0 {
		return 0, errors.New("has no type")
	}
	if elements < 0 || elements > (r.Size()-at-lengthBytes)/int64(width) {
		return 0, errors.New("is cut short")
	}
	return elements * int64(width), nil
}

// collectPlaces returns the tensors of an object whose storages are at places of a
// file.
func collectPlaces(r *io.SectionReader, root any, places map[string]place, budget *sized.Budget) (*safetensors.File, error) {
	c := &collector{budget: budget, open: func(s *storage) (source, int64, error) {
		p, ok := places[s.key]
		if !ok {
			return nil, 0, fmt.Errorf("the storage %q of a tensor is missing", s.key)
		}
		return section{bufio.NewReader(io.NewSectionReader(r, p.at, p.bytes))}, p.bytes, budget.Work(p.bytes)
	}}
	return c.collect(root)
}

// section is a part of a file, without a checksum.
type section struct{ io.Reader }

func (section) Close() error  { return nil }
func (section) finish() error { return nil }
