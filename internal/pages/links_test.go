package pages

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	block = regexp.MustCompile("(?ms)^```.*?^```$")
	span  = regexp.MustCompile("`[^`\n]*`")
)

// anchors returns what links to the headings of a page end with, as forges make it of them.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for line := range strings.Lines(block.ReplaceAllString(text, "")) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		found[Anchor(title)] = true
	}
	return found
}

// TestLinks: what pages link to in the repository is there, headings too.
func TestLinks(t *testing.T) {
	links := 0
	err := filepath.WalkDir(Root(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && path != Root(t) && (strings.HasPrefix(name, ".") || name == "runs" || name == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text := read(t, path)
		for _, found := range link.FindAllStringSubmatch(span.ReplaceAllString(block.ReplaceAllString(text, ""), ""), -1) {
			if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
				continue
			}
			links++
			target, anchor, anchored := strings.Cut(found[1], "#")
			there := text
			if target != "" {
				target = filepath.Join(filepath.Dir(path), filepath.FromSlash(target))
				if _, err := os.Stat(target); err != nil {
					t.Errorf("%s links to %s, which is not there", path, found[1])
					continue
				}
				if anchored {
					there = read(t, target)
				}
			}
			if anchored && !anchors(there)[anchor] {
				t.Errorf("%s links to %s, where there is no such heading", path, found[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if links < 60 {
		t.Errorf("only %d links were found", links)
	}
}
