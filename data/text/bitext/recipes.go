package bitext

import (
	"context"
	"path/filepath"
	"strings"

	"autodropout/data/text"
)

const iwslt14Archive = "de-en.tgz"

// wmt14Archives are the original ones, the last one with the test text.
var wmt14Archives = []string{
	"training-parallel-europarl-v7.tgz", "training-parallel-commoncrawl.tgz", "training-parallel-un.tgz",
	"training-parallel-nc-v9.tgz", "training-giga-fren.tar", "test-full.tgz",
}

var iwslt14 = recipe{
	About:  About{Name: "IWSLT-14 De-En", Source: text.German, Target: text.English, Style: Style{Lowercase: true}},
	filter: Filter{Min: 1, Max: 175, Ratio: 1.5},
	merges: 10000,
}

var wmt14 = recipe{
	About:  About{Name: "WMT-14 En-Fr", Source: text.English, Target: text.French, Style: Style{Normalize: true, Hyphens: true}, Joint: true},
	filter: Filter{Min: 1, Max: 250, Ratio: 1.5},
	merges: 40000,
}

// PrepareIWSLT14 makes the texts of the German-English benchmark of IWSLT 2014 in
// the new folder dir from the original archive de-en.tgz, as fairseq's script does:
// tokens of Moses, pairs of 1 to 175 tokens with a ratio of at most 1.5, in
// lower case; every 23rd pair for validation; dev2010, dev2012 and tst2010 to 2012
// as test text; 10,000 joint merges, and a vocabulary for each language.
//
// Dir gets train, valid and test with the endings .de and .en, in parts of words;
// references.en, the translations of the test text as they were; codes, the
// merges; vocab.de and vocab.en; train.pairs, the training pairs as numbers; and
// prepared.json, which says what they are. [OpenPrepared] opens it.
//
// Archives are read as streams; while it works, dir + ".part" holds about twice
// the size of the texts. Pairs that are not UTF-8 are skipped, see
// [Prepared].Skipped, but it is an error when the test text is not.
func PrepareIWSLT14(ctx context.Context, archive, dir string) (Prepared, error) {
	r := iwslt14
	r.train = []origin{{archive, [2]string{"de-en/train.tags.de-en.de", "de-en/train.tags.de-en.en"}}}
	r.keep, r.keepTest = sentence, segment
	r.validEvery = 23
	for _, set := range []string{"TED.dev2010", "TEDX.dev2012", "TED.tst2010", "TED.tst2011", "TED.tst2012"} {
		name := "de-en/IWSLT14." + set + ".de-en."
		r.test = append(r.test, origin{archive, [2]string{name + "de.xml", name + "en.xml"}})
	}
	return r.prepare(ctx, dir)
}

// PrepareWMT14 makes the texts of the English-French benchmark of WMT 2014 in the
// new folder dir from the six original archives in the folder archives, as
// fairseq's script does: punctuation normalised, non-printing characters removed,
// tokens of Moses with hyphens split, case kept; every 1,333rd pair for validation;
// newstest2014 as test text; 40,000 joint merges; then pairs of 1 to 250 parts
// with a ratio of at most 1.5. Files are those of [PrepareIWSLT14], but there is
// one vocabulary, vocab.
func PrepareWMT14(ctx context.Context, archives, dir string) (Prepared, error) {
	at := func(i int, entries ...string) origin {
		return origin{filepath.Join(archives, wmt14Archives[i]), [2]string{entries[0], entries[1]}}
	}
	r := wmt14
	r.train = []origin{
		at(0, "training/europarl-v7.fr-en.en", "training/europarl-v7.fr-en.fr"),
		at(1, "commoncrawl.fr-en.en", "commoncrawl.fr-en.fr"),
		at(2, "un/undoc.2000.fr-en.en", "un/undoc.2000.fr-en.fr"),
		at(3, "training/news-commentary-v9.fr-en.en", "training/news-commentary-v9.fr-en.fr"),
		at(4, "giga-fren.release2.fixed.en.gz", "giga-fren.release2.fixed.fr.gz"),
	}
	r.test = []origin{at(5, "test-full/newstest2014-fren-src.en.sgm", "test-full/newstest2014-fren-ref.fr.sgm")}
	r.keep, r.keepTest = all, segment
	r.filterParts = true
	r.validEvery = 1333
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

// all keeps every line as it is.
func all(line string) (string, bool) { return line, true }
