package outside

import (
	"archive/tar"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/internal/atomicfile"
)

// kept calls visit with the files of a folder that a copy of it has: no links, and
// nothing that is being written. Names are relative, with slashes.
func kept(folder string, visit func(name string, info fs.FileInfo) error) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != folder {
			return nil // it has just been removed
		}
		if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(path, ".tmp") {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(name), info)
	})
}

// Print returns what tells one state of a program's files in a folder from another: their names,
// sizes and times. What the search writes itself does not count.
func Print(folder string) (uint64, error) {
	sum := fnv.New64a()
	err := kept(folder, func(name string, info fs.FileInfo) error {
		if name == spentFile || name != Result && slices.Contains(lasting, name) {
			return nil
		}
		_, err := fmt.Fprintln(sum, name, info.Size(), info.ModTime().UnixNano())
		return err
	})
	return sum.Sum64(), err
}

// Pack writes a copy of a folder to a file, which appears whole or not at all.
func Pack(folder, to string) error {
	return atomicfile.Write(to, func(w io.Writer) error {
		out := tar.NewWriter(w)
		err := kept(folder, func(name string, info fs.FileInfo) error {
			f, err := os.Open(filepath.Join(folder, name))
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			defer f.Close()
			if err := out.WriteHeader(&tar.Header{Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}); err != nil {
				return err
			}
			if _, err := io.CopyN(out, f, info.Size()); err != nil {
				return fmt.Errorf("%s has changed meanwhile: %w", name, err)
			}
			return nil
		})
		return errors.Join(err, out.Close())
	})
}

// Unpack makes a folder from a copy.
func Unpack(from, folder string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	in := tar.NewReader(f)
	for {
		h, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(h.Name) || h.Typeflag != tar.TypeReg {
			return fmt.Errorf("%q in the copy of a folder is not a file in it", h.Name)
		}
		path := filepath.Join(folder, h.Name)
		if err := errors.Join(unpack(in, path, fs.FileMode(h.Mode).Perm()), os.Chtimes(path, h.ModTime, h.ModTime)); err != nil {
			return err
		}
	}
}

func unpack(from io.Reader, path string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
