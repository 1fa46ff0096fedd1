package data

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"autodropout/internal/seed"
)

// A class is what words agree in: the gender, and with classes/2 more the plural.
const (
	genders = 3
	classes = 2 * genders
)

// How many words of each sort a language has. Sorts of nouns, names and verbs
// are equally large in all genders and topics, so that uncertainty is as well.
const (
	topics       = 6
	heroes       = 4 * genders
	topicNouns   = 3 // of each gender in each topic
	generalNouns = 4 // of each gender
	adjectives   = 12
	adverbs      = 6
	intransitive = 8
	transitive   = 10
)

// A category is a run of words in the lexicon with their probabilities.
type category struct {
	first int
	p     []float64
}

// A language is a grammar with its words.
type language struct {
	words []string

	eos, mark, stop, and, who, whom, of category
	open, closing                       [2]category
	topics, heroes                      []category // of one word each
	articles, pronouns, generalNouns    [classes]category
	topicNouns                          [topics][classes]category
	adjectives, adverbs                 category
	intransitive, transitive            [classes]category
}

// newLanguage draws the words of a language. They have stems of their own, and
// endings that show sort, gender and number to a human reader.
func newLanguage(base uint64) *language {
	l := &language{}
	for _, fixed := range []struct {
		to   *category
		word string
	}{
		{&l.eos, EOS}, {&l.mark, "="}, {&l.stop, "."}, {&l.and, "et"}, {&l.who, "ki"}, {&l.whom, "ke"}, {&l.of, "de"},
		{&l.open[0], "("}, {&l.closing[0], ")"}, {&l.open[1], "["}, {&l.closing[1], "]"},
	} {
		*fixed.to = l.add(fixed.word)
	}
	stems := newStems(seed.New(base, "lexicon"))
	vowels := [genders]string{"a", "o", "e"}
	for range topics {
		l.topics = append(l.topics, l.add(stems.next()+"ia"))
	}
	for i := range heroes {
		stem := stems.next()
		l.heroes = append(l.heroes, l.add(strings.ToUpper(stem[:1])+stem[1:]+vowels[i%genders]))
	}
	l.adjectives = l.add(stems.list(adjectives, "ic")...)
	l.adverbs = l.add(stems.list(adverbs, "im")...)
	intransitives, transitives := stems.list(intransitive, ""), stems.list(transitive, "")
	for class := range classes {
		vowel, noun, verb := vowels[class%genders], "", "t"
		if class >= genders {
			noun, verb = "s", "nt"
		}
		l.articles[class] = l.add("l"+vowel+noun, "un"+vowel+noun)
		l.pronouns[class] = l.add("el" + vowel + noun)
		l.intransitive[class] = l.add(with(intransitives, vowel+verb)...)
		l.transitive[class] = l.add(with(transitives, vowel+verb)...)
	}
	for gender, vowel := range vowels {
		general := stems.list(generalNouns, vowel)
		l.generalNouns[gender], l.generalNouns[gender+genders] = l.add(general...), l.add(with(general, "s")...)
		for topic := range topics {
			nouns := stems.list(topicNouns, vowel)
			l.topicNouns[topic][gender], l.topicNouns[topic][gender+genders] = l.add(nouns...), l.add(with(nouns, "s")...)
		}
	}
	return l
}

// add puts words into the lexicon and makes them a category in which the n-th
// word's probability is proportional to 1/n, as in natural language.
func (l *language) add(words ...string) category {
	c := category{first: len(l.words), p: make([]float64, len(words))}
	sum := 0.0
	for i := range c.p {
		sum += 1 / float64(i+1)
	}
	for i := range c.p {
		c.p[i] = 1 / float64(i+1) / sum
	}
	l.words = append(l.words, words...)
	return c
}

// stems draws stems of words, no two alike.
type stems struct {
	rng  *rand.Rand
	used map[string]bool
}

func newStems(rng *rand.Rand) *stems { return &stems{rng, map[string]bool{}} }

func (s *stems) next() string {
	const consonants, vowels = "bcdfglmnprstvz", "aeiou"
	consonant := func() byte { return consonants[s.rng.IntN(len(consonants))] }
	vowel := func() byte { return vowels[s.rng.IntN(len(vowels))] }
	for {
		stem := fmt.Sprintf("%c%c%c%c%c", consonant(), vowel(), consonant(), vowel(), consonant())
		if !s.used[stem] {
			s.used[stem] = true
			return stem
		}
	}
}

// list returns n new stems with an ending.
func (s *stems) list(n int, ending string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s.next() + ending
	}
	return list
}

// with returns words with an ending.
func with(words []string, ending string) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = word + ending
	}
	return out
}
