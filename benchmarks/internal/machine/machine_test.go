package machine

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCommit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	if got := Commit(dir); got != "unknown" {
		t.Errorf("outside a repository the commit is %q", got)
	}
	git := func(args ...string) string {
		t.Helper()
		command := exec.Command("git", args...)
		command.Dir = dir
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	if got := Commit(dir); got != "unknown" {
		t.Errorf("before the first commit it is %q", got)
	}
	git("-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "--allow-empty", "-m", "first")
	if got, want := Commit(dir), git("log", "--format=%H"); got != want {
		t.Errorf("the commit is %q, want %q", got, want)
	}
}

func TestMachine(t *testing.T) {
	if CPU() == "" || SIMD() == "" {
		t.Errorf("the machine is %q with %q", CPU(), SIMD())
	}
	if peak := PeakMemory(); peak < 1<<20 || peak > 1<<40 {
		t.Errorf("the peak memory is %d bytes", peak)
	}
}
