//go:build !(linux || darwin || freebsd)

package data

// freeSpace returns the bytes available to the user in dir: here it is not known.
func freeSpace(dir string) (free int64, ok bool) { return 0, false }
