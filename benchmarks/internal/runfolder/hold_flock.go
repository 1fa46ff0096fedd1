//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package runfolder

import (
	"errors"
	"os"
	"syscall"
)

// canHold says whether tryHold tells who is there from who is not.
const canHold = true

// tryHold holds an open file for this process, until it is closed or the process
// ends in whatever way. It reports whether another one has it. Where a file system
// knows no such locks nobody is held off.
func tryHold(f *os.File) (taken bool) {
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
