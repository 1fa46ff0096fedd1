package text

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

const (
	// bpeVersion begins a file of merges.
	bpeVersion = "#version: 0.2"
	// wordEnd is a part of the last symbol of a word in merges.
	wordEnd = "</w>"
	// Separator marks a part of a word that another one follows.
	Separator = "@@"
	// maxCached is the number of words whose parts are remembered.
	maxCached = 1 << 18
	// mostMerges is the number of merges that are read at most: of each several
	// hundred bytes are kept.
	mostMerges = 1 << 20
)

// BPE cuts words into parts by byte-pair encoding (Sennrich, Haddow and Birch,
// arXiv 1508.07909): neighbouring symbols, letters to begin with, are merged in
// the order in which the merges were learned. Merges, files and results are those
// of subword-nmt. Its methods may be called at the same time.
type BPE struct {
	merges  [][2]string
	symbols map[string]int32
	ranks   map[symbolPair]rank
	cache   *wordCache
}

type symbolPair struct{ left, right int32 }

// rank is the number of a merge and the symbol that comes out.
type rank struct{ number, symbol int32 }

// wordCache maps words to their parts, joined as in a line.
type wordCache struct {
	words sync.Map
	size  atomic.Int64
}

func newBPE(merges [][2]string) *BPE {
	b := &BPE{
		merges:  merges,
		symbols: map[string]int32{},
		ranks:   make(map[symbolPair]rank, len(merges)),
		cache:   &wordCache{},
	}
	for number, m := range merges {
		pair := symbolPair{b.symbol(m[0]), b.symbol(m[1])}
		if _, twice := b.ranks[pair]; twice {
			continue
		}
		b.ranks[pair] = rank{int32(number), b.symbol(m[0] + m[1])}
	}
	return b
}

// symbol returns the number of a symbol, which may be new.
func (b *BPE) symbol(s string) int32 {
	id, ok := b.symbols[s]
	if !ok {
		id = int32(len(b.symbols))
		b.symbols[s] = id
	}
	return id
}

// ReadBPE reads merges as [BPE.WriteTo] and subword-nmt write them: a line with
// the version 0.2, then one of two symbols with a space between them for each.
func ReadBPE(r io.Reader) (*BPE, error) {
	var merges [][2]string
	first := true
	err := eachLine(r, func(number int, line string) error {
		if first {
			first = false
			if strings.TrimRight(line, blanks) != bpeVersion {
				return fmt.Errorf("text: merges begin with %q: expected %q, the only version that is read", line, bpeVersion)
			}
			return nil
		}
		left, right, ok := strings.Cut(strings.Trim(line, blanks), " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") || !utf8.ValidString(line) {
			return fmt.Errorf("text: line %d of the merges is %q: it must be two symbols of UTF-8 with a space between them", number, line)
		}
		if len(merges) == mostMerges {
			return fmt.Errorf("text: there are more than %d merges, far more than an encoding needs: learn fewer", mostMerges)
		}
		merges = append(merges, [2]string{left, right})
		return nil
	})
	if err == nil && first {
		err = errors.New("text: a file of merges is empty: it must begin with " + bpeVersion)
	}
	if err != nil {
		return nil, err
	}
	return newBPE(merges), nil
}

// WriteTo writes the merges as subword-nmt does.
func (b *BPE) WriteTo(w io.Writer) (int64, error) {
	out := bufio.NewWriter(w)
	n, err := fmt.Fprintln(out, bpeVersion)
	written := int64(n)
	for _, m := range b.merges {
		if err != nil {
			return written, err
		}
		n, err = fmt.Fprintf(out, "%s %s\n", m[0], m[1])
		written += int64(n)
	}
	return written, errors.Join(err, out.Flush())
}

// Merges returns the number of merges.
func (b *BPE) Merges() int { return len(b.merges) }

// Segment cuts the words of a line, which spaces separate, into parts. Spaces
// separate the parts; those of a word but the last end with [Separator].
func (b *BPE) Segment(line string) string {
	var out strings.Builder
	out.Grow(len(line) + len(line)/2)
	for word := range strings.SplitSeq(strings.Trim(line, blanks), " ") {
		if word == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(b.word(word))
	}
	return out.String()
}

// JoinBPE undoes [BPE.Segment].
func JoinBPE(line string) string {
	return strings.TrimSuffix(strings.ReplaceAll(line, Separator+" ", ""), Separator)
}

// word returns the parts of a word, as in a line.
func (b *BPE) word(word string) string {
	if parts, ok := b.cache.words.Load(word); ok {
		return parts.(string)
	}
	joined := strings.Join(b.merge(word), Separator+" ")
	if b.cache.size.Load() < maxCached {
		b.cache.size.Add(1)
		b.cache.words.Store(strings.Clone(word), joined)
	}
	return joined
}

// merge applies the merges to a word.
func (b *BPE) merge(word string) []string {
	// Symbols are the bytes of the word between two starts. An id of -1 is a
	// symbol that no merge knows.
	ids := make([]int32, 0, len(word))
	starts := make([]int, 0, len(word)+1)
	for i, size := 0, 0; i < len(word); i += size {
		_, size = utf8.DecodeRuneInString(word[i:])
		letter := word[i : i+size]
		if i+size == len(word) {
			letter += wordEnd
		}
		id, ok := b.symbols[letter]
		if !ok {
			id = -1
		}
		ids, starts = append(ids, id), append(starts, i)
	}
	for len(ids) > 1 {
		var best symbolPair
		first := rank{number: int32(len(b.merges))}
		for i := range ids[1:] {
			pair := symbolPair{ids[i], ids[i+1]}
			if r, ok := b.ranks[pair]; ok && r.number < first.number {
				first, best = r, pair
			}
		}
		if int(first.number) == len(b.merges) {
			break
		}
		n := 0
		for i := 0; i < len(ids); i++ {
			ids[n], starts[n] = ids[i], starts[i]
			if i+1 < len(ids) && ids[i] == best.left && ids[i+1] == best.right {
				ids[n] = first.symbol
				i++
			}
			n++
		}
		ids, starts = ids[:n], starts[:n]
	}
	starts = append(starts, len(word))
	parts := make([]string, len(ids))
	for i := range parts {
		parts[i] = word[starts[i]:starts[i+1]]
	}
	return parts
}
