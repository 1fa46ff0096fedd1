package benchtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the folder of the module, seen from where a test runs.
func root(t testing.TB) string {
	t.Helper()
	for dir := "."; len(dir) < 30; dir = filepath.Join(dir, "..") {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("there is no go.mod above the test")
	return ""
}

// printed returns the arguments of every command that README and the other pages
// print for a program: "go run ./benchmarks/NAME ARGUMENTS".
func printed(t testing.TB, name string) (commands [][]string) {
	t.Helper()
	var pages []string
	for _, pattern := range []string{"*.md", "doc/*.md", "patterns/*.md"} {
		found, err := filepath.Glob(filepath.Join(root(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		for line := range strings.Lines(string(Read(t, page))) {
			for rest := line; ; {
				_, command, ok := strings.Cut(rest, "go run ./benchmarks/"+name)
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

// RunsPrinted runs every command that the pages print for the program, and demands that
// all succeed and that there are so many or more. What is downloaded, or is a reader's own, is replaced by data; small returns
// the flags that make a run short and come last. A command for a run that is there gets one. Of
// those that need a cluster only the flags are checked.
func (p Program) RunsPrinted(t *testing.T, name, data string, least int, small ...string) {
	t.Helper()
	dir := t.TempDir()
	trained := filepath.Join(dir, "trained")
	p.Must(t, append([]string{"-data", data, "-out", trained}, small...)...)
	sentences := filepath.Join(dir, "sentences")
	Folder(t, map[string]string{"sentences": "a\n"}, dir)
	commands := printed(t, name)
	if len(commands) < least {
		t.Errorf("%d commands of %s are printed, %d or more were expected", len(commands), name, least)
	}
	for i, args := range commands {
		if slices.Contains(args, "-serve") || slices.Contains(args, "-worker") {
			p.Must(t, append(args, "-h")...)
			continue
		}
		resumed := slices.Contains(args, "-resume")
		patterned := false
		for j := range len(args) - 1 {
			value := &args[j+1]
			switch args[j] {
			case "-data":
				*value = data
			case "-out":
				*value = trained
			case "-translate-file":
				*value = sentences
			case "-pattern":
				patterned = true
				if *value = filepath.Join(root(t), *value); strings.Contains(*value, "runs") {
					*value = filepath.Join(trained, "best-pattern.json")
				}
			}
		}
		if !resumed {
			more := slices.Clone(small)
			if at := slices.Index(more, "-method"); patterned && at >= 0 {
				more = slices.Delete(more, at, at+2)
			}
			if !slices.Contains(args, "-data") {
				more = append(more, "-data", data)
			}
			args = slices.Concat(args, more, []string{"-out", filepath.Join(dir, "run"+string(rune('a'+i)))})
		}
		p.Must(t, args...)
	}
}
