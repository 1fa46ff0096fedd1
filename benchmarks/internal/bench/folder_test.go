package bench

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func parse(t *testing.T, args ...string) Run {
	t.Helper()
	_, run, err := testCommand.Parse(t.Context(), args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestOpenFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	path, err := OpenFolder("try", parse(t))
	if err != nil || filepath.Dir(path) != "runs" || !strings.HasPrefix(filepath.Base(path), "try-20") {
		t.Errorf("without -out the folder is %q, error %v", path, err)
	}
	path, err = OpenFolder("try", parse(t, "-out", "a/b", "-epochs", "3"))
	if err != nil || path != "a/b" {
		t.Errorf("got folder %q, error %v", path, err)
	}
	if entries, err := os.ReadDir("a/b"); err != nil || len(entries) != 1 || entries[0].Name() != ConfigName {
		t.Errorf("a fresh folder holds %v, error %v; want the settings alone", entries, err)
	}
	if _, err := OpenFolder("try", parse(t, "-out", "a/b", "-resume")); err != nil {
		t.Errorf("resuming: %v", err)
	}
	if run := parse(t, "-out", "a/b", "-resume"); run.Settings["epochs"] != 3 {
		t.Errorf("a resumed run has the settings %v", run.Settings)
	}
	if _, err := OpenFolder("try", parse(t, "-out", "a/b", "-resume", "-jobs", "4")); err != nil {
		t.Errorf("resuming with another value of a free flag: %v", err)
	}
}

func TestOpenFolderRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	writeText(t, "file", "")
	if _, err := OpenFolder("try", parse(t, "-out", "used")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		run   Run
		want  string
		usage bool
	}{
		{parse(t, "-out", "used"), "used is not empty", true},
		{parse(t, "-out", "used", "-resume", "-epochs", "8"), "was started with -epochs 1, not 8", true},
		{parse(t, "-out", "used", "-resume", "-preset", "large"), "was started with -preset small, not large", true},
		{parse(t, "-out", "file"), "file", false},
		{parse(t, "-out", "file/below"), "file", false},
	} {
		_, err := OpenFolder("try", c.run)
		var usage *UsageError
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &usage) != c.usage {
			t.Errorf("got error %v, want one with %q", err, c.want)
		}
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing is read-only for root")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{dir, filepath.Join(dir, "below")} {
		if _, err := OpenFolder("try", parse(t, "-out", out)); err == nil {
			t.Errorf("%s: no error", out)
		}
	}
}

func TestJournal(t *testing.T) {
	type record struct{ Name string }
	path := filepath.Join(t.TempDir(), "units.jsonl")
	j, err := OpenJournal[record](path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if err := j.Append(record{name}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, path, string(text)+`{"Name":"c`) // a crash
	if j, err = OpenJournal[record](path); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(record{"d"}); err != nil {
		t.Fatal(err)
	}
	if len(j.Records) != 3 || j.Records[1].Name != "b" || j.Records[2].Name != "d" {
		t.Errorf("the records are %v", j.Records)
	}
	j.Close()
	if again, err := OpenJournal[record](path); err != nil || len(again.Records) != 3 {
		t.Errorf("read again: %v, error %v", again, err)
	}
	writeText(t, path, "{\"Name\":\"a\"}\nnonsense\n")
	if _, err := OpenJournal[record](path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a damaged line gives error %v", err)
	}
}
