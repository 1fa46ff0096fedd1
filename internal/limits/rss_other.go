//go:build !linux

package limits

import "os"

// mostMemory returns the most bytes that a process had in memory; 0: it is not known.
func mostMemory(*os.ProcessState) int64 { return 0 }
