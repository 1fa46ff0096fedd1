// Package sizedtest has what tests of readers share: readers of files that others
// wrote are watched for memory and time, not for panics only.
package sizedtest

import (
	"runtime"
	"testing"
	"time"
)

const (
	mostBytes = 1 << 30 // allocated one after another, of which a reader keeps some 128 MB at most
	mostTime  = 20 * time.Second
)

// Within calls read, which reads file, and fails the test when it allocates more or
// computes longer than a reader of a small file may.
func Within(t testing.TB, file []byte, read func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := spent()
	read()
	took := spent() - began
	runtime.ReadMemStats(&after)
	used := after.TotalAlloc - before.TotalAlloc
	if used > mostBytes || took > mostTime {
		t.Errorf("%d MB were allocated in %v to read %d bytes", used>>20, took, len(file))
	}
}
