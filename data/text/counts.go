package text

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"autodropout/internal/bom"
)

// blanks are what subword-nmt takes off both ends of a line.
const blanks = "\r\n "

// WordCounts counts the words of a text. The zero value is empty.
type WordCounts struct {
	words []wordCount // in the order of their first occurrence
	index map[string]int32
}

type wordCount struct {
	word  string
	count int64
}

// Add counts the words of a line, which spaces separate.
func (c *WordCounts) Add(line string) {
	if c.index == nil {
		c.index = map[string]int32{}
	}
	for word := range strings.SplitSeq(strings.Trim(line, blanks), " ") {
		if word == "" {
			continue
		}
		i, seen := c.index[word]
		if !seen {
			i = int32(len(c.words))
			word = strings.Clone(word) // not a part of the whole line
			c.index[word] = i
			c.words = append(c.words, wordCount{word: word})
		}
		c.words[i].count++
	}
}

// Len returns the number of different words.
func (c *WordCounts) Len() int { return len(c.words) }

// All yields the words and how often they occur, by falling frequency; equally
// frequent ones in the order in which they came first.
func (c *WordCounts) All() iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		for _, w := range c.sorted() {
			if !yield(w.word, w.count) {
				return
			}
		}
	}
}

func (c *WordCounts) sorted() []wordCount {
	return slices.SortedStableFunc(slices.Values(c.words), func(a, b wordCount) int {
		return cmp.Compare(b.count, a.count)
	})
}

// WriteTo writes a vocabulary file: a line of word, space and count for each
// word, in the order of All.
func (c *WordCounts) WriteTo(w io.Writer) (int64, error) {
	var written int64
	out := bufio.NewWriter(w)
	for word, count := range c.All() {
		n, err := fmt.Fprintf(out, "%s %d\n", word, count)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, out.Flush()
}

// mostWords is the size of a vocabulary that is read at most: of each word some two
// hundred bytes are kept.
const mostWords = 1 << 22

// ReadCounts reads a vocabulary file, see [WordCounts.WriteTo]. It is an error when
// a line is something else.
func ReadCounts(r io.Reader) (*WordCounts, error) {
	c := &WordCounts{index: map[string]int32{}}
	err := eachLine(r, func(number int, line string) error {
		word, count, ok := strings.Cut(strings.Trim(line, blanks), " ")
		n, err := strconv.ParseInt(count, 10, 64)
		if !ok || err != nil || word == "" {
			return fmt.Errorf("text: line %d of the vocabulary is %q: it must be a word, a space and a count", number, line)
		}
		if i, seen := c.index[word]; seen {
			c.words[i].count += n
			return nil
		}
		if len(c.words) == mostWords {
			return fmt.Errorf("text: the vocabulary has more than %d words, far more than a model can have: leave rare words out", mostWords)
		}
		c.index[word] = int32(len(c.words))
		c.words = append(c.words, wordCount{word, n})
		return nil
	})
	return c, err
}

// eachLine calls f for every line, counted from 1.
func eachLine(r io.Reader, f func(number int, line string) error) error {
	lines := bufio.NewScanner(bom.NewReader(r))
	lines.Buffer(nil, 1<<20)
	number := 0
	for lines.Scan() {
		number++
		if err := f(number, lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("text: cannot read line %d: %w", number+1, err)
	}
	return nil
}
