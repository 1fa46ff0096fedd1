//go:build unix && !aix

package machine

import (
	"syscall"
	"time"
)

// CPUTime returns how long all threads of the process have computed, 0 when unknown.
func CPUTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
