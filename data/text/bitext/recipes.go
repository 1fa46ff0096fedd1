package bitext

import (
	"context"
	"path/filepath"
	"strings"

	"autodropout/data/text"
)

// wmt14Archives are the original ones, the last one with the test text.
var wmt14Archives = []string{
	"training-parallel-europarl-v7.tgz", "training-parallel-commoncrawl.tgz", "training-parallel-un.tgz",
	"training-parallel-nc-v9.tgz", "training-giga-fren.tar", "test-full.tgz",
}

// PrepareIWSLT14 makes the texts of the German-English benchmark of IWSLT 2014 in
// the new folder dir from the original archive de-en.tgz, as fairseq's script does:
// tokens of Moses, pairs of 1 to 175 tokens with a ratio of at most 1.5, in
// lower case; every 23rd pair for validation; dev2010, dev2012 and tst2010 to 2012
// as test text; 10,000 joint merges. Dir gets train, valid and test with the
// endings .de and .en, codes, vocab.de and vocab.en.
//
// Archives are read as streams; while it works, dir + ".part" holds about twice
// the size of the texts. Pairs that are not UTF-8 are skipped, see
// [Prepared].Skipped.
func PrepareIWSLT14(ctx context.Context, archive, dir string) (Prepared, error) {
	tokens := func(l text.Language) func(string) string {
		t := text.NewTokenizer(l, false)
		return func(line string) string { return strings.ToLower(t.Tokenize(line)) }
	}
	r := recipe{
		languages:  [2]text.Language{text.German, text.English},
		corpora:    []corpus{{archive, [2]string{"de-en/train.tags.de-en.de", "de-en/train.tags.de-en.en"}}},
		keep:       sentence,
		train:      tokens,
		test:       tokens,
		filter:     Filter{Min: 1, Max: 175, Ratio: 1.5},
		validEvery: 23,
		merges:     10000,
	}
	for _, set := range []string{"TED.dev2010", "TEDX.dev2012", "TED.tst2010", "TED.tst2011", "TED.tst2012"} {
		name := "de-en/IWSLT14." + set + ".de-en."
		r.tests = append(r.tests, corpus{archive, [2]string{name + "de.xml", name + "en.xml"}})
	}
	return r.prepare(ctx, dir)
}

// PrepareWMT14 makes the texts of the English-French benchmark of WMT 2014 in the
// new folder dir from the six original archives in the folder archives, as
// fairseq's script does: punctuation normalised, non-printing characters removed,
// tokens of Moses with hyphens split, case kept; every 1,333rd pair for validation;
// newstest2014 as test text; 40,000 joint merges; then pairs of 1 to 250 parts
// with a ratio of at most 1.5. Files are those of [PrepareIWSLT14].
func PrepareWMT14(ctx context.Context, archives, dir string) (Prepared, error) {
	at := func(i int, entries ...string) corpus {
		return corpus{filepath.Join(archives, wmt14Archives[i]), [2]string{entries[0], entries[1]}}
	}
	r := recipe{
		languages: [2]text.Language{text.English, text.French},
		corpora: []corpus{
			at(0, "training/europarl-v7.fr-en.en", "training/europarl-v7.fr-en.fr"),
			at(1, "commoncrawl.fr-en.en", "commoncrawl.fr-en.fr"),
			at(2, "un/undoc.2000.fr-en.en", "un/undoc.2000.fr-en.fr"),
			at(3, "training/news-commentary-v9.fr-en.en", "training/news-commentary-v9.fr-en.fr"),
			at(4, "giga-fren.release2.fixed.en.gz", "giga-fren.release2.fixed.fr.gz"),
		},
		tests: []corpus{at(5, "test-full/newstest2014-fren-src.en.sgm", "test-full/newstest2014-fren-ref.fr.sgm")},
		keep:  func(line string) (string, bool) { return line, true },
		train: func(l text.Language) func(string) string {
			n, t := text.NewNormalizer(l), text.NewTokenizer(l, true)
			return func(line string) string { return t.Tokenize(text.RemoveNonPrinting(n.Normalize(line))) }
		},
		test:        func(l text.Language) func(string) string { return text.NewTokenizer(l, true).Tokenize },
		filter:      Filter{Min: 1, Max: 250, Ratio: 1.5},
		filterParts: true,
		validEvery:  1333,
		merges:      40000,
	}
	return r.prepare(ctx, dir)
}

var titles = strings.NewReplacer("<title>", "", "</title>", "", "<description>", "", "</description>", "")

// sentence drops lines of the training text of IWSLT that describe a talk, and
// takes the marks off titles and descriptions.
func sentence(line string) (string, bool) {
	for _, mark := range []string{"<url>", "<talkid>", "<keywords>"} {
		if strings.Contains(line, mark) {
			return "", false
		}
	}
	return titles.Replace(line), true
}

// segment finds the sentences of a test text in XML or SGML, one on a line, and
// makes its apostrophes plain. Entities stay as they are.
func segment(line string) (string, bool) {
	_, rest, found := strings.Cut(line, "<seg id")
	if !found {
		return "", false
	}
	_, rest, _ = strings.Cut(rest, ">")
	rest, _, _ = strings.Cut(rest, "</seg>")
	return strings.ReplaceAll(strings.TrimSpace(rest), "’", "'"), true
}
