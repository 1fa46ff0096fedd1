//go:build !unix || aix

package machine

// PeakMemory returns the most bytes the process had resident, 0 when unknown.
func PeakMemory() int64 { return 0 }
