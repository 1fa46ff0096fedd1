package bitext_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/data"
	"autodropout/data/text"
	"autodropout/data/text/bitext"
	"autodropout/internal/sized"
	"autodropout/internal/sizedtest"
)

// config is for texts in a cache of the test's own.
func config(t *testing.T) (cfg bitext.OpenConfig, notices *[]string) {
	notices = new([]string)
	return bitext.OpenConfig{
		Synthetic: bitext.SyntheticConfig{Train: 1000, Valid: 5, Test: 4},
		Texts:     bitext.TextsConfig{Source: text.German, Target: text.English, Merges: 30, Longest: 20},
		Download:  data.DownloadConfig{Dir: filepath.Join(t.TempDir(), "cache"), Attempts: 1, Backoff: time.Millisecond},
		Notice:    func(sentence string) { *notices = append(*notices, sentence) },
	}, notices
}

func TestOpenBuiltIn(t *testing.T) {
	cfg, _ := config(t)
	for _, open := range []struct {
		title string
		name  string
	}{{"IWSLT-14 De-En", "auto"}, {"WMT-14 En-Fr", "synthetic"}} {
		f, wmt := bitext.OpenIWSLT14, open.name == "synthetic"
		if wmt {
			f = bitext.OpenWMT14
		}
		c, about, err := f(t.Context(), open.name, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if c.Train.Len() != 1000 || len(c.Valid.Sources) != 5 || len(c.Test.Text) != 4 || !strings.Contains(about, "not "+open.title) || !strings.Contains(about, open.name) {
			t.Errorf("%s: %v, %s", open.name, c, about)
		}
		if c.Joint != wmt || (c.Source == c.Target) != wmt || c.Style.Lowercase == wmt {
			t.Errorf("%s: a joint vocabulary is %v, and the style %+v", open.name, c.Joint, c.Style)
		}
		for _, sentence := range c.Test.Text {
			if small := strings.ToLower(sentence); (sentence != small) != wmt || sentence[1:] != small[1:] {
				t.Errorf("%s: a sentence is %q", open.name, sentence)
			}
		}
		ids, err := c.Encode("  " + c.Source.Decode(c.Test.Sources[0]) + " ")
		if err != nil || !slices.Equal(ids, c.Test.Sources[0]) {
			t.Errorf("a sentence is %v, expected %v (error %v)", ids, c.Test.Sources[0], err)
		}
		if _, target, err := c.Test.Pairs.Pair(0); err != nil || c.Decode(target) != c.Test.Tokens[0] {
			t.Errorf("a translation is %q, expected %q (error %v)", c.Decode(target), c.Test.Tokens[0], err)
		}
	}
	if _, err := os.Stat(cfg.Download.Dir); err == nil {
		t.Error("the cache was made")
	}
}

// TestOpenWithoutHome asks for the cache only where texts are prepared in it.
func TestOpenWithoutHome(t *testing.T) {
	cfg, _ := config(t)
	cfg.Texts.Style.Tokenized, cfg.Texts.Test = true, "test_a"
	prepared := filepath.Join(t.TempDir(), "prepared")
	if _, err := bitext.PrepareTexts(t.Context(), ownTexts(t), cfg.Texts, prepared); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AUTODROPOUT_DATA", "HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
	cfg.Download.Dir = ""
	if _, _, err := bitext.OpenIWSLT14(t.Context(), prepared, cfg); err == nil || !strings.Contains(err.Error(), "a test text, test_a, can be chosen only among") {
		t.Errorf("another test text of prepared ones: error %v", err)
	}
	unnamed := cfg
	unnamed.Texts.Test = ""
	for _, name := range []string{"synthetic", "auto", prepared} {
		if _, _, err := bitext.OpenIWSLT14(t.Context(), name, unnamed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"iwslt", ownTexts(t)} {
		if _, _, err := bitext.OpenIWSLT14(t.Context(), name, cfg); err == nil || !strings.Contains(err.Error(), "set AUTODROPOUT_DATA") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestOpenDownloads goes from a server to a corpus, once.
func TestOpenDownloads(t *testing.T) {
	from := filepath.Join(t.TempDir(), "de-en.tgz")
	iwslt(t, from, 67)
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	requests := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.ServeFile(w, r, from)
	}))
	defer server.Close()
	sum := md5.Sum(raw)
	cfg, notices := config(t)
	cfg.Download.Client = server.Client()
	for _, name := range []string{"iwslt", "iwslt", "auto"} {
		c, about, err := bitext.OpenFrom(t.Context(), server.URL+"/de-en.tgz", hex.EncodeToString(sum[:]), name, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.Train.Len() != 67 || c.Joint || c.Source == c.Target || !strings.HasPrefix(about, "The data is IWSLT-14 De-En (67 training, 3 validation and 5 test pairs") {
			t.Errorf("%v, %s", c, about)
		}
		if c.Test.Text[1] != "TEDX.dev2012 it's en." || c.Test.Tokens[1] != "tedx.dev2012 it &apos;s en ." {
			t.Errorf("the references are %q and %q", c.Test.Text[1], c.Test.Tokens[1])
		}
		source, target, err := c.Train.Pair(1)
		if err != nil || text.JoinBPE(c.Source.Decode(source)) != "ein titel" || c.Decode(target) != "a title" {
			t.Errorf("a pair is %v and %v (error %v)", source, target, err)
		}
		// What is to be translated is treated as the test text was.
		ids, err := c.Encode("TEDX.dev2012 it's de.")
		if err != nil || !slices.Equal(ids, c.Test.Sources[1]) {
			t.Errorf("a sentence is %q, expected %q (error %v)", c.Source.Decode(ids), c.Source.Decode(c.Test.Sources[1]), err)
		}
		if got := c.Text("it &apos;s"); got != "it's" {
			t.Errorf("a translation is %q", got)
		}
	}
	if requests != 2 || len(*notices) != 2 { // one for the size
		t.Errorf("there were %d requests, and it said %q", requests, *notices)
	}
	// The archive in a folder of the user's.
	c, about, err := bitext.OpenIWSLT14(t.Context(), filepath.Dir(from), cfg)
	if err != nil || c.Train.Len() != 67 || !strings.Contains(about, "prepared"+string(filepath.Separator)+"iwslt14-de-en-") {
		t.Errorf("%v, %s (error %v)", c, about, err)
	}
	c.Close()
}

// ownTexts writes texts that are tokens already.
func ownTexts(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "set", "tok")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"train.lc.tok.de": strings.Repeat("ja , Nein\n", 20), "train.lc.tok.en": strings.Repeat("yes , No\n", 20),
		"val.lc.tok.de": "ja\n", "val.lc.tok.en": "yes\n", "README": "tokens",
		"test_a.lc.tok.de": "nein , ja\n", "test_a.lc.tok.en": "no , yes\n", "test_b.de": "x\n", "test_b.en": "y\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOpenOwnTexts(t *testing.T) {
	dir := ownTexts(t)
	cfg, notices := config(t)
	cfg.Texts.Style.Tokenized = true
	if _, _, err := bitext.OpenIWSLT14(t.Context(), dir, cfg); err == nil || !strings.Contains(err.Error(), "test_a.lc.tok.de, test_b.de") {
		t.Errorf("with two test texts the error is %v", err)
	}
	cfg.Texts.Test = "test_a"
	c, _, err := bitext.OpenIWSLT14(t.Context(), dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Name != "set/tok" || !c.Joint || c.Source != c.Target || c.Train.Len() != 20 {
		t.Errorf("the corpus is %v, %+v", c, c.About)
	}
	if c.Test.Tokens[0] != "no , yes" || c.Test.Text[0] != "no, yes" || c.Text("no , yes") != "no , yes" {
		t.Errorf("a reference is %q and %q", c.Test.Tokens[0], c.Test.Text[0])
	}
	if _, err := c.Encode("\xff"); err == nil {
		t.Error("bytes are a sentence")
	}
	cfg.Texts.Merges++
	if c, _, err = bitext.OpenIWSLT14(t.Context(), dir, cfg); err != nil || len(*notices) != 4 {
		t.Errorf("with other settings it says %q (error %v)", *notices, err)
	}
	c.Close()
}

// TestLongWord: a line of one word, such as a picture in letters, may have more parts
// than a sentence can have.
func TestLongWord(t *testing.T) {
	from, to := ownTexts(t), filepath.Join(t.TempDir(), "out")
	for name, line := range map[string]string{"train.lc.tok.de": strings.Repeat("xz", 1<<15), "train.lc.tok.en": "picture"} {
		f, err := os.OpenFile(filepath.Join(from, name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(line + "\n"); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	p, err := bitext.PrepareTexts(t.Context(), from, bitext.TextsConfig{Source: text.German, Target: text.English, Test: "test_b", Longest: 9}, to)
	if err != nil || p.Train != 20 || p.Skipped != (bitext.Skipped{Length: 1}) {
		t.Errorf("prepared are %v, error %v", p, err)
	}
}

func TestOpenPreparedErrors(t *testing.T) {
	for _, c := range []struct {
		file, content, want string
	}{
		{"prepared.json", "{", "prepare them again"},
		{"prepared.json", `{"version": 1, "source": "xx"}`, `the language "xx"`},
		{"vocab", "a\n", "line 1 of the vocabulary"},
		{"vocab", "a 1\n", "do not fit vocabularies of 5 and 5"},
		{"codes", "", "a file of merges is empty"},
		{"train.pairs", "", "holds no pairs"},
		{"valid.de", "a\nb\n", "the target text ends after 1 lines"},
		{"test.en", "", "the target text ends after 0 lines"},
		{"references.en", "", "0 references for 1 test sentences"},
		{"references.en", "a\nb\nc\n", "more references than test sentences, 1"},
		{"prepared.json", strings.Repeat(" ", 2<<20), "more than the 1048576 that are read"},
		{"codes", "#version: 0.2\n" + strings.Repeat("a b\n", 1<<20+1), "more than 1048576 merges"},
		{"codes", "-", "no such file"}, // removed
	} {
		dir := filepath.Join(t.TempDir(), "out")
		if _, err := bitext.PrepareTexts(t.Context(), ownTexts(t), bitext.TextsConfig{Source: text.German, Target: text.English, Test: "test_b", Merges: 10, Longest: 9}, dir); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, c.file)
		if c.content == "-" {
			os.Remove(path)
		} else if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := bitext.OpenPrepared(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %v, expected one with %q", c.file, err, c.want)
		}
	}
}

// Two files of nothing but line ends take a hundred times their size when they are held
// in memory, which is refused in time.
func TestHostilePreparedTexts(t *testing.T) {
	sizedtest.Process(t, 512<<20, 10*time.Minute, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "out")
		if _, err := bitext.PrepareTexts(t.Context(), ownTexts(t), bitext.TextsConfig{Source: text.German, Target: text.English, Test: "test_b", Merges: 10, Longest: 9}, dir); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"valid.de", "valid.en"} {
			if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte("\n"), 5<<20), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := bitext.OpenPrepared(dir); !errors.Is(err, sized.ErrMemory) {
			t.Errorf("the error is %v", err)
		}
	})
}
