package data

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/internal/sized"
	"autodropout/internal/sizedtest"
)

// tinyCorpus is a usual corpus as one would be that is tiny.
var tinyCorpus = textSet{
	title: "Tiny", folder: "tiny", files: [3]string{"a.train", "a.valid", "a.test"},
	vocabulary: 5, words: [3]int{12, 5, 2},
}

var tinyText = map[string]string{
	"a.train": " the cat sees the dog \n\n the dog sees <eos>\n",
	"a.valid": "the cat\ndog",
	"a.test":  "dog\n",
}

// writeTexts writes texts with changes; a change to "-" leaves a file out.
func writeTexts(t *testing.T, dir string, texts, changes map[string]string) {
	for name, text := range texts {
		if changed, ok := changes[name]; ok {
			text = changed
		}
		if text != "-" {
			writeFile(t, filepath.Join(dir, name), []byte(text))
		}
	}
}

func zipped(t *testing.T, folder string, texts map[string]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range texts {
		f, err := w.Create(folder + name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLoadCorpus(t *testing.T) {
	dir := t.TempDir()
	writeTexts(t, filepath.Join(dir, "plain"), tinyText, nil)
	writeTexts(t, filepath.Join(dir, "above", "tiny"), tinyText, nil)
	writeFile(t, filepath.Join(dir, "tiny-v1.zip"), zipped(t, "tiny/", tinyText))
	marked := map[string]string{} // as some editors write texts
	for name, text := range tinyText {
		marked[name] = "\uFEFF" + text
	}
	writeTexts(t, filepath.Join(dir, "marked"), marked, nil)
	for _, path := range []string{"plain", "above", "above/tiny", "tiny-v1.zip", "marked"} {
		c, err := tinyCorpus.load(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(c.Name, c.Words, c.Train, c.Valid, c.Test); got !=
			"Tiny[<eos> the sees dog cat] [1 4 2 1 3 0 0 1 3 2 0 0] [1 4 0 3 0] [3 0]" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestLoadCorpusRefuses(t *testing.T) {
	for _, c := range []struct {
		changes map[string]string
		want    string
	}{
		{map[string]string{"a.valid": "-"}, "a.valid is missing from DIR: expected a.train, a.valid and a.test there"},
		{map[string]string{"a.train": "-", "a.valid": "-", "a.test": "-"}, "a.train is missing from DIR"},
		{map[string]string{"a.test": ""}, "a.test in DIR is empty"},
		{map[string]string{"a.test": " \n\n"}, "a.test in DIR is empty"},
		{map[string]string{"a.train": "the cat\x00"}, "a.train in DIR is not text: byte 7, counted from 0, is 0x00"},
		{map[string]string{"a.train": "the\xff"}, "a.train in DIR is not text: byte 3, counted from 0, is 0xff"},
		{map[string]string{"a.train": "the cat sees"}, "vocabulary of a.train in DIR is 4 words, expected 5 of Tiny (files of your own are called train.txt, valid.txt and test.txt)"},
		{map[string]string{"a.valid": "the bird"}, `a.valid in DIR: the word "bird" is not in the training text, and neither is <unk>`},
		{map[string]string{"a.test": "cat cat"}, "a.test in DIR has 3 words with the ends of lines, expected 2 of Tiny"},
	} {
		dir := t.TempDir()
		writeTexts(t, dir, tinyText, c.changes)
		_, err := tinyCorpus.load(dir)
		checkError(t, err, "data: ", strings.ReplaceAll(c.want, "DIR", dir))
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %v", err)
		}
	}
	_, err := tinyCorpus.load(filepath.Join(t.TempDir(), "none"))
	checkError(t, err, "there is no", "give the folder with a.train, a.valid and a.test")
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, []byte("the cat"))
	_, err = tinyCorpus.load(file)
	checkError(t, err, "is not a folder")
}

// A small archive may hold a text that no memory holds.
func TestLoadCorpusArchiveIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny-v1.zip")
	writeFile(t, path, zipped(t, "tiny/", map[string]string{"a.train": strings.Repeat("a ", 70<<20), "a.valid": "a", "a.test": "a"}))
	_, err := tinyCorpus.load(path)
	checkError(t, err, path, "far larger unpacked")
}

func TestLoadCorpusArchiveRefuses(t *testing.T) {
	whole := zipped(t, "tiny/", tinyText)
	damaged := bytes.Clone(whole)
	copy(damaged[bytes.Index(damaged, []byte("a.train"))+7:], "\x00\x00\x00\x00")
	for _, c := range []struct {
		content []byte
		want    string
	}{
		{[]byte("PK"), "damaged or not a zip archive"},
		{whole[:len(whole)-30], "damaged or not a zip archive"},
		{zipped(t, "other/", tinyText), "a.train is missing from"},
		{damaged, "a.train in"},
	} {
		path := filepath.Join(t.TempDir(), "tiny.zip")
		writeFile(t, path, c.content)
		_, err := tinyCorpus.load(path)
		checkError(t, err, path, c.want)
	}
}

// A folder with corpora of a user's own: any vocabulary will do.
func TestLoadText(t *testing.T) {
	dir := t.TempDir()
	texts := map[string]string{"train.txt": "a b <unk> a\n", "valid.txt": "b c\n", "test.txt": "c c\n"}
	writeTexts(t, dir, texts, nil)
	c, err := LoadText(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.Words, c.Valid, c.Test); got != "[a b <unk> <eos>] [1 2 3] [2 2 3]" {
		t.Error(got)
	}
	checkFalling(t, c)
	for text, want := range map[string][]int32{"b z": {1, 2}, "b\n": {1, 3}, "b\na": {1, 3, 0}, "": nil} {
		if ids, err := c.Encode(text); err != nil || !slices.Equal(ids, want) {
			t.Errorf("Encode(%q) = %v, %v, want %v", text, ids, err, want)
		}
	}
	c.Words = c.Words[:2]
	if _, err := c.Encode("b z"); err == nil {
		t.Error("a word outside the vocabulary was encoded")
	}
}

func TestOpenText(t *testing.T) {
	cfg := openConfig(t)
	cfg.Language = LanguageConfig{Seed: 4, Train: 1000, Valid: 1000, Test: 1000}
	for name, words := range map[string][]string{
		"auto":      {"built-in synthetic language, not Penn Treebank", "1000 training", "seed 4", "least perplexity possible is 8.24", "the name ptb downloads it"},
		"synthetic": {"as the name synthetic asks"},
	} {
		c, about, err := OpenPTB(t.Context(), name, cfg)
		if err != nil || c.Entropy == 0 {
			t.Fatal(c, err)
		}
		for _, word := range words {
			if !strings.Contains(about, word) {
				t.Errorf("%s: the sentence does not say %q: %s", name, word, about)
			}
		}
	}
	own := t.TempDir()
	writeTexts(t, own, map[string]string{"train.txt": "a b\n", "valid.txt": "b\n", "test.txt": "a\n"}, nil)
	_, about, err := OpenWikiText2(t.Context(), own, cfg)
	if err != nil || !strings.Contains(about, "a text (3 training, 2 validation and 2 test words of a vocabulary of 3) from "+own) {
		t.Error(about, err)
	}
	_, _, err = OpenWikiText2(t.Context(), "ptb", cfg)
	checkError(t, err, "neither auto, synthetic or wikitext2")

	// What is in the cache is used, and named when it is wrong.
	writeTexts(t, filepath.Join(cfg.Download.Dir, "ptb"), map[string]string{"ptb.train.txt": "a", "ptb.valid.txt": "a", "ptb.test.txt": "a"}, nil)
	_, _, err = OpenPTB(t.Context(), "auto", cfg)
	checkError(t, err, filepath.Join(cfg.Download.Dir, "ptb"), "expected 10000 of Penn Treebank")
	writeFile(t, filepath.Join(cfg.Download.Dir, "wikitext-2-v1.zip"), []byte("PK"))
	_, _, err = OpenWikiText2(t.Context(), "auto", cfg)
	checkError(t, err, "wikitext-2-v1.zip is damaged")
}

// A corpus of several files is downloaded to its folder, and of one that is in
// the cache in part the rest.
func TestDownloadText(t *testing.T) {
	cfg := quick(t)
	asked := 0
	m := newMirror(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		good(w, r)
	})
	s := Original{Key: "tiny", Title: "Tiny", Places: []Place{{"tiny", []string{"a", "b"}}}}
	for _, name := range []string{"tiny/a", "tiny/b"} {
		r := remote(m.URL)
		r.Name = name
		s.Remotes = append(s.Remotes, r)
	}
	writeFile(t, filepath.Join(cfg.Dir, "tiny", "a"), content)
	if path, _, err := s.Find(t.Context(), "auto", cfg); path != "" || err != nil {
		t.Errorf("auto found %q, %v in half a corpus", path, err)
	}
	path, _, err := s.Find(t.Context(), "tiny", cfg)
	if err != nil || path != filepath.Join(cfg.Dir, "tiny") || asked != 1 {
		t.Errorf("downloaded to %q with %d requests, %v", path, asked, err)
	}
	if path, _, err := s.Find(t.Context(), "tiny", quick(t)); err != nil || asked != 3 {
		t.Errorf("the whole was downloaded to %q with %d requests, %v", path, asked-1, err)
	}
	if got, err := os.ReadFile(filepath.Join(path, "b")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file is wrong: %v", err)
	}
}

// Texts take a small multiple of their size in memory, whatever is in them.
func TestHostileTexts(t *testing.T) {
	sizedtest.Process(t, 512<<20, 10*time.Minute, func(t *testing.T) {
		var unique strings.Builder
		for i := range 800_000 {
			fmt.Fprintf(&unique, "%x ", i)
		}
		for name, train := range map[string]string{
			"line ends":       strings.Repeat("\n", 8<<20) + "a",
			"different words": unique.String(),
			"one long word":   strings.Repeat("a", 16<<20) + " a",
		} {
			debug.FreeOSMemory() // what the last text left is not this one's
			dir := t.TempDir()
			writeTexts(t, dir, map[string]string{"train.txt": train, "valid.txt": train, "test.txt": "a"}, nil)
			if _, err := LoadText(dir); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A vocabulary that takes far more than its text is refused: words are then something
// else.
func TestVocabularyIsBounded(t *testing.T) {
	budget := sized.NewBudget(0)
	if err := budget.Keep(128<<20 - 10*wordBytes); err != nil {
		t.Fatal(err)
	}
	if _, err := vocabulary("a b c d e f g h i j k l m", budget); err == nil || !strings.Contains(err.Error(), "more than 9 different words") {
		t.Errorf("the error is %v", err)
	}
}
