package machine

import (
	"os"
	"strconv"
	"strings"
)

// PeakMemory returns the most bytes the process had resident, 0 when unknown.
// What getrusage says includes the program that started this one, such as go.
func PeakMemory() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if size, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(size), " kB"), 10, 64)
			return 1024 * kilobytes
		}
	}
	return 0
}
