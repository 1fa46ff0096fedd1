package sizedtest

import (
	"os"
	"os/exec"
	"runtime/debug"
	"testing"
	"time"
)

// child is the environment variable that names the test which a process is for.
const child = "AUTODROPOUT_LIMITED_TEST"

// Process runs f, which is the whole of a test, in a process of its own, and reports an
// error when that had more than so many bytes in memory at once, or took longer. The
// time must be generous: machines are slow, or busy. Where a system does not tell, memory is not checked.
func Process(t *testing.T, bytes int64, most time.Duration, f func(t *testing.T)) {
	t.Helper()
	if os.Getenv(child) == t.Name() {
		debug.SetMemoryLimit(bytes * 3 / 4) // collect garbage in time
		confine(2 * bytes)
		f(t)
		return
	}
	if testing.Short() {
		t.Skip("reads large files")
	}
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout="+most.String())
	cmd.Env = append(os.Environ(), child+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	used := mostMemory(cmd.ProcessState)
	t.Logf("%d MB at most, %v of computing\n%s", used>>20, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Round(time.Millisecond), out)
	if used > bytes {
		t.Errorf("%d MB were in memory, %d MB are allowed", used>>20, bytes>>20)
	}
}
