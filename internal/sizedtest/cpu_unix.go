//go:build unix

package sizedtest

import (
	"syscall"
	"time"
)

// spent returns how long this process has computed, which other processes do not
// change.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
