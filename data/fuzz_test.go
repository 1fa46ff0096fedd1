package data

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"autodropout/internal/sizedtest"
)

// checkCorpus demands that all ids are those of words.
func checkCorpus(t *testing.T, folder fs.FS) {
	t.Helper()
	c, err := ownTextSet.read(folder, "fuzz")
	if err != nil {
		return
	}
	for _, part := range [][]int32{c.Train, c.Valid, c.Test} {
		for _, id := range part {
			if id < 0 || int(id) >= len(c.Words) {
				t.Fatalf("a word is number %d of %d", id, len(c.Words))
			}
		}
	}
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzCorpus(f *testing.F) {
	f.Add([]byte("the cat\n<unk>\n"), []byte("cat"), []byte("the dog\n\n"))
	f.Add([]byte("a\x00"), []byte("\xff"), []byte{})
	f.Fuzz(func(t *testing.T, train, valid, test []byte) {
		sizedtest.Within(t, slices.Concat(train, valid, test), func() {
			checkCorpus(t, fstest.MapFS{"train.txt": {Data: train}, "valid.txt": {Data: valid}, "test.txt": {Data: test}})
		})
	})
}

func FuzzCorpusArchive(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range ownTextSet.files {
		file, err := w.Create(name)
		if err != nil {
			f.Fatal(err)
		}
		file.Write([]byte("the cat\n"))
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		sizedtest.Within(t, content, func() {
			archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
			if err == nil {
				checkCorpus(t, archive)
			}
		})
	})
}
