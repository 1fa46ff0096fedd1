package sizedtest

import (
	"os"
	"syscall"
)

// mostMemory returns the most bytes that a process had in memory.
func mostMemory(s *os.ProcessState) int64 {
	if usage, ok := s.SysUsage().(*syscall.Rusage); ok {
		return int64(usage.Maxrss) << 10
	}
	return 0
}

// confine ends this process, not another on the machine, when it takes far more
// memory than it may.
func confine(bytes int64) {
	_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)})
}
