// Package sized reads files with readers that check what a file claims against
// its size.
package sized

import (
	"fmt"
	"os"
)

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
