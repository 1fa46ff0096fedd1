package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/runfolder"
)

// TestRowsAgain: rows and rates on the command line take the place of those of a file, so that a
// command may be repeated with -resume.
func TestRowsAgain(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	row := "a=" + self(t) + " " + programWord + " {rate}"
	args := at(out, settings(t, []string{"-method", "none", "-row", row, "-grid", "0.1,0.2"}))
	program.Must(t, append([]string{"-steps", "1"}, args...)...)
	program.Must(t, append([]string{"-resume"}, args...)...)
	if r := benchtest.Result(t, out); len(r.Rows) != 2 || r.Rows[1].Method != "a" {
		t.Errorf("the rows are %+v", r.Rows)
	}
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("row = \"b=go {rate}\"\ngrid = \"0.3\"\nseeds = 2\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for flags, want := range map[string]string{"": "b=go {rate} 0.3", "-grid 0.4": "b=go {rate} 0.4", "-row c=go -row d=go": "c=go\nd=go 0.3"} {
		c, _, err := command.Parse(t.Context(), append([]string{"-config", file}, strings.Fields(flags)...), io.Discard)
		if got := c.rows.String() + " " + c.grids.String(); err != nil || got != want || c.Seeds != 2 {
			t.Errorf("%s: rows and rates are %q, want %q (error %v)", flags, got, want, err)
		}
	}
}

// TestMissingScript: a script that Python cannot find is missed before anything is started.
func TestMissingScript(t *testing.T) {
	dir := t.TempDir()
	python := filepath.Join(dir, "python3")
	if err := os.Symlink(self(t), python); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "train.py"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for text, missing := range map[string]bool{
		python + " train.py": false, python + " gone.py": true, python + " sub/gone.py --lr 3": true, python + " " + filepath.Join(dir, "gone.py"): false,
		python: false, python + " -m trainer": false, python + " -u gone.py": false, python + " {start}/gone.py": false, self(t) + " gone.py": false,
	} {
		var c config
		if err := c.command.Set(text); err != nil {
			t.Fatal(err)
		}
		if err := c.find(dir); (err != nil) != missing || missing && !strings.Contains(err.Error(), "there is no such file in "+dir) {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

// TestNamedPattern: a pattern that comes with the program has a row like one of a file.
func TestNamedPattern(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	program.Must(t, at(out, settings(t, []string{"-method", "autodropout", "-pattern", "plain-wrn-10-1"}))...)
	if r := benchtest.Result(t, out); len(r.Rows) != 1 || r.Rows[0].Method != "pattern plain-wrn-10-1" {
		t.Errorf("the rows are %+v", r.Rows)
	}
	if _, err := os.Stat(runfolder.Folder(out).Path(runfolder.Given)); err != nil {
		t.Error(err)
	}
}

// TestInfiniteMetric: a final training whose metric is no number has diverged.
func TestInfiniteMetric(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	program.Must(t, at(out, settings(t, []string{"-method", "none", "-metric", "error", "-lower"}, "wild"))...)
	if r := benchtest.Result(t, out); len(r.Rows) != 1 || r.Rows[0].Mean != nil || len(r.Rows[0].Values) != 0 {
		t.Errorf("the rows are %+v", r.Rows)
	}
}
