// Package doc tests that the pages beside it show the programs they speak of.
package doc

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autodropout/dropout"
	"autodropout/internal/pages"
)

// TestPagePattern reads the pattern that the page on the format shows.
func TestPagePattern(t *testing.T) {
	for _, text := range pages.Pieces(t, "doc/pattern-format.md", "json") {
		pattern, err := dropout.ParsePattern([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if conv, ok := pattern.(*dropout.ConvPattern); !ok || len(conv.Stages) != 1 || conv.Stages[0][0].Rotate != 30 {
			t.Errorf("the page's pattern is %v", pattern)
		}
	}
}

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
		blocks := pages.Pieces(t, "doc/"+page, "go")
		if len(blocks) < least.pieces {
			t.Errorf("%s shows %d pieces of code", page, len(blocks))
		}
		for _, b := range blocks {
			if !strings.Contains(flat(program.String()), flat(b)) {
				t.Errorf("%s shows what its program does not have:\n%s", page, b)
			}
		}
	}
}

// TestDecisionsAreListed demands that the list of decisions has a line, in the same order,
// for each heading of the pages of reasons, and that the newest stand first.
func TestDecisionsAreListed(t *testing.T) {
	list, err := os.ReadFile("decisions.md")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("decisions/*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("pages of reasons: %v, %v", names, err)
	}
	for _, name := range names {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.ToSlash(name)
		var want []string
		last := "9999"
		for _, d := range regexp.MustCompile(`(?m)^## (.+)\n\n(\d{4}-\d\d-\d\d|)`).FindAllStringSubmatch(string(page), -1) {
			title, date := d[1], d[2]
			if date == "" || date > last {
				t.Errorf("%s: %q begins with the date %q, after %s: a decision has its date, the newest first", name, title, date, last)
			}
			last = date
			want = append(want, fmt.Sprintf("- %s · [%s](%s#%s)", date, title, name, pages.Anchor(title)))
		}
		have := regexp.MustCompile(`(?m)^- .*\(`+regexp.QuoteMeta(name)+`#.*`).FindAllString(string(list), -1)
		if !slices.Equal(have, want) {
			t.Errorf("decisions.md lists of %s\n%s\nwant\n%s", name, strings.Join(have, "\n"), strings.Join(want, "\n"))
		}
	}
}
