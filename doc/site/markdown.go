package main

import (
	"bytes"
	"fmt"
	"html"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"autodropout/internal/pages"
)

// markdown returns a page as HTML, with links to the outputs of what it links to.
func (s *site) markdown(source string, page []byte) (string, error) {
	converter := goldmark.New(
		goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(code{}, 100))),
	)
	context := parser.NewContext(parser.WithIDs(headings{}))
	tree := converter.Parser().Parse(text.NewReader(page), parser.WithContext(context))
	err := ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			switch n := n.(type) {
			case *ast.Link:
				n.Destination = s.target(source, n.Destination)
			case *ast.Image:
				n.Destination = s.target(source, n.Destination)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", err
	}
	var body bytes.Buffer
	if err := converter.Renderer().Render(&body, page, tree); err != nil {
		return "", fmt.Errorf("%s: %w", source, err)
	}
	wide := strings.NewReplacer("<table>", `<div class="wide"><table>`, "</table>", "</table></div>")
	return wide.Replace(body.String()), nil
}

// target turns the link of a page into one of the site.
func (s *site) target(source string, destination []byte) []byte {
	to, anchor, anchored := strings.Cut(string(destination), "#")
	if to == "" || strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
		return destination
	}
	link := s.link(s.output(source), path.Join(path.Dir(source), to))
	if anchored {
		link += "#" + anchor
	}
	return []byte(link)
}

// headings names headings as forges do, so that links work here and there.
type headings struct{}

func (headings) Generate(title []byte, _ ast.NodeKind) []byte {
	return []byte(pages.Anchor(string(title)))
}
func (headings) Put([]byte) {}

// code renders pieces of code; those of Go are highlighted.
type code struct{}

func (code) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		block := n.(*ast.FencedCodeBlock)
		piece := string(block.Lines().Value(source))
		shown := html.EscapeString(piece)
		if string(block.Language(source)) == "go" {
			shown = highlight(piece, nil)
		}
		_, err := w.WriteString("<pre><code>" + shown + "</code></pre>\n")
		return ast.WalkContinue, err
	})
}
