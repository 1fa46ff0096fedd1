package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/format"
	"go/printer"
	"html"
	"path"
	"regexp"
	"slices"
	"strings"
)

// illustrations are pictures of packages, in the repository or drawn here.
var illustrations = map[string]struct{ source, caption string }{
	"patterns":   {"doc/report-pattern.png", "A learned pattern in the report of a run: which cells each block of the network drops."},
	"simd":       {"doc/speed.svg", "Training steps on these kernels, timed in turns with PyTorch's."},
	"controller": {"doc/study/cifar-best.svg", "The best reward so far of searches on CIFAR-10, and the spread of five seeds."},
	"dropout":    {"", "What two channels of a map of 16 x 16 cells lose (dark) in one step."},
}

// writer writes the page of a package.
type writer struct {
	bytes.Buffer
	s *site
	p *library
}

func (s *site) writePackage(p *library) error {
	w := &writer{s: s, p: p}
	fmt.Fprintf(w, "<h1>package %s</h1>\n<pre><code>import \"%s/%s\"</code></pre>\n", p.doc.Name, p.module, p.path)
	w.comment(p.doc.Doc)
	if picture, ok := illustrations[p.path]; ok {
		drawn := masks()
		if picture.source != "" {
			drawn = fmt.Sprintf(`<img src="%s" alt="">`, s.link(p.output(), picture.source)) // the caption says it
		}
		fmt.Fprintf(w, "<figure>%s<figcaption>%s</figcaption></figure>\n", drawn, picture.caption)
	}
	w.neighbours()
	w.index()
	w.shapes()
	w.examples(p.doc.Examples, "the package")
	w.values("Constants", p.doc.Consts)
	w.values("Variables", p.doc.Vars)
	if len(p.doc.Funcs) > 0 {
		w.WriteString("<h2>Functions</h2>\n")
	}
	for _, f := range p.doc.Funcs {
		w.function(f, f.Name)
	}
	if len(p.doc.Types) > 0 {
		w.WriteString("<h2>Types</h2>\n")
	}
	for _, t := range p.doc.Types {
		fmt.Fprintf(w, "<h3 id=\"%s\">type %[1]s</h3>\n", t.Name)
		w.declaration(t.Decl)
		w.comment(t.Doc)
		w.examples(t.Examples, t.Name)
		w.values("", t.Consts)
		w.values("", t.Vars)
		for _, f := range t.Funcs {
			w.function(f, f.Name)
		}
		for _, m := range t.Methods {
			w.function(m, t.Name+"."+m.Name)
		}
	}
	return s.writePage(p.output(), p.path, w.String())
}

// neighbours links to the packages below and above.
func (w *writer) neighbours() {
	list := func(title string, paths []string) {
		if len(paths) == 0 {
			return
		}
		links := make([]string, len(paths))
		for i, to := range paths {
			links[i] = fmt.Sprintf(`<a href="%s">%s</a>`, relative(w.p.output(), "packages/"+to+".html"), to)
		}
		fmt.Fprintf(w, "<p class=\"faint\">%s %s</p>\n", title, strings.Join(links, ", "))
	}
	var above []string
	for _, other := range w.s.packages {
		if slices.Contains(other.imports, w.p.path) {
			above = append(above, other.path)
		}
	}
	list("Built on", w.p.imports)
	list("Used by", above)
}

func (w *writer) index() {
	w.WriteString("<h2>Names</h2>\n<ul class=\"names\">\n")
	add := func(id, shown string) { fmt.Fprintf(w, "<li><a href=\"#%s\">%s</a></li>\n", id, shown) }
	for _, f := range w.p.doc.Funcs {
		add(f.Name, f.Name)
	}
	for _, t := range w.p.doc.Types {
		add(t.Name, "type "+t.Name)
		for _, f := range t.Funcs {
			add(f.Name, f.Name)
		}
		for _, m := range t.Methods {
			add(t.Name+"."+m.Name, t.Name+"."+m.Name)
		}
	}
	w.WriteString("</ul>\n")
}

// tuple finds shapes in comments, such as "x (N, H, W, C)".
var tuple = regexp.MustCompile(`(?:\b([a-z][A-Za-z0-9]{0,11}) )?\(([A-Z][A-Za-z]{0,2}|\d+)((?:, [A-Za-z0-9]+(?:[*/+·-][A-Za-z0-9]+)*)+)\)`)

// noNames are words before a shape that do not name a tensor.
var noNames = []string{"has", "in", "is", "maps", "of", "or", "order", "to"}

// shapes tells the shapes of what functions and types take and give, as their comments
// have them.
func (w *writer) shapes() {
	var rows strings.Builder
	add := func(id, text string) {
		var found []string
		for _, m := range tuple.FindAllStringSubmatch(strings.ReplaceAll(text, "\n", " "), -1) {
			name := m[1]
			if slices.Contains(noNames, name) {
				name = ""
			}
			shape := strings.TrimSpace(name + " (" + m[2] + m[3] + ")")
			if !slices.Contains(found, shape) {
				found = append(found, shape)
			}
		}
		if len(found) > 0 {
			fmt.Fprintf(&rows, "<tr><td><a href=\"#%s\">%[1]s</a></td><td>%s</td></tr>\n", id, html.EscapeString(strings.Join(found, ", ")))
		}
	}
	for _, f := range w.p.doc.Funcs {
		add(f.Name, f.Doc)
	}
	for _, t := range w.p.doc.Types {
		add(t.Name, t.Doc)
		for _, f := range t.Funcs {
			add(f.Name, f.Doc)
		}
		for _, m := range t.Methods {
			add(t.Name+"."+m.Name, m.Doc)
		}
	}
	if rows.Len() > 0 {
		fmt.Fprintf(w, "<h2>Shapes</h2>\n<div class=\"wide\"><table>\n%s</table></div>\n", rows.String())
	}
}

func (w *writer) values(title string, list []*doc.Value) {
	if title != "" && len(list) > 0 {
		fmt.Fprintf(w, "<h2>%s</h2>\n", title)
	}
	for _, v := range list {
		for _, name := range v.Names {
			fmt.Fprintf(w, "<span id=\"%s\"></span>", name)
		}
		w.declaration(v.Decl)
		w.comment(v.Doc)
	}
}

func (w *writer) function(f *doc.Func, id string) {
	shown := "func " + f.Name
	if f.Recv != "" {
		shown = fmt.Sprintf("func (%s) %s", f.Recv, f.Name)
	}
	fmt.Fprintf(w, "<h3 id=\"%s\">%s</h3>\n", id, html.EscapeString(shown))
	w.declaration(f.Decl)
	w.comment(f.Doc)
	w.examples(f.Examples, id)
}

// declaration shows one with links to the names of the library.
func (w *writer) declaration(d ast.Decl) {
	var source bytes.Buffer
	if err := format.Node(&source, w.p.files, d); err != nil {
		panic(err) // it was parsed
	}
	shown := highlight(source.String(), func(pkg, name string) string {
		if pkg == "" {
			if w.p.names[name] {
				return "#" + name
			}
			return ""
		}
		for _, i := range w.p.imports {
			if path.Base(i) == pkg {
				return w.s.name(w.p, i, name)
			}
		}
		return ""
	})
	fmt.Fprintf(w, "<pre><code>%s</code></pre>\n", shown)
}

// name returns the link from a package to a name of another one, "" where that has no
// such name.
func (s *site) name(from *library, to, name string) string {
	for _, p := range s.packages {
		if p.path != to {
			continue
		}
		if name == "" {
			return relative(from.output(), p.output())
		}
		if p.names[name] {
			return relative(from.output(), p.output()) + "#" + name
		}
	}
	return ""
}

// comment shows a doc comment.
func (w *writer) comment(text string) {
	show := w.p.doc.Printer()
	show.HeadingLevel = 4
	show.DocLinkURL = func(link *comment.DocLink) string {
		name := link.Name
		if link.Recv != "" {
			name = link.Recv + "." + name
		}
		if link.ImportPath == "" {
			if !w.p.names[name] {
				name = link.Recv // a field is where its type is
			}
			return "#" + name
		}
		if below, ours := strings.CutPrefix(link.ImportPath, w.p.module+"/"); ours {
			return w.s.name(w.p, below, name)
		}
		return link.DefaultURL("https://pkg.go.dev")
	}
	w.Write(show.HTML(w.p.doc.Parser().Parse(text)))
}

func (w *writer) examples(list []*doc.Example, of string) {
	for _, e := range list {
		var source bytes.Buffer
		if err := format.Node(&source, w.p.files, &printer.CommentedNode{Node: e.Code, Comments: e.Comments}); err != nil {
			panic(err) // it was parsed
		}
		body := source.String()
		if inside, ok := strings.CutPrefix(body, "{\n"); ok {
			body = strings.ReplaceAll("\n"+strings.TrimSuffix(inside, "\n}"), "\n\t", "\n")
			body, _, _ = strings.Cut(body, "\n// Output:")
			body = strings.Trim(body, "\n")
		}
		title := "Example of " + of
		if e.Suffix != "" {
			title += ": " + e.Suffix
		}
		fmt.Fprintf(w, "<details><summary>%s</summary>\n", title)
		w.comment(e.Doc)
		fmt.Fprintf(w, "<pre><code>%s</code></pre>\n", highlight(body, nil))
		if e.Output != "" {
			fmt.Fprintf(w, "<p>prints</p>\n<pre><code>%s</code></pre>\n", html.EscapeString(e.Output))
		}
		w.WriteString("</details>\n")
	}
}

// writeLibrary writes the first page of the packages: the house, and what each is.
func (s *site) writeLibrary() error {
	const output = "packages/index.html"
	var body strings.Builder
	fmt.Fprintf(&body, "<h1>The house</h1>\n<p>Each package stands on those below that lines lead to. The folders "+
		"<code>internal</code> hold what only the packages themselves use.</p>\n<figure>%s</figure>\n<div class=\"wide\"><table>\n", house(s.packages, func(p string) string { return p + ".html" }))
	for _, p := range s.packages {
		fmt.Fprintf(&body, "<tr><td><a href=\"%s\">%s</a></td><td>%s</td></tr>\n",
			relative(output, p.output()), p.path, html.EscapeString(p.doc.Synopsis(p.doc.Doc)))
	}
	body.WriteString("</table></div>\n")
	return s.writePage(output, "The house", body.String())
}
