package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tokenizer separates words and punctuation by spaces as the tokeniser of Moses
// does (Koehn et al. 2007). Its method may be called at the same time.
type Tokenizer struct {
	language      Language
	abbreviations map[string]period
	splitHyphens  bool
}

// NewTokenizer returns a tokeniser for a language. If splitHyphens is set (-a of
// Moses), a hyphen inside a word becomes the token @-@.
func NewTokenizer(language Language, splitHyphens bool) *Tokenizer {
	return &Tokenizer{language, abbreviations(language), splitHyphens}
}

// Tokenize returns the tokens of a sentence with a space between each two. The
// characters & | < > ' " [ ] are written as entities, for example &apos;, as they
// mean something to Moses.
func (t *Tokenizer) Tokenize(sentence string) string {
	line := t.marks([]rune(clean(sentence)))
	if strings.Contains(line, "'") {
		line = t.apostrophes(line)
	}
	words := strings.Fields(line)
	var out strings.Builder
	out.Grow(len(line) + 16)
	for i, word := range words {
		if i > 0 {
			out.WriteByte(' ')
		}
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		if stem, found := strings.CutSuffix(word, ".'"); found && next == "" {
			word = strings.TrimPrefix(stem+" . '", " ")
		} else if t.ends(word, next) {
			word = word[:len(word)-1] + " ."
		}
		escape(&out, word)
	}
	return out.String()
}

// clean makes one space of white space, and drops control characters.
func clean(line string) string {
	var out strings.Builder
	out.Grow(len(line))
	space := false
	for _, r := range line {
		switch {
		case isSpace(r):
			space = true
			continue
		case r < 0x20:
			continue
		case space && out.Len() > 0:
			out.WriteByte(' ')
		}
		space = false
		out.WriteRune(r)
	}
	return out.String()
}

// isSpace is the white space of Perl and Python.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// marks puts spaces around all punctuation but single periods, apostrophes,
// hyphens and commas between digits. Moses looks at pairs of characters, so that
// of two commas before a digit the second one stays, too.
func (t *Tokenizer) marks(line []rune) string {
	var out strings.Builder
	out.Grow(len(line) + len(line)/4)
	at := func(i int) rune {
		if i < 0 || i >= len(line) {
			return ' '
		}
		return line[i]
	}
	number := func(i int) bool { return unicode.IsNumber(at(i)) && isAlnum(at(i)) }
	used := -1 // the comma that was separated because of the character on its left
	for i := 0; i < len(line); i++ {
		r := line[i]
		switch {
		case r == '.' && at(i+1) == '.':
			out.WriteByte(' ')
			for ; at(i) == '.'; i++ {
				out.WriteByte('.')
			}
			i--
			out.WriteByte(' ')
		case r == ',' && i > 0 && !number(i-1) && used != i-1:
			used = i
			out.WriteString(" , ")
		case r == ',' && !number(i+1):
			out.WriteString(" , ")
		case r == '-' && t.splitHyphens && isAlnum(at(i-1)) && isAlnum(at(i+1)):
			out.WriteString(" @-@ ")
		case r == ' ' || r == '.' || r == '\'' || r == '`' || r == ',' || r == '-' || isAlnum(r):
			out.WriteRune(r)
		default:
			out.WriteByte(' ')
			out.WriteRune(r)
			out.WriteByte(' ')
		}
	}
	return out.String()
}

// apostrophes puts spaces where an apostrophe parts words: before it in English
// (it 's), after it in French (l' eau), on both sides elsewhere.
func (t *Tokenizer) apostrophes(line string) string {
	if t.language == German {
		return strings.ReplaceAll(line, "'", " ' ")
	}
	not := func(f func(rune) bool) func(rune) bool { return func(r rune) bool { return !f(r) } }
	neither := func(r rune) bool { return !isLetter(r) && !unicode.IsNumber(r) }
	runes := []rune(line)
	runes = around(runes, not(isLetter), not(isLetter), " ' ")
	if t.language == French {
		runes = around(runes, not(isLetter), isLetter, " ' ")
		runes = around(runes, isLetter, not(isLetter), " ' ")
		return string(around(runes, isLetter, isLetter, "' "))
	}
	runes = around(runes, neither, isLetter, " ' ")
	runes = around(runes, isLetter, not(isLetter), " ' ")
	runes = around(runes, isLetter, isLetter, " '")
	return string(around(runes, unicode.IsNumber, func(r rune) bool { return r == 's' }, " '"))
}

// around replaces apostrophes between two characters of given classes. A
// character is a neighbour of one of them at most: in a'b'c the second one stays.
func around(line []rune, left, right func(rune) bool, replacement string) []rune {
	out := make([]rune, 0, len(line)+8)
	for i := 0; i < len(line); i++ {
		out = append(out, line[i])
		if i+2 < len(line) && line[i+1] == '\'' && left(line[i]) && right(line[i+2]) {
			out = append(out, []rune(replacement)...)
			out = append(out, line[i+2])
			i += 2
		}
	}
	return out
}

// ends reports whether the period at the end of a word is a token of its own:
// not after an abbreviation, nor before a word in lower case.
func (t *Tokenizer) ends(word, next string) bool {
	stem, found := strings.CutSuffix(word, ".")
	if !found || strings.Trim(stem, ".") == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(next)
	switch t.abbreviations[stem] {
	case attached:
		return false
	case beforeNumber:
		if '0' <= first && first <= '9' {
			return false
		}
	}
	return !(strings.Contains(stem, ".") && strings.ContainsFunc(stem, isLetter)) && !unicode.IsLower(first)
}

// escape writes what Moses gives a meaning as entities.
func escape(out *strings.Builder, word string) {
	if !strings.ContainsAny(word, specials) {
		out.WriteString(word)
		return
	}
	for _, r := range word {
		if i := strings.IndexRune(specials, r); i >= 0 {
			out.WriteString(entities[i])
		} else {
			out.WriteRune(r)
		}
	}
}

const specials = `&|<>'"[]`

var entities = [len(specials)]string{"&amp;", "&#124;", "&lt;", "&gt;", "&apos;", "&quot;", "&#91;", "&#93;"}
