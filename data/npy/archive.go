package npy

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"autodropout/internal/atomicfile"
	"autodropout/internal/sized"
)

// Named is an array of an archive.
type Named struct {
	Name string
	Array
}

// ReadArchive reads the arrays of a .npz file, in the order of the file, as
// numpy.savez and numpy.savez_compressed write it, and names it in every error. It is
// an error when one of them cannot be read: see [EachArray].
func ReadArchive(path string) ([]Named, error) {
	var arrays []Named
	err := EachArray(path, func(a Named, err error) error {
		if err != nil {
			return fmt.Errorf("%s: array %q: %w", path, a.Name, err)
		}
		arrays = append(arrays, a)
		return nil
	})
	return arrays, err
}

// EachArray calls visit with every array of a .npz file, in the order of the file. An array
// that cannot be read, such as one of texts, comes with its name and the reason. An error
// of visit ends it. Other errors name the file.
func EachArray(path string, visit func(a Named, err error) error) error {
	var visited error
	_, err := sized.ReadFile(path, func(f *os.File, size int64) (none struct{}, err error) {
		return none, EachArrayOf(f, size, func(a Named, err error) error {
			visited = visit(a, err)
			return visited
		})
	})
	if visited != nil {
		return visited
	}
	return err
}

// EachArrayOf is [EachArray] for a file of the given size in bytes. The memory of all
// arrays together is bounded by a multiple of that size.
func EachArrayOf(r io.ReaderAt, size int64, visit func(a Named, err error) error) error {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("it is not a .npz file: %w", err)
	}
	budget := sized.NewBudget(size)
	seen := map[string]bool{}
	for _, f := range archive.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if seen[name] {
			return fmt.Errorf("it has two arrays called %q", name)
		}
		seen[name] = true
		a, err := readEntry(f, budget)
		if errors.Is(err, sized.ErrWork) {
			return err
		}
		if err := visit(Named{name, a}, err); err != nil {
			return err
		}
	}
	return nil
}

// readEntry reads an array within a budget.
func readEntry(f *zip.File, budget *sized.Budget) (Array, error) {
	if f.UncompressedSize64 > math.MaxInt64 {
		return Array{}, sized.ErrMemory
	}
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	a, err := read(r, int64(f.UncompressedSize64), budget)
	if err != nil {
		return Array{}, err
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF { // only the end compares checksums
		return Array{}, errors.New("it is damaged: its checksum is wrong")
	}
	return a, nil
}

// WriteArchive writes a .npz file without compression, as numpy.savez does. The
// file appears whole or not at all.
func WriteArchive(path string, arrays []Named) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		archive := zip.NewWriter(w)
		seen := map[string]bool{}
		for _, a := range arrays {
			if seen[a.Name] {
				return fmt.Errorf("npy: two arrays are called %q", a.Name)
			}
			seen[a.Name] = true
			entry, err := archive.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store})
			if err != nil {
				return err
			}
			if err := Write(entry, a.Array); err != nil {
				return err
			}
		}
		return archive.Close()
	})
}
