package pages

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestVariables demands that a page names each environment variable that programs read. The
// changelog and the reasons of decisions are not where a reader looks.
func TestVariables(t *testing.T) {
	var text strings.Builder
	for _, path := range All(t) {
		if filepath.Base(path) != "CHANGELOG.md" && !strings.Contains(filepath.ToSlash(path), "doc/decisions") {
			text.WriteString(read(t, path))
		}
	}
	reads := regexp.MustCompile(`os\.(?:Getenv|LookupEnv)\("(AUTODROPOUT_\w+)"\)`)
	found := 0
	err := filepath.WalkDir(Root(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && path != Root(t) && (strings.HasPrefix(name, ".") || name == "runs" || name == "testdata" || name == "results") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		for _, m := range reads.FindAllStringSubmatch(read(t, path), -1) {
			found++
			if !strings.Contains(text.String(), m[1]) {
				t.Errorf("%s reads %s, which no page names", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 3 {
		t.Errorf("only %d variables were found", found)
	}
}
