package bitext_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/data/text"
	"autodropout/data/text/bitext"
	"autodropout/internal/seed"
	"autodropout/internal/sizedtest"
)

func TestReadErrors(t *testing.T) {
	for _, c := range []struct{ source, target, want string }{
		{"a\nb\n", "x\n", "the target text ends after 1 lines"},
		{"a\n", "x\ny\n", "the source text ends after 1 lines"},
		{strings.Repeat("a", 1<<20+1), "x", "the source text: line 1 is longer"},
		{"a", strings.Repeat("x", 1<<20+1), "the target text: line 1 is longer"},
		{"a\r\nb", "x\ny\n", ""},
	} {
		var err error
		for p, e := range bitext.Read(strings.NewReader(c.source), strings.NewReader(c.target)) {
			if err = e; e == nil && strings.ContainsAny(p.Source, "\r\n") {
				t.Errorf("a line is %q", p.Source)
			}
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("the error is %v, expected one with %q", err, c.want)
		}
	}
}

func TestReadSkipsByteOrderMarks(t *testing.T) {
	for p, err := range bitext.Read(strings.NewReader("\uFEFFa b\n"), strings.NewReader("\uFEFFx\n")) {
		if want := (bitext.Pair{Source: "a b", Target: "x"}); err != nil || p != want {
			t.Errorf("a pair is %q, error %v, want %q", p, err, want)
		}
	}
}

func TestFilter(t *testing.T) {
	f := bitext.Filter{Min: 2, Max: 6, Ratio: 1.5}
	var skipped bitext.Skipped
	for _, c := range []struct {
		source, target string
		want           bool
	}{
		{"a b", "x y z", true},
		{"a b", "x y z w", false},
		{"a b c d e f g", "a b c d e f", false},
		{"a", "x", false},
		{" ", "x", false},
		{"a \xff", "x y", false},
	} {
		if got := f.Keep(bitext.Pair{Source: c.source, Target: c.target}, &skipped); got != c.want {
			t.Errorf("%q and %q: kept is %v", c.source, c.target, got)
		}
	}
	if want := (bitext.Skipped{NotUTF8: 1, Empty: 1, Length: 2, Ratio: 1}); skipped != want {
		t.Errorf("%+v were skipped, expected %+v", skipped, want)
	}
}

// archive writes a tar archive of names and contents.
func archive(t *testing.T, path string, entries ...string) {
	t.Helper()
	var tarred bytes.Buffer
	w := tar.NewWriter(&tarred)
	for i := 0; i < len(entries); i += 2 {
		content := []byte(entries[i+1])
		if strings.HasSuffix(entries[i], ".gz") {
			content = zipped(content)
		}
		if err := w.WriteHeader(&tar.Header{Name: entries[i], Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		w.Write(content)
	}
	w.Close()
	content := tarred.Bytes()
	if strings.HasSuffix(path, "gz") {
		content = zipped(content)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func zipped(content []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(content)
	w.Close()
	return out.Bytes()
}

// iwslt writes an archive with the layout of de-en.tgz and n training pairs.
func iwslt(t *testing.T, path string, n int) {
	var de, en strings.Builder
	head := "<url>http://x</url>\n<keywords>talks</keywords>\n<speaker>Me</speaker>\n<talkid>1</talkid>\n"
	de.WriteString(head + "<title>Ein Titel</title>\n<description>Was es ist.</description>\n")
	en.WriteString(head + "<title>A Title</title>\n<description>What it is.</description>\n")
	for i := range n {
		fmt.Fprintf(&de, "Das ist der %d. Satz, geht's?\n", i)
		fmt.Fprintf(&en, "This isn't sentence no. %d, is it?\n", i)
	}
	de.WriteString("Viel zu lang im Vergleich zum anderen .\n\xff\xfe bad\n\n")
	en.WriteString("Short\nbad\nempty\n")
	entries := []string{"de-en/train.tags.de-en.de", de.String(), "de-en/README", "ignored", "de-en/train.tags.de-en.en", en.String()}
	for _, set := range []string{"TED.dev2010", "TEDX.dev2012", "TED.tst2010", "TED.tst2011", "TED.tst2012"} {
		for _, l := range []string{"de", "en"} {
			entries = append(entries, "de-en/IWSLT14."+set+".de-en."+l+".xml",
				"<doc>\n<title>No</title>\n<seg id=\"1\"> "+set+" it’s "+l+". </seg>\n</doc>\n")
		}
	}
	archive(t, path, entries...)
}

func content(t *testing.T, elements ...string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
}

func TestPrepareIWSLT14(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "de-en.tgz"), filepath.Join(dir, "out")
	iwslt(t, from, 67)
	p, err := bitext.PrepareIWSLT14(context.Background(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	// 67 sentences, speaker, title and description are 70 pairs.
	want := bitext.Prepared{Version: 1, About: p.About, Train: 67, Valid: 3, Test: 5, Skipped: bitext.Skipped{NotUTF8: 1, Empty: 1, Ratio: 1}, Merges: p.Merges}
	if p != want || p.Merges < 20 {
		t.Errorf("prepared are %v, expected %v", p, want)
	}
	train, test := content(t, to, "train.de"), content(t, to, "test.en")
	if got, want := text.JoinBPE(train[1]), "ein titel"; got != want {
		t.Errorf("the second training line is %q, expected %q", got, want)
	}
	if got, want := text.JoinBPE(content(t, to, "valid.en")[0]), "this isn &apos;t sentence no . 19 , is it ?"; got != want {
		t.Errorf("the first validation line is %q, expected %q", got, want)
	}
	if got, want := text.JoinBPE(test[1]), "tedx.dev2012 it &apos;s en ."; got != want {
		t.Errorf("the second test line is %q, expected %q", got, want)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if slices.Sort(left); len(left) != 2 {
		t.Errorf("the folder holds %v", left)
	}
	if _, err := bitext.PrepareIWSLT14(context.Background(), from, to); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a second preparation says %v", err)
	}
}

func TestPrepareWMT14(t *testing.T) {
	dir := t.TempDir()
	to := filepath.Join(dir, "out")
	texts := func(name string, n int) (en, fr string) {
		for i := range n {
			en += fmt.Sprintf("The well-known “%s” no %d\u00ad.\n", name, i)
			fr += fmt.Sprintf("L’eau bien-aimée « %s » %d.\n", name, i)
		}
		return en, fr
	}
	for i, c := range []struct{ archive, en, fr string }{
		{"training-parallel-europarl-v7.tgz", "training/europarl-v7.fr-en.en", "training/europarl-v7.fr-en.fr"},
		{"training-parallel-commoncrawl.tgz", "commoncrawl.fr-en.en", "commoncrawl.fr-en.fr"},
		{"training-parallel-un.tgz", "un/undoc.2000.fr-en.en", "un/undoc.2000.fr-en.fr"},
		{"training-parallel-nc-v9.tgz", "training/news-commentary-v9.fr-en.en", "training/news-commentary-v9.fr-en.fr"},
		{"training-giga-fren.tar", "giga-fren.release2.fixed.en.gz", "giga-fren.release2.fixed.fr.gz"},
	} {
		en, fr := texts(c.archive, 300+i)
		archive(t, filepath.Join(dir, c.archive), "./"+c.en, en, c.fr, fr)
	}
	archive(t, filepath.Join(dir, "test-full.tgz"), "test-full/newstest2014-fren-src.en.sgm", "<seg id=\"1\">A test-case</seg>\n",
		"test-full/newstest2014-fren-ref.fr.sgm", "<doc>\n<seg id=\"1\">Un l’essai</seg>\n")
	p, err := bitext.PrepareWMT14(context.Background(), dir, to)
	if err != nil {
		t.Fatal(err)
	}
	if p.Train != 1509 || p.Valid != 1 || p.Test != 1 || p.Skipped.Total() != 0 {
		t.Errorf("prepared are %v", p)
	}
	en, fr := text.JoinBPE(content(t, to, "train.en")[0]), text.JoinBPE(content(t, to, "train.fr")[0])
	if want := "The well @-@ known &quot; training @-@ parallel @-@ europarl @-@ v7.tgz &quot; no 0 ."; en != want {
		t.Errorf("the first line is %q, expected %q", en, want)
	}
	if want := "L&apos; eau bien @-@ aimée &quot; training @-@ parallel @-@ europarl @-@ v7.tgz &quot; 0 ."; fr != want {
		t.Errorf("the first line is %q, expected %q", fr, want)
	}
}

func TestPrepareErrors(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.tgz"), filepath.Join(dir, "bad.tgz")
	iwslt(t, good, 60)
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		make func()
		want string
	}{
		{func() { os.Remove(bad) }, "cannot read an archive"},
		{func() { os.WriteFile(bad, raw[:len(raw)/2], 0o644) }, "is truncated"},
		{func() { os.WriteFile(bad, []byte(strings.Repeat("no archive ", 100)), 0o644) }, "may be damaged"},
		{func() { archive(t, bad, "de-en/train.tags.de-en.de", "a\n") }, "lacks de-en/train.tags.de-en.en"},
		{func() { archive(t, bad, "../../etc/x", "a\n") }, "leads out of it"},
		{func() {
			archive(t, bad, "de-en/train.tags.de-en.de", "a\nb\n", "de-en/train.tags.de-en.en", "a\n")
		}, "the target text ends after 1 lines"},
	} {
		c.make()
		_, err := bitext.PrepareIWSLT14(context.Background(), bad, filepath.Join(dir, "out"))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("the error is %v, expected one with %q", err, c.want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "out*")); left != nil {
			t.Errorf("%v are left after %q", left, c.want)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := bitext.PrepareIWSLT14(stopped, good, filepath.Join(dir, "out")); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped preparation says %v", err)
	}
}

func dataset(t *testing.T, pairs []bitext.Pair) *bitext.Dataset {
	t.Helper()
	var counts text.WordCounts
	for _, p := range pairs {
		counts.Add(p.Source + " " + p.Target)
	}
	v := bitext.NewVocabulary(&counts, 1)
	var file bytes.Buffer
	w := bitext.NewWriter(&file)
	for _, p := range pairs {
		if err := w.Write(v.Encode(p.Source), v.Encode(p.Target)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	d, err := bitext.Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if d.Words() != v.Len() {
		t.Errorf("the words are of a vocabulary of %d, expected %d", d.Words(), v.Len())
	}
	for i, p := range pairs {
		s, target, err := d.Pair(i)
		if err != nil || v.Decode(s) != p.Source || v.Decode(target) != p.Target {
			t.Fatalf("pair %d is %q and %q (%v), expected %v", i, v.Decode(s), v.Decode(target), err, p)
		}
	}
	for cut := range min(file.Len(), 200) {
		if _, err := bitext.Open(bytes.NewReader(file.Bytes()[:cut]), int64(cut)); err == nil {
			t.Fatalf("%d of %d bytes pass for the whole", cut, file.Len())
		}
	}
	return d
}

func TestBatches(t *testing.T) {
	task, err := bitext.Synthetic(bitext.SyntheticConfig{Train: 500, Valid: 1, Test: 1})
	if err != nil {
		t.Fatal(err)
	}
	d := dataset(t, append(task.Train, bitext.Pair{Source: strings.TrimSpace(strings.Repeat("a ", 90)), Target: "b"}, bitext.Pair{Source: "a"}))
	sorted := bitext.NewBatches(d.Len(), d.Lengths, bitext.BatchConfig{Tokens: 400, Longest: 80})
	if sorted.Skipped != 2 {
		t.Errorf("%d pairs are skipped, expected 2", sorted.Skipped)
	}
	collect := func(b *bitext.Batches) (numbers [][]int32) {
		seen, filled := map[int32]bool{}, 0
		for i := range b.Len() {
			numbers = append(numbers, b.Batch(i))
			sources, targets, err := d.Pairs(b.Batch(i))
			if err != nil {
				t.Fatal(err)
			}
			width := 0
			for k, number := range b.Batch(i) {
				seen[number] = true
				width = max(width, len(sources[k])+1, len(targets[k])+1)
				filled += len(sources[k]) + 1
			}
			if width*len(sources) > 400 {
				t.Errorf("batch %d has %d sentences of up to %d words", i, len(sources), width)
			}
		}
		if len(seen) != 500 || filled < b.Len()*400*7/10 || b.Len() != sorted.Len() {
			t.Errorf("%d batches have %d pairs and %d words", b.Len(), len(seen), filled)
		}
		return numbers
	}
	order := collect(sorted)
	first := collect(sorted.Shuffled(seed.New(1, "a")))
	if !reflect.DeepEqual(first, collect(sorted.Shuffled(seed.New(1, "a")))) || reflect.DeepEqual(first, collect(sorted.Shuffled(seed.New(2, "a")))) {
		t.Error("batches do not depend on the generator only")
	}
	if !reflect.DeepEqual(order, collect(sorted)) {
		t.Error("shuffled batches are those of before")
	}
	company := map[int32]int32{} // the smallest number in a pair's batch
	for _, batch := range order {
		for _, pair := range batch {
			company[pair] = slices.Min(batch)
		}
	}
	if !slices.ContainsFunc(first, func(batch []int32) bool { return company[slices.Max(batch)] != company[slices.Min(batch)] }) {
		t.Error("pairs are with the same others in every epoch")
	}
	whole := bitext.NewBatches(d.Len(), d.Lengths, bitext.BatchConfig{Tokens: 80})
	if last := whole.Batch(whole.Len() - 1); whole.Skipped != 0 || len(last) != 1 || last[0] != 500 {
		t.Errorf("%d pairs are skipped, the last batch is %v: a long pair must be alone", whole.Skipped, last)
	}
}

func TestDatasetParts(t *testing.T) {
	sources, targets := [][]int32{{4, 5}, {6}, {}}, [][]int32{{9}, {8, 7}, {4}}
	d, err := bitext.NewDataset(sources, targets)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := d.Pairs([]int32{1, 0}); err != nil || !slices.Equal(got[0], sources[1]) || !slices.Equal(got[1], sources[0]) {
		t.Errorf("pairs 1 and 0 are %v (%v)", got, err)
	}
	first := d.First(2)
	if first.Len() != 2 || d.First(3) != d || first.Checksum() == d.Checksum() {
		t.Errorf("the first 2 of 3 pairs are %d", first.Len())
	}
	targets[2] = []int32{5}
	if other, err := bitext.NewDataset(sources, targets); err != nil || other.Checksum() == d.Checksum() {
		t.Error("other words have the same checksum")
	}
	if _, err := bitext.NewDataset(sources, targets[:2]); err == nil || !strings.Contains(err.Error(), "3 sentences have 2 translations") {
		t.Errorf("the error is %v", err)
	}
	if _, err := bitext.NewDataset([][]int32{make([]int32, 1<<16)}, [][]int32{{4}}); err == nil || !strings.Contains(err.Error(), "65536 words is too long") {
		t.Errorf("the error is %v", err)
	}
}

// Damage to a word is noticed where the word is read, if it is no word at all.
func TestDamagedWords(t *testing.T) {
	var file bytes.Buffer
	w := bitext.NewWriter(&file)
	w.Write([]int32{5, 6}, []int32{7})
	w.Close()
	content := file.Bytes()
	content[1] = 1
	d, err := bitext.Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Pair(0); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("the error is %v", err)
	}
}

func TestSynthetic(t *testing.T) {
	cfg := bitext.SyntheticConfig{Seed: 3, Train: 3000, Valid: 100, Test: 100}
	task, err := bitext.Synthetic(cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, err := bitext.Synthetic(cfg)
	if err != nil || !reflect.DeepEqual(task, again) {
		t.Error("a seed gives two tasks")
	}
	targets := map[string]string{}
	words := map[string]bool{}
	for _, p := range task.Train {
		for word := range strings.FieldsSeq(p.Source + " " + p.Target) {
			words[word] = true
		}
	}
	for _, p := range slices.Concat(task.Train, task.Valid, task.Test) {
		if _, twice := targets[p.Source]; twice {
			t.Errorf("%q comes twice", p.Source)
		}
		targets[p.Source] = p.Target
	}
	unknown := 0
	for _, p := range task.Test {
		for word := range strings.FieldsSeq(p.Source) {
			if !words[word] {
				unknown++
			}
		}
	}
	if unknown > 0 || len(words) > 1000 {
		t.Errorf("%d words of the test are new, the training part has %d", unknown, len(words))
	}
	if _, err := bitext.Synthetic(bitext.SyntheticConfig{Train: -1}); err == nil {
		t.Error("-1 pairs are drawn")
	}
}

// The result must not depend on the number of cores.
func TestPrepareOnAnyNumberOfCores(t *testing.T) {
	dir := t.TempDir()
	from := filepath.Join(dir, "de-en.tgz")
	iwslt(t, from, 4200)
	var trains [][]string
	for _, cores := range []int{1, 2} {
		before := runtime.GOMAXPROCS(cores)
		to := filepath.Join(dir, fmt.Sprint(cores))
		if _, err := bitext.PrepareIWSLT14(context.Background(), from, to); err != nil {
			t.Fatal(err)
		}
		runtime.GOMAXPROCS(before)
		trains = append(trains, append(content(t, to, "train.de"), content(t, to, "codes")...))
	}
	if !slices.Equal(trains[0], trains[1]) {
		t.Error("texts prepared on one and on two cores differ")
	}
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzRead(f *testing.F) {
	f.Add("a\nb\n", "x\ny\n")
	f.Add("a\r\n\xff", "\n\n\n")
	f.Fuzz(func(t *testing.T, source, target string) {
		sizedtest.Within(t, []byte(source+target), func() {
			n := 0
			var failed error
			for p, err := range bitext.Read(strings.NewReader(source), strings.NewReader(target)) {
				if failed != nil {
					t.Fatal("pairs follow an error")
				}
				if failed = err; err == nil {
					n++
					if strings.Contains(p.Source+p.Target, "\n") {
						t.Fatalf("a line is %q", p)
					}
				}
			}
			if failed == nil && n > strings.Count(source, "\n")+1 {
				t.Fatalf("%d pairs of %q", n, source)
			}
		})
	})
}

func FuzzOpen(f *testing.F) {
	var file bytes.Buffer
	w := bitext.NewWriter(&file)
	w.Write([]int32{5, 6}, []int32{7})
	w.Close()
	f.Add(file.Bytes())
	f.Add([]byte("pairs v1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		sizedtest.Within(t, content, func() {
			d, err := bitext.Open(bytes.NewReader(content), int64(len(content)))
			if err != nil {
				return
			}
			for i := range d.Len() {
				source, target, err := d.Pair(i)
				if err != nil {
					continue
				}
				if words := append(source, target...); len(words) > 0 && int(slices.Max(words)) >= d.Words() {
					t.Fatalf("pair %d has word %d of %d", i, slices.Max(words), d.Words())
				}
			}
		})
	})
}
