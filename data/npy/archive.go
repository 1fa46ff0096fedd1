package npy

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
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

// maxRatio is what deflate can compress at most, so that an archive cannot make
// us allocate much more than it holds.
const maxRatio = 1032

// ReadArchive reads the arrays of a .npz file, in the order of the file, as
// numpy.savez and numpy.savez_compressed write it, and names it in every error.
func ReadArchive(path string) ([]Named, error) {
	return sized.ReadFile(path, func(f *os.File, size int64) ([]Named, error) { return readArchive(f, size) })
}

func readArchive(r io.ReaderAt, size int64) ([]Named, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is not a .npz file: %w", err)
	}
	var arrays []Named
	seen := map[string]bool{}
	left := uint64(size) // entries share no bytes
	for _, f := range archive.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		switch {
		case !ok:
			return nil, fmt.Errorf("%q in it is not an array", f.Name)
		case seen[name]:
			return nil, fmt.Errorf("it has two arrays called %q", name)
		case f.CompressedSize64 > left || f.UncompressedSize64 > maxRatio*f.CompressedSize64:
			return nil, fmt.Errorf("array %q is said to have %d bytes, which it cannot have", name, f.UncompressedSize64)
		}
		seen[name] = true
		left -= f.CompressedSize64
		a, err := readEntry(f)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		arrays = append(arrays, Named{name, a})
	}
	return arrays, nil
}

func readEntry(f *zip.File) (Array, error) {
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	a, err := Read(r, int64(f.UncompressedSize64))
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
