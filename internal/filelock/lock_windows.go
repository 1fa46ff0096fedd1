package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Known says whether this system has such locks: without them Try finds every file
// free.
const Known = true

// Try holds an open file until it is closed. It reports whether another process, or
// another opening of the file, has it; then this one does not. Where a file system
// knows no locks every file is free.
//
// Windows keeps others from reading what is locked, so that the file should hold
// nothing.
func Try(f *os.File) (taken bool) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	return errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}
