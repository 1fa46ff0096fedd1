package data

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"autodropout/internal/sizedtest"
)

const testRecords = 3 // records in the files that these tests make

// smallVersions are versions whose files have so few records, of CIFAR-100 as many as all
// of CIFAR-10.
func smallVersions() []cifarVersion {
	versions := slices.Clone(cifarVersions)
	for i := range versions {
		v := &versions[i]
		v.trainEach, v.testEach = 5*testRecords/len(v.train), testRecords
	}
	return versions
}

var binaryCIFAR10 = &smallVersions()[0]

// cifarFile returns the content of file k of a small CIFAR-10: record i has label
// k+i and planes filled with k, i and 100.
func cifarFile(k int) []byte {
	var b []byte
	for i := range testRecords {
		b = append(b, uint8(k+i))
		for _, v := range []int{k, i, 100} {
			b = append(b, bytes.Repeat([]byte{uint8(v)}, cifarPlane)...)
		}
	}
	b[1+cifarPlane-1] = 99 // the last pixel of the first record, red
	return b
}

const metaText = "c0\nc1\nc2\nc3\nc4\nc5\nc6\nc7\nc8\nc9\n\n"

// writeFolder writes the six files and the class names into a new folder.
func writeFolder(t testing.TB) string {
	dir := t.TempDir()
	for k, name := range binaryCIFAR10.files() {
		writeFile(t, filepath.Join(dir, name), cifarFile(k))
	}
	writeFile(t, filepath.Join(dir, binaryCIFAR10.meta), []byte(metaText))
	return dir
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// entry is a file for an archive.
type entry struct {
	name    string
	content []byte
	link    bool
}

func cifarEntries() []entry {
	entries := []entry{{name: cifarFolder + "/" + binaryCIFAR10.meta, content: []byte(metaText)}}
	for k, name := range binaryCIFAR10.files() {
		entries = append(entries, entry{name: cifarFolder + "/" + name, content: cifarFile(k)})
	}
	return append(entries, entry{name: cifarFolder + "/readme.html", content: []byte("hello")})
}

func archiveBytes(t testing.TB, entries []entry) []byte {
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		if e.link {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "elsewhere", 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkSmall checks the sets that cifarFile describes.
func checkSmall(t *testing.T, train, test *Set) {
	t.Helper()
	if train.Len() != 5*testRecords || test.Len() != testRecords {
		t.Fatalf("%d training and %d test images; want %d and %d", train.Len(), test.Len(), 5*testRecords, testRecords)
	}
	for k := range 6 {
		s, base := train, k*testRecords
		if k == 5 {
			s, base = test, 0
		}
		for i := range testRecords {
			if got := s.Labels[base+i]; got != uint8(k+i) {
				t.Errorf("file %d record %d has label %d, want %d", k, i, got, k+i)
			}
			p := s.Image(base + i)
			if p[0] != uint8(k) || p[1] != uint8(i) || p[2] != 100 || p[3] != uint8(k) {
				t.Errorf("file %d record %d starts with pixels %v, want %d %d 100 %d", k, i, p[:6], k, i, k)
			}
			last := p[len(p)-3]
			if want := map[bool]uint8{true: 99, false: uint8(k)}[i == 0]; last != want {
				t.Errorf("file %d record %d ends with red %d, want %d", k, i, last, want)
			}
		}
	}
	if test.Mean != train.Mean || test.Std != train.Std {
		t.Error("the test part is not normalised like the training part")
	}
}

func TestLoadCIFAR10Folder(t *testing.T) {
	dir := writeFolder(t)
	train, test, err := loadCIFAR(dir, smallVersions())
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, train, test)
	if got := train.Classes[3]; got != "c3" {
		t.Errorf("class 3 is %q; want the name in the file, c3", got)
	}

	outer := t.TempDir()
	if err := os.Rename(dir, filepath.Join(outer, cifarFolder)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(outer, cifarFolder, binaryCIFAR10.meta)); err != nil {
		t.Fatal(err)
	}
	train, test, err = loadCIFAR(outer, smallVersions())
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, train, test)
	if got := train.Classes[3]; got != "cat" {
		t.Errorf("class 3 is %q; want the usual name, cat", got)
	}
}

func TestLoadCIFAR10Archive(t *testing.T) {
	for _, prefix := range []string{cifarFolder + "/", "./" + cifarFolder + "/", ""} {
		var entries []entry
		for _, e := range cifarEntries() {
			e.name = prefix + filepath.Base(e.name)
			entries = append(entries, e)
		}
		file := filepath.Join(t.TempDir(), "any.tar.gz")
		writeFile(t, file, archiveBytes(t, entries))
		train, test, err := loadCIFAR(file, smallVersions())
		if err != nil {
			t.Fatalf("prefix %q: %v", prefix, err)
		}
		checkSmall(t, train, test)
		if got := test.Classes[9]; got != "c9" {
			t.Errorf("prefix %q: class 9 is %q, want c9", prefix, got)
		}
	}
}

// Files of the original size, with holes instead of content.
func TestLoadCIFAR10FullSize(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 184 MB")
	}
	dir := t.TempDir()
	for _, name := range binaryCIFAR10.files() {
		path := filepath.Join(dir, name)
		writeFile(t, path, nil)
		if err := os.Truncate(path, 30730000); err != nil {
			t.Fatal(err)
		}
	}
	train, test, err := LoadCIFAR(dir)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 50000 || test.Len() != 10000 {
		t.Errorf("%d training and %d test images", train.Len(), test.Len())
	}
}

func TestLoadCIFAR10FolderErrors(t *testing.T) {
	long := append(cifarFile(1), 0)
	badLabel := cifarFile(4)
	badLabel[2*(1+cifarPixels)] = 10
	for _, test := range []struct {
		name  string
		spoil func(dir string) (path string)
		want  []string
	}{
		{"no folder", func(dir string) string { return filepath.Join(dir, "nowhere") },
			[]string{"there is no", "nowhere", "cifar-10-python.tar.gz"}},
		{"empty folder", func(dir string) string { return t.TempDir() },
			[]string{"holds no CIFAR-10 files", "cifar-10-batches-bin"}},
		{"missing file", func(dir string) string {
			os.Remove(filepath.Join(dir, "data_batch_3.bin"))
			return dir
		}, []string{"data_batch_3.bin is missing"}},
		{"truncated", func(dir string) string {
			writeFile(t, filepath.Join(dir, "data_batch_2.bin"), cifarFile(1)[:5000])
			return dir
		}, []string{"data_batch_2.bin is truncated", "5000 bytes", "expected 9219"}},
		{"too long", func(dir string) string {
			writeFile(t, filepath.Join(dir, "data_batch_2.bin"), long)
			return dir
		}, []string{"data_batch_2.bin is too long", "9220 bytes", "expected 9219"}},
		{"wrong label", func(dir string) string {
			writeFile(t, filepath.Join(dir, "data_batch_5.bin"), badLabel)
			return dir
		}, []string{"data_batch_5.bin", "record 2", "label 10", "0 to 9"}},
		{"folder instead of a file", func(dir string) string {
			path := filepath.Join(dir, binaryCIFAR10.test)
			os.Remove(path)
			os.Mkdir(path, 0o755)
			return dir
		}, []string{"test_batch.bin is not a file"}},
		{"single file", func(dir string) string { return filepath.Join(dir, "data_batch_1.bin") },
			[]string{"single file", "folder"}},
		{"folder of photographs", func(string) string {
			other := t.TempDir()
			writeFile(t, filepath.Join(other, "train", "cat", "1.jpg"), nil)
			return other
		}, []string{"imagenet and imagenetssl take those"}},
		{"empty Python version", func(string) string {
			other := t.TempDir()
			writeFile(t, filepath.Join(other, "data_batch_1"), nil)
			return other
		}, []string{"data_batch_1 is truncated"}},
		{"class names", func(dir string) string {
			writeFile(t, filepath.Join(dir, binaryCIFAR10.meta), []byte("cat\ndog\n"))
			return dir
		}, []string{binaryCIFAR10.meta, "10 classes", "2 words"}},
		{"endless class names", func(dir string) string {
			writeFile(t, filepath.Join(dir, binaryCIFAR10.meta), append([]byte(metaText), bytes.Repeat([]byte{'\n'}, 5000)...))
			return dir
		}, []string{binaryCIFAR10.meta}},
		{"other file", func(dir string) string {
			path := filepath.Join(dir, "photo.zip")
			writeFile(t, path, []byte("PK\x03\x04"))
			return path
		}, []string{"photo.zip is not a gzip file", "50 4b", "cifar-10-binary.tar.gz"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := loadCIFAR(test.spoil(writeFolder(t)), smallVersions())
			checkError(t, err, test.want...)
		})
	}
}

func TestLoadCIFAR10ArchiveErrors(t *testing.T) {
	good := archiveBytes(t, cifarEntries())
	change := func(i int, f func(*entry)) []byte {
		entries := cifarEntries()
		f(&entries[i])
		return archiveBytes(t, entries)
	}
	damaged := bytes.Clone(good)
	damaged[len(damaged)-6] ^= 1 // in the checksum
	for _, test := range []struct {
		name    string
		content []byte
		want    []string
	}{
		{"empty", nil, []string{"not a gzip file"}},
		{"truncated", good[:len(good)/2], []string{"x.tar.gz"}},
		{"truncated at the start", good[:11], []string{"x.tar.gz is truncated"}},
		{"not a tar", gzipped(t, bytes.Repeat([]byte("text "), 1000)), []string{"damaged or no archive of CIFAR"}},
		{"short batch", change(2, func(e *entry) { e.content = e.content[:100] }),
			[]string{"data_batch_2.bin is truncated", "100 bytes", "expected 9219"}},
		{"wrong label", change(6, func(e *entry) { e.content[(1 + cifarPixels)] = 200 }),
			[]string{"test_batch.bin", "record 1", "label 200"}},
		{"link", change(3, func(e *entry) { e.link, e.content = true, nil }), []string{"data_batch_3.bin is not a plain file"}},
		{"twice", change(7, func(e *entry) { *e = cifarEntries()[1] }), []string{"data_batch_1.bin occurs twice"}},
		{"outside", change(1, func(e *entry) { e.name = "../" + e.name }), []string{"lacks data_batch_1.bin"}},
		{"absolute", change(1, func(e *entry) { e.name = "/" + e.name }), []string{"lacks data_batch_1.bin"}},
		{"no CIFAR", archiveBytes(t, cifarEntries()[7:]), []string{"holds no files of CIFAR"}},
		{"huge", change(0, func(e *entry) { *e = entry{name: "zeros", content: make([]byte, 2<<20)} }), []string{"larger inside"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.tar.gz")
			writeFile(t, path, test.content)
			_, _, err := loadCIFAR(path, smallVersions())
			checkError(t, err, test.want...)
		})
	}
	t.Run("checksum", func(t *testing.T) {
		if _, err := readCIFARArchive(bytes.NewReader(damaged), "x", smallVersions()); err == nil {
			t.Error("a damaged archive is accepted")
		}
	})
}

// A wrong size is found before memory is allocated for the content.
func TestArchiveSizesComeFirst(t *testing.T) {
	entries := cifarEntries()[1:2]
	entries[0].content = append(entries[0].content, 0)
	_, err := readCIFARArchive(bytes.NewReader(archiveBytes(t, entries)), "x", smallVersions())
	checkError(t, err, "too long", "9220 bytes, expected 9219")
}

func gzipped(t *testing.T, content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadBatchErrors(t *testing.T) {
	broken := io.MultiReader(bytes.NewReader(cifarFile(0)[:4000]), iotest.ErrReader(errors.New("disk on fire")))
	r := cifarReader{cifarVersion: binaryCIFAR10}
	err := r.binary(broken, "f", make([]uint8, testRecords*3072), make([]uint8, testRecords))
	checkError(t, err, "cannot read f", "disk on fire")
	grown := bytes.NewReader(append(cifarFile(0), 0)) // since its size was looked at
	err = r.binary(grown, "f", make([]uint8, testRecords*3072), make([]uint8, testRecords))
	checkError(t, err, "f goes on after the expected 9219 bytes")
}

// checkError checks that err is one line that holds all the words.
func checkError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
	if strings.Count(err.Error(), "data: ") != 1 || !strings.HasPrefix(err.Error(), "data: ") {
		t.Errorf("the error does not start with the package name, once: %v", err)
	}
}

func FuzzCIFARBatch(f *testing.F) {
	f.Add(cifarFile(0))
	f.Add(cifarFile(0)[:5000])
	f.Add(append(cifarFile(1), 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		sizedtest.Within(t, content, func() {
			images, labels := make([]uint8, testRecords*3072), make([]uint8, testRecords)
			r := cifarReader{cifarVersion: binaryCIFAR10}
			err := r.binary(bytes.NewReader(content), "fuzz", images, labels)
			if (err == nil) != wellFormed(content) {
				t.Fatalf("%d bytes: error %v", len(content), err)
			}
		})
	})
}

func wellFormed(content []byte) bool {
	if len(content) != testRecords*(1+cifarPixels) {
		return false
	}
	for i := 0; i < len(content); i += (1 + cifarPixels) {
		if content[i] > 9 {
			return false
		}
	}
	return true
}

func FuzzCIFARArchive(f *testing.F) {
	f.Add(archiveBytes(f, cifarEntries()))
	f.Add(archiveBytes(f, cifarEntries()[:2]))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, content []byte) {
		sizedtest.Within(t, content, func() {
			r, err := readCIFARArchive(bytes.NewReader(content), "fuzz", smallVersions())
			if err != nil {
				return
			}
			train, test := r.sets()
			if train.Len() != 5*testRecords || test.Len() != testRecords || len(train.Classes) != 10 {
				t.Fatalf("accepted %d + %d images of %d classes", train.Len(), test.Len(), len(train.Classes))
			}
		})
	})
}

func FuzzCIFARMeta(f *testing.F) {
	f.Add([]byte(metaText))
	f.Add([]byte("cat dog"))
	f.Fuzz(func(t *testing.T, content []byte) {
		sizedtest.Within(t, content, func() {
			r := cifarReader{cifarVersion: binaryCIFAR10}
			if err := r.readMeta(bytes.NewReader(content), "fuzz"); err == nil && len(r.names) != 10 {
				t.Fatalf("accepted %d classes", len(r.names))
			}
		})
	})
}
