package text

import (
	"strings"
	"unicode/utf8"
)

// Detokenizer undoes [Tokenizer] as far as can be: it leaves the spaces out that
// a reader does not expect.
type Detokenizer struct{ language Language }

// NewDetokenizer returns a detokeniser for a language.
func NewDetokenizer(language Language) *Detokenizer { return &Detokenizer{language} }

var unescape = strings.NewReplacer("&#124;", "|", "&lt;", "<", "&gt;", ">", "&apos;", "'", "&quot;", `"`, "&#91;", "[", "&#93;", "]", "&amp;", "&")

// Detokenize returns the sentence that tokens with spaces between them stand
// for.
func (d *Detokenizer) Detokenize(tokens string) string {
	tokens = strings.ReplaceAll(" "+tokens+" ", " @-@ ", "-")
	words := strings.Fields(unescape.Replace(tokens))
	var out strings.Builder
	space := "" // what comes before the next word
	open := map[string]bool{}
	for i, word := range words {
		before, after := space, " "
		switch {
		case strings.Trim(word, "$([{¿¡£€¥") == "":
			after = ""
		case strings.Trim(word, `,.?!:;\%}])`) == "":
			before = ""
			if d.language == French && len(word) == 1 && strings.Contains(`?!:;\%`, word) {
				before = " " // even after a quotation mark
			}
		case d.language == English && i > 0 && isContraction(word):
			before = ""
		case d.language == French && i+1 < len(words) && isElision(word, words[i+1]):
			after = ""
		case isQuote(word):
			kind := plainQuote(word)
			switch {
			case d.language == English && word == "'" && i > 0 && strings.HasSuffix(words[i-1], "s") && !open[kind]:
				before = "" // the dogs' house
			case open[kind]:
				before = ""
				open[kind] = false
			default:
				after = ""
				open[kind] = true
			}
		}
		out.WriteString(before)
		out.WriteString(word)
		space = after
	}
	return strings.TrimSpace(oneSpace(out.String()))
}

// isContraction tells 's, 'm and the like.
func isContraction(word string) bool {
	rest, ok := strings.CutPrefix(word, "'")
	first, _ := utf8.DecodeRuneInString(rest)
	return ok && isLetter(first)
}

// isElision tells l', qu' and the like before a word.
func isElision(word, next string) bool {
	stem, ok := strings.CutSuffix(word, "'")
	last, _ := utf8.DecodeLastRuneInString(stem)
	first, _ := utf8.DecodeRuneInString(next)
	return ok && isLetter(last) && isLetter(first)
}

func isQuote(word string) bool { return strings.Trim(word, `'"„“`+"`") == "" }

// plainQuote makes no difference between opening and closing quotation marks.
func plainQuote(word string) string {
	if strings.ContainsAny(word, "„“") {
		return `"`
	}
	return word
}
