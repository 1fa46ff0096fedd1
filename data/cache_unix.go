//go:build linux || darwin || freebsd

package data

import (
	"fmt"
	"os"
	"syscall"
)

// Lock takes the lock file at path, or fails at once if another process has it.
// The system gives it free when its owner ends, however that happens.
func Lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if err == syscall.EWOULDBLOCK {
			return nil, fmt.Errorf("another process is at it (it has locked %s): wait until it has finished", path)
		}
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	// The file stays: removing it could let two processes lock two files.
	return func() { f.Close() }, nil
}

// freeSpace returns the bytes available to the user in dir, if that is known.
func freeSpace(dir string) (free int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
