package bitext

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"autodropout/internal/seed"
)

// SyntheticConfig describes a made-up language pair. The zero value is the
// standard one.
type SyntheticConfig struct {
	// Seed gives the words of both languages and the sentences.
	Seed uint64
	// Train, Valid and Test are the numbers of pairs; 0 means 20,000, 500 and 500.
	Train, Valid, Test int
	// Cased makes sentences of both languages begin with a capital letter.
	Cased bool
	// Separate gives each language a vocabulary of its own; otherwise they share one.
	Separate bool
}

// Task is a set of sentences for translation. No sentence is in two parts.
type Task struct{ Train, Valid, Test []Pair }

// Synthetic draws sentences from a grammar, each with its only translation. To
// find it a model has to do what translation takes:
//
//   - order: the source has verbs at the end, adjectives and relative clauses
//     before nouns, and the time first or before the verb; the target has verbs behind the subject,
//     adjectives and relative clauses behind nouns, and the time at the end;
//   - agreement: an article and an adjective of the target agree with the gender
//     and number of their noun, a verb with the number of its subject and the tense
//     that the time tells. The source marks number by a word behind the noun;
//   - choice: a verb has two translations, for objects that are alive or not,
//     which is known from its noun alone.
//
// Clauses do not nest.
func Synthetic(cfg SyntheticConfig) (*Task, error) {
	sizes := []int{cfg.Train, cfg.Valid, cfg.Test}
	for i, standard := range []int{20000, 500, 500} {
		if sizes[i] == 0 {
			sizes[i] = standard
		}
		if sizes[i] < 1 || sizes[i] > 1<<20 {
			return nil, fmt.Errorf("bitext: a part of a synthetic task has 1 to %d pairs, not %d", 1<<20, sizes[i])
		}
	}
	g := newGrammar(cfg.Seed)
	rng := seed.New(cfg.Seed, "translation")
	task := &Task{}
	seen := map[string]bool{}
	for i, part := range []*[]Pair{&task.Train, &task.Valid, &task.Test} {
		for len(*part) < sizes[i] {
			p := g.sentence(rng)
			if seen[p.Source] {
				continue
			}
			seen[p.Source] = true
			if cfg.Cased {
				p = Pair{capital(p.Source), capital(p.Target)}
			}
			*part = append(*part, p)
		}
	}
	return task, nil
}

// capital returns a sentence with a capital letter before all others, which are those of
// English.
func capital(sentence string) string { return strings.ToUpper(sentence[:1]) + sentence[1:] }

const (
	genders = 3
	numbers = 2
	tenses  = 3
)

type grammar struct {
	nouns, verbs, adjectives, times []entry
	plural, who                     string
	articles                        [genders][numbers]string
	whom                            string // the target's word that begins a relative clause
	genderEnd                       [genders]string
	pluralEnd                       string
	verbEnd                         [tenses][numbers]string
}

// An entry is a word of the source and its stems in the target.
type entry struct {
	source string
	target [2]string // of verbs: for objects that are not alive and that are
	class  int       // gender of nouns, tense of times
	alive  bool
}

func newGrammar(base uint64) *grammar {
	rng := seed.New(base, "words")
	used := map[string]bool{}
	word := func(consonants, vowels string, syllables int) string {
		for {
			var w strings.Builder
			for range syllables {
				w.WriteByte(consonants[rng.IntN(len(consonants))])
				w.WriteByte(vowels[rng.IntN(len(vowels))])
			}
			if !used[w.String()] {
				used[w.String()] = true
				return w.String()
			}
		}
	}
	source := func(syllables int) string { return word("kptshwmn", "aiu", syllables) }
	target := func(syllables int) string { return word("bdgvzlr", "eo", syllables) }
	entries := func(n, classes int) []entry {
		list := make([]entry, n)
		for i := range list {
			list[i] = entry{source(2 + i%2), [2]string{target(2), target(3)}, i % classes, i%2 == 0}
		}
		return list
	}
	g := &grammar{
		nouns: entries(60, genders), verbs: entries(24, 1), adjectives: entries(20, 1), times: entries(9, tenses),
		plural: source(1), who: source(1), whom: target(1), pluralEnd: "s", genderEnd: [genders]string{"a", "u", "i"},
	}
	for i := range g.articles {
		g.articles[i] = [numbers]string{target(1), target(1)}
	}
	for i := range g.verbEnd {
		g.verbEnd[i] = [numbers]string{string("tkm"[i]), string("tkm"[i]) + "en"}
	}
	return g
}

func (g *grammar) sentence(rng *rand.Rand) Pair {
	time := g.times[rng.IntN(len(g.times))]
	subject, source, target := g.noun(rng, time.class, true)
	verbSource, verbTarget := g.predicate(rng, time.class, subject, true)
	source = append(source, verbSource...)
	at := 0 // the time stands first, or before the verb
	if rng.IntN(2) == 0 {
		at = len(source) - 1
	}
	source = append(source[:at:at], append([]string{time.source}, source[at:]...)...)
	target = append(append(target, verbTarget...), time.target[0])
	return Pair{strings.Join(source, " ") + " .", strings.Join(target, " ") + " ."}
}

// A noun phrase as a verb sees it.
type nominal struct {
	number int
	alive  bool
}

// noun returns a noun phrase in both languages.
func (g *grammar) noun(rng *rand.Rand, tense int, clause bool) (n nominal, source, target []string) {
	noun := g.nouns[rng.IntN(len(g.nouns))]
	n = nominal{rng.IntN(numbers), noun.alive}
	end := ""
	if n.number == 1 {
		end = g.pluralEnd
	}
	target = []string{g.articles[noun.class][n.number], noun.target[0] + end}
	var relative []string // of the target
	if clause && rng.IntN(4) == 0 {
		verbSource, verbTarget := g.predicate(rng, tense, n, false)
		source = append(verbSource, g.who)
		relative = append([]string{g.whom}, verbTarget...)
	}
	if rng.IntN(3) == 0 {
		adjective := g.adjectives[rng.IntN(len(g.adjectives))]
		source = append(source, adjective.source)
		target = append(target, adjective.target[0]+g.genderEnd[noun.class]+end)
	}
	source = append(source, noun.source)
	if n.number == 1 {
		source = append(source, g.plural)
	}
	return n, source, append(target, relative...)
}

// predicate returns an object and a verb in both languages.
func (g *grammar) predicate(rng *rand.Rand, tense int, subject nominal, clause bool) (source, target []string) {
	object, source, objectTarget := g.noun(rng, tense, clause)
	verb := g.verbs[rng.IntN(len(g.verbs))]
	stem := verb.target[0]
	if object.alive {
		stem = verb.target[1]
	}
	return append(source, verb.source), append([]string{stem + g.verbEnd[tense][subject.number]}, objectTarget...)
}
