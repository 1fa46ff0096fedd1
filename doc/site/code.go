package main

import (
	"go/scanner"
	"go/token"
	"html"
	"strings"
)

// highlight returns Go code as HTML: comments, keywords and texts have classes. Where
// link is given it is asked for the target of each exported name, with the name of the
// package that stands before it, if any.
func highlight(source string, link func(pkg, name string) string) string {
	var out strings.Builder
	var s scanner.Scanner
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(source))
	s.Init(file, []byte(source), func(token.Position, string) {}, scanner.ScanComments)
	shown := 0                   // bytes of the source that are in out
	before, last := "", ""       // the two tokens before
	firstOfLine := token.Pos(-1) // line of the last token
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			break
		}
		if kind == token.SEMICOLON && literal == "\n" {
			continue
		}
		if literal == "" {
			literal = kind.String()
		}
		at := file.Offset(pos)
		out.WriteString(html.EscapeString(source[shown:at]))
		shown = at + len(literal)
		line := token.Pos(file.Line(pos))
		starts := line != firstOfLine
		firstOfLine = line
		class, target := "", ""
		switch {
		case kind == token.COMMENT:
			class = "comment"
		case kind.IsKeyword():
			class = "keyword"
		case kind == token.STRING || kind == token.CHAR:
			class = "text"
		case kind == token.IDENT && link != nil && token.IsExported(literal):
			pkg := ""
			if last == "." {
				pkg = before
			}
			// What begins a line is the name of a field or a constant, not a use.
			if !starts || last == "." {
				target = link(pkg, literal)
			}
		}
		text := html.EscapeString(literal)
		switch {
		case target != "":
			text = `<a href="` + target + `">` + text + "</a>"
		case class != "":
			text = `<span class="` + class + `">` + text + "</span>"
		}
		out.WriteString(text)
		before, last = last, literal
	}
	out.WriteString(html.EscapeString(source[shown:]))
	return out.String()
}
