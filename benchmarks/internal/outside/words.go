package outside

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Split cuts a line into the words of a command: at spaces, but for those within
// single or double quotes. In double quotes \" and \\ stand for " and \. Nothing else
// has a meaning, and a backslash outside of quotes is one.
func Split(line string) (words []string, err error) {
	var word strings.Builder
	var quote rune // 0: outside of quotes
	begun, escaped := false, false
	for _, c := range line {
		switch {
		case escaped:
			if c != '"' && c != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(c)
			escaped = false
		case quote == '"' && c == '\\':
			escaped = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, begun = c, true
		case quote == 0 && unicode.IsSpace(c):
			if begun {
				words = append(words, word.String())
				word.Reset()
				begun = false
			}
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a %c is open at its end: close it", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("it has no words: name a program")
	}
	return words, nil
}

// Quote writes words as a line that [Split] cuts into the same ones.
func Quote(words []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	quoted := make([]string, len(words))
	for i, w := range words {
		switch {
		case w != "" && !strings.ContainsAny(w, `'"`) && !strings.ContainsFunc(w, unicode.IsSpace):
			quoted[i] = w
		case !strings.Contains(w, "'"):
			quoted[i] = "'" + w + "'"
		default:
			quoted[i] = `"` + escape.Replace(w) + `"`
		}
	}
	return strings.Join(quoted, " ")
}
