package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/data/picture"
	"autodropout/internal/bom"
	"autodropout/internal/glob"
)

const (
	cifarSize      = 32                     // height and width in pixels
	cifarPlane     = cifarSize * cifarSize  // bytes of one colour of an image
	cifarPixels    = Channels * cifarPlane  // planes of red, green, blue
	cifarMetaLimit = 4096                   // bytes of the file with the names of the classes
	cifarFolder    = "cifar-10-batches-bin" // in which CIFAR10 unpacks
	cifarHint      = "cifar-10-binary.tar.gz or cifar-10-python.tar.gz, or the like of CIFAR-100, unpacked or not"
)

// A cifarVersion is a form in which CIFAR-10 or CIFAR-100 is published.
type cifarVersion struct {
	title, folder, archive string
	train                  []string // files
	test, meta             string
	trainEach, testEach    int // images in a file
	labels                 int // of an image, of which the last is the class; 0: the Python version
	classes                int
	labelsKey, classesKey  string   // of the Python version
	usual                  []string // names of the classes, where the file meta is missing
}

var cifar10Names = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// cifarVersions are those that [LoadCIFAR] looks for, in this order.
var cifarVersions = []cifarVersion{
	{
		title: "CIFAR-10", folder: cifarFolder, archive: "cifar-10-binary.tar.gz",
		train: []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
		test:  "test_batch.bin", meta: "batches.meta.txt", trainEach: 10000, testEach: 10000, labels: 1, classes: 10, usual: cifar10Names,
	},
	{
		title: "CIFAR-10", folder: "cifar-10-batches-py", archive: "cifar-10-python.tar.gz",
		train: []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
		test:  "test_batch", meta: "batches.meta", trainEach: 10000, testEach: 10000, classes: 10,
		labelsKey: "labels", classesKey: "label_names", usual: cifar10Names,
	},
	{
		title: "CIFAR-100", folder: "cifar-100-binary", archive: "cifar-100-binary.tar.gz",
		train: []string{"train.bin"}, test: "test.bin", meta: "fine_label_names.txt", trainEach: 50000, testEach: 10000, labels: 2, classes: 100,
	},
	{
		title: "CIFAR-100", folder: "cifar-100-python", archive: "cifar-100-python.tar.gz",
		train: []string{"train"}, test: "test", meta: "meta", trainEach: 50000, testEach: 10000, classes: 100,
		labelsKey: "fine_labels", classesKey: "fine_label_names",
	},
}

// files lists all files with images, the test part last.
func (v *cifarVersion) files() []string { return append(slices.Clone(v.train), v.test) }

// record is the number of bytes of an image of the binary version.
func (v *cifarVersion) record() int { return v.labels + cifarPixels }

// each returns the number of images in a file.
func (v *cifarVersion) each(name string) int {
	if name == v.test {
		return v.testEach
	}
	return v.trainEach
}

// checkSize returns an error unless a file may have a size. Of the binary version it is
// known; a file of the Python version has a little more, for names.
func (v *cifarVersion) checkSize(name, where string, size int64) error {
	want := int64(v.each(name)) * int64(v.record())
	if v.labels > 0 && size != want || v.labels == 0 && (size < want || size > want+want/8+1<<20) {
		return sizeError(where, size, want)
	}
	return nil
}

// LoadCIFAR reads CIFAR-10 or CIFAR-100 (Krizhevsky 2009), the latter with its 100
// fine classes: 50,000 training and 10,000 test images of 32x32 pixels. Path is an
// original archive, which is read without unpacking it, of the binary version or of
// the Python version; the folder that it unpacks to; or a folder that holds such a
// folder under its original name, as torchvision's root does. The names of the classes
// are read where their file is there.
//
// An error names the file, what is wrong with it and what was expected.
func LoadCIFAR(path string) (train, test *Set, err error) { return loadCIFAR(path, cifarVersions) }

// loadCIFAR is LoadCIFAR for the given versions.
func loadCIFAR(path string, versions []cifarVersion) (train, test *Set, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("data: there is no %s: give %s", path, cifarHint)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("data: cannot read CIFAR-10: %w", err)
	}
	r := &cifarReader{}
	switch {
	case info.IsDir():
		r, err = cifarFromFolder(path, versions)
	case strings.HasSuffix(path, ".bin"):
		err = fmt.Errorf("data: %s is a single file: give the folder that holds it and the others", path)
	case info.Mode().IsRegular():
		r, err = cifarFromArchive(path, versions)
	default:
		err = fmt.Errorf("data: %s is neither a folder nor a file: give %s", path, cifarHint)
	}
	if err != nil {
		return nil, nil, err
	}
	train, test = r.sets()
	return train, test, nil
}

// A cifarReader collects the parts of a version.
type cifarReader struct {
	*cifarVersion
	names []string // of the classes
	// The training part, in the order of its files, and the test part.
	trainImages, trainLabels, testImages, testLabels []uint8
}

// batch reads a file with images. What src is said to hold has been
// checked: memory is allocated here. Where names it for errors.
func (r *cifarReader) batch(src io.Reader, size int64, name, where string) error {
	images, labels, files, index := &r.testImages, &r.testLabels, 1, 0
	if name != r.test {
		images, labels, files, index = &r.trainImages, &r.trainLabels, len(r.train), slices.Index(r.train, name)
	}
	n := r.each(name)
	if *labels == nil {
		*images = make([]uint8, files*n*cifarPixels)
		*labels = make([]uint8, files*n)
	}
	lo, hi := index*n, (index+1)*n
	toImages, toLabels := (*images)[lo*cifarPixels:hi*cifarPixels], (*labels)[lo:hi]
	if r.labels == 0 {
		return r.pickled(src, size, where, toImages, toLabels)
	}
	return r.binary(src, where, toImages, toLabels)
}

// sets returns what was read as sets.
func (r *cifarReader) sets() (train, test *Set) {
	names := r.names
	if names == nil {
		names = r.usual
	}
	if names == nil {
		names = numbered(r.classes)
	}
	train = &Set{
		Name: r.title + " training", Height: cifarSize, Width: cifarSize,
		Images: r.trainImages, Labels: r.trainLabels, Classes: names,
	}
	train.setMoments()
	test = &Set{
		Name: r.title + " test", Height: cifarSize, Width: cifarSize,
		Images: r.testImages, Labels: r.testLabels, Classes: names,
		Mean: train.Mean, Std: train.Std,
	}
	return train, test
}

// numbered names classes that have no names.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("class %d", i)
	}
	return names
}

// binary fills images and labels with the records of src, which must hold
// exactly as many. Where names src for errors.
func (r *cifarReader) binary(src io.Reader, where string, images, labels []uint8) error {
	in := bufio.NewReaderSize(src, 1<<16)
	record := make([]uint8, r.record())
	whole := int64(len(labels)) * int64(len(record))
	for i := range labels {
		n, err := io.ReadFull(in, record)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return sizeError(where, int64(i)*int64(len(record))+int64(n), whole)
		}
		if err != nil {
			return fmt.Errorf("data: cannot read %s: %w", where, err)
		}
		if labels[i] = record[r.labels-1]; int(labels[i]) >= r.classes {
			return r.labelError(where, i, int(labels[i]))
		}
		interleave(images[i*cifarPixels:(i+1)*cifarPixels], record[r.labels:])
	}
	if _, err := in.ReadByte(); err == nil {
		return fmt.Errorf("data: %s goes on after the expected %d bytes: it is not a batch of the %s binary version", where, whole, r.title)
	} else if err != io.EOF {
		return fmt.Errorf("data: cannot read %s: %w", where, err)
	}
	return nil
}

func (r *cifarReader) labelError(where string, i, label int) error {
	return fmt.Errorf("data: %s is not a %s batch: record %d (counted from 0) has label %d, expected 0 to %d", where, r.title, i, label, r.classes-1)
}

// interleave turns planes of red, green and blue into pixels.
func interleave[P string | []uint8](dst []uint8, planes P) {
	n := len(planes) / Channels
	for i := range n {
		dst[i*Channels], dst[i*Channels+1], dst[i*Channels+2] = planes[i], planes[n+i], planes[2*n+i]
	}
}

// sizeError says that a batch file has got bytes instead of want.
func sizeError(where string, got, want int64) error {
	how := "truncated"
	if got > want {
		how = "too long"
	}
	return fmt.Errorf("data: %s is %s: it has %d bytes, expected %d", where, how, got, want)
}

// cifarFromFolder reads the files in dir, or in a folder of a version in it. It allocates
// nothing large before all of them are known to have a possible size.
func cifarFromFolder(path string, versions []cifarVersion) (*cifarReader, error) {
	version, dir, err := findCIFAR(path, versions)
	if err != nil {
		return nil, err
	}
	r := &cifarReader{cifarVersion: version}
	sizes := map[string]int64{}
	for _, name := range r.files() {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("data: %s is missing from %s: %s needs %s", name, dir, r.title, strings.Join(r.files(), ", "))
		case err != nil:
			return nil, fmt.Errorf("data: cannot read %s: %w", r.title, err)
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("data: %s is not a file", path)
		}
		if err := r.checkSize(name, path, info.Size()); err != nil {
			return nil, err
		}
		sizes[name] = info.Size()
	}
	read := func(name string, read func(f *os.File, path string) error) error {
		path := filepath.Join(dir, name)
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("data: cannot read %s: %w", r.title, err)
		}
		defer f.Close()
		return read(f, path)
	}
	for _, name := range r.files() {
		if err := read(name, func(f *os.File, path string) error { return r.batch(f, sizes[name], name, path) }); err != nil {
			return nil, err
		}
	}
	if info, err := os.Stat(filepath.Join(dir, r.meta)); err != nil || !info.Mode().IsRegular() {
		return r, nil
	}
	return r, read(r.meta, func(f *os.File, path string) error { return r.readMeta(f, path) })
}

// findCIFAR returns the version of which files are in dir or in its folder in dir, and
// where they are.
func findCIFAR(dir string, versions []cifarVersion) (*cifarVersion, string, error) {
	for i := range versions {
		v := &versions[i]
		for _, candidate := range []string{dir, filepath.Join(dir, v.folder)} {
			for _, name := range v.files() {
				info, err := os.Stat(filepath.Join(candidate, name))
				if err != nil {
					continue
				}
				if !info.IsDir() || strings.HasSuffix(name, ".bin") { // train is also a folder of photographs
					return v, candidate, nil
				}
			}
		}
	}
	if hasPictures(dir) {
		return nil, "", fmt.Errorf("data: %s holds images as files in folders: the programs imagenet and imagenetssl take those", dir)
	}
	return nil, "", fmt.Errorf("data: %s holds no CIFAR-10 files, nor others that are known: expected %s, there or in %s, or %s, or a file of NumPy, or a folder of Parquet files",
		dir, strings.Join(versions[0].files(), ", "), versions[0].folder, cifarHint)
}

// hasPictures reports whether a folder holds images, up to two folders deep.
func hasPictures(dir string) bool {
	for _, pattern := range []string{"*", "*/*", "*/*/*"} {
		if slices.ContainsFunc(glob.In(dir, pattern), func(name string) bool {
			return slices.Contains(picture.Endings, strings.ToLower(filepath.Ext(name)))
		}) {
			return true
		}
	}
	return false
}

// readMeta reads the names of the classes from src. Where names it for errors.
func (r *cifarReader) readMeta(src io.Reader, where string) error {
	text, err := io.ReadAll(io.LimitReader(src, cifarMetaLimit+1))
	if err != nil {
		return fmt.Errorf("data: cannot read %s: %w", where, err)
	}
	var names []string
	if r.labels == 0 {
		names, err = r.pickledNames(text, where)
	} else {
		names = strings.Fields(bom.Trim(string(text)))
	}
	if err != nil {
		return err
	}
	if len(text) > cifarMetaLimit || len(names) != r.classes {
		return fmt.Errorf("data: %s should name the %d classes of %s, one a line; it has %d words in %d bytes or more",
			where, r.classes, r.title, len(names), len(text))
	}
	r.names = names
	return nil
}
