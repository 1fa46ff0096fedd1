package data

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// archive reads cifar-10-binary.tar.gz. Nothing is unpacked to disk, so names in
// the archive cannot lead anywhere; entries that are not CIFAR-10 files are
// skipped, and an archive much larger than the original is given up.
func (r *cifarReader) archive(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("data: cannot read CIFAR-10: %w", err)
	}
	defer f.Close()
	return r.archiveFrom(f, file)
}

// archiveFrom reads the archive in src. Where names it for errors.
func (r *cifarReader) archiveFrom(src io.Reader, where string) error {
	buffered := bufio.NewReaderSize(src, 1<<16)
	if magic, _ := buffered.Peek(2); len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return fmt.Errorf("data: %s is not a gzip file (it starts with % x): expected cifar-10-binary.tar.gz", where, magic)
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return archiveError(where, err)
	}
	// The original holds the batches, the meta file, a page and padding.
	limited := &io.LimitedReader{R: unzipped, N: int64(len(cifarFiles))*r.fileSize() + 1<<20}
	var found []string
	for entries := tar.NewReader(limited); ; {
		header, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.entry(header, entries, where, &found)
		} else {
			err = archiveError(where, err)
		}
		if limited.N <= 0 {
			return fmt.Errorf("data: %s is larger inside than cifar-10-binary.tar.gz can be", where)
		}
		if err != nil {
			return err
		}
	}
	// The checksum comes last.
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return archiveError(where, err)
	}
	for _, name := range cifarFiles {
		if !slices.Contains(found, name) {
			return fmt.Errorf("data: %s lacks %s: expected cifar-10-binary.tar.gz", where, name)
		}
	}
	return nil
}

// entry reads one file of the archive if it belongs to CIFAR-10, and notes the
// batches it found.
func (r *cifarReader) entry(header *tar.Header, content io.Reader, where string, found *[]string) error {
	dir, name := path.Split(path.Clean(header.Name))
	if dir != "" && dir != cifarFolder+"/" {
		if strings.HasPrefix(dir, "cifar-10-batches-py") {
			return fmt.Errorf("data: %s is the Python version of CIFAR-10: the binary version is needed (cifar-10-binary.tar.gz)", where)
		}
		return nil
	}
	inside := where + ": " + header.Name
	if name == cifarMeta {
		return r.meta(content, inside)
	}
	if !slices.Contains(cifarFiles, name) {
		return nil
	}
	switch {
	case header.Typeflag != tar.TypeReg:
		return fmt.Errorf("data: %s is not a plain file", inside)
	case header.Size != r.fileSize():
		return sizeError(inside, header.Size, r.fileSize())
	case slices.Contains(*found, name):
		return fmt.Errorf("data: %s occurs twice", inside)
	}
	*found = append(*found, name)
	return r.batch(content, name, inside)
}

// archiveError explains an error of the gzip or tar format.
func archiveError(where string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("data: %s is truncated: expected the whole cifar-10-binary.tar.gz", where)
	}
	return fmt.Errorf("data: %s is damaged or not cifar-10-binary.tar.gz: %w", where, err)
}
