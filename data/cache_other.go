//go:build !(linux || darwin || freebsd)

package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Lock creates the lock file at path, or fails at once if it exists.
func Lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("another process seems to be at it: wait until it has finished, or delete %s if there is none", path)
	}
	if err != nil {
		return nil, err
	}
	return func() {
		f.Close()
		os.Remove(path)
	}, nil
}

// freeSpace returns the bytes available to the user in dir: here it is not known.
func freeSpace(dir string) (free int64, ok bool) { return 0, false }
