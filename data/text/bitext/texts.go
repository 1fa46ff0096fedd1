package bitext

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"autodropout/data/text"
)

// twoFiles are the files of a text and its translation; either may be nil.
type twoFiles [2]*os.File

// openPair opens a text in two languages, which are the endings of its name.
func openPair(name string, languages [2]text.Language) (files twoFiles, err error) {
	for i, l := range languages {
		if files[i], err = os.Open(name + "." + string(l)); err != nil {
			return twoFiles{}, errors.Join(fmt.Errorf("bitext: cannot read a text: %w", err), files.close())
		}
	}
	return files, nil
}

func (f *twoFiles) close() (err error) {
	for _, file := range f {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	return err
}

// remove closes and deletes the files.
func (f *twoFiles) remove() {
	f.close()
	for _, file := range f {
		if file != nil {
			os.Remove(file.Name())
		}
	}
}

// texts are being written. The first error is kept for close.
type texts struct {
	files twoFiles
	out   [2]*bufio.Writer
	err   error
}

// newTexts creates the two files of a text.
func (j *job) newTexts(dir, name string) *texts {
	t := &texts{}
	for i, l := range j.languages {
		f, err := os.Create(filepath.Join(dir, name+"."+string(l)))
		t.err = errors.Join(t.err, err)
		if err == nil {
			t.files[i], t.out[i] = f, bufio.NewWriterSize(f, 1<<16)
		}
	}
	return t
}

func (t *texts) write(p Pair) {
	for i, line := range []string{p.Source, p.Target} {
		if t.err == nil {
			_, t.err = t.out[i].WriteString(line + "\n")
		}
	}
}

func (t *texts) close() error {
	for _, out := range t.out {
		if t.err == nil {
			t.err = out.Flush()
		}
	}
	if err := errors.Join(t.err, t.files.close()); err != nil {
		return fmt.Errorf("bitext: cannot write a text: %w", err)
	}
	return nil
}

func writeFile(name string, content io.WriterTo) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("bitext: cannot write a file: %w", err)
	}
	_, err = content.WriteTo(f)
	return errors.Join(err, f.Close())
}
