package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Normalizer writes punctuation with the characters of a keyboard, as Moses' script does:
// one kind of quotation marks, dashes and dots, and spaces around brackets and marks where
// the language has them.
type Normalizer struct{ language Language }

// NewNormalizer returns a normaliser for a language.
func NewNormalizer(language Language) *Normalizer { return &Normalizer{language} }

const noBreak = "\u00a0" // a space at which a line does not end

var (
	// What is not ASCII becomes it.
	plainQuotes = strings.NewReplacer("„", `"`, "“", `"`, "”", `"`, "–", "-", "—", " - ",
		"´", "'", "‘", "'", "’", "'", "‚", "'")
	plainGuillemets = strings.NewReplacer(noBreak+"«"+noBreak, ` "`, "«"+noBreak, `"`, "«", `"`,
		noBreak+"»"+noBreak, `" `, noBreak+"»", `"`, "»", `"`)
	plainSpaces = strings.NewReplacer(noBreak+"%", "%", "nº"+noBreak, "nº ", noBreak+":", ":", noBreak+"ºC", " ºC",
		noBreak+"cm", " cm", noBreak+"?", "?", noBreak+"!", "!", noBreak+";", ";", ","+noBreak, ", ")
)

// Normalize returns a sentence with plain punctuation.
func (n *Normalizer) Normalize(sentence string) string {
	line := strings.ReplaceAll(sentence, "\r", "")
	if strings.ContainsAny(line, "()") {
		line = strings.NewReplacer("(", " (", ")", ") ").Replace(line)
		line = oneSpace(line)
		line = before(line, ") ", ".!:?;,", ")")
		line = strings.ReplaceAll(line, "( ", "(")
		line = strings.ReplaceAll(line, " )", ")")
	}
	line = oneSpace(line)
	line = afterDigit(line, " %", "%")
	line = strings.ReplaceAll(line, " :", ":")
	line = strings.ReplaceAll(line, " ;", ";")
	line = strings.ReplaceAll(line, "`", "'")
	line = strings.ReplaceAll(line, "''", ` " `)
	if !ascii(line) {
		line = oneSpace(plainQuotes.Replace(line))
		line = strings.ReplaceAll(line, "''", `"`)
		line = strings.ReplaceAll(line, "…", "...")
		line = plainGuillemets.Replace(line)
		line = plainSpaces.Replace(line)
	}
	if strings.Contains(line, `"`) {
		line = n.quotes(line)
	}
	separator := ","
	if n.language == English {
		separator = "."
	}
	line = betweenDigits(line, noBreak, separator)
	return strings.TrimFunc(oneSpace(line), isSpace)
}

// quotes moves marks that meet a closing quotation mark: into it in English, out
// of it elsewhere.
func (n *Normalizer) quotes(line string) string {
	var out strings.Builder
	for i := 0; i < len(line); {
		switch marks := span(line[i:], ",."); {
		case n.language == English && line[i] == '"':
			marks = span(line[i+1:], ",.")
			out.WriteString(line[i+1 : i+1+marks])
			out.WriteByte('"')
			i += 1 + marks
		case n.language != English && marks > 0 && strings.HasPrefix(line[i+marks:], `"`) && outside(line[i:i+marks], line[i+marks+1:]):
			last := line[i+marks-1] // only a run of periods moves as a whole
			run := marks - len(strings.TrimRight(line[i:i+marks], "."))
			if last == ',' {
				run = 1
			}
			out.WriteString(line[i : i+marks-run])
			out.WriteByte('"')
			out.WriteString(line[i+marks-run : i+marks])
			i += marks + 1
		default:
			out.WriteByte(line[i])
			i++
		}
	}
	return out.String()
}

// outside reports whether marks move out of a quotation that rest follows:
// periods do before more text only, and not before a tag.
func outside(marks, rest string) bool {
	if strings.HasSuffix(marks, ",") {
		return true
	}
	first, size := utf8.DecodeRuneInString(strings.TrimLeftFunc(rest, isSpace))
	if size == 0 {
		return rest != "" // white space is text here
	}
	return first != '<' || len(strings.TrimLeftFunc(rest, isSpace)) < len(rest)
}

// span returns the length of the run of given bytes that s begins with.
func span(s, bytes string) int { return len(s) - len(strings.TrimLeft(s, bytes)) }

// oneSpace makes one space of several.
func oneSpace(line string) string {
	for strings.Contains(line, "  ") {
		line = strings.ReplaceAll(line, "  ", " ")
	}
	return line
}

// before replaces old where one of the bytes next follows.
func before(line, old, next, replacement string) string {
	return replaceWhere(line, old, replacement, func(_, right string) bool { return right != "" && strings.IndexByte(next, right[0]) >= 0 })
}

// afterDigit replaces old where it follows a digit.
func afterDigit(line, old, replacement string) string {
	return replaceWhere(line, old, replacement, func(left, _ string) bool { return endsInDigit(left) })
}

// betweenDigits replaces old between two digits, but not on both sides of one.
func betweenDigits(line, old, replacement string) string {
	used := 0 // up to where left belongs to an earlier pair
	return replaceWhere(line, old, replacement, func(left, right string) bool {
		first, size := utf8.DecodeRuneInString(right)
		if len(left) <= used || !endsInDigit(left) || !unicode.IsDigit(first) {
			return false
		}
		used = len(left) + len(old) + size
		return true
	})
}

func endsInDigit(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsDigit(last)
}

// replaceWhere replaces old where the text on its left and right is right.
func replaceWhere(line, old, replacement string, where func(left, right string) bool) string {
	if !strings.Contains(line, old) {
		return line
	}
	var out strings.Builder
	for from := 0; ; {
		i := strings.Index(line[from:], old)
		if i < 0 {
			out.WriteString(line[from:])
			return out.String()
		}
		i += from
		out.WriteString(line[from:i])
		if where(line[:i], line[i+len(old):]) {
			out.WriteString(replacement)
		} else {
			out.WriteString(old)
		}
		from = i + len(old)
	}
}

func ascii(line string) bool {
	for i := range len(line) {
		if line[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// RemoveNonPrinting replaces control characters, format characters and unassigned code
// points (Unicode's class C) by spaces.
func RemoveNonPrinting(line string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x20 && r < 0x7f || unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
			return r
		}
		return ' '
	}, line)
}
