//go:build !linux

package sizedtest

import "os"

// mostMemory returns the most bytes that a process had in memory; 0: it is not known.
func mostMemory(*os.ProcessState) int64 { return 0 }

// confine does nothing: what a process may have is not limited.
func confine(int64) {}
