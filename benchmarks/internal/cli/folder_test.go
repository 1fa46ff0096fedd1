package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
)

func parse(t *testing.T, args ...string) Run {
	t.Helper()
	_, run, err := testCommand.Parse(t.Context(), args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// opened opens the folder of a run and lets it go again.
func opened(t *testing.T, run Run) (runfolder.Folder, error) {
	t.Helper()
	h, err := OpenFolder("try", run)
	if err != nil {
		return "", err
	}
	return h.Folder, h.Close()
}

func TestOpenFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	path, err := opened(t, parse(t))
	if err != nil || filepath.Dir(string(path)) != "runs" || !strings.HasPrefix(filepath.Base(string(path)), "try-20") {
		t.Errorf("without -out the folder is %q, error %v", path, err)
	}
	path, err = opened(t, parse(t, "-out", "a/b", "-epochs", "3"))
	if err != nil || path != "a/b" {
		t.Errorf("got folder %q, error %v", path, err)
	}
	if _, command, err := path.Settings(); err != nil || command == "" {
		t.Errorf("a fresh folder has the command %q, error %v", command, err)
	}
	if _, err := opened(t, parse(t, "-out", "a/b", "-resume")); err != nil {
		t.Errorf("resuming: %v", err)
	}
	text, _, err := path.Settings()
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, path.Path(runfolder.Config), strings.Replace(text, "rate = ", "# ", 1)) // of a program that had no such setting
	if _, err := opened(t, parse(t, "-out", "a/b", "-resume")); err != nil {
		t.Errorf("resuming a run whose program had fewer settings: %v", err)
	}
	writeText(t, path.Path(runfolder.Config), text)
	if run := parse(t, "-out", "a/b", "-resume"); run.Settings["epochs"] != 3 {
		t.Errorf("a resumed run has the settings %v", run.Settings)
	}
	if _, err := opened(t, parse(t, "-out", "a/b", "-resume", "-jobs", "4")); err != nil {
		t.Errorf("resuming with another value of a free flag: %v", err)
	}
}

func TestOpenFolderRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	writeText(t, "file", "")
	if _, err := opened(t, parse(t, "-out", "used")); err != nil {
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
		_, err := opened(t, c.run)
		var usage *usage.Error
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
		if _, err := opened(t, parse(t, "-out", out)); err == nil {
			t.Errorf("%s: no error", out)
		}
	}
}
