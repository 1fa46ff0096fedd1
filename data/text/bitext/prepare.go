package bitext

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"autodropout/data/text"
)

// Prepared says what was prepared.
type Prepared struct {
	Train, Valid, Test int // pairs
	Skipped            Skipped
	Merges             int
}

// String describes the sizes.
func (p Prepared) String() string {
	return fmt.Sprintf("%d training, %d validation and %d test pairs, %d merges; %v", p.Train, p.Valid, p.Test, p.Merges, p.Skipped)
}

// A recipe says how texts are made of archives.
type recipe struct {
	languages [2]text.Language // source, target
	// corpora are read one after the other, tests make one test text.
	corpora, tests []corpus
	// keep drops lines of training texts that are no sentences, and takes marks
	// off others; segment does so for test texts.
	keep func(line string) (string, bool)
	// train and test make tokens, by language.
	train, test func(l text.Language) func(string) string
	// Pairs are filtered before words are cut into parts or after that.
	filter      Filter
	filterParts bool
	validEvery  int
	merges      int
}

// A corpus is two entries of an archive.
type corpus struct {
	archive string
	entries [2]string
}

// A job is one preparation.
type job struct {
	*recipe
	ctx  context.Context
	work string // folder
	out  Prepared
}

// prepare makes train, valid and test texts with the languages as endings, the
// merges (codes) and vocabularies of the parts of words in the training text
// (vocab.de, ...) in the new folder dir. It is written under another name first.
func (r *recipe) prepare(ctx context.Context, dir string) (p Prepared, err error) {
	if _, err := os.Stat(dir); err == nil {
		return Prepared{}, fmt.Errorf("bitext: %s is there already: remove it, or prepare texts elsewhere", dir)
	}
	j := &job{recipe: r, ctx: ctx, work: dir + ".part"}
	if err := os.RemoveAll(j.work); err != nil {
		return Prepared{}, fmt.Errorf("bitext: cannot remove what an earlier run left: %w", err)
	}
	raw := filepath.Join(j.work, "raw")
	if err := os.MkdirAll(raw, 0o755); err != nil {
		return Prepared{}, fmt.Errorf("bitext: cannot create a folder for texts: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(j.work))
		}
	}()
	var words text.WordCounts
	if err := j.trainTokens(raw, &words); err != nil {
		return Prepared{}, err
	}
	if err := j.testTokens(raw); err != nil {
		return Prepared{}, err
	}
	bpe, err := text.LearnBPE(&words, r.merges, 2)
	if err != nil {
		return Prepared{}, err
	}
	j.out.Merges = bpe.Merges()
	if err := j.parts(raw, bpe); err != nil {
		return Prepared{}, err
	}
	if err := os.RemoveAll(raw); err != nil {
		return Prepared{}, err
	}
	return j.out, os.Rename(j.work, dir)
}

// trainTokens writes the tokens of training and validation texts, and counts the
// words of the former.
func (j *job) trainTokens(raw string, words *text.WordCounts) error {
	train, held := j.newTexts(raw, "train"), j.newTexts(raw, "valid")
	number := 0
	for _, c := range j.corpora {
		for p, err := range j.read(c, raw, j.keep, j.train) {
			switch {
			case err != nil:
				return err
			case !valid(p):
				j.out.Skipped.NotUTF8++
				continue
			case !j.filterParts && !j.filter.Keep(p, &j.out.Skipped):
				continue
			}
			if number++; number%j.validEvery == 0 {
				held.write(p)
				continue
			}
			words.Add(p.Source)
			words.Add(p.Target)
			train.write(p)
		}
	}
	return errors.Join(train.close(), held.close())
}

// testTokens writes the tokens of the test text, all of them.
func (j *job) testTokens(raw string) error {
	test := j.newTexts(raw, "test")
	for _, c := range j.tests {
		for p, err := range j.read(c, raw, segment, j.test) {
			if err != nil {
				return err
			}
			test.write(p)
		}
	}
	return test.close()
}

// parts cuts the words of all texts into parts.
func (j *job) parts(raw string, bpe *text.BPE) error {
	var vocabularies [2]text.WordCounts
	cut := func(p Pair) Pair { return Pair{bpe.Segment(p.Source), bpe.Segment(p.Target)} }
	for i, count := range []*int{&j.out.Train, &j.out.Valid, &j.out.Test} {
		name := []string{"train", "valid", "test"}[i]
		texts := j.newTexts(j.work, name)
		whole, err := openPair(filepath.Join(raw, name), j.languages)
		if err != nil {
			return err
		}
		for p, err := range convert(j.ctx, Read(whole[0], whole[1]), cut) {
			if err != nil {
				return errors.Join(err, whole.close())
			}
			if j.filterParts && name != "test" && !j.filter.Keep(p, &j.out.Skipped) {
				continue
			}
			*count++
			texts.write(p)
			if name == "train" {
				vocabularies[0].Add(p.Source)
				vocabularies[1].Add(p.Target)
			}
		}
		if err := errors.Join(texts.close(), whole.close()); err != nil {
			return err
		}
	}
	err := writeFile(filepath.Join(j.work, "codes"), bpe)
	for i, l := range j.languages {
		err = errors.Join(err, writeFile(filepath.Join(j.work, "vocab."+string(l)), &vocabularies[i]))
	}
	return err
}

// read yields the tokens of the pairs of a corpus.
func (j *job) read(c corpus, raw string, keep func(string) (string, bool), tokens func(text.Language) func(string) string) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		if err := unpack(j.ctx, c.archive, raw, c.entries[:]); err != nil {
			yield(Pair{}, err)
			return
		}
		var files twoFiles
		defer func() { files.remove() }()
		for i, entry := range c.entries {
			f, err := os.Open(filepath.Join(raw, strings.TrimSuffix(path.Base(entry), ".gz")))
			if err != nil {
				yield(Pair{}, fmt.Errorf("bitext: cannot read what was unpacked: %w", err))
				return
			}
			files[i] = f
		}
		source, target := tokens(j.languages[0]), tokens(j.languages[1])
		pairs := zip(kept(lines(files[0]), keep), kept(lines(files[1]), keep))
		both := func(p Pair) Pair {
			if !valid(p) {
				return p // tokens would hide it
			}
			return Pair{source(p.Source), target(p.Target)}
		}
		for p, err := range convert(j.ctx, pairs, both) {
			if err != nil {
				err = fmt.Errorf("%s and %s of %s: %w", c.entries[0], c.entries[1], c.archive, err)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// kept yields the lines that keep wants, as it returns them.
func kept(lines iter.Seq2[string, error], keep func(string) (string, bool)) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for line, err := range lines {
			ok := true
			if err == nil {
				line, ok = keep(line)
			}
			if ok && !yield(line, err) {
				return
			}
		}
	}
}
