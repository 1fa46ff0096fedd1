package bitext

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/internal/sized"
)

// unpack copies wanted entries of a tar archive, which may be zipped, to files
// of a folder, named as the last parts of their names. Entries whose names end
// with .gz are unzipped, their files lose these letters. Nothing is held in
// memory. It is an error when a wanted entry is missing or is not a file, or when
// the name of any leads out of the archive.
func unpack(ctx context.Context, archive, dir string, wanted []string) error {
	f, err := sized.Open(archive)
	if err != nil {
		return fmt.Errorf("bitext: cannot read an archive: %w", err)
	}
	defer f.Close()
	var content io.Reader = bufio.NewReaderSize(f, 1<<16)
	if magic, _ := content.(*bufio.Reader).Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		if content, err = gzip.NewReader(content); err != nil {
			return archiveError(archive, err)
		}
	}
	missing := slices.Clone(wanted)
	for entries := tar.NewReader(content); len(missing) > 0; {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		header, err := entries.Next()
		if err == io.EOF {
			return fmt.Errorf("bitext: %s lacks %s: get the original archive", archive, strings.Join(missing, ", "))
		}
		if err != nil {
			return archiveError(archive, err)
		}
		name := path.Clean(header.Name)
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("bitext: %s has an entry %q, which leads out of it: get the original archive", archive, header.Name)
		}
		i := slices.Index(missing, name)
		if i < 0 {
			continue
		}
		if header.Typeflag != tar.TypeReg {
			return fmt.Errorf("bitext: %s of %s is not a plain file: get the original archive", name, archive)
		}
		missing = slices.Delete(missing, i, i+1)
		if err := unpackEntry(entries, filepath.Join(dir, path.Base(name))); err != nil {
			return archiveError(archive, err)
		}
	}
	return nil
}

func unpackEntry(content io.Reader, to string) (err error) {
	if unzipped, ok := strings.CutSuffix(to, ".gz"); ok {
		to = unzipped
		if content, err = gzip.NewReader(content); err != nil {
			return err
		}
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// archiveError explains an error of the formats.
func archiveError(archive string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("bitext: %s is truncated: get the whole archive", archive)
	}
	return fmt.Errorf("bitext: cannot unpack %s, which may be damaged: %w", archive, err)
}
