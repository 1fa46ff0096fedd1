package weights

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"autodropout/data/npy"
	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
	"autodropout/internal/torchfile"
	"autodropout/layers"
)

// Left is an array of a file that cannot be read, such as one of texts, of complex
// or of sparse numbers, and why.
type Left struct{ Name, Why string }

// Read returns the arrays of a file in its order, converted to float32. The content of the
// file tells its kind. Arrays inside dictionaries, lists and modules of a file of
// torch.save are named by the keys that lead to them, with dots between them; arrays that
// share elements share their memory. Arrays that cannot be read are left out: [ReadAll]
// names them.
func Read(path string) ([]layers.Array, error) {
	arrays, _, err := ReadAll(path)
	return arrays, err
}

// ReadAll is [Read], and returns also which arrays are left out. It is an error when
// no array can be read.
func ReadAll(path string) (arrays []layers.Array, left []Left, err error) {
	file, err := sized.ReadFile(path, func(f *os.File, size int64) (*safetensors.File, error) { return read(f, size) })
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read the weights: %w", err)
	}
	for _, t := range file.Tensors {
		arrays = append(arrays, layers.Array(t))
	}
	for _, l := range file.Left {
		left = append(left, Left(l))
	}
	if arrays == nil && left != nil {
		return nil, nil, fmt.Errorf("cannot read the weights: %s holds no arrays that can be read (%s: %s)", path, left[0].Name, left[0].Why)
	}
	return arrays, left, nil
}

// read reads a file of any kind. Kinds are told apart by what only they have: a
// file of safetensors may begin with any two bytes, since they are a length.
func read(r io.ReaderAt, size int64) (*safetensors.File, error) {
	head := make([]byte, 512)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	switch {
	case safetensors.Looks(head, size):
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		archive, err := zip.NewReader(r, size)
		if err != nil {
			return nil, fmt.Errorf("it is an archive that is damaged or cut short: %w", err)
		}
		if torchfile.LooksArchive(archive) {
			return torchfile.Read(r, size)
		}
		return readNumPy(r, size)
	case bytes.HasPrefix(head, []byte("\x93NUMPY")):
		return nil, errors.New("it is one array of NumPy without a name: save it with numpy.savez under the name that the model has for it")
	case torchfile.Looks(head):
		return torchfile.Read(r, size)
	}
	return safetensors.Read(io.NewSectionReader(r, 0, size), size)
}

// readNumPy reads a file of numpy.savez.
func readNumPy(r io.ReaderAt, size int64) (*safetensors.File, error) {
	file := &safetensors.File{}
	err := npy.EachArrayOf(r, size, func(a npy.Named, err error) error {
		if err != nil {
			file.Left = append(file.Left, safetensors.Left{Name: a.Name, Why: err.Error()})
		} else {
			file.Tensors = append(file.Tensors, safetensors.Tensor{Name: a.Name, Shape: a.Shape, Data: a.Data})
		}
		return nil
	})
	return file, err
}
