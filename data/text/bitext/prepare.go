package bitext

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	"autodropout/data/text"
)

// About says what prepared texts are.
type About struct {
	Name   string        `json:"name"`
	Source text.Language `json:"source"` // also the ending of the names of files
	Target text.Language `json:"target"`
	Style  Style         `json:"style"`
	Joint  bool          `json:"joint"` // both languages have one vocabulary
}

// Prepared says what was prepared. It is the content of prepared.json.
type Prepared struct {
	Version int `json:"version"`
	About
	Train   int     `json:"train"` // pairs
	Valid   int     `json:"valid"`
	Test    int     `json:"test"`
	Skipped Skipped `json:"skipped"` // from the training and, where that is a part of it, the validation text
	Merges  int     `json:"merges"`
}

// preparedVersion is that of the files in a folder of prepared texts.
const preparedVersion = 1

// Files in a folder of prepared texts.
const (
	preparedName   = "prepared.json"
	codesName      = "codes"
	vocabularyName = "vocab"
	pairsName      = "train.pairs"
	referencesName = "references"
)

// String describes the sizes.
func (p Prepared) String() string {
	return fmt.Sprintf("%d training, %d validation and %d test pairs, %d merges; %v", p.Train, p.Valid, p.Test, p.Merges, p.Skipped)
}

// A recipe says how texts are made of archives or files.
type recipe struct {
	About
	// train, valid and test are read one after the other. Without valid, every
	// validEvery-th pair of the training text is for validation.
	train, valid, test []origin
	validEvery         int
	// keep drops lines of training texts that are no sentences, and takes marks
	// off others; keepTest does so for test texts.
	keep, keepTest func(line string) (string, bool)
	// Pairs are filtered before words are cut into parts or after that.
	filter      Filter
	filterParts bool
	merges      int
}

func (r *recipe) languages() [2]text.Language { return [2]text.Language{r.Source, r.Target} }

// An origin is two entries of an archive, or two files.
type origin struct {
	archive string // "": files
	entries [2]string
}

// A job is one preparation.
type job struct {
	*recipe
	ctx       context.Context
	work, raw string // folders: of what is made, and of texts in whole words
	out       Prepared
}

// prepare makes the files of [PrepareIWSLT14] in the new folder dir. They are
// written under another name first.
func (r *recipe) prepare(ctx context.Context, dir string) (p Prepared, err error) {
	if _, err := os.Stat(dir); err == nil {
		return Prepared{}, fmt.Errorf("bitext: %s is there already: remove it, or prepare texts elsewhere", dir)
	}
	j := &job{recipe: r, ctx: ctx, work: dir + ".part", out: Prepared{Version: preparedVersion, About: r.About}}
	j.raw = filepath.Join(j.work, "raw")
	if err := os.RemoveAll(j.work); err != nil {
		return Prepared{}, fmt.Errorf("bitext: cannot remove what an earlier run left: %w", err)
	}
	if err := os.MkdirAll(j.raw, 0o755); err != nil {
		return Prepared{}, fmt.Errorf("bitext: cannot create a folder for texts: %w", err)
	}
	if err = j.run(); err != nil {
		return Prepared{}, errors.Join(err, os.RemoveAll(j.work))
	}
	return j.out, os.Rename(j.work, dir)
}

func (j *job) run() error {
	var words text.WordCounts
	if err := j.tokens(&words); err != nil {
		return err
	}
	bpe, err := text.LearnBPE(&words, j.merges, 2)
	if err != nil {
		return err
	}
	words = text.WordCounts{} // many, in a large text
	j.out.Merges = bpe.Merges()
	vocabularies, err := j.parts(bpe)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(j.raw); err != nil {
		return err
	}
	if err := j.pairs(vocabularies); err != nil {
		return err
	}
	about, err := json.MarshalIndent(j.out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(j.work, preparedName), append(about, '\n'), 0o644)
}

// tokens writes the tokens of all texts, and counts the words of the training text.
func (j *job) tokens(words *text.WordCounts) error {
	train, valid, test := j.newTexts(j.raw, "train"), j.newTexts(j.raw, "valid"), j.newTexts(j.raw, "test")
	references := newLineWriter(j.work, referencesName+"."+string(j.Target))
	err := j.trainTokens(train, valid, words)
	if err == nil {
		err = j.scoredTokens(j.valid, all, "validation", func(_, tokens Pair) { valid.write(tokens) })
	}
	if err == nil {
		err = j.scoredTokens(j.test, j.keepTest, "test", func(raw, tokens Pair) {
			test.write(tokens)
			if j.Style.Tokenized {
				raw.Target = text.NewDetokenizer(j.Target).Detokenize(raw.Target)
			}
			references.write(raw.Target)
		})
	}
	return errors.Join(err, train.close(), valid.close(), test.close(), references.close())
}

// trainTokens writes the tokens of the training text, and those of the validation text
// where it is a part of that.
func (j *job) trainTokens(train, valid *texts, words *text.WordCounts) error {
	source, target := j.Style.tokens(j.Source, true), j.Style.tokens(j.Target, true)
	both := func(p Pair) Pair {
		if !p.valid() {
			return p // tokens would hide it
		}
		return Pair{source(p.Source), target(p.Target)}
	}
	number := 0
	for _, o := range j.train {
		for p, err := range convert(j.ctx, j.lines(o, j.keep), both) {
			switch {
			case err != nil:
				return err
			case !p.valid():
				j.out.Skipped.NotUTF8++
				continue
			case !j.filterParts && !j.filter.Keep(p, &j.out.Skipped):
				continue
			}
			if number++; j.valid == nil && number%j.validEvery == 0 {
				valid.write(p)
				continue
			}
			words.Add(p.Source)
			words.Add(p.Target)
			train.write(p)
		}
	}
	if words.Len() == 0 {
		return fmt.Errorf("bitext: no training pairs are left; %v", j.out.Skipped)
	}
	return nil
}

// scoredTokens writes the tokens of a text whose translations are scored: all of it.
func (j *job) scoredTokens(origins []origin, keep func(string) (string, bool), what string, write func(raw, tokens Pair)) error {
	source, target := j.Style.tokens(j.Source, false), j.Style.tokens(j.Target, false)
	number := 0
	for _, o := range origins {
		for p, err := range j.lines(o, keep) {
			if err != nil {
				return err
			}
			if number++; !p.valid() {
				return fmt.Errorf("bitext: sentence %d of the %s text (%v) is not UTF-8: write it in UTF-8, or remove it in both languages", number, what, o)
			}
			write(p, Pair{source(p.Source), target(p.Target)})
		}
	}
	if number == 0 && len(origins) > 0 {
		return fmt.Errorf("bitext: the %s text (%v) is empty", what, origins[0])
	}
	return nil
}

// parts cuts the words of all texts into parts and returns the vocabularies of both
// languages in the training text.
func (j *job) parts(bpe *text.BPE) (vocabularies [2]*Vocabulary, err error) {
	counts := [2]*text.WordCounts{{}, {}}
	if j.Joint {
		counts[1] = counts[0]
	}
	filter := Filter{Max: math.MaxUint16} // what a Writer takes; a word of many letters has many parts
	if j.filterParts {
		filter = j.filter
	}
	cut := func(p Pair) Pair { return Pair{bpe.Segment(p.Source), bpe.Segment(p.Target)} }
	for i, count := range []*int{&j.out.Train, &j.out.Valid, &j.out.Test} {
		name := []string{"train", "valid", "test"}[i]
		filtered := name == "train" || name == "valid" && j.valid == nil
		out := j.newTexts(j.work, name)
		err := j.each(j.raw, name, func(whole iter.Seq2[Pair, error]) error {
			for p, err := range convert(j.ctx, whole, cut) {
				if err != nil {
					return err
				}
				if filtered && !filter.Keep(p, &j.out.Skipped) {
					continue
				}
				*count++
				out.write(p)
				if name == "train" {
					counts[0].Add(p.Source)
					counts[1].Add(p.Target)
				}
			}
			return nil
		})
		if err := errors.Join(err, out.close()); err != nil {
			return vocabularies, err
		}
	}
	err = writeFile(filepath.Join(j.work, codesName), bpe)
	for i, name := range j.vocabularyNames() {
		err = errors.Join(err, writeFile(filepath.Join(j.work, name), counts[i]))
	}
	for i := range vocabularies {
		vocabularies[i] = NewVocabulary(counts[i], 1)
	}
	return vocabularies, err
}

// vocabularyNames are the files of the vocabularies.
func (a *About) vocabularyNames() []string {
	if a.Joint {
		return []string{vocabularyName}
	}
	return []string{vocabularyName + "." + string(a.Source), vocabularyName + "." + string(a.Target)}
}

// pairs writes the training text as numbers.
func (j *job) pairs(vocabularies [2]*Vocabulary) error {
	f, err := os.Create(filepath.Join(j.work, pairsName))
	if err != nil {
		return fmt.Errorf("bitext: cannot write pairs: %w", err)
	}
	w := NewWriter(f)
	err = j.each(j.work, "train", func(pairs iter.Seq2[Pair, error]) error {
		for p, err := range pairs {
			if err == nil {
				err = errors.Join(j.ctx.Err(), w.Write(vocabularies[0].Encode(p.Source), vocabularies[1].Encode(p.Target)))
			}
			if err != nil {
				return err
			}
		}
		return w.Close()
	})
	return errors.Join(err, f.Close())
}

// each calls f with the pairs of a text that was written.
func (j *job) each(dir, name string, f func(pairs iter.Seq2[Pair, error]) error) error {
	files, err := openPair(filepath.Join(dir, name), j.languages())
	if err != nil {
		return err
	}
	return errors.Join(f(Read(files[0], files[1])), files.close())
}

// String names an origin for people.
func (o origin) String() string {
	if o.archive == "" {
		return o.entries[0] + " and " + o.entries[1]
	}
	return fmt.Sprintf("%s and %s of %s", o.entries[0], o.entries[1], o.archive)
}

// lines yields the pairs of an origin, as keep returns them.
func (j *job) lines(o origin, keep func(string) (string, bool)) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		paths := o.entries
		if o.archive != "" {
			if err := unpack(j.ctx, o.archive, j.raw, o.entries[:]); err != nil {
				yield(Pair{}, err)
				return
			}
			for i, entry := range o.entries {
				paths[i] = filepath.Join(j.raw, strings.TrimSuffix(path.Base(entry), ".gz"))
				defer os.Remove(paths[i])
			}
		}
		files, err := openFiles(paths)
		if err != nil {
			yield(Pair{}, err)
			return
		}
		defer files.close()
		for p, err := range zip(kept(lines(files[0]), keep), kept(lines(files[1]), keep)) {
			if err != nil {
				err = fmt.Errorf("%v: %w", o, err)
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
