// Package words writes numbers and lists for people, the same way on the terminal, in
// reports and in pages.
package words

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Duration writes seconds: "24ms", "4.2s", "12s", "3m20s", "5h10m", "412 days".
func Duration(seconds float64) string {
	const day = 24 * 60 * 60
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case seconds < 1:
		return fmt.Sprintf("%.0fms", 1000*seconds)
	case seconds < 10:
		return fmt.Sprintf("%.1fs", seconds)
	case seconds < 60*60:
		return d.Round(time.Second).String()
	case seconds < 2*day:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return fmt.Sprintf("%.0f days", seconds/day)
}

// Speed writes images, or other items, per second.
func Speed(rate float64, item string) string {
	if rate < 10 {
		return fmt.Sprintf("%.2f %s/s", rate, item)
	}
	return fmt.Sprintf("%.0f %s/s", rate, item)
}

// Memory writes a number of bytes.
func Memory(bytes int64) string {
	switch {
	case bytes <= 0:
		return "unknown"
	case bytes < 1e9:
		return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}

// Count writes a number of things: "1 search", "2 searches".
func Count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}

// And joins words as a sentence does: "a, b and c".
func And(words []string) string { return join(words, " and ") }

// Or joins alternatives as a sentence does: "a, b or c".
func Or(words []string) string { return join(words, " or ") }

func join(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + last + words[len(words)-1]
}

// Command writes a command as a shell takes it.
func Command(args ...string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = arg
		if arg == "" || strings.ContainsFunc(arg, special) {
			quoted[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// special reports whether a rune in an argument may mean something to a shell.
func special(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_@%+=:,./-", r)
}

// Capital returns text with a capital first letter.
func Capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Wrap breaks text into lines of at most width letters.
func Wrap(text string, width int) string {
	var b strings.Builder
	length := 0
	for _, word := range units(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case length == 0:
		case length+1+n > width:
			b.WriteByte('\n')
			length = 0
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += n
	}
	return b.String()
}

// units returns the words of a text; a number and its sign, as in "20 %" and "3 ± 1", are one.
func units(text string) (units []string) {
	glued := false
	for _, word := range strings.Fields(text) {
		sign := strings.HasPrefix(word, "%") || word == "±"
		if n := len(units); n > 0 && (glued || sign) {
			units[n-1] += " " + word
		} else {
			units = append(units, word)
		}
		glued = word == "±"
	}
	return units
}

// Table writes a table in Markdown.
func Table(header []string, rows [][]string) string {
	lines := [][]string{header, slices.Repeat([]string{"---"}, len(header))}
	var b strings.Builder
	for _, cells := range append(lines, rows...) {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return strings.TrimSpace(b.String())
}
