package bitext

import (
	"strings"

	"autodropout/data/text"
)

// Style says how sentences are cut into tokens. The zero value is that of Moses.
type Style struct {
	// Tokenized says that sentences are already tokens, separated by spaces.
	Tokenized bool `json:"tokenized"`
	// Normalize makes the punctuation of training texts uniform and removes what
	// does not print from them.
	Normalize bool `json:"normalize"`
	// Hyphens splits words at hyphens.
	Hyphens bool `json:"hyphens"`
	// Lowercase makes all letters small.
	Lowercase bool `json:"lowercase"`
}

// tokens returns what cuts the sentences of a language, of a training text or of
// one to be translated.
func (s Style) tokens(l text.Language, training bool) func(sentence string) string {
	var steps []func(string) string
	if s.Normalize && training {
		steps = append(steps, text.NewNormalizer(l).Normalize, text.RemoveNonPrinting)
	}
	if s.Tokenized {
		steps = append(steps, func(line string) string { return strings.Join(strings.Fields(line), " ") })
	} else {
		steps = append(steps, text.NewTokenizer(l, s.Hyphens).Tokenize)
	}
	if s.Lowercase {
		steps = append(steps, strings.ToLower)
	}
	return func(sentence string) string {
		for _, step := range steps {
			sentence = step(sentence)
		}
		return sentence
	}
}
