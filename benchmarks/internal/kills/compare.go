package kills

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
)

// Compare fails the test where two runs have not left the same files with the same
// bytes. What tells of time, date, commit, command, memory and machine is not compared, and not in
// which order the trials of a search finished.
func Compare(t testing.TB, got, want string) {
	t.Helper()
	a, b := Lasting(t, got), Lasting(t, want)
	for _, name := range slices.Sorted(maps.Keys(b)) {
		switch text, ok := a[name]; {
		case !ok:
			t.Errorf("%s lacks %s", got, name)
		case !bytes.Equal(text, b[name]):
			t.Errorf("%s differs in %s", got, name)
		}
		delete(a, name)
	}
	for name := range a {
		t.Errorf("%s has %s, which does not belong there", got, name)
	}
}

// Lasting returns what is the same of the files in the folder of a run whenever it is
// run, by their names.
func Lasting(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == "tensorboard" { // times, and a file for each session
				return filepath.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		found[filepath.ToSlash(name)] = lasting(name, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var passing = regexp.MustCompile(`"(seconds|date|commit|command|cpu|memory|summary|crc|log|epochs|csv)": ?("[^"]*"|[-+.0-9e]+)`)

// lasting returns what is the same in every run.
func lasting(name string, text []byte) []byte {
	switch filepath.Base(name) {
	case runfolder.Report: // what it shows is in the other files, and times are everywhere
		return nil
	case runfolder.Config:
		_, settings, _ := bytes.Cut(text, []byte("\n")) // below the command
		return settings
	case runfolder.Table:
		return withoutTimes(text)
	case runfolder.Journal: // some may have been trained again
		lines := bytes.SplitAfter(passing.ReplaceAll(text, nil), []byte("\n"))
		slices.SortFunc(lines, bytes.Compare)
		return bytes.Join(lines, nil)
	case runfolder.Trials, runfolder.Finalists:
		lines := bytes.SplitAfter(passing.ReplaceAll(text, nil), []byte("\n"))
		slices.SortFunc(lines[1:], bytes.Compare)
		return bytes.Join(lines, nil)
	}
	switch filepath.Ext(name) {
	case ".json", ".jsonl":
		return passing.ReplaceAll(text, nil)
	case ".csv": // whose last column are seconds
		return lastColumn.ReplaceAll(text, nil)
	}
	return text
}

var lastColumn = regexp.MustCompile(`(?m),[^,\n]*$`)

// withoutTimes leaves the column of times out of a table, whose width depends on
// them.
func withoutTimes(table []byte) []byte {
	const fromRight = 3 // the paper's column and what is behind the last bar come after it
	lines := strings.Split(string(table), "\n")
	for i, line := range lines {
		if cells := strings.Split(line, "|"); len(cells) > fromRight {
			at := len(cells) - fromRight
			lines[i] = strings.Join(slices.Delete(cells, at, at+1), "|")
		}
	}
	return []byte(strings.Join(lines, "\n"))
}
