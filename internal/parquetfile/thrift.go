package parquetfile

import (
	"encoding/binary"
	"errors"
	"io"
	"reflect"

	"github.com/parquet-go/parquet-go/format"
)

// Parquet writes what it says of a file and of a page with Thrift's compact protocol,
// whose decoder takes memory for as many elements as a list claims to have.

// errDamaged is the error of bytes that are no such description.
var errDamaged = errors.New("it is damaged")

// elementSize bounds what an element of a list becomes in memory.
var elementSize = int64(reflect.TypeFor[format.ColumnChunk]().Size())

const deepest = 24 // structures in structures; Parquet has 6

// A thriftWalk goes over a value without keeping any of it.
type thriftWalk struct {
	text     []byte
	at       int
	elements int64 // of all lists
}

// measure returns the length in bytes of the structure that a text begins with, and
// how much memory it may take once it is decoded. When it goes on behind the end of
// the text the error is [io.ErrUnexpectedEOF].
func measure(text []byte) (length int, memory int64, err error) {
	w := &thriftWalk{text: text}
	if err := w.structure(0); err != nil {
		return 0, 0, err
	}
	return w.at, w.elements*elementSize + int64(w.at), nil
}

func (w *thriftWalk) skip(n uint64) error {
	if n > uint64(len(w.text)-w.at) {
		return io.ErrUnexpectedEOF
	}
	w.at += int(n)
	return nil
}

func (w *thriftWalk) byte() (byte, error) {
	if w.at == len(w.text) {
		return 0, io.ErrUnexpectedEOF
	}
	w.at++
	return w.text[w.at-1], nil
}

func (w *thriftWalk) number() (uint64, error) {
	v, n := binary.Uvarint(w.text[w.at:])
	switch {
	case n == 0:
		return 0, io.ErrUnexpectedEOF
	case n < 0:
		return 0, errDamaged
	}
	w.at += n
	return v, nil
}

// structure walks over fields to the byte that ends them.
func (w *thriftWalk) structure(depth int) error {
	if depth > deepest {
		return errDamaged
	}
	for {
		head, err := w.byte()
		if err != nil || head == 0 {
			return err
		}
		if head>>4 == 0 { // the number of the field follows
			if _, err := w.number(); err != nil {
				return err
			}
		}
		if err := w.value(head&15, false, depth); err != nil {
			return err
		}
	}
}

// value walks over a value of a kind; those of truth are a part of the kind in fields,
// and a byte in lists.
func (w *thriftWalk) value(kind byte, listed bool, depth int) (err error) {
	switch kind {
	case 1, 2: // true, false
		if listed {
			return w.skip(1)
		}
		return nil
	case 3: // a byte
		return w.skip(1)
	case 4, 5, 6: // whole numbers
		_, err = w.number()
		return err
	case 7: // a float
		return w.skip(8)
	case 8: // bytes
		n, err := w.number()
		if err != nil {
			return err
		}
		return w.skip(n)
	case 9, 10: // a list, a set
		return w.list(depth)
	case 12:
		return w.structure(depth + 1)
	}
	return errDamaged // a map, which Parquet does not use, or nothing at all
}

func (w *thriftWalk) list(depth int) error {
	head, err := w.byte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = w.number(); err != nil {
			return err
		}
	}
	// Every element takes a byte or more.
	if n > uint64(len(w.text)-w.at) {
		return io.ErrUnexpectedEOF
	}
	w.elements += int64(n)
	if depth > deepest {
		return errDamaged
	}
	for range n {
		if err := w.value(head&15, true, depth+1); err != nil {
			return err
		}
	}
	return nil
}
