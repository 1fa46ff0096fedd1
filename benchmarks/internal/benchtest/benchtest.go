// Package benchtest runs benchmarks in tests.
package benchtest

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/kills"
	"autodropout/benchmarks/internal/runfolder"
)

// Program is a benchmark; it returns its exit code.
type Program func(ctx context.Context, args []string, stdout, stderr io.Writer) int

// Call runs the program in this process.
func (p Program) Call(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = p(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// Must runs the program, which must succeed.
func (p Program) Must(t testing.TB, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := p.Call(t, args...)
	if code != 0 {
		t.Fatalf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
	}
	return stdout
}

// Prints runs the program and reports what its output lacks.
func (p Program) Prints(t testing.TB, want []string, args ...string) {
	t.Helper()
	stdout := p.Must(t, args...)
	for _, w := range want {
		if !strings.Contains(stdout, w) {
			t.Errorf("the output does not have %q:\n%s", w, stdout)
		}
	}
}

// SameAlways runs one experiment without a break, on one core and in pieces of so
// many steps, of which the first two belong to the row none. Tiny returns the flags of
// a small one. All files must have the same bits, see [kills.Compare].
func (p Program) SameAlways(t *testing.T, tiny func(out string, more ...string) []string, pieces ...int) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	p.Must(t, tiny(whole)...)

	runtime.GOMAXPROCS(1)
	one := filepath.Join(dir, "one")
	p.Must(t, tiny(one)...)
	runtime.GOMAXPROCS(2)
	kills.Compare(t, one, whole)

	folder := filepath.Join(dir, "pieces")
	for i, piece := range pieces {
		steps := []string{"-steps", strconv.Itoa(piece)}
		switch i {
		case 0:
			if stdout := p.Must(t, tiny(folder, steps...)...); !strings.Contains(stdout, " -resume -out "+folder) {
				t.Errorf("stopped by -steps the output is\n%s", stdout)
			}
		case 1:
			if _, _, stderr := p.Call(t, append(steps, "-resume", "-out", folder)...); !strings.Contains(stderr, "none, seed 0: continuing after step "+strconv.Itoa(pieces[0])+"\n") {
				t.Errorf("the second piece prints\n%s", stderr)
			}
		default:
			p.Must(t, append(steps, "-resume", "-out", folder)...)
		}
	}
	p.Must(t, "-resume", "-out", folder)
	kills.Compare(t, folder, whole)
}

// Pieces runs one experiment in one piece, and in pieces of so many steps, and
// demands that both leave the same files, see [kills.Compare].
func (p Program) Pieces(t *testing.T, settings []string, steps ...int) {
	t.Helper()
	dir := t.TempDir()
	whole, pieces := filepath.Join(dir, "whole"), filepath.Join(dir, "pieces")
	p.Must(t, slices.Concat(settings, []string{"-out", whole})...)
	for i, n := range steps {
		args := settings
		if i > 0 {
			args = []string{"-resume"}
		}
		p.Must(t, slices.Concat(args, []string{"-out", pieces, "-steps", strconv.Itoa(n)})...)
	}
	p.Must(t, "-resume", "-out", pieces)
	kills.Compare(t, pieces, whole)
}

// Result returns the result of the run in a folder.
func Result(t testing.TB, folder string) runfolder.Result {
	t.Helper()
	r, err := runfolder.Folder(folder).Result()
	if err != nil || r == nil {
		t.Fatalf("the result of %s is %v, error %v", folder, r, err)
	}
	return *r
}

// Torn adds half a line to the journal of a run, as one that goes on may just be
// writing it. What it returns demands that it is still there.
func Torn(t testing.TB, folder string) (still func()) {
	t.Helper()
	path := runfolder.Folder(folder).Path(runfolder.Journal)
	torn := append(Read(t, path), `{"method":"none","se`...)
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if left := Read(t, path); !bytes.Equal(left, torn) {
			t.Errorf("a command that reads has left %d bytes of the journal's %d", len(left), len(torn))
		}
	}
}

// Read returns the content of a file.
func Read(t testing.TB, elements ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Folder makes a folder with files of these names and contents, and returns its path.
func Folder(t testing.TB, files map[string]string, elements ...string) string {
	t.Helper()
	path := filepath.Join(elements...)
	if err := os.MkdirAll(path, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(path, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// Wrong is a call that must fail.
type Wrong = struct {
	Args string
	Code int
	Want string // in the one sentence that is printed
}

// Refuses calls the program, whose name is given, with what is wrong. It must
// print one line, compute nothing and make no folder for results.
func (p Program) Refuses(t testing.TB, name string, calls []Wrong) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range calls {
		code, stdout, stderr := p.Call(t, append(strings.Fields(c.Args), "-out", out)...)
		at := strings.Index(stderr, name+": ") // progress may stand before it
		if code != c.Code || at < 0 || !strings.Contains(stderr[at:], c.Want) || strings.Count(stderr[at:], "\n") != 1 {
			t.Errorf("%s: exit code %d, want %d and one line with %q:\n%s", c.Args, code, c.Code, c.Want, stderr)
		}
		if strings.Contains(stdout, "To do") {
			t.Errorf("%s: the run began", c.Args)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: the output folder was made", c.Args)
		}
	}
}

// FreeAddress returns an address of this machine where nobody listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
