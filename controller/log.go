package controller

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"autodropout/dropout"
)

// logVersion grows when the lines of the log change their meaning.
const logVersion = 1

// header is the first line of a log: all that decides what a search finds.
type header struct {
	Version int           `json:"version"`
	Space   dropout.Space `json:"space"`
	Config
}

// record is any other line; exactly one of its fields is set.
type record struct {
	Sampled  *Trial  `json:"sampled,omitempty"`
	Finished *Result `json:"finished,omitempty"`
}

// contents are the whole lines of a log.
type contents struct {
	header  *header // nil: there is none yet
	records []record
	size    int // in bytes; what comes after is a torn line
}

// parse reads a log. The last line is torn when it does not end in a newline;
// any other line that cannot be read is an error.
func parse(data []byte) (contents, error) {
	var c contents
	for line := 1; ; line++ {
		text, _, whole := bytes.Cut(data[c.size:], []byte{'\n'})
		if !whole {
			return c, nil
		}
		var err error
		if c.header == nil {
			c.header, err = parseHeader(text)
		} else {
			var r record
			err = decode(text, &r)
			if err == nil && (r.Sampled == nil) == (r.Finished == nil) {
				err = errors.New("neither a sampled nor a finished trial")
			}
			c.records = append(c.records, r)
		}
		if err != nil {
			return contents{}, fmt.Errorf("line %d cannot be read (%v)", line, err)
		}
		c.size += len(text) + 1
	}
}

func parseHeader(line []byte) (*header, error) {
	// Of another version only this much is known.
	var v struct{ Version int }
	if err := json.Unmarshal(line, &v); err != nil {
		return nil, err
	}
	if v.Version != logVersion {
		return nil, fmt.Errorf("version %d, where this program reads version %d", v.Version, logVersion)
	}
	h := &header{}
	return h, decode(line, h)
}

// decode is json.Unmarshal for a line that must hold nothing but v.
func decode(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the record")
	}
	return nil
}

// encode returns v as a line.
func encode(v any) []byte {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type of this package that has no JSON form
	}
	return append(line, '\n')
}

// log is a trial log that is open for appending. A nil log records nothing.
type log struct {
	file   *os.File
	mirror func(line int, text []byte) error // nil: none
	lines  int                               // that the mirror has
}

// openLog opens or creates the log at path for a search with the given header.
// It returns what the log holds, and the length of a torn last line, which is
// cut off.
func openLog(path string, want header, mirror func(line int, text []byte) error) (l *log, c contents, torn int, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, contents{}, 0, fmt.Errorf("controller: the trial log cannot be opened: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()
			err = fmt.Errorf("controller: the trial log %s cannot be used: %w", path, err)
		}
	}()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, contents{}, 0, err
	}
	if c, err = parse(data); err != nil {
		return nil, contents{}, 0, fmt.Errorf("%w; repair it, or use another file", err)
	}
	first := encode(want)
	if c.header == nil && !bytes.HasPrefix(first, data) {
		// Perhaps not a log at all, and cutting it off would destroy it.
		return nil, contents{}, 0, errors.New("it belongs to something else; use another file")
	}
	if c.header != nil {
		if err := want.differs(*c.header); err != nil {
			return nil, contents{}, 0, err
		}
	}
	l = &log{file: file, mirror: mirror}
	torn = len(data) - c.size
	if torn > 0 {
		if err := file.Truncate(int64(c.size)); err != nil {
			return nil, contents{}, 0, err
		}
	}
	if _, err := file.Seek(int64(c.size), io.SeekStart); err != nil {
		return nil, contents{}, 0, err
	}
	for line := range bytes.Lines(data[:c.size]) {
		if err := l.reflect(line); err != nil {
			return nil, contents{}, 0, err
		}
	}
	if c.header == nil {
		if err := l.write(first); err != nil {
			return nil, contents{}, 0, err
		}
		if err := syncFolder(path); err != nil {
			return nil, contents{}, 0, err
		}
	}
	return l, c, torn, nil
}

// differs returns an error that names the first setting in which the header of
// an existing log is not what the search wants.
func (want header) differs(have header) error {
	settings := func(h header) (m map[string]json.RawMessage) {
		if err := json.Unmarshal(encode(h), &m); err != nil {
			panic(err) // it was encoded a moment ago
		}
		return m
	}
	w, h := settings(want), settings(have)
	for _, key := range slices.Sorted(maps.Keys(w)) {
		if !bytes.Equal(w[key], h[key]) {
			return fmt.Errorf("it was begun with another %q (%s; now %s); use the same settings, or another file", key, short(h[key]), short(w[key]))
		}
	}
	return nil
}

// short returns the beginning of a text that may be long.
func short(text []byte) string {
	const most = 120
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}

// append adds a record; it is on disk when append returns. Where that fails the
// log is as it was, so that what comes later does not follow half a line.
func (l *log) append(r record) error {
	if l == nil {
		return nil
	}
	if err := l.write(encode(r)); err != nil {
		return fmt.Errorf("controller: the trial log cannot be written: %w", err)
	}
	return nil
}

func (l *log) write(line []byte) error {
	end, err := l.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err = l.file.Write(line); err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		_, back := l.file.Seek(end, io.SeekStart)
		return errors.Join(err, back, l.file.Truncate(end))
	}
	return l.reflect(line)
}

// reflect gives the next line to the mirror.
func (l *log) reflect(line []byte) error {
	if l.mirror == nil {
		return nil
	}
	if err := l.mirror(l.lines, line); err != nil {
		return fmt.Errorf("its mirror: %w", err)
	}
	l.lines++
	return nil
}

func (l *log) close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

// syncFolder makes the name of a new file as durable as what is in it.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
