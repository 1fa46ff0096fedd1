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

// TestEveryPrintedCommandIsRun: every program whose command a page prints has a test,
// and where the command has arguments, one that runs it as it is printed. In the middle of a
// line and without arguments it is only the name of a program.
func TestEveryPrintedCommandIsRun(t *testing.T) {
	command := regexp.MustCompile("(?m)(^)?go run \\./([a-z0-9/]*[a-z0-9])[ `\n](-)?")
	printed := map[string]string{} // programs, and a page that prints their command
	arguments := map[string]bool{} // those with arguments
	for _, page := range All(t) {
		text := read(t, page)
		for _, at := range command.FindAllStringSubmatchIndex(text, -1) {
			ownLine, program, hasArguments := at[2] >= 0, text[at[4]:at[5]], at[6] >= 0
			if ownLine || hasArguments {
				printed[program] = page
				arguments[program] = arguments[program] || hasArguments
			}
		}
	}
	if len(printed) < 10 || len(arguments) < 5 {
		t.Fatalf("the pages print commands of %d programs only", len(printed))
	}
	for program, page := range printed {
		tests, err := filepath.Glob(filepath.Join(Root(t), filepath.FromSlash(program), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		runs := slices.ContainsFunc(tests, func(test string) bool {
			source := read(t, test)
			return !arguments[program] || strings.Contains(source, "pages.Printed(t, ") || strings.Contains(source, ".RunsPrinted(t, ")
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
