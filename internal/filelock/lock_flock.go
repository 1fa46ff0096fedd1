//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filelock

import (
	"errors"
	"os"
	"syscall"
)

// Known says whether this system has such locks: without them Try finds every file
// free.
const Known = true

// Try holds an open file until it is closed. It reports whether another process, or
// another opening of the file, has it; then this one does not. Where a file system
// knows no locks every file is free.
func Try(f *os.File) (taken bool) {
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
