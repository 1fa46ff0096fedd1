package limits

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
