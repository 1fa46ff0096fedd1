package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"path"

	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
)

// description returns the file that describes the tensors of an archive, nil where
// it has none.
func description(archive *zip.Reader) *zip.File {
	for _, f := range archive.File {
		if path.Base(f.Name) == "data.pkl" {
			return f
		}
	}
	return nil
}

// readArchive reads an archive: data.pkl describes the tensors, and a file for
// each storage holds their elements.
func readArchive(archive *zip.Reader, budget *sized.Budget) (*safetensors.File, error) {
	described := description(archive)
	if described == nil {
		return nil, errors.New("it is an archive, but not one that torch.save wrote: it has no data.pkl")
	}
	folder := path.Dir(described.Name)
	files := map[string]*zip.File{}
	for _, f := range archive.File {
		files[f.Name] = f
	}
	if files[folder+"/constants.pkl"] != nil {
		return nil, errors.New("it is a TorchScript program: save its weights with torch.save(model.state_dict(), ...)")
	}
	bigEndian := false
	if order := files[folder+"/byteorder"]; order != nil {
		raw, err := content(order, budget)
		if err != nil {
			return nil, err
		}
		bigEndian = string(raw) == "big"
	}
	r, err := open(described, budget)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	root, err := newMachine(r, int64(described.UncompressedSize64), budget).read()
	if err == nil {
		err = r.finish()
	}
	if err != nil {
		return nil, err
	}
	c := &collector{budget: budget, bigEndian: bigEndian, open: func(s *storage) (source, int64, error) {
		f := files[folder+"/data/"+s.key]
		if f == nil {
			return nil, 0, fmt.Errorf("the storage %q of a tensor is missing", s.key)
		}
		r, err := open(f, budget)
		return r, int64(f.UncompressedSize64), err
	}}
	return c.collect(root)
}

// source is what the elements of a storage are read from. After them finish
// returns an error where they are damaged.
type source interface {
	io.ReadCloser
	finish() error
}

// member is a file of an archive that is read.
type member struct {
	io.ReadCloser
	name string
}

// open opens a file of the archive to be read within a budget. PyTorch can leave
// checksums out, as zeros, which is not damage.
func open(f *zip.File, budget *sized.Budget) (*member, error) {
	if f.UncompressedSize64 > math.MaxInt64 || budget.Work(int64(f.UncompressedSize64)) != nil {
		return nil, fmt.Errorf("%s in it is said to have %d bytes, more than the file can hold", f.Name, f.UncompressedSize64)
	}
	unchecked := *f
	if f.CRC32 == 0 {
		const descriptor = 8 // behind the data, which would be compared
		unchecked.Flags &^= descriptor
	}
	r, err := unchecked.Open()
	if err != nil {
		return nil, fmt.Errorf("%s in it is damaged: %w", f.Name, err)
	}
	return &member{r, f.Name}, nil
}

// finish reads to the end, where checksums are compared.
func (m *member) finish() error {
	if _, err := io.Copy(io.Discard, m); err != nil {
		return fmt.Errorf("%s in it is damaged: %w", m.name, err)
	}
	return nil
}

// content returns a small file of the archive.
func content(f *zip.File, budget *sized.Budget) ([]byte, error) {
	r, err := open(f, budget)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err == nil {
		err = r.finish()
	}
	return raw, err
}
