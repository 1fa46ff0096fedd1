package data

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"autodropout/internal/bom"
	"autodropout/internal/sized"
)

// maxText is the largest size of a file of text in bytes: it is held in memory, of
// which a program with 32 bits has less.
const maxText = 1 << (26 + 2*bits.UintSize/32)

// A textSet says what the files of a corpus are called and what they hold.
type textSet struct {
	title  string
	folder string    // the files' usual one
	files  [3]string // training, validation and test part
	// What the parts must hold: the size of the vocabulary and the numbers of
	// words, [EOS] included; 0: anything.
	vocabulary int
	words      [3]int
}

var (
	ptbSet = textSet{
		title:      "Penn Treebank",
		folder:     "ptb",
		files:      [3]string{"ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"},
		vocabulary: 10000,
		words:      [3]int{929589, 73760, 82430},
	}
	wikiText2Set = textSet{
		title:      "WikiText-2",
		folder:     "wikitext-2",
		files:      [3]string{"wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"},
		vocabulary: 33278,
		words:      [3]int{2088628, 217646, 245569},
	}
	ownTextSet = textSet{
		title:  "text",
		folder: ".",
		files:  [3]string{"train.txt", "valid.txt", "test.txt"},
	}
)

// LoadPTB reads the Penn Treebank as Mikolov et al. (2010) prepared it for
// language models of words: ptb.train.txt, ptb.valid.txt and ptb.test.txt in
// the folder path, or in the folder ptb in it. It is an error when a part has
// another number of words, or all of them another vocabulary, than the usual
// one of 10,000 words.
func LoadPTB(path string) (*Corpus, error) { return ptbSet.load(path) }

// LoadWikiText2 reads WikiText-2 (Merity et al., arXiv 1609.07843), the version
// of words: wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens in the
// folder path, in the folder wikitext-2 in it, or in the original archive
// wikitext-2-v1.zip, which is read without unpacking it. It is an error when a
// part has another number of words, or all of them another vocabulary, than the
// usual one of 33,278 words.
func LoadWikiText2(path string) (*Corpus, error) { return wikiText2Set.load(path) }

// LoadText reads a corpus of your own: train.txt, valid.txt and test.txt in the
// folder path, UTF-8, with white space between words; every line ends with the
// word [EOS]. The vocabulary is that of train.txt. A word of the other files
// that is not there becomes <unk>; it is an error where train.txt has no <unk>.
func LoadText(path string) (*Corpus, error) { return ownTextSet.load(path) }

// String lists the files.
func (s *textSet) String() string {
	return fmt.Sprintf("%s, %s and %s", s.files[0], s.files[1], s.files[2])
}

func (s *textSet) load(path string) (*Corpus, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("data: there is no %s: give the folder with %v", path, s)
	case err != nil:
		return nil, fmt.Errorf("data: cannot read %s: %w", s.title, err)
	case !info.IsDir() && strings.HasSuffix(path, ".zip"):
		archive, err := zip.OpenReader(path)
		if err != nil {
			return nil, fmt.Errorf("data: %s is damaged or not a zip archive: %w", path, err)
		}
		defer archive.Close()
		budget := sized.NewBudget(info.Size())
		for _, f := range archive.File {
			if budget.Keep(int64(min(f.UncompressedSize64, math.MaxInt64))) != nil {
				return nil, fmt.Errorf("data: %s would be far larger unpacked than an archive of text of this size: unpack it, and give the folder", path)
			}
		}
		folder, err := fs.Sub(archive, s.folder)
		if err != nil {
			return nil, fmt.Errorf("data: cannot read %s: %w", path, err)
		}
		return s.read(folder, path)
	case !info.IsDir():
		return nil, fmt.Errorf("data: %s is not a folder: give the one with %v", path, s)
	case !s.in(path) && s.in(filepath.Join(path, s.folder)):
		path = filepath.Join(path, s.folder)
	}
	return s.read(os.DirFS(path), path)
}

// in reports whether any of the files is in the folder dir.
func (s *textSet) in(dir string) bool {
	for _, name := range s.files {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// read makes a corpus of the files in folder. Where names it for errors.
func (s *textSet) read(folder fs.FS, where string) (*Corpus, error) {
	var texts [3]string
	for i, name := range s.files {
		text, err := readText(folder, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("data: %s is missing from %s: expected %v there", name, where, s)
		}
		if err != nil {
			return nil, fmt.Errorf("data: %s in %s %w", name, where, err)
		}
		texts[i] = text
	}
	words, err := vocabulary(texts[0], sized.NewBudget(int64(len(texts[0]))))
	if err != nil {
		return nil, fmt.Errorf("data: %s in %s %w", s.files[0], where, err)
	}
	c := &Corpus{Name: s.title, Words: words}
	if n := len(c.Words); s.vocabulary != 0 && n != s.vocabulary {
		return nil, fmt.Errorf("data: the vocabulary of %s in %s is %d words, expected %d of %s (files of your own are called %v)",
			s.files[0], where, n, s.vocabulary, s.title, &ownTextSet)
	}
	ids := index(c.Words)
	for i, part := range []*[]int32{&c.Train, &c.Valid, &c.Test} {
		var err error
		if *part, err = encode(texts[i], ids); err != nil {
			return nil, fmt.Errorf("data: %s in %s: %w", s.files[i], where, err)
		}
		if n := len(*part); s.words[i] != 0 && n != s.words[i] {
			return nil, fmt.Errorf("data: %s in %s has %d words with the ends of lines, expected %d of %s", s.files[i], where, n, s.words[i], s.title)
		}
	}
	return c, nil
}

// readText returns the content of a file that holds words. Its errors continue
// a sentence that begins with the name of the file.
func readText(folder fs.FS, name string) (string, error) {
	info, err := fs.Stat(folder, name)
	if err == nil && !info.Mode().IsRegular() {
		return "", errors.New("is not a file") // a pipe would be waited for
	}
	f, err := folder.Open(name)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	defer f.Close()
	var text strings.Builder
	if _, err := io.Copy(&text, io.LimitReader(f, maxText+1)); err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	content := bom.Trim(text.String())
	if text.Len() > maxText {
		return "", fmt.Errorf("is larger than %d bytes, too large to be held in memory: take a part of it", maxText)
	}
	for i, r := range content {
		if r == 0 || r == utf8.RuneError && !strings.HasPrefix(content[i:], "\uFFFD") {
			return "", fmt.Errorf("is not text: byte %d, counted from 0, is %#02x, which plain UTF-8 text has not", i, content[i])
		}
	}
	if strings.TrimSpace(content) == "" {
		return "", errors.New("is empty: it must hold words")
	}
	return content, nil
}
