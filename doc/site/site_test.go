package main

import (
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/pages"
)

var update = flag.Bool("update", false, "write doc/house.svg again")

// TestSite builds the site and follows all links: to pages, to places in them, to
// pictures. Nothing is asked of a network.
func TestSite(t *testing.T) {
	folder := t.TempDir()
	n, err := writeSite(pages.Root(t), folder)
	if err != nil {
		t.Fatal(err)
	}
	site := map[string]string{}
	err = filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		below, _ := filepath.Rel(folder, name)
		site[filepath.ToSlash(below)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n != len(site) || n < 100 {
		t.Errorf("the site has %d files and is said to have %d", len(site), n)
	}
	reference := regexp.MustCompile(`<(a|img|link|script|iframe)\b[^>]*?\b(href|src)="([^"]*)"`)
	links := 0
	for name, text := range site {
		if path.Ext(name) != ".html" {
			continue
		}
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			element, target := m[1], m[3]
			if strings.HasPrefix(target, "https://") {
				if element != "a" {
					t.Errorf("%s needs a network: %s", name, m[0])
				}
				continue
			}
			links++
			to, anchor, anchored := strings.Cut(target, "#")
			page := text
			if to != "" {
				var there bool
				if page, there = site[path.Join(path.Dir(name), to)]; !there {
					t.Errorf("%s links to %s, which is not there", name, target)
					continue
				}
			}
			if anchored && !strings.Contains(page, `id="`+anchor+`"`) {
				t.Errorf("%s links to %s, which has no such place", name, target)
			}
		}
	}
	if links < 5000 {
		t.Errorf("only %d links were found", links)
	}
	for _, part := range []string{`<a href="../packages/ops.html">`, `<a href="../packages/dropout.html#Policy">Policy</a>`, "x (N, H, W, C)", "<summary>Example of"} {
		found := false
		for name, text := range site {
			found = found || strings.HasPrefix(name, "packages/") && strings.Contains(text, part)
		}
		if !found {
			t.Errorf("no page of a package has %s", part)
		}
	}
}

// TestPrinted: pages print how the site is made as it is made here.
func TestPrinted(t *testing.T) {
	for _, arguments := range pages.Printed(t, "doc/site") {
		if !slices.Equal(arguments, []string{"DIR"}) {
			t.Errorf("a page prints go run ./doc/site %v", arguments)
		}
	}
}

// TestMenu: a page of doc that no section has is in the menu all the same.
func TestMenu(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "doc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"images.md", "newcomer.md"} {
		if err := os.WriteFile(filepath.Join(root, "doc", name), []byte("# Title\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := menuSections(root)
	if err != nil || len(got) != len(sections)+1 || got[len(got)-2].title != "More" || !slices.Equal(got[len(got)-2].pages, []string{"doc/newcomer.md"}) {
		t.Errorf("the menu has %v, %v", got, err)
	}
}

// TestHouse holds doc/house.svg to the imports.
func TestHouse(t *testing.T) {
	packages, err := loadLibrary(pages.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	want := house(packages, func(p string) string { return "../" + p })
	file := filepath.Join("..", "house.svg")
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("doc/house.svg does not show the imports of today: go test ./doc/site -update")
	}
	if len(packages) < 20 {
		t.Errorf("only %d packages were found", len(packages))
	}
}

// TestFloors: every package stands above what it imports, all that it imports can be
// reached by lines, and boxes of a floor do not touch.
func TestFloors(t *testing.T) {
	imports := map[string][]string{
		"top": {"left", "right", "base", "deep"}, "left": {"base"}, "right": {"base", "deep"}, "deep": {"base"}, "base": nil, "apart": nil,
	}
	least := reduce(imports)
	for from, want := range map[string][]string{"top": {"left", "right"}, "left": {"base"}, "right": {"deep"}, "deep": {"base"}, "base": nil} {
		if !slices.Equal(least[from], want) {
			t.Errorf("%s has lines to %v, not %v", from, least[from], want)
		}
	}
	house := floors(least)
	floor := map[string]int{}
	for i, nodes := range house {
		for j, n := range nodes {
			if n.name != "" {
				floor[n.name] = i
			}
			if j > 0 && nodes[j-1].x+nodes[j-1].width/2 >= n.x-n.width/2 {
				t.Errorf("on floor %d %q and %q touch", i, nodes[j-1].name, n.name)
			}
			for _, below := range n.below {
				if below.floor != i-1 || !slices.Contains(below.over, n) {
					t.Errorf("a line of %q from floor %d ends at floor %d", n.name, i, below.floor)
				}
			}
		}
	}
	for from, all := range imports {
		for _, to := range all {
			if floor[from] <= floor[to] {
				t.Errorf("%s is on floor %d, %s on %d", from, floor[from], to, floor[to])
			}
		}
	}
}

// TestHighlight: what is shown is the source, with links where they are asked for.
func TestHighlight(t *testing.T) {
	const source = "func Sum(x *autograd.Tensor, s Spec) string { // a < b\n\treturn \"Spec\"\n}"
	got := highlight(source, func(pkg, name string) string { return pkg + "#" + name })
	want := `<span class="keyword">func</span> <a href="#Sum">Sum</a>(x *autograd.<a href="autograd#Tensor">Tensor</a>, s <a href="#Spec">Spec</a>) string { ` +
		"<span class=\"comment\">// a &lt; b</span>\n\t<span class=\"keyword\">return</span> <span class=\"text\">&#34;Spec&#34;</span>\n}"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
