// Package bom leaves out the byte order mark that some editors, those of Windows
// above all, write before the first letter of a text in UTF-8. It is no part of the
// text (The Unicode Standard, section 23.8).
package bom

import (
	"bufio"
	"io"
	"strings"
)

const mark = "\uFEFF"

// Trim returns a text without its mark.
func Trim(text string) string { return strings.TrimPrefix(text, mark) }

// NewReader returns a reader of r without its mark.
func NewReader(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if first, _ := b.Peek(len(mark)); string(first) == mark {
		b.Discard(len(mark)) // these bytes are in memory
	}
	return b
}
