package text_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"autodropout/data/text"
)

// multi30k returns the folder of the sentences of Multi30k, and skips the test
// where AUTODROPOUT_MULTI30K does not name one.
func multi30k(t *testing.T) string {
	dir := os.Getenv("AUTODROPOUT_MULTI30K")
	if dir == "" {
		t.Skip("AUTODROPOUT_MULTI30K names no folder with tok/ and raw/ of Multi30k")
	}
	return dir
}

func readLines(t *testing.T, path string) (lines []string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		lines = append(lines, s.Text())
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return lines
}

func sum(write func(w io.Writer)) string {
	h := sha256.New()
	write(h)
	return hex.EncodeToString(h.Sum(nil))
}

// The checksums are those of subword-nmt's files, without the space at the end of
// one line of the English text, which it keeps.
func TestBPEOfMulti30k(t *testing.T) {
	dir := filepath.Join(multi30k(t), "tok")
	lines := map[string][]string{}
	for _, language := range []string{"de", "en"} {
		lines[language] = readLines(t, filepath.Join(dir, "train.lc.norm.tok."+language))
	}
	for _, c := range []struct {
		languages []string
		merges    string
		segmented []string
	}{
		{[]string{"de", "en"}, "5b545f318e49f24367c7399019c9aeb5e3720b6379a08f887c2792af71c37f2a", []string{"b2c74def7ec129f7ea7023a51501c77174c377ef06c6ccc2f031adcfb5cfadbd", "d8bff42e8f56457cccc220a8b533349ddb35a70ce6753a1f7e9c4fb7a7ec5d7c"}},
		{[]string{"de"}, "078f10b33d4f17d7a0966de472b95b78175d87934405d126eadfcd5550ed3391", []string{"2371a8eb0450b53e40b31c23770e2d9b0b7c3cbf9b6731081841f0f4c6d84840"}},
		{[]string{"en"}, "1947f0394471fd7d5de47ebaacc984d9abb821883a84c75591100945af655439", []string{"8a4517bee9a7bdd0648e3f13e553e93ff01a1b302f7357fb4c668fcd839f6289"}},
	} {
		start := time.Now()
		var words text.WordCounts
		for _, language := range c.languages {
			for _, line := range lines[language] {
				words.Add(line)
			}
		}
		counted := time.Now()
		bpe, err := text.LearnBPE(&words, 10000, 2)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%v: counted in %v, learned in %v", c.languages, counted.Sub(start), time.Since(counted))
		if got := sum(func(w io.Writer) { bpe.WriteTo(w) }); got != c.merges {
			t.Errorf("%v: the merges have the checksum %s, expected %s", c.languages, got, c.merges)
		}
		for i, language := range c.languages {
			start = time.Now()
			got := sum(func(w io.Writer) {
				for _, line := range lines[language] {
					io.WriteString(w, bpe.Segment(line)+"\n")
				}
			})
			t.Logf("%s: %.0f lines/s", language, float64(len(lines[language]))/time.Since(start).Seconds())
			if got != c.segmented[i] {
				t.Errorf("%v: segmented %s has the checksum %s, expected %s", c.languages, language, got, c.segmented[i])
			}
		}
	}
}

// The checksums are those of sacremoses' output for all files of a language, in
// the order of their names.
func TestTokensOfMulti30k(t *testing.T) {
	dir := filepath.Join(multi30k(t), "raw")
	for _, c := range []struct {
		language, kind string
		f              func(string) string
		want           string
	}{
		{"de", "tok", text.NewTokenizer(text.German, false).Tokenize, "a0709d0bab15d2d8fe3526d7890ca619c65902d20d0d7a152c8937fb83831332"},
		{"de", "agg", text.NewTokenizer(text.German, true).Tokenize, "d53b832f9c8a7935fa5aad95bee8a9500e0425f029a562bfd68dc1427eba8ed0"},
		{"de", "norm", text.NewNormalizer(text.German).Normalize, "314d49f1cc9e43d847d46800fa126da3f27dddb7631556dde06f60b8490b2c85"},
		{"en", "tok", text.NewTokenizer(text.English, false).Tokenize, "889e1858d99fe16de2cfbe725a9df30463e332fd205c6e441e1adf492f0b069f"},
		{"en", "agg", text.NewTokenizer(text.English, true).Tokenize, "27c8255ac9de94484f188c46d823db157e94e3f8770d0a9f47acd8989afb3424"},
		{"en", "norm", text.NewNormalizer(text.English).Normalize, "ea0e7bbad820382f876162e2d7c1e06279687d819ebceed0a33f48324d67f38e"},
	} {
		files, err := filepath.Glob(filepath.Join(dir, "*."+c.language))
		if err != nil {
			t.Fatal(err)
		}
		got := sum(func(w io.Writer) {
			for _, file := range files {
				for _, line := range readLines(t, file) {
					io.WriteString(w, c.f(line)+"\n")
				}
			}
		})
		if got != c.want {
			t.Errorf("%s of %s have the checksum %s, expected %s", c.kind, c.language, got, c.want)
		}
	}
}
