package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/words"
	"autodropout/internal/pages"
)

// TestPageRuns saves the page's program and space under their names and starts the search as
// the page does, with fewer trials.
func TestPageRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many programs")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no Python")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"train.py":   pages.Pieces(t, "doc/external.md", "python")[0],
		"space.json": pages.Pieces(t, "doc/external.md", "json")[0],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var command string
	for _, line := range strings.Split(pages.Pieces(t, "doc/external.md", "sh")[0], "\n") {
		if args, found := strings.CutPrefix(line, "external "); found {
			command = args
		}
	}
	args, err := words.Split(command)
	if err != nil || len(args) < 10 {
		t.Fatalf("the page starts external %s (%v)", command, err)
	}
	args[len(args)-2] = python
	args[slices.Index(args, "-trials")+1] = "5"
	t.Chdir(dir)
	stdout := program.Must(t, append([]string{"-quiet"}, args...)...)
	for _, want := range []string{"none", "random search", "the controller's choices", "error, %"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the table has no %q:\n%s", want, stdout)
		}
	}
	if _, err := os.Stat(filepath.Join("run", "report.html")); err != nil {
		t.Error(err)
	}
}

// TestPagesFlags looks up every flag that the page about this program, and the files
// for clusters, give it.
func TestPagesFlags(t *testing.T) {
	help := program.Must(t, "-h")
	doc := filepath.Join("..", "..", "doc")
	for name, least := range map[string]int{"external.md": 25, "cluster/external-slurm.sh": 12, "cluster/external-kubernetes.yaml": 12} {
		text, err := os.ReadFile(filepath.Join(doc, name))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", "")) {
			_, command, called := strings.Cut(line, "external -")
			_, shared, assigned := strings.Cut(line, `cluster="-`)
			_, settings, set := strings.Cut(line, `settings=${SETTINGS:--`)
			switch {
			case called && !strings.HasPrefix(line, "#"):
			case assigned:
				command = shared
			case set:
				command = settings
			default:
				continue
			}
			command, _, _ = strings.Cut(command, " -- ")
			command, _, _ = strings.Cut(command, ";")
			command = regexp.MustCompile(`"[^"$]*"`).ReplaceAllString(command, "") // rows have commands of their own
			for _, m := range regexp.MustCompile(`[\s"]-([a-z][a-z-]*)`).FindAllStringSubmatch(" -"+command, -1) {
				if !strings.Contains(help, "\n  -"+m[1]+" ") && !strings.Contains(help, "\n  -"+m[1]+"\n") {
					t.Errorf("%s: there is no flag -%s in %q", name, m[1], line)
				}
				found++
			}
		}
		if found < least {
			t.Errorf("%s: only %d flags were found", name, found)
		}
	}
}
