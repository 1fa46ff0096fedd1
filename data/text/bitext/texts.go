package bitext

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"autodropout/data/text"
	"autodropout/internal/sized"
)

// twoFiles are the files of a text and its translation; either may be nil.
type twoFiles [2]*os.File

// openPair opens a text in two languages, which are the endings of its name.
func openPair(name string, languages [2]text.Language) (twoFiles, error) {
	return openFiles([2]string{name + "." + string(languages[0]), name + "." + string(languages[1])})
}

func openFiles(paths [2]string) (files twoFiles, err error) {
	for i, path := range paths {
		if files[i], err = sized.Open(path); err != nil {
			return twoFiles{}, errors.Join(fmt.Errorf("bitext: cannot read a text: %w", err), files.close())
		}
	}
	return files, nil
}

// size returns the size of both in bytes.
func (f *twoFiles) size() (size int64) {
	for _, file := range f {
		if info, err := file.Stat(); err == nil {
			size += info.Size()
		}
	}
	return size
}

func (f *twoFiles) close() (err error) {
	for _, file := range f {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	return err
}

// lineWriter is being written, a sentence on each line. The first error is kept for close.
type lineWriter struct {
	file *os.File // nil where it could not be made
	out  *bufio.Writer
	err  error
}

func newLineWriter(dir, name string) *lineWriter {
	t := &lineWriter{}
	if t.file, t.err = os.Create(filepath.Join(dir, name)); t.err == nil {
		t.out = bufio.NewWriterSize(t.file, 1<<16)
	}
	return t
}

func (t *lineWriter) write(line string) {
	if t.err == nil {
		_, t.err = t.out.WriteString(line + "\n")
	}
}

func (t *lineWriter) close() error {
	if t.err == nil {
		t.err = t.out.Flush()
	}
	if t.file != nil {
		t.err = errors.Join(t.err, t.file.Close())
	}
	if t.err != nil {
		return fmt.Errorf("bitext: cannot write a text: %w", t.err)
	}
	return nil
}

// texts are a text and its translation that are being written.
type texts [2]*lineWriter

func (j *job) newTexts(dir, name string) *texts {
	return &texts{newLineWriter(dir, name+"."+string(j.Source)), newLineWriter(dir, name+"."+string(j.Target))}
}

func (t *texts) write(p Pair) {
	t[0].write(p.Source)
	t[1].write(p.Target)
}

func (t *texts) close() error { return errors.Join(t[0].close(), t[1].close()) }

func writeFile(name string, content io.WriterTo) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("bitext: cannot write a file: %w", err)
	}
	_, err = content.WriteTo(f)
	return errors.Join(err, f.Close())
}
