package text

import (
	"fmt"
	"strings"
	"unicode"
)

// Language is one of the languages that have rules here.
type Language string

const (
	German  Language = "de"
	English Language = "en"
	French  Language = "fr"
)

// ParseLanguage returns the language of a two-letter code. It is an error when
// it has no rules.
func ParseLanguage(code string) (Language, error) {
	switch l := Language(code); l {
	case German, English, French:
		return l, nil
	}
	return "", fmt.Errorf("text: there are no rules for the language %q: it must be %s, %s or %s", code, German, English, French)
}

// period says how a period after an abbreviation is treated.
type period int

const (
	separate     period = iota // as the end of a sentence
	attached                   // as a part of the word
	beforeNumber               // as a part of the word where a number follows
)

// abbreviations lists, for each language, those whose period belongs to them,
// and those whose period does before a number.
func abbreviations(l Language) map[string]period {
	kinds := map[string]period{}
	add := func(kind period, words string) {
		for word := range strings.FieldsSeq(words) {
			kinds[word] = kind
		}
	}
	for letter := 'A'; letter <= 'Z'; letter++ {
		kinds[string(letter)] = attached
	}
	switch l {
	case English:
		add(attached, titles+englishAbbreviations)
		add(beforeNumber, "No Art pp")
	case German:
		add(attached, titles+germanAbbreviations+smallLetters)
		for n := range 99 {
			kinds[fmt.Sprint(n+1)] = attached // ordinals
		}
	case French:
		add(attached, frenchAbbreviations+smallLetters)
		delete(kinds, "a")
	}
	return kinds
}

const (
	smallLetters = " a b c d e f g h i j k l m n o p q r s t u v w x y z "

	// titles are those of persons and a few more that are kept in German too.
	titles = ` Adj Adm Adv Asst Bart Bldg Brig Bros Capt Cmdr Col Comdr Con Corp Cpl DR Dr Ens Gen Gov Hon Hosp Insp
		Lt MM MR MRS MS Maj Messrs Mlle Mme Mr Mrs Ms Msgr Nos Nr Op Ord Pfc Ph Prof Pvt Rep Reps Res Rev Rt
		Sen Sens Sfc Sgt Sr St Supt Surg v vs `

	englishAbbreviations = ` Drs Hr rev Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec i.e e.g `

	germanAbbreviations = ` Co Ltd No Art pp etc bzw ca dgl evtl ff ggf jun sen sog usw vgl Mio Mrd Std Zt
		II III IV VI VII VIII IX XI XII XIII XIV XV XVI XVII XVIII XIX XX
		ii iii iv vi vii viii ix xi xii xiii xiv xv xvi xvii xviii xix xx `

	frenchAbbreviations = ` MM al apr art auj av boul ca cf chap dir env etc ex fasc fig fr hab ibid id pl pp sq suiv
		suppl sup tél vb vol vs éd `
)

// isLetter is the class of letters: Unicode's Alphabetic.
func isLetter(r rune) bool {
	if r < 0x80 {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	return unicode.In(r, unicode.L, unicode.Nl, unicode.Other_Alphabetic)
}

// isAlnum is the class of letters and decimal digits.
func isAlnum(r rune) bool {
	return isLetter(r) || '0' <= r && r <= '9' || r >= 0x80 && unicode.Is(unicode.Nd, r)
}
