package sizedtest

import (
	"fmt"
	"os"
	"os/exec"
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
	run(t, bytes, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout="+most.String())
}

// Corpus runs all fuzz targets of the package on the inputs they begin with and those
// that were found, in a process of its own, and reports an error when that had more
// than 512 MB in memory at once.
func Corpus(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	run(t, 512<<20, "-test.run=^Fuzz", "-test.timeout=10m")
}

// run runs the tests of this process in another one, which must not have more than so
// many bytes in memory at once.
func run(t *testing.T, bytes int64, flags ...string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], flags...)
	cmd.Env = append(os.Environ(), child+"="+t.Name(), fmt.Sprintf("GOMEMLIMIT=%d", bytes*3/4))
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
