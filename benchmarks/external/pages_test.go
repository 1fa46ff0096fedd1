package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

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
