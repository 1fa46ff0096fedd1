package bitext

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"autodropout/data/text"
	"autodropout/internal/sized"
)

// Corpus is what a translator is trained and scored on.
type Corpus struct {
	About
	// Source and Target are the vocabularies of parts of words; with About.Joint they are
	// the same.
	Source, Target *Vocabulary
	Train          *Dataset
	Valid, Test    Part

	bpe    *text.BPE // nil: words are whole
	tokens func(sentence string) string
	file   io.Closer // of the training pairs; nil: they are in memory
}

// Part is a text whose translations are scored.
type Part struct {
	Pairs *Dataset
	// Sources are the sentences to be translated, and Tokens the translations to
	// compare with: tokens with spaces between them.
	Sources [][]int32
	Tokens  []string
	// Text is Tokens as people read them; nil where only Tokens are known.
	Text []string
}

// longestPrepared is the largest size of the file that describes prepared texts, in bytes.
const longestPrepared = 1 << 20

// Checksum distinguishes a part from others: it covers the pairs, and the sentences that
// translations are compared with.
func (p Part) Checksum() uint32 {
	sum := p.Pairs.Checksum()
	for _, lines := range [][]string{p.Tokens, p.Text} {
		sum = crc32.Update(sum, crc32.IEEETable, []byte(strings.Join(lines, "\n")+"\n\n"))
	}
	return sum
}

// OpenPrepared opens a folder of prepared texts. Training pairs stay in their file until
// Close; only their lengths are in memory.
func OpenPrepared(dir string) (c *Corpus, err error) {
	content, err := sized.ReadFile(filepath.Join(dir, preparedName), func(f *os.File, size int64) ([]byte, error) {
		if size > longestPrepared {
			return nil, fmt.Errorf("it has %d bytes, more than the %d that are read: prepare the texts again", size, longestPrepared)
		}
		return io.ReadAll(f)
	})
	if err != nil {
		return nil, fmt.Errorf("bitext: cannot open prepared texts: %w", err)
	}
	var p Prepared
	if err := json.Unmarshal(content, &p); err != nil || p.Version != preparedVersion {
		return nil, fmt.Errorf("bitext: %s does not say that texts of version %d are prepared there: prepare them again", filepath.Join(dir, preparedName), preparedVersion)
	}
	for _, l := range []text.Language{p.About.Source, p.About.Target} {
		if _, err := text.ParseLanguage(string(l)); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, preparedName), err)
		}
	}
	c = newCorpus(p.About)
	if err := c.read(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("the prepared texts in %s: %w", dir, err), c.Close())
	}
	return c, nil
}

func newCorpus(about About) *Corpus {
	return &Corpus{About: about, tokens: about.Style.tokens(about.Source, false)}
}

// Close closes the file of the training pairs.
func (c *Corpus) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}

func (c *Corpus) read(dir string) error {
	read := func(name string, f func(r io.Reader) error) error {
		file, err := sized.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		return errors.Join(f(file), file.Close())
	}
	var vocabularies []*Vocabulary
	for _, name := range c.vocabularyNames() {
		err := read(name, func(r io.Reader) error {
			counts, err := text.ReadCounts(r)
			vocabularies = append(vocabularies, NewVocabulary(counts, 1))
			return err
		})
		if err != nil {
			return err
		}
	}
	c.Source, c.Target = vocabularies[0], vocabularies[len(vocabularies)-1]
	err := read(codesName, func(r io.Reader) (err error) {
		c.bpe, err = text.ReadBPE(r)
		return err
	})
	if err != nil {
		return err
	}
	if err := c.openTrain(filepath.Join(dir, pairsName)); err != nil {
		return err
	}
	for name, part := range map[string]*Part{"valid": &c.Valid, "test": &c.Test} {
		if err := c.readPart(filepath.Join(dir, name), part); err != nil {
			return err
		}
	}
	return read(referencesName+"."+string(c.About.Target), func(r io.Reader) error {
		for line, err := range lines(r) {
			if err != nil {
				return err
			}
			if len(c.Test.Text) == len(c.Test.Tokens) {
				return fmt.Errorf("there are more references than test sentences, %d: prepare them again", len(c.Test.Tokens))
			}
			c.Test.Text = append(c.Test.Text, line)
		}
		if len(c.Test.Text) != len(c.Test.Tokens) {
			return fmt.Errorf("there are %d references for %d test sentences: prepare them again", len(c.Test.Text), len(c.Test.Tokens))
		}
		return nil
	})
}

// openTrain opens the training pairs.
func (c *Corpus) openTrain(path string) error {
	file, err := sized.Open(path)
	if err != nil {
		return err
	}
	c.file = file
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if c.Train, err = Open(file, info.Size()); err != nil {
		return err
	}
	if c.Train.Len() == 0 || c.Train.Words() > max(c.Source.Len(), c.Target.Len()) {
		return fmt.Errorf("%d training pairs of %d words do not fit vocabularies of %d and %d: prepare them again",
			c.Train.Len(), c.Train.Words(), c.Source.Len(), c.Target.Len())
	}
	return nil
}

// What a pair of sentences that are held in memory takes, and a letter of them: the
// text, the numbers of its words in two forms, and what is made for growth.
const (
	sentenceBytes = 192
	letterBytes   = 8
)

// readPart reads a text that was cut into parts of words.
func (c *Corpus) readPart(name string, part *Part) error {
	files, err := openPair(name, [2]text.Language{c.About.Source, c.About.Target})
	if err != nil {
		return err
	}
	var pairs []Pair
	budget := sized.NewBudget(files.size())
	for p, err := range Read(files[0], files[1]) {
		if err == nil {
			err = budget.Keep(sentenceBytes + letterBytes*int64(len(p.Source)+len(p.Target)))
		}
		if err != nil {
			return errors.Join(err, files.close())
		}
		pairs = append(pairs, p)
	}
	if len(pairs) == 0 {
		return errors.Join(fmt.Errorf("%s has no sentences: prepare it again", name), files.close())
	}
	return errors.Join(c.fill(part, pairs), files.close())
}

// fill makes a part of sentences that are cut into parts of words.
func (c *Corpus) fill(part *Part, pairs []Pair) (err error) {
	var targets [][]int32
	for _, p := range pairs {
		part.Sources = append(part.Sources, c.Source.Encode(p.Source))
		part.Tokens = append(part.Tokens, text.JoinBPE(p.Target))
		targets = append(targets, c.Target.Encode(p.Target))
	}
	part.Pairs, err = NewDataset(part.Sources, targets)
	return err
}

// First returns the first n sentences of the part, all if there are no more.
func (p Part) First(n int) Part {
	if n >= len(p.Sources) {
		return p
	}
	p.Pairs, p.Sources, p.Tokens = p.Pairs.First(n), p.Sources[:n], p.Tokens[:n]
	if p.Text != nil {
		p.Text = p.Text[:n]
	}
	return p
}

// Encode returns the numbers of the parts of a sentence to be translated. It is an error
// when it is not UTF-8.
func (c *Corpus) Encode(sentence string) ([]int32, error) {
	if !utf8.ValidString(sentence) {
		return nil, errors.New("bitext: a sentence is not UTF-8: write it in UTF-8")
	}
	tokens := c.tokens(sentence)
	if c.bpe != nil {
		tokens = c.bpe.Segment(tokens)
	}
	return c.Source.Encode(tokens), nil
}

// Decode returns the tokens of a translation, with spaces between them.
func (c *Corpus) Decode(ids []int32) string { return text.JoinBPE(c.Target.Decode(ids)) }

// Text returns a translation, given as tokens, in the form of the sentences to be
// translated: as tokens if these are tokens, otherwise as text.
func (c *Corpus) Text(tokens string) string {
	if c.Style.Tokenized {
		return tokens
	}
	return c.Detokenize(tokens)
}

// Detokenize returns the translation that tokens stand for, as people read it.
func (c *Corpus) Detokenize(tokens string) string {
	return text.NewDetokenizer(c.About.Target).Detokenize(tokens)
}

// SyntheticCorpus returns [Synthetic] with whole words in a joint vocabulary.
func SyntheticCorpus(cfg SyntheticConfig) (*Corpus, error) {
	task, err := Synthetic(cfg)
	if err != nil {
		return nil, err
	}
	// The languages of the rules that are never used: sentences are tokens.
	c := newCorpus(About{Name: "synthetic language pair", Source: text.German, Target: text.English, Style: Style{Tokenized: true, Lowercase: !cfg.Cased}, Joint: !cfg.Separate})
	var source, target text.WordCounts
	for _, p := range task.Train {
		source.Add(p.Source)
		if cfg.Separate {
			target.Add(p.Target)
		} else {
			source.Add(p.Target)
		}
	}
	c.Source = NewVocabulary(&source, 1)
	c.Target = c.Source
	if cfg.Separate {
		c.Target = NewVocabulary(&target, 1)
	}
	var train Part
	for _, part := range []struct {
		part  *Part
		pairs []Pair
	}{{&train, task.Train}, {&c.Valid, task.Valid}, {&c.Test, task.Test}} {
		if err := c.fill(part.part, part.pairs); err != nil {
			return nil, err
		}
	}
	c.Train = train.Pairs
	for _, tokens := range c.Test.Tokens {
		c.Test.Text = append(c.Test.Text, c.Detokenize(tokens))
	}
	return c, nil
}

// String describes the sizes of the corpus.
func (c *Corpus) String() string {
	words := fmt.Sprintf("vocabularies of %d and %d", c.Source.Len(), c.Target.Len())
	if c.Joint {
		words = fmt.Sprintf("a joint vocabulary of %d", c.Source.Len())
	}
	return fmt.Sprintf("%d training, %d validation and %d test pairs, %s", c.Train.Len(), len(c.Valid.Sources), len(c.Test.Sources), words)
}
