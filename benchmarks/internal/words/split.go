package words

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Split cuts a line into the words of a command, such as [Command] writes: at spaces,
// but for those within single or double quotes. In double quotes \" and \\ stand for "
// and \, outside of quotes \' for '. Nothing else has a meaning: a backslash is one.
func Split(line string) (words []string, err error) {
	var word strings.Builder
	var quote rune // 0: outside of quotes
	begun := false
	letters := []rune(line)
	for i := 0; i < len(letters); i++ {
		c, next := letters[i], rune(0)
		if i+1 < len(letters) {
			next = letters[i+1]
		}
		switch {
		case c == '\\' && (quote == '"' && (next == '"' || next == '\\') || quote == 0 && next == '\''):
			word.WriteRune(next)
			begun = true
			i++
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
