// Package doc tests that the pages beside it show the programs they speak of.
package doc

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPagesShowTheirPrograms demands that every piece of Go in a page is a part of its
// program, whose own tests run it. Pages show parts of functions without their
// indentation.
func TestPagesShowTheirPrograms(t *testing.T) {
	flat := func(text string) string { return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(text, "") }
	for page, least := range map[string]struct {
		program string
		pieces  int
	}{
		"tutorial.md":  {"tutorial", 12},
		"own-model.md": {"ownmodel", 4},
		"tasks.md":     {"tasks", 8},
	} {
		files, err := filepath.Glob(filepath.Join(least.program, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var program strings.Builder
		for _, name := range files {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(name, "_test.go") {
				program.Write(source)
			}
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
		if len(blocks) < least.pieces {
			t.Errorf("%s shows %d pieces of code", page, len(blocks))
		}
		for _, b := range blocks {
			if !strings.Contains(flat(program.String()), flat(b[1])) {
				t.Errorf("%s shows what its program does not have:\n%s", page, b[1])
			}
		}
	}
}
