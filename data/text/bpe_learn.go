package text

import (
	"cmp"
	"container/heap"
	"fmt"
	"strings"
	"unicode/utf8"
)

// LearnBPE learns at most merges merges from the words of a text, or of two for
// a joint encoding: again and again the pair of neighbouring symbols that is most
// frequent, the last in the order of code points if several are, until none occurs
// least times (subword-nmt's default is 2). It is an error when there are no words.
func LearnBPE(words *WordCounts, merges, least int) (*BPE, error) {
	if words.Len() == 0 {
		return nil, fmt.Errorf("text: there are no words to learn merges from")
	}
	l := newLearner(words)
	var learned [][2]string
	l.threshold = float64(l.most()) / 10
	for i := range merges {
		id, ok := l.top()
		if !ok || i > 0 && float64(l.pairs[id].count) < l.threshold {
			l.prune()
			l.restore()
			if id, ok = l.top(); !ok {
				break // all words are single letters
			}
			l.threshold = float64(l.pairs[id].count) * float64(i) / float64(float64(i)+10000)
			l.prune()
		}
		if l.pairs[id].count < int64(least) {
			break
		}
		left, right := l.strings(id)
		learned = append(learned, [2]string{left, right})
		l.merge(id)
		if i%100 == 0 {
			l.prune()
		}
	}
	return newBPE(learned), nil
}

// A learner keeps the counts of all pairs of neighbours while merges change
// them. As in subword-nmt, rare pairs are put aside, and brought back when none
// is left that is more frequent. What is put aside is brought back with the count
// it had then, less what it has lost meanwhile: for exactly equal merges this
// has to be done the same way.
type learner struct {
	symbols []string
	ids     map[string]int32
	words   []learnedWord
	pairs   []pairCount
	index   map[symbolPair]int32
	listed  []int32 // the pairs that are not put aside
	// queue holds listed pairs with a count they had; only those that still have
	// it are valid.
	queue     pairQueue
	threshold float64
	touched   []int32 // by the last merge
}

type learnedWord struct {
	symbols []int32
	count   int64
}

type pairCount struct {
	symbolPair
	count  int64 // while listed
	aside  int64 // when last put aside
	listed bool
	known  bool // aside is its count
	dirty  bool // in touched
	words  []int32
}

func newLearner(counts *WordCounts) *learner {
	l := &learner{ids: map[string]int32{}, index: map[symbolPair]int32{}}
	for _, w := range counts.words {
		word := learnedWord{count: w.count}
		for i, size := 0, 0; i < len(w.word); i += size {
			_, size = utf8.DecodeRuneInString(w.word[i:])
			letter := w.word[i : i+size]
			if i+size == len(w.word) {
				letter += wordEnd
			}
			word.symbols = append(word.symbols, l.symbol(letter))
		}
		number := int32(len(l.words))
		l.words = append(l.words, word)
		for i := range word.symbols[1:] {
			l.add(symbolPair{word.symbols[i], word.symbols[i+1]}, w.count, number)
		}
	}
	for i := range l.pairs {
		l.pairs[i].aside, l.pairs[i].known = l.pairs[i].count, true
	}
	l.queue.learner = l
	l.settle()
	return l
}

func (l *learner) symbol(s string) int32 {
	id, ok := l.ids[s]
	if !ok {
		id = int32(len(l.symbols))
		l.ids[s] = id
		l.symbols = append(l.symbols, s)
	}
	return id
}

func (l *learner) strings(id int32) (left, right string) {
	p := &l.pairs[id]
	return l.symbols[p.left], l.symbols[p.right]
}

// add changes the count of a pair, and notes a word that it has come into.
func (l *learner) add(pair symbolPair, n int64, word int32) {
	id, ok := l.index[pair]
	if !ok {
		id = int32(len(l.pairs))
		l.index[pair] = id
		l.pairs = append(l.pairs, pairCount{symbolPair: pair})
	}
	p := &l.pairs[id]
	if !p.listed {
		p.listed, p.count = true, 0
		l.listed = append(l.listed, id)
	}
	p.count += n
	if last := len(p.words) - 1; n > 0 && (last < 0 || p.words[last] != word) {
		p.words = append(p.words, word)
	}
	if !p.dirty {
		p.dirty = true
		l.touched = append(l.touched, id)
	}
}

// settle queues the pairs that have changed.
func (l *learner) settle() {
	for _, id := range l.touched {
		p := &l.pairs[id]
		p.dirty = false
		heap.Push(&l.queue, queued{id, p.count})
	}
	l.touched = l.touched[:0]
}

// most returns the largest count.
func (l *learner) most() int64 {
	if id, ok := l.top(); ok {
		return l.pairs[id].count
	}
	return 0
}

// top returns the most frequent of the listed pairs, if there is one.
func (l *learner) top() (id int32, ok bool) {
	for len(l.queue.entries) > 0 {
		e := l.queue.entries[0]
		if p := &l.pairs[e.id]; p.listed && p.count == e.count {
			return e.id, true
		}
		heap.Pop(&l.queue)
	}
	return 0, false
}

// prune puts aside the pairs whose counts are below the threshold.
func (l *learner) prune() {
	kept := l.listed[:0]
	for _, id := range l.listed {
		p := &l.pairs[id]
		switch {
		case float64(p.count) >= l.threshold:
			kept = append(kept, id)
			continue
		case p.count < 0:
			p.aside += p.count
		default:
			p.aside = p.count
		}
		p.listed, p.known = false, true
	}
	l.listed = kept
}

// restore lists every pair that was ever put aside, with the count of then.
func (l *learner) restore() {
	l.listed = l.listed[:0]
	l.queue.entries = l.queue.entries[:0]
	for i := range l.pairs {
		p := &l.pairs[i]
		p.listed = p.known
		if p.known {
			p.count = p.aside
			l.listed = append(l.listed, int32(i))
			l.queue.entries = append(l.queue.entries, queued{int32(i), p.count})
		}
	}
	heap.Init(&l.queue)
}

// merge makes one symbol of a pair in all words.
func (l *learner) merge(id int32) {
	pair := l.pairs[id].symbolPair
	symbol := l.symbol(l.symbols[pair.left] + l.symbols[pair.right])
	words := l.pairs[id].words
	l.pairs[id].words = nil
	for _, number := range words {
		l.mergeIn(number, pair, symbol)
	}
	p := &l.pairs[id]
	p.count = 0
	l.settle()
}

// mergeIn makes one symbol of a pair in a word, and changes the counts of its
// neighbours.
func (l *learner) mergeIn(number int32, pair symbolPair, symbol int32) {
	w := &l.words[number]
	old := w.symbols
	at := func(i int) bool { return i+1 < len(old) && old[i] == pair.left && old[i+1] == pair.right }
	found := false
	for i := 0; i < len(old); i++ {
		if !at(i) {
			continue
		}
		found = true
		if i > 0 {
			l.add(symbolPair{old[i-1], old[i]}, -w.count, number)
		}
		// The pair between two that merge goes away with the second.
		if i+2 < len(old) && !at(i+2) {
			l.add(symbolPair{old[i+1], old[i+2]}, -w.count, number)
		}
		i++
	}
	if !found {
		return // another merge took it
	}
	n := 0
	for i := 0; i < len(old); i++ {
		symbols := old[i]
		if at(i) {
			symbols = symbol
			i++
		}
		old[n] = symbols
		n++
	}
	w.symbols = old[:n]
	for i, s := range w.symbols {
		if s != symbol {
			continue
		}
		if i > 0 {
			l.add(symbolPair{w.symbols[i-1], s}, w.count, number)
		}
		if i+1 < n && w.symbols[i+1] != symbol {
			l.add(symbolPair{s, w.symbols[i+1]}, w.count, number)
		}
	}
}

// A pairQueue has the most frequent pair first; of several the last in the order
// of strings.
type pairQueue struct {
	learner *learner
	entries []queued
}

type queued struct {
	id    int32
	count int64
}

func (q *pairQueue) Len() int { return len(q.entries) }

func (q *pairQueue) Less(i, j int) bool {
	a, b := q.entries[i], q.entries[j]
	if a.count != b.count {
		return a.count > b.count
	}
	if a.id == b.id {
		return false
	}
	aLeft, aRight := q.learner.strings(a.id)
	bLeft, bRight := q.learner.strings(b.id)
	return cmp.Or(strings.Compare(aLeft, bLeft), strings.Compare(aRight, bRight)) > 0
}

func (q *pairQueue) Swap(i, j int) { q.entries[i], q.entries[j] = q.entries[j], q.entries[i] }
func (q *pairQueue) Push(x any)    { q.entries = append(q.entries, x.(queued)) }

func (q *pairQueue) Pop() any {
	last := len(q.entries) - 1
	e := q.entries[last]
	q.entries = q.entries[:last]
	return e
}
