//go:build unix && !aix && !linux

package machine

import (
	"runtime"
	"syscall"
)

// PeakMemory returns the most bytes the process had resident, 0 when unknown.
func PeakMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	peak := int64(usage.Maxrss)
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		peak *= 1024 // the others count kilobytes
	}
	return peak
}
