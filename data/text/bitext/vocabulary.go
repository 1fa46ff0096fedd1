package bitext

import (
	"cmp"
	"hash/crc32"
	"slices"
	"strings"

	"autodropout/data/text"
)

// The words with which every vocabulary begins; they are where fairseq has them.
const (
	Begin   = iota // begins a translation for the model
	Pad            // fills the places behind a sentence
	End            // ends a sentence
	Unknown        // stands for words that are not in the vocabulary
	specials
)

// Vocabulary numbers the words, or parts of words, of a language.
type Vocabulary struct {
	words []string
	ids   map[string]int32
}

// NewVocabulary returns the words that occur at least least times, after the
// special ones, by falling frequency, equally frequent ones in alphabetical order.
func NewVocabulary(counts *text.WordCounts, least int64) *Vocabulary {
	type entry struct {
		word  string
		count int64
	}
	var entries []entry
	for word, count := range counts.All() {
		if count >= least {
			entries = append(entries, entry{word, count})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.word, b.word))
	})
	v := &Vocabulary{words: []string{"<s>", "<pad>", "</s>", "<unk>"}, ids: map[string]int32{}}
	for _, e := range entries {
		v.words = append(v.words, e.word)
	}
	for id, word := range v.words {
		if _, special := v.ids[word]; !special {
			v.ids[word] = int32(id)
		}
	}
	return v
}

// Len returns the number of words, the special ones included.
func (v *Vocabulary) Len() int { return len(v.words) }

// Checksum distinguishes a vocabulary from others: it covers the words and their numbers.
func (v *Vocabulary) Checksum() uint32 {
	return crc32.ChecksumIEEE([]byte(strings.Join(v.words, "\n"))) // words have no line breaks
}

// Encode returns the numbers of the words of a line, which white space separates.
// Those that are not in the vocabulary, and words spelt like special ones, become
// [Unknown].
func (v *Vocabulary) Encode(line string) []int32 {
	var ids []int32
	for word := range strings.FieldsSeq(line) {
		id, ok := v.ids[word]
		if !ok || id < specials {
			id = Unknown
		}
		ids = append(ids, id)
	}
	return ids
}

// Decode returns the words of a sentence with spaces between them. It stops
// before the first [End], and leaves [Begin] and [Pad] out.
func (v *Vocabulary) Decode(ids []int32) string {
	var words []string
	for _, id := range ids {
		if id == End {
			break
		}
		if id != Begin && id != Pad {
			words = append(words, v.words[id])
		}
	}
	return strings.Join(words, " ")
}
