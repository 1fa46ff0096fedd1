// Package sized reads files with readers that check what a file claims against
// its size.
package sized

import (
	"fmt"
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

// ReadFile calls read with a file and its size in bytes, and names the file in
// every error.
func ReadFile[T any](path string, read func(f *os.File, size int64) (T, error)) (T, error) {
	var none T
	f, err := os.Open(path)
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
