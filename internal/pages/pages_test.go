package pages

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// onlyNamed is a program that pages name without the flags that it needs.
const onlyNamed = "benchmarks/external"

// TestEveryPrintedCommandIsRun: for every program whose command a page prints there is a
// test that runs the command as it is printed.
func TestEveryPrintedCommandIsRun(t *testing.T) {
	command := regexp.MustCompile("go run \\./([a-z0-9/]*[a-z0-9])[ `\n]")
	programs := map[string]string{} // and a page that prints it
	for _, page := range All(t) {
		for _, found := range command.FindAllStringSubmatch(read(t, page), -1) {
			if found[1] != onlyNamed {
				programs[found[1]] = page
			}
		}
	}
	if len(programs) < 10 {
		t.Fatalf("the pages print commands of %d programs only", len(programs))
	}
	for program, page := range programs {
		tests, err := filepath.Glob(filepath.Join(Root(t), filepath.FromSlash(program), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		runs := slices.ContainsFunc(tests, func(test string) bool {
			source := read(t, test)
			return strings.Contains(source, "pages.Printed(t, ") || strings.Contains(source, ".RunsPrinted(t, ")
		})
		if !runs {
			t.Errorf("%s prints go run ./%s, which no test there runs as it is printed (pages.Printed, or RunsPrinted)", page, program)
		}
	}
}

// TestPages: what the tests look for in pages is found where pages are.
func TestPages(t *testing.T) {
	var all []string
	err := filepath.WalkDir(filepath.Join(Root(t), "doc"), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range all {
		if !slices.Contains(All(t), page) {
			t.Errorf("commands of %s are not looked for", page)
		}
	}
}
