//go:build linux || darwin || freebsd

package data

import "syscall"

// freeSpace returns the bytes available to the user in dir, if that is known.
func freeSpace(dir string) (free int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
