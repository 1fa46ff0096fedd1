package data

import (
	"math"
	"slices"
)

// A phrase is something that is still to be said.
type phrase struct {
	symbol symbol
	class  int // that it agrees with
	depth  int // of the clause it is in
	kind   int // of bracket that ends it
}

type symbol int

const (
	title          symbol = iota // = hero topic = <eos> and the text below it
	titleHero                    // the hero's name
	titleTopic                   // the topic's name
	titleEnd                     // the second =
	lineEnd                      // <eos>
	sentence                     // subject, predicate, end
	adjective                    // perhaps one, and a noun
	noun                         // one with what belongs to it
	attribute                    // perhaps a relative clause, a genitive or an aside
	predicate                    // perhaps an adverb, and a verb
	verb                         // one, and an object if it takes one
	object                       // hero or noun
	whomClause                   // subject and a verb whose object the clause is about
	whomVerb                     // the verb
	aside                        // subject, predicate, bracket
	bracket                      // the closing one
	sentenceEnd                  // full stop, or another predicate before it
	stop                         // full stop
	afterSentence                // another one, or the end of the line
	afterParagraph               // another one, or another title
)

// maxClauses is how many clauses can be open inside each other.
const maxClauses = 3

// The probabilities of the grammar's choices.
const (
	pPronoun      = 0.2  // for a subject
	pHero         = 0.2  // for a subject
	pHeroObject   = 0.15 // for an object
	pAdjective    = 0.25
	pTopicNoun    = 0.75
	pWho          = 0.14 // after a noun
	pWhom         = 0.08
	pOf           = 0.12
	pAside        = 0.03 // of each kind of bracket
	pAdverb       = 0.2
	pIntransitive = 0.45
	pAnd          = 0.2  // after a predicate
	pLineEnd      = 0.4  // after a sentence
	pTitle        = 0.25 // after a line
)

// pClass are the probabilities of the classes of nouns.
var pClass = [classes]float64{0.26, 0.2275, 0.1625, 0.14, 0.1225, 0.0875}

// A memory is what a speaker knows beside what is still to be said.
type memory struct {
	topic, hero int
	last        int // class of the subject of the sentence before
}

// heroClass returns the class of a hero: the names take turns in gender.
func heroClass(hero int) int { return hero % genders }

// A rule is one way to go on: with probability p a word is said, one of words,
// and then what then lists, in this order. Where words is empty nothing is said.
type rule struct {
	p      float64
	words  category
	then   []phrase
	memory memory // afterwards
}

// rules returns the ways to say a phrase. No word belongs to two of them, nor to
// one of them and to what may follow one that says nothing: so the words tell
// which rules were used.
func (l *language) rules(f phrase, m memory) []rule {
	say := func(p float64, words category, then ...phrase) rule { return rule{p, words, then, m} }
	skip := func(p float64, then ...phrase) rule { return rule{p: p, then: then, memory: m} }
	same := func(s symbol) phrase { return phrase{s, f.class, f.depth, f.kind} }
	switch f.symbol {
	case title:
		return []rule{say(1, l.mark, same(titleHero), same(titleTopic), same(titleEnd), same(lineEnd), same(sentence))}
	case titleHero:
		var rules []rule
		for hero, name := range l.heroes {
			rules = append(rules, rule{1.0 / heroes, name, nil, memory{m.topic, hero, heroClass(hero)}})
		}
		return rules
	case titleTopic:
		var rules []rule
		for topic, name := range l.topics {
			rules = append(rules, rule{1.0 / topics, name, nil, memory{topic, m.hero, m.last}})
		}
		return rules
	case titleEnd:
		return []rule{say(1, l.mark)}
	case lineEnd:
		return []rule{say(1, l.eos)}
	case sentence:
		rules := l.nominal(f.depth, m, pHero, pPronoun, predicate, sentenceEnd, afterSentence)
		for i, r := range rules {
			rules[i].memory.last = r.then[len(r.then)-1].class
		}
		return rules
	case adjective:
		return []rule{say(pAdjective, l.adjectives, same(noun)), skip(1-pAdjective, same(noun))}
	case noun:
		return []rule{
			say(pTopicNoun, l.topicNouns[m.topic][f.class], same(attribute)),
			say(1-pTopicNoun, l.generalNouns[f.class], same(attribute)),
		}
	case attribute:
		if f.depth == maxClauses {
			return []rule{skip(1)}
		}
		rules := []rule{
			say(pWho, l.who, phrase{predicate, f.class, f.depth + 1, 0}),
			say(pWhom, l.whom, phrase{symbol: whomClause, depth: f.depth + 1}),
			say(pOf, l.of, phrase{symbol: object, depth: f.depth + 1}),
			skip(1 - pWho - pWhom - pOf - float64(len(l.open))*pAside),
		}
		for kind, open := range l.open {
			rules = append(rules, say(pAside, open, phrase{symbol: aside, depth: f.depth + 1, kind: kind}))
		}
		return rules
	case whomClause:
		return l.nominal(f.depth, m, pHeroObject, 0, whomVerb)
	case whomVerb:
		return []rule{say(1, l.transitive[f.class])}
	case aside:
		rules := l.nominal(f.depth, m, pHeroObject, 0, predicate, bracket)
		for i := range rules {
			rules[i].then[len(rules[i].then)-1].kind = f.kind
		}
		return rules
	case bracket:
		return []rule{say(1, l.closing[f.kind])}
	case predicate:
		return []rule{say(pAdverb, l.adverbs, same(verb)), skip(1-pAdverb, same(verb))}
	case verb:
		return []rule{say(pIntransitive, l.intransitive[f.class]), say(1-pIntransitive, l.transitive[f.class], same(object))}
	case object:
		return l.nominal(f.depth, m, pHeroObject, 0)
	case sentenceEnd:
		return []rule{say(pAnd, l.and, same(predicate), same(stop)), say(1-pAnd, l.stop)}
	case stop:
		return []rule{say(1, l.stop)}
	case afterSentence:
		return []rule{say(pLineEnd, l.eos, same(afterParagraph)), skip(1-pLineEnd, phrase{symbol: sentence})}
	case afterParagraph:
		return []rule{skip(pTitle, phrase{symbol: title}), skip(1-pTitle, phrase{symbol: sentence})}
	}
	panic("data: a language has no such symbol")
}

// nominal returns the ways to say a subject or object, hero and pronoun being
// the probabilities of these, and after it the given symbols, which agree with
// it.
func (l *language) nominal(depth int, m memory, hero, pronoun float64, after ...symbol) []rule {
	follow := func(class int, then ...phrase) []phrase {
		for _, s := range after {
			then = append(then, phrase{symbol: s, class: class, depth: depth})
		}
		return then
	}
	rules := []rule{{hero, l.heroes[m.hero], follow(heroClass(m.hero)), m}}
	if pronoun > 0 {
		rules = append(rules, rule{pronoun, l.pronouns[m.last], follow(m.last), m})
	}
	for class, p := range pClass {
		then := follow(class, phrase{symbol: adjective, class: class, depth: depth})
		rules = append(rules, rule{(1 - hero - pronoun) * p, l.articles[class], then, m})
	}
	return rules
}

// A speaker says a text in a language word by word.
type speaker struct {
	*language
	stack  []phrase // what is still to be said, the next on top
	memory memory
}

// next says a word, chosen by uniform numbers from [0, 1), and tells the
// probability that it had.
func (s *speaker) next(uniform func() float64) (word int, p float64) {
	p = 1
	for {
		top := len(s.stack) - 1
		rules := s.rules(s.stack[top], s.memory)
		r := rules[choose(uniform(), len(rules), func(i int) float64 { return rules[i].p })]
		s.stack = s.stack[:top]
		for _, f := range slices.Backward(r.then) {
			s.stack = append(s.stack, f)
		}
		s.memory = r.memory
		p *= r.p
		if n := len(r.words.p); n > 0 {
			i := choose(uniform(), n, func(i int) float64 { return r.words.p[i] })
			return r.words.first + i, p * r.words.p[i]
		}
	}
}

// choose returns which of n things, with probabilities p, the uniform number u
// stands for.
func choose(u float64, n int, p func(i int) float64) int {
	for i := range n - 1 {
		if u -= p(i); u < 0 {
			return i
		}
	}
	return n - 1
}

// entropy returns the entropy rate of the language in nats per word: the
// expected information of a text from one title to the next over its expected
// length (the renewal-reward theorem). The information of a text is the sum of
// those of the choices that made it, as the text tells all of them. Sorts of
// words are equally large in all classes and topics, so the memory does not matter.
func (l *language) entropy() float64 {
	type amount struct{ words, nats float64 }
	amounts := map[phrase]amount{} // expected, of a phrase and what it leads to
	rules := map[phrase][]rule{}
	var phrases []phrase // after those that they lead to, but for loops
	var visit func(f phrase)
	visit = func(f phrase) {
		if rules[f] != nil {
			return
		}
		rules[f] = l.rules(f, memory{})
		for _, r := range rules[f] {
			for _, g := range r.then {
				visit(g)
			}
		}
		phrases = append(phrases, f)
	}
	start := phrase{symbol: title}
	visit(start)
	for change := 1.0; change > 1e-12; {
		change = 0
		for _, f := range phrases {
			var sum amount
			for _, r := range rules[f] {
				ways := amount{nats: -math.Log(r.p)}
				for _, p := range r.words.p {
					ways.words += p
					ways.nats -= p * math.Log(p)
				}
				for _, g := range r.then {
					if g != start { // where the next text begins
						ways.words += amounts[g].words
						ways.nats += amounts[g].nats
					}
				}
				sum.words += r.p * ways.words
				sum.nats += r.p * ways.nats
			}
			change = max(change, math.Abs(sum.words-amounts[f].words), math.Abs(sum.nats-amounts[f].nats))
			amounts[f] = sum
		}
	}
	return amounts[start].nats / amounts[start].words
}
