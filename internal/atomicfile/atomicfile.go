// Package atomicfile writes files that appear whole or not at all.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Write replaces the file at path with what write writes. Whatever happens,
// also a crash, path holds either its old content or all of the new one.
func Write(path string, write func(w io.Writer) error) error {
	return Rotate(path, 1, write)
}

// Rotate is [Write] that keeps older contents, keep in all: path holds the
// newest, path.1 the one before it, and so on. After a crash in the middle path
// may be missing, and path.1 is the newest; see [Versions].
func Rotate(path string, keep int, write func(w io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*"+temporary)
	if err != nil {
		return naming(path, err)
	}
	w := bufio.NewWriterSize(f, 1<<16)
	err = write(w)
	if err == nil {
		err = errors.Join(w.Flush(), f.Chmod(0o644), f.Sync())
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = shift(path, keep)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return naming(path, err)
	}
	// The name itself is durable once the folder is on disk. Not every system
	// can sync a folder, and without it the file is still whole.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		dir.Sync()
		dir.Close()
	}
	return nil
}

// naming lets an error tell of the file that was asked for, not of the
// temporary one.
func naming(path string, err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return &fs.PathError{Op: "write", Path: path, Err: p.Err}
	}
	return err
}

// WriteBytes replaces the file at path with data, as [Write] does.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// version is the name of the i-th newest content of a file.
func version(path string, i int) string {
	if i == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, i)
}

// shift frees the name of the newest content: those before the first free name
// become one version older, or all of keep, which ends the oldest.
func shift(path string, keep int) error {
	free := 0
	for free < keep-1 && exists(version(path, free)) {
		free++
	}
	for i := free; i > 0; i-- {
		if err := os.Rename(version(path, i-1), version(path, i)); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Versions lists the files that [Rotate] has left, the newest first.
func Versions(path string) []string {
	var found []string
	for i := 0; ; i++ {
		if exists(version(path, i)) {
			found = append(found, version(path, i))
		} else if i > 0 {
			return found
		}
	}
}

// Remove removes all that belongs to files: their versions, other files whose names are
// their own with a dot and more behind, and what killed writers have left. Nobody may be
// writing them. Each folder is read once.
func Remove(paths ...string) (err error) {
	bases := map[string]map[string]bool{} // by folder
	for _, path := range paths {
		folder, base := filepath.Dir(path), filepath.Base(path)
		if bases[folder] == nil {
			bases[folder] = map[string]bool{}
		}
		bases[folder][base] = true
	}
	for folder, bases := range bases {
		err = errors.Join(err, remove(folder, func(name string) bool { return belongs(name, bases) }))
	}
	return err
}

// belongs reports whether a name is that of something that belongs to one of some files.
func belongs(name string, bases map[string]bool) bool {
	if IsTemporary(name) && bases[name[1:strings.LastIndexByte(name, '-')]] {
		return true
	}
	for i, c := range name {
		if c == '.' && bases[name[:i]] {
			return true
		}
	}
	return bases[name]
}

// temporary is how the names of files end that are being written.
const temporary = ".tmp"

// IsTemporary reports whether a name is that of a file which is being written, or
// was when its writer was killed.
func IsTemporary(name string) bool {
	matched, _ := filepath.Match(".*-[0-9]*"+temporary, name) // the pattern is well formed
	return matched
}

// Sweep removes what killed writers have left in a folder. Nobody may be writing
// to it.
func Sweep(folder string) error { return remove(folder, IsTemporary) }

// remove removes the files in a folder, if there is one, whose names are chosen.
func remove(folder string, chosen func(name string) bool) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.Type().IsRegular() && chosen(e.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(folder, e.Name())))
		}
	}
	return err
}
