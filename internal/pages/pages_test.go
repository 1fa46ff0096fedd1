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

// piece is the beginning of a piece of code in a page.
var piece = regexp.MustCompile("(?m)^ *```([a-z]+)$")

// TestPieces: every piece of Go and Python in a page is a part of a program, as a whole and with
// the same indentation within it. Every piece of JSON is read by a test (Pieces).
func TestPieces(t *testing.T) {
	sources := map[string][]string{}
	var tests strings.Builder
	err := filepath.WalkDir(Root(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && path != Root(t) && (strings.HasPrefix(name, ".") || name == "runs") {
			return filepath.SkipDir
		}
		switch {
		case strings.HasSuffix(path, "_test.go"):
			tests.WriteString(read(t, path))
			sources["go"] = append(sources["go"], "\n"+read(t, path))
		case filepath.Ext(path) == ".go":
			sources["go"] = append(sources["go"], "\n"+read(t, path))
		case filepath.Ext(path) == ".py":
			sources["python"] = append(sources["python"], "\n"+read(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, path := range All(t) {
		page, err := filepath.Rel(Root(t), path)
		if err != nil {
			t.Fatal(err)
		}
		page = filepath.ToSlash(page)
		seen := map[string]bool{}
		for _, m := range piece.FindAllStringSubmatch(read(t, path), -1) {
			language := m[1]
			if seen[language] {
				continue
			}
			seen[language] = true
			for _, p := range Pieces(t, page, language) {
				counts[language]++
				switch language {
				case "go", "python":
					if !slices.ContainsFunc(sources[language], func(source string) bool { return within(p, source) }) {
						t.Errorf("%s shows what no program has:\n%s", page, p)
					}
				case "json":
					if !strings.Contains(tests.String(), `pages.Pieces(t, "`+page+`", "json")`) {
						t.Errorf("%s has JSON that no test reads", page)
					}
				case "sh": // TestEveryPrintedCommandIsRun
				default:
					t.Errorf("%s has a piece of %s: say here how it is tested", page, language)
				}
			}
		}
	}
	if counts["go"] < 30 || counts["python"] < 8 || counts["json"] < 4 {
		t.Errorf("the pages have %v pieces only", counts)
	}
}

// within reports whether a source has the lines of a piece one after another, all of them further
// in by the same number of tabs or of four spaces.
func within(piece, source string) bool {
	if first, _, _ := strings.Cut(piece, "\n"); !strings.Contains(source, first) {
		return false // nearly all of them
	}
	for depth := range 5 {
		for _, step := range []string{"\t", "    "} {
			lines := "\n"
			for line := range strings.Lines(piece) {
				if strings.TrimSpace(line) != "" {
					lines += strings.Repeat(step, depth)
				}
				lines += line
			}
			if strings.Contains(source, lines) {
				return true
			}
		}
	}
	return false
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
