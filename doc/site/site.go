package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed style.css
	style []byte

	pageTemplate = template.Must(template.New("page").Parse(pageSource))
)

// site is what is being written. Sources are paths in the repository, outputs paths in
// the folder; both have slashes.
type site struct {
	root, folder string
	packages     []*library
	menu         []section
	written      map[string]bool // outputs
	queue        []string        // sources that are linked to
	queued       map[string]bool
}

// section is a part of the menu.
type section struct {
	Title   string
	Entries []entry
}

type entry struct{ Title, Output string }

// menuSection lists the sources of a part of the menu.
type menuSection struct {
	title string
	pages []string
}

// sections order the pages in the menu.
var sections = []menuSection{
	{"Begin", []string{"README.md", "doc/tutorial.md", "doc/tasks.md", "doc/own-model.md", "doc/pytorch.md"}},
	{"Programs", []string{"doc/images.md", "doc/fast.md", "doc/language.md", "doc/search.md", "doc/external.md", "doc/serving.md", "doc/onnx.md", "doc/resuming.md", "doc/cluster.md"}},
	{"Reference", []string{"doc/library.md", "doc/logs.md", "doc/pattern-format.md", "doc/external-protocol.md", "doc/stability.md", "patterns/README.md"}},
	{"Evidence", []string{"doc/study.md", "doc/protocol.md", "doc/claim.md", "doc/measured.md", "doc/parity.md", "doc/decisions.md", "benchmarks/results/README.md", "findings/README.md"}},
	{"Project", []string{"CONTRIBUTING.md", "CHANGELOG.md"}},
}

// writeSite writes the site of the repository in root to a folder, and returns the number of
// its files.
func writeSite(root, folder string) (int, error) {
	if _, err := os.Stat(filepath.Join(root, "README.md")); err != nil {
		return 0, fmt.Errorf("there is no README.md here; start it in the folder of the repository")
	}
	packages, err := loadLibrary(root)
	if err != nil {
		return 0, err
	}
	s := &site{root: root, folder: folder, packages: packages, written: map[string]bool{}, queued: map[string]bool{}}
	if err := s.fillMenu(); err != nil {
		return 0, err
	}
	if err := s.write("style.css", style); err != nil {
		return 0, err
	}
	for _, p := range packages {
		if err := s.writePackage(p); err != nil {
			return 0, err
		}
	}
	if err := s.writeLibrary(); err != nil {
		return 0, err
	}
	for len(s.queue) > 0 {
		source := s.queue[0]
		s.queue = s.queue[1:]
		if err := s.writeSource(source); err != nil {
			return 0, err
		}
	}
	return len(s.written), nil
}

// menuSections returns the sections, and before the last one the pages of doc that none
// of them has.
func menuSections(root string) ([]menuSection, error) {
	found, err := filepath.Glob(filepath.Join(root, "doc", "*.md"))
	if err != nil {
		return nil, err
	}
	more := menuSection{title: "More"}
	for _, name := range found {
		page := "doc/" + filepath.Base(name)
		if !slices.ContainsFunc(sections, func(s menuSection) bool { return slices.Contains(s.pages, page) }) {
			more.pages = append(more.pages, page)
		}
	}
	if len(more.pages) == 0 {
		return sections, nil
	}
	return slices.Insert(slices.Clone(sections), len(sections)-1, more), nil
}

func (s *site) fillMenu() error {
	groups, err := menuSections(s.root)
	if err != nil {
		return err
	}
	for _, group := range groups {
		part := section{Title: group.title}
		for _, source := range group.pages {
			text, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(source)))
			if err != nil {
				return err
			}
			part.Entries = append(part.Entries, entry{heading(text), s.output(source)})
			s.enqueue(source)
		}
		s.menu = append(s.menu, part)
	}
	part := section{Title: "Packages", Entries: []entry{{"The house", "packages/index.html"}}}
	for _, p := range s.packages {
		part.Entries = append(part.Entries, entry{p.path, p.output()})
	}
	s.menu = append(s.menu, part)
	return nil
}

// heading returns the title of a page.
func heading(text []byte) string {
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimPrefix(line, "# ")
}

// output says where a source is on the site.
func (s *site) output(source string) string {
	switch extension := path.Ext(source); {
	case source == "README.md":
		return "index.html"
	case extension == ".md":
		return strings.TrimSuffix(source, ".md") + ".html"
	case extension == ".svg" || extension == ".png":
		return source
	case s.isFolder(source):
		return source + "/index.html"
	}
	return source + ".html"
}

func (s *site) isFolder(source string) bool {
	info, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(source)))
	return err == nil && info.IsDir()
}

func (s *site) enqueue(source string) {
	if !s.queued[source] {
		s.queued[source] = true
		s.queue = append(s.queue, source)
	}
}

// link returns how the page at an output links to a source, which then is on the site
// too. A folder is its page if it has one, or its package.
func (s *site) link(from, source string) string {
	if s.isFolder(source) {
		if _, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(source), "README.md")); err == nil {
			source = path.Join(source, "README.md")
		} else if i := slices.IndexFunc(s.packages, func(p *library) bool { return p.path == source }); i >= 0 {
			return relative(from, s.packages[i].output())
		}
	}
	s.enqueue(source)
	return relative(from, s.output(source))
}

// relative returns the link from one output to another.
func relative(from, to string) string {
	return strings.Repeat("../", strings.Count(from, "/")) + to
}

func (s *site) writeSource(source string) error {
	if s.isFolder(source) {
		return s.writeFolder(source)
	}
	text, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(source)))
	if err != nil {
		return err
	}
	output := s.output(source)
	switch path.Ext(source) {
	case ".svg", ".png":
		return s.write(output, text)
	case ".md":
		body, err := s.markdown(source, text)
		if err != nil {
			return err
		}
		return s.writePage(output, heading(text), body)
	}
	if !utf8.Valid(text) {
		return fmt.Errorf("%s is linked to and is no text: link to its folder", source)
	}
	code := html.EscapeString(string(text))
	if path.Ext(source) == ".go" {
		code = highlight(string(text), nil)
	}
	return s.writePage(output, source, "<h1>"+source+"</h1>\n<pre><code>"+code+"</code></pre>\n")
}

// writeFolder lists the texts and pictures of a folder.
func (s *site) writeFolder(source string) error {
	entries, err := os.ReadDir(filepath.Join(s.root, filepath.FromSlash(source)))
	if err != nil {
		return err
	}
	output := s.output(source)
	var body strings.Builder
	fmt.Fprintf(&body, "<h1>%s</h1>\n<ul>\n", source)
	for _, e := range entries {
		name := path.Join(source, e.Name())
		if strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "__") {
			continue
		}
		if !e.IsDir() && path.Ext(name) != ".png" {
			text, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(name)))
			if err != nil {
				return err
			}
			if !utf8.Valid(text) {
				fmt.Fprintf(&body, "<li>%s (%d bytes)</li>\n", e.Name(), len(text))
				continue
			}
		}
		fmt.Fprintf(&body, "<li><a href=\"%s\">%s</a></li>\n", s.link(output, name), e.Name())
	}
	body.WriteString("</ul>\n")
	return s.writePage(output, source, body.String())
}

// writePage puts a body beside the menu.
func (s *site) writePage(output, title, body string) error {
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, map[string]any{
		"Title": title, "Output": output, "Menu": s.menu, "Body": template.HTML(body),
		"Up": strings.Repeat("../", strings.Count(output, "/")),
	})
	if err != nil {
		return err
	}
	return s.write(output, page.Bytes())
}

func (s *site) write(output string, text []byte) error {
	if s.written[output] {
		return fmt.Errorf("two pages are both %s", output)
	}
	s.written[output] = true
	name := filepath.Join(s.folder, filepath.FromSlash(output))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}
