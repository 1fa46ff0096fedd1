// Package disk is what a search needs of a file system. There is one for use, [OS],
// and tests have others, which fail.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"autodropout/internal/atomicfile"
)

// Disk has files. What its methods do not do they return as errors of package os.
type Disk interface {
	// Open opens a file for reading and writing; it makes one that is not there.
	Open(path string) (File, error)
	// Reader opens a file that is there, for reading.
	Reader(path string) (io.ReadCloser, error)
	// Write replaces a file with what write writes: wholly or not at all.
	Write(path string, write func(w io.Writer) error) error
	// Remove removes a file. One that is not there is no error.
	Remove(path string) error
	// SyncFolder makes the name of a new file as durable as what is in it, on systems
	// that can.
	SyncFolder(path string)
}

// File is an open file.
type File interface {
	io.ReadWriteSeeker
	io.Closer
	Sync() error
	Truncate(size int64) error
}

// ReadFile returns what a file holds.
func ReadFile(d Disk, path string) ([]byte, error) {
	r, err := d.Reader(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// WriteFile replaces a file with data: wholly or not at all.
func WriteFile(d Disk, path string, data []byte) error {
	return d.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Aside returns the name under which a damaged file is to be kept: its own with
// .damaged behind it, and a number where files were set aside before.
func Aside(d Disk, path string) string {
	for i := 1; ; i++ {
		name := path + ".damaged"
		if i > 1 {
			name = fmt.Sprintf("%s.%d", name, i)
		}
		r, err := d.Reader(name)
		if err != nil {
			return name
		}
		r.Close()
	}
}

// OS is the machine's file system.
type OS struct{}

// Open implements [Disk].
func (OS) Open(path string) (File, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666) }

// Reader implements [Disk].
func (OS) Reader(path string) (io.ReadCloser, error) { return os.Open(path) }

// Write implements [Disk].
func (OS) Write(path string, write func(w io.Writer) error) error {
	return atomicfile.Write(path, write)
}

// Remove implements [Disk].
func (OS) Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// SyncFolder implements [Disk].
func (OS) SyncFolder(path string) {
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		folder.Sync()
		folder.Close()
	}
}
