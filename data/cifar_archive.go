package data

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"autodropout/internal/sized"
)

// cifarFromArchive reads an original archive of any version. Nothing is unpacked to
// disk, so names in the archive cannot lead anywhere; entries that are not CIFAR files are
// skipped, and an archive much larger than the original is given up.
func cifarFromArchive(file string, versions []cifarVersion) (*cifarReader, error) {
	f, err := sized.Open(file)
	if err != nil {
		return nil, fmt.Errorf("data: cannot read CIFAR-10: %w", err)
	}
	defer f.Close()
	return readCIFARArchive(f, file, versions)
}

// readCIFARArchive reads the archive in src. Where names it for errors.
func readCIFARArchive(src io.Reader, where string, versions []cifarVersion) (*cifarReader, error) {
	buffered := bufio.NewReaderSize(src, 1<<16)
	if magic, _ := buffered.Peek(2); len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return nil, fmt.Errorf("data: %s is not a gzip file (it starts with % x): expected %s, .npz or .parquet", where, magic, cifarHint)
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, archiveError(where, err)
	}
	// The originals hold files with images, of names, a page and padding.
	most := int64(0)
	for _, v := range versions {
		images := int64(len(v.train)*v.trainEach + v.testEach)
		most = max(most, images*int64(v.record())*9/8+1<<20)
	}
	limited := &io.LimitedReader{R: unzipped, N: most}
	a := &cifarArchive{where: where, versions: versions}
	for entries := tar.NewReader(limited); ; {
		header, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = a.entry(header, entries)
		} else {
			err = archiveError(where, err)
		}
		if limited.N <= 0 {
			return nil, fmt.Errorf("data: %s is larger inside than an archive of CIFAR can be", where)
		}
		if err != nil {
			return nil, err
		}
	}
	// The checksum comes last.
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return nil, archiveError(where, err)
	}
	if a.cifarVersion == nil {
		return nil, fmt.Errorf("data: %s holds no files of CIFAR: expected %s", where, cifarHint)
	}
	for _, name := range a.files() {
		if !slices.Contains(a.found, name) {
			return nil, fmt.Errorf("data: %s lacks %s: expected the whole %s", where, name, a.archive)
		}
	}
	return &a.cifarReader, nil
}

// cifarArchive is an archive that is being read. Its version is that of the first file
// which is of one.
type cifarArchive struct {
	cifarReader
	where    string
	versions []cifarVersion
	found    []string // files with images
}

// entry reads one file of the archive if it belongs to the version.
func (a *cifarArchive) entry(header *tar.Header, content io.Reader) error {
	dir, name := path.Split(path.Clean(header.Name))
	dir = strings.TrimSuffix(dir, "/")
	for i := range a.versions {
		v := &a.versions[i]
		if a.cifarVersion == nil && (dir == v.folder || dir == "" && v == &a.versions[0]) && (name == v.meta || slices.Contains(v.files(), name)) {
			a.cifarVersion = v
		}
	}
	if a.cifarVersion == nil || dir != a.folder && dir != "" {
		return nil
	}
	inside := a.where + ": " + header.Name
	if name == a.meta {
		return a.readMeta(content, inside)
	}
	if !slices.Contains(a.files(), name) {
		return nil
	}
	if header.Typeflag != tar.TypeReg {
		return fmt.Errorf("data: %s is not a plain file: get the original archive", inside)
	}
	if err := a.checkSize(name, inside, header.Size); err != nil {
		return err
	}
	if slices.Contains(a.found, name) {
		return fmt.Errorf("data: %s occurs twice: get the original archive", inside)
	}
	a.found = append(a.found, name)
	return a.batch(content, header.Size, name, inside)
}

// archiveError explains an error of the gzip or tar format.
func archiveError(where string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("data: %s is truncated: expected the whole archive", where)
	}
	return fmt.Errorf("data: %s is damaged or no archive of CIFAR: %w", where, err)
}
