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

	"autodropout/internal/bom"
)

const (
	cifarSize       = 32                      // height and width in pixels
	cifarPlane      = cifarSize * cifarSize   // bytes of one colour of an image
	cifarRecord     = 1 + Channels*cifarPlane // a label, then planes of red, green, blue
	cifarRecords    = 10000                   // records in every file of the original
	cifarFolder     = "cifar-10-batches-bin"  // folder inside the original archive
	cifarMeta       = "batches.meta.txt"      // class names, one a line
	cifarMetaLimit  = 4096                    // bytes; the original has 61
	cifarTestFile   = "test_batch.bin"        // the test part
	cifarTrainFiles = 5                       // number of files of the training part
	cifarWanted     = "data_batch_1.bin to data_batch_5.bin and " + cifarTestFile
)

// cifarFiles names the files of the binary version, the test part last.
var cifarFiles = []string{
	"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin",
	cifarTestFile,
}

// cifarClasses names the classes as batches.meta.txt does.
var cifarClasses = []string{
	"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
}

// LoadCIFAR10 reads CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test
// images of 32x32 pixels. Path is a folder with the files of the binary version
// (data_batch_1.bin to data_batch_5.bin, test_batch.bin and, if the class names
// should be read rather than assumed, batches.meta.txt), a folder that holds
// such a folder under its original name cifar-10-batches-bin, or the original
// archive cifar-10-binary.tar.gz, which is read without unpacking it.
//
// An error names the file, what is wrong with it and what was expected.
func LoadCIFAR10(path string) (train, test *Set, err error) {
	return loadCIFAR10(path, cifarRecords)
}

// loadCIFAR10 is LoadCIFAR10 for files of any number of records.
func loadCIFAR10(path string, records int) (train, test *Set, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("data: there is no %s: give the folder with %s, or cifar-10-binary.tar.gz", path, cifarWanted)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("data: cannot read CIFAR-10: %w", err)
	}
	r := cifarReader{records: records, classes: cifarClasses}
	switch {
	case info.IsDir():
		err = r.folder(path)
	case strings.HasSuffix(path, ".bin"):
		err = fmt.Errorf("data: %s is a single file: give the folder that holds %s", path, cifarWanted)
	case info.Mode().IsRegular():
		err = r.archive(path)
	default:
		err = fmt.Errorf("data: %s is neither a folder nor a file", path)
	}
	if err != nil {
		return nil, nil, err
	}
	train, test = r.sets()
	return train, test, nil
}

// A cifarReader collects the parts of CIFAR-10.
type cifarReader struct {
	records int // in every file
	classes []string
	// The training part, in the order of its files, and the test part.
	trainImages, trainLabels, testImages, testLabels []uint8
}

// fileSize returns the number of bytes of every batch file.
func (r *cifarReader) fileSize() int64 { return int64(r.records) * cifarRecord }

// batch reads one of cifarFiles from src. What src is said to hold has been
// checked: memory is allocated here. Where names the file for errors.
func (r *cifarReader) batch(src io.Reader, name, where string) error {
	index := slices.Index(cifarFiles, name)
	images, labels, files := &r.testImages, &r.testLabels, 1
	if name != cifarTestFile {
		images, labels, files = &r.trainImages, &r.trainLabels, cifarTrainFiles
	} else {
		index = 0
	}
	if *labels == nil {
		*images = make([]uint8, files*r.records*Channels*cifarPlane)
		*labels = make([]uint8, files*r.records)
	}
	lo, hi := index*r.records, (index+1)*r.records
	return readBatch(src, where, (*images)[lo*Channels*cifarPlane:hi*Channels*cifarPlane], (*labels)[lo:hi])
}

// sets returns what was read as sets.
func (r *cifarReader) sets() (train, test *Set) {
	train = &Set{
		Name: "CIFAR-10 training", Height: cifarSize, Width: cifarSize,
		Images: r.trainImages, Labels: r.trainLabels, Classes: r.classes,
	}
	train.setMoments()
	test = &Set{
		Name: "CIFAR-10 test", Height: cifarSize, Width: cifarSize,
		Images: r.testImages, Labels: r.testLabels, Classes: r.classes,
		Mean: train.Mean, Std: train.Std,
	}
	return train, test
}

// readBatch fills images and labels with the records of src, which must hold
// exactly as many. Where names src for errors.
func readBatch(src io.Reader, where string, images, labels []uint8) error {
	in := bufio.NewReaderSize(src, 1<<16)
	var record [cifarRecord]uint8
	for i := range labels {
		n, err := io.ReadFull(in, record[:])
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return sizeError(where, int64(i)*cifarRecord+int64(n), int64(len(labels))*cifarRecord)
		}
		if err != nil {
			return fmt.Errorf("data: cannot read %s: %w", where, err)
		}
		if record[0] >= uint8(len(cifarClasses)) {
			return fmt.Errorf("data: %s is not a CIFAR-10 batch: record %d (counted from 0) has label %d, expected 0 to %d",
				where, i, record[0], len(cifarClasses)-1)
		}
		labels[i] = record[0]
		interleave(images[i*Channels*cifarPlane:(i+1)*Channels*cifarPlane], record[1:])
	}
	if _, err := in.ReadByte(); err == nil {
		return fmt.Errorf("data: %s goes on after the expected %d bytes: it is not a batch of the CIFAR-10 binary version",
			where, int64(len(labels))*cifarRecord)
	} else if err != io.EOF {
		return fmt.Errorf("data: cannot read %s: %w", where, err)
	}
	return nil
}

// interleave turns planes of red, green and blue into pixels.
func interleave(dst, planes []uint8) {
	red, green, blue := planes[:cifarPlane], planes[cifarPlane:2*cifarPlane], planes[2*cifarPlane:]
	for i := range red {
		dst[i*Channels], dst[i*Channels+1], dst[i*Channels+2] = red[i], green[i], blue[i]
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

// folder reads the files in dir or in dir/cifar-10-batches-bin. It allocates
// nothing large before all of them are known to have the right size.
func (r *cifarReader) folder(dir string) error {
	dir, err := findCIFARFolder(dir)
	if err != nil {
		return err
	}
	for _, name := range cifarFiles {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("data: %s is missing from %s: CIFAR-10 needs %s", name, dir, cifarWanted)
		case err != nil:
			return fmt.Errorf("data: cannot read CIFAR-10: %w", err)
		case !info.Mode().IsRegular():
			return fmt.Errorf("data: %s is not a file", path)
		case info.Size() != r.fileSize():
			return sizeError(path, info.Size(), r.fileSize())
		}
	}
	for _, name := range cifarFiles {
		if err := r.batchFile(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return r.metaFile(filepath.Join(dir, cifarMeta))
}

// findCIFARFolder returns dir or its subfolder, whichever holds CIFAR-10 files.
func findCIFARFolder(dir string) (string, error) {
	for _, candidate := range []string{dir, filepath.Join(dir, cifarFolder)} {
		for _, name := range cifarFiles {
			if _, err := os.Stat(filepath.Join(candidate, name)); err == nil {
				return candidate, nil
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "data_batch_1")); err == nil {
		return "", fmt.Errorf("data: %s holds the Python version of CIFAR-10: the binary version is needed (cifar-10-binary.tar.gz)", dir)
	}
	return "", fmt.Errorf("data: %s holds no CIFAR-10 files: expected %s, there or in %s", dir, cifarWanted, cifarFolder)
}

func (r *cifarReader) batchFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("data: cannot read CIFAR-10: %w", err)
	}
	defer f.Close()
	return r.batch(f, filepath.Base(path), path)
}

// metaFile reads the class names, if the file exists.
func (r *cifarReader) metaFile(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("data: cannot read CIFAR-10: %w", err)
	}
	defer f.Close()
	return r.meta(f, path)
}

// meta reads the class names from src. Where names it for errors.
func (r *cifarReader) meta(src io.Reader, where string) error {
	text, err := io.ReadAll(io.LimitReader(src, cifarMetaLimit+1))
	if err != nil {
		return fmt.Errorf("data: cannot read %s: %w", where, err)
	}
	names := strings.Fields(bom.Trim(string(text)))
	if len(text) > cifarMetaLimit || len(names) != len(cifarClasses) {
		return fmt.Errorf("data: %s should name the %d classes of CIFAR-10, one a line; it has %d words in %d bytes or more",
			where, len(cifarClasses), len(names), len(text))
	}
	r.classes = names
	return nil
}
