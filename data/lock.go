package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"autodropout/internal/filelock"
)

// Lock takes the lock file at path, or fails at once if another process has it. The system
// releases it when its owner ends, however that happens. On systems without such locks the
// file itself is the lock, and after a crash somebody has to remove it.
func Lock(path string) (unlock func(), err error) {
	if !filelock.Known {
		return lockByName(path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if filelock.Try(f) {
		f.Close()
		return nil, fmt.Errorf("another process is at it (it has locked %s): wait until it has finished", path)
	}
	// The file stays: removing it could let two processes lock two files.
	return func() { f.Close() }, nil
}

// lockByName creates the lock file at path, or fails at once if it exists.
func lockByName(path string) (unlock func(), err error) {
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
