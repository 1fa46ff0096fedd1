package data

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"autodropout/internal/bom"
	"autodropout/internal/sized"
)

// Corpus is a text for language models: every word is a number.
type Corpus struct {
	Name string
	// Words is the vocabulary; a word's id is its place. Words stand in the order
	// of falling frequency in the training part, as an adaptive softmax wants
	// them; equally frequent ones in the order in which they come first.
	Words []string
	// Train, Valid and Test are the ids of the words of the three parts, with
	// [EOS] at the end of every line.
	Train, Valid, Test []int32
	// Entropy is the mean uncertainty of the next word in nats, given all words before it
	// and the rules by which the text was made. No model can have a lower expected loss,
	// and exp(Entropy) is the least perplexity. It is 0 if the rules are not known, as for
	// all natural text.
	Entropy float64
	// ValidEntropy and TestEntropy are the mean losses of these rules on the words
	// of the two parts but their first ones. They scatter about Entropy.
	ValidEntropy, TestEntropy float64
}

// EOS is the word that stands for the end of a line.
const EOS = "<eos>"

// unknownWord stands for words outside the vocabulary.
const unknownWord = "<unk>"

// words yields the words of a text, which white space separates, and [EOS] at
// the end of every line, empty ones too.
func words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			for word := range strings.FieldsSeq(line) {
				if !yield(word) {
					return
				}
			}
			if !yield(EOS) {
				return
			}
		}
	}
}

// wordBytes is what a word of a vocabulary takes beside its letters: two strings, its
// number in two tables, and what is made for growth.
const wordBytes = 160

// vocabulary lists the words of a text in the order of [Corpus].Words. Budget bounds
// what is kept of them.
func vocabulary(text string, budget *sized.Budget) ([]string, error) {
	type entry struct {
		word         string
		count, first int
	}
	index := map[string]int{}
	var entries []entry
	for word := range words(text) {
		i, seen := index[word]
		if !seen {
			if err := budget.Keep(wordBytes + int64(len(word))); err != nil {
				return nil, fmt.Errorf("has more than %d different words, which is no vocabulary: write %s for rare ones", len(entries), unknownWord)
			}
			i = len(entries)
			word = strings.Clone(word) // not a part of the whole text
			index[word] = i
			entries = append(entries, entry{word: word, first: i})
		}
		entries[i].count++
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.first, b.first))
	})
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = e.word
	}
	return list, nil
}

// Encode returns the ids of the words of a text, as those of the corpus were
// made; but a text that does not end with a line end gets no [EOS] there, so
// that it can be continued. A word that is not in the vocabulary becomes <unk>; it is
// an error where the vocabulary has no such word.
func (c *Corpus) Encode(text string) ([]int32, error) {
	text = bom.Trim(text)
	ids, err := encode(text, index(c.Words))
	if err == nil && len(ids) > 0 && !strings.HasSuffix(text, "\n") {
		ids = ids[:len(ids)-1]
	}
	return ids, err
}

// index returns the ids of words.
func index(words []string) map[string]int32 {
	ids := make(map[string]int32, len(words))
	for i, word := range words {
		ids[word] = int32(i)
	}
	return ids
}

func encode(text string, ids map[string]int32) ([]int32, error) {
	unknown, hasUnknown := ids[unknownWord]
	var out []int32
	for word := range words(text) {
		id, ok := ids[word]
		if !ok && !hasUnknown {
			return nil, fmt.Errorf("the word %q is not in the training text, and neither is %s, which would stand for it: add one of them to the training text", word, unknownWord)
		}
		if !ok {
			id = unknown
		}
		out = append(out, id)
	}
	return out, nil
}
