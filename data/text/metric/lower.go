package metric

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lower is Python's str.lower, which sacreBLEU calls: other than [strings.ToLower] it
// keeps the dot of a dotted capital I as a letter of its own, and knows the sigma
// that ends a word (The Unicode Standard, section 3.13, table 3-17).
func lower(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == 'İ':
			b.WriteString("i\u0307")
		case r == 'Σ' && endsWord(s[:i], s[i+utf8.RuneLen(r):]):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// endsWord reports whether a sigma between two texts ends a word: a letter that has
// cases stands before it and none after it, whatever is ignored between them.
func endsWord(before, after string) bool {
	before = strings.TrimRightFunc(before, caseIgnorable)
	after = strings.TrimLeftFunc(after, caseIgnorable)
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	return cased(last) && !cased(next)
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// caseIgnorable reports whether a character is part of a word without being a
// letter that has cases: accents, modifiers, and the punctuation of words.
func caseIgnorable(r rune) bool {
	const punctuation = "'.:·\u0387\u055f\u05f4‘’․‧︓﹒﹕＇．："
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) || strings.ContainsRune(punctuation, r)
}
