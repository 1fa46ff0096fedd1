// Package sized reads files with readers that check what a file claims against
// its size.
package sized

import (
	"fmt"
	"io/fs"
	"math/bits"
	"os"
)

// Check returns an error for a size in bytes that a program cannot address, as one
// of 32 bits cannot address more than 2 GB in one piece.
func Check(size int64) error {
	if int64(int(size)) != size {
		return fmt.Errorf("its %d bytes are more than a program of %d bits can hold: use one of 64 bits", size, bits.UintSize)
	}
	return nil
}

// Open opens a file. What is no regular file is an error: a pipe would be waited for,
// and a device has no end.
func Open(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, NotFile(path, info.Mode())
	}
	return os.Open(path)
}

// NotFile returns the error of a path that is no regular file.
func NotFile(path string, mode fs.FileMode) error {
	return fmt.Errorf("%s is not a file but a %s", path, kind(mode))
}

// ReadFile calls read with a file and its size in bytes, and names the file in
// every error. What is no regular file is an error.
func ReadFile[T any](path string, read func(f *os.File, size int64) (T, error)) (T, error) {
	var none T
	f, err := Open(path)
	if err != nil {
		return none, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return none, err
	}
	content, err := read(f, info.Size())
	if err != nil {
		return none, fmt.Errorf("%s: %w", path, err)
	}
	return content, nil
}

// kind names what is no regular file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	}
	return "device"
}
