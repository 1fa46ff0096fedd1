// Package pages finds what README and the other pages print, for tests that run it as
// a reader would, and says where links to their headings lead.
package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// Anchor returns what links to a heading end with, as forges make it of its title.
func Anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(title))
}

// Root returns the folder of the module, seen from where a test runs.
func Root(t testing.TB) string {
	t.Helper()
	for dir := "."; len(dir) < 30; dir = filepath.Join(dir, "..") {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("there is no go.mod above the test")
	return ""
}

// All returns the paths of README and the other pages.
func All(t testing.TB) (pages []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "doc/*.md", "doc/decisions/*.md", "patterns/*.md"} {
		found, err := filepath.Glob(filepath.Join(Root(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	return pages
}

// Pieces returns the pieces of code of a language in a page, whose path is that in the
// repository. They are one or more.
func Pieces(t testing.TB, page, language string) (pieces []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root(t), filepath.FromSlash(page)))
	if err != nil {
		t.Fatal(err)
	}
	inside, indent, piece := false, "", ""
	for line := range strings.Lines(string(text)) {
		fence, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case inside && fenced:
			pieces, inside = append(pieces, piece), false
		case inside:
			piece += strings.TrimPrefix(line, indent)
		case fenced && fence == language:
			indent, _, _ = strings.Cut(line, "```")
			inside, piece = true, ""
		}
	}
	if len(pieces) == 0 {
		t.Errorf("%s has no pieces of %s any more: test them where they are", page, language)
	}
	return pieces
}

// Printed returns the arguments of every command that README and the other pages
// print for the program in a folder: "go run ./FOLDER ARGUMENTS". They are one or more.
func Printed(t testing.TB, folder string) (commands [][]string) {
	t.Helper()
	for _, page := range All(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for rest := line; ; {
				_, command, ok := strings.Cut(rest, "go run ./"+folder)
				if !ok {
					break
				}
				rest = command
				if command != "" && strings.IndexByte(" `\n", command[0]) < 0 {
					continue // of a program whose name is longer
				}
				command, _, _ = strings.Cut(command, "`")
				commands = append(commands, words(command))
			}
		}
	}
	if len(commands) == 0 {
		t.Errorf("no page prints how to run %s: test it where it is printed", folder)
	}
	return commands
}

// words cuts a command into words as a shell does, up to a comment or a redirection.
func words(command string) (list []string) {
	word, quoted, open := "", false, false
	for _, r := range command + " " {
		switch {
		case r == '"':
			quoted, open = !quoted, true
		case quoted || r != ' ' && r != '\n':
			if !open && (r == '#' || r == '>') {
				return list
			}
			word, open = word+string(r), true
		case open:
			list, word, open = append(list, word), "", false
		}
	}
	return list
}
