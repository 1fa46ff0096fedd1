package main

import (
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"autodropout/benchmarks/internal/kills"
	"autodropout/dropout"
	"autodropout/patterns"
)

// rewrite changes a file of a run.
func rewrite(t *testing.T, path string, change func(text string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(change(string(text))), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestOtherData: a run is not continued with other data, unless that is wanted, and
// then its results say so.
func TestOtherData(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	mustCall(t, tiny(folder, "-method", "none", "-steps", "3")...)
	rewrite(t, filepath.Join(folder, "identity.json"), func(text string) string { return strings.Replace(text, `"data": "`, `"data": "other-`, 1) })
	code, _, stderr := call(t, "-resume", "-out", folder)
	if code != 2 || !strings.Contains(stderr, "the data had the checksum other-") || !strings.Contains(stderr, "-accept-changes") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	mustCall(t, "-resume", "-accept-changes", "-out", folder)
	if notes := strings.Join(readResult(t, folder).Notes, " "); !strings.Contains(notes, "the data had the checksum other-") {
		t.Errorf("the notes of the result are %q", notes)
	}
	page, err := os.ReadFile(filepath.Join(folder, "report.html"))
	if err != nil || !strings.Contains(string(page), "the data had the checksum other-") {
		t.Errorf("the report does not say that the data was another (error %v)", err)
	}
}

// TestMovedRun: a run goes on with the pattern it began with, wherever its folder is
// and whatever has become of the file.
func TestMovedRun(t *testing.T) {
	dir := t.TempDir()
	searched, whole, folder, moved := filepath.Join(dir, "searched"), filepath.Join(dir, "whole"), filepath.Join(dir, "run"), filepath.Join(dir, "moved")
	mustCall(t, tiny(searched)...)
	pattern := filepath.Join(dir, "p.json")
	text, err := os.ReadFile(filepath.Join(searched, "best-pattern.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pattern, text, 0o644); err != nil {
		t.Fatal(err)
	}
	given := []string{"-method", "autodropout", "-pattern", pattern}
	mustCall(t, tiny(whole, given...)...)
	mustCall(t, tiny(folder, append(given, "-steps", "5")...)...)
	if err := os.WriteFile(pattern, []byte("{"), 0o644); err != nil { // edited
		t.Fatal(err)
	}
	mustCall(t, "-resume", "-out", folder, "-steps", "2")
	if err := os.Remove(pattern); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(folder, moved); err != nil {
		t.Fatal(err)
	}
	mustCall(t, "-resume", "-out", moved)
	if got, want := readResult(t, moved).Rows[0].Values, readResult(t, whole).Rows[0].Values; len(got) != 1 || got[0] != want[0] {
		t.Errorf("moved, the run has the scores %v, want %v", got, want)
	}
}

// TestNamedPattern: a run with a pattern of a name copies it into its folder when it
// begins, and goes on with the copy when the name has come to mean another pattern.
func TestNamedPattern(t *testing.T) {
	const name, other = "plain-wrn-10-1", "cifar10-few-wrn-10-1"
	dir := t.TempDir()
	whole, folder := filepath.Join(dir, "whole"), filepath.Join(dir, "run")
	t.Chdir(dir)
	given := []string{"-method", "autodropout", "-pattern", name}
	mustCall(t, tiny(whole, given...)...)
	mustCall(t, tiny(folder, append(given, "-steps", "5")...)...)
	named, err := patterns.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := dropout.LoadPattern(filepath.Join(folder, "given-pattern.json"))
	if err != nil || !reflect.DeepEqual(copied, named) {
		t.Errorf("the copy in the folder is %v, error %v, want %v", copied, err, named)
	}
	// A file of that name comes before what the program has.
	changed, err := patterns.Load(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := changed.(*dropout.ConvPattern).Save(name); err != nil {
		t.Fatal(err)
	}
	mustCall(t, "-resume", "-out", folder)
	if got, want := readResult(t, folder).Rows[0].Values, readResult(t, whole).Rows[0].Values; len(got) != 1 || got[0] != want[0] {
		t.Errorf("where the name means another pattern, the run goes on to the scores %v, want %v", got, want)
	}
	kills.Compare(t, folder, whole)
}

// TestNothingIsMade where a run cannot begin: its folder would refuse the next one.
func TestNothingIsMade(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	folder := filepath.Join(t.TempDir(), "run")
	for _, flags := range [][]string{{"-rate", "Inf"}, {"-width", "1000000000"}, {"-search-width", "1000000000"}, {"-dashboard", l.Addr().String()}} {
		if code, _, stderr := call(t, tiny(folder, flags...)...); code == 0 {
			t.Errorf("%v: exit code 0\n%s", flags, stderr)
		}
		if _, err := os.Stat(folder); err == nil {
			t.Errorf("%v: there is a folder", flags)
			os.RemoveAll(folder)
		}
	}
}

// TestNothingFound: a search whose trials all diverge costs its row, in every session.
func TestNothingFound(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	mustCall(t, tiny(folder, "-method", "dropout,random", "-tune", "-trials", "2", "-rate", "1e30", "-clip", "0")...)
	for range 2 {
		r := readResult(t, folder)
		notes := strings.Join(r.Notes, " ")
		if len(r.Rows) != 2 || r.Rows[0].Mean != nil || r.Rows[1].Mean != nil || !strings.Contains(notes, "All of 2 trials for “Dropout” failed") || !strings.Contains(notes, "All of 2 trials for “random-search pattern” failed") {
			t.Errorf("the rows are %+v, the notes %q", r.Rows, r.Notes)
		}
		if stdout := mustCall(t, "-resume", "-out", folder); !strings.Contains(stdout, "To do: nothing.") {
			t.Errorf("resumed, it prints\n%s", stdout)
		}
	}
}

// TestHugeEpochs: what is planned for years begins and stops at once.
func TestHugeEpochs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	began := time.Now()
	mustCall(t, tiny(folder, "-epochs", "1000000000", "-method", "none", "-steps", "2")...)
	mustCall(t, "-resume", "-out", folder, "-steps", "1")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("three steps took %v", took)
	}
}
