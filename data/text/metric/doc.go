// Package metric scores translations against references: corpus [BLEU] in the
// two forms that papers report, and [ChrF]. Scores and signatures are those of
// sacreBLEU (Post, arXiv 1804.08771).
package metric

import (
	"fmt"
	"strings"
	"unicode"
)

// sacreBLEU is the version whose scores the package has, named in signatures.
const sacreBLEU = "2.6.0"

// check makes sure that there is a sentence, and that every set of references
// has as many as there are hypotheses.
func check(hypotheses []string, references [][]string) error {
	if len(hypotheses) == 0 {
		return fmt.Errorf("metric: there are no translations to score")
	}
	if len(references) == 0 {
		return fmt.Errorf("metric: there are no references to score %d translations against", len(hypotheses))
	}
	for i, set := range references {
		if len(set) != len(hypotheses) {
			return fmt.Errorf("metric: set %d of references has %d lines for %d translations: both must have the same number", i, len(set), len(hypotheses))
		}
	}
	return nil
}

// signature joins what a score depends on, as sacreBLEU does.
func signature(references int, lowercase bool, rest string) string {
	letters := "mixed"
	if lowercase {
		letters = "lc"
	}
	return fmt.Sprintf("nrefs:%d|case:%s|%s|version:%s", references, letters, rest, sacreBLEU)
}

// isSpace is Python's notion of white space, which has the four separators of
// ASCII beside Unicode's.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

func fields(s string) []string { return strings.FieldsFunc(s, isSpace) }
