package controller

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"

	"autodropout/dropout"
	"autodropout/internal/disk"
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

// parse reads a log. The last line is torn when it does not end in a newline; of
// any other line that cannot be read a *damage tells, and the contents are those
// before it.
func parse(data []byte) (contents, error) {
	var c contents
	for line := 1; ; line++ {
		text, _, whole := bytes.Cut(data[c.size:], []byte{'\n'})
		if !whole {
			return c, nil
		}
		content, err := unseal(text)
		var r record
		switch {
		case err != nil:
		case c.header == nil:
			var h *header
			if h, err = parseHeader(content); err == nil {
				c.header = h
			}
		default:
			if err = decode(content, &r); err == nil && (r.Sampled == nil) == (r.Finished == nil) {
				err = errors.New("neither a sampled nor a finished trial")
			}
		}
		if err != nil {
			return c, &damage{line, err}
		}
		if line > 1 {
			c.records = append(c.records, r)
		}
		c.size += len(text) + 1
	}
}

// damage is a line that cannot be read.
type damage struct {
	line int
	why  error
}

func (d *damage) Error() string { return fmt.Sprintf("line %d cannot be read (%v)", d.line, d.why) }

// CheckLog returns what is wrong with the lines of a log, nil where all that are
// whole can be read.
func CheckLog(text []byte) error {
	_, err := parse(text)
	return err
}

// sealed is how a line ends: with the CRC-32 of what stands before it.
const sealed = `,"crc":"%08x"}`

// seal gives a line, an object in JSON, its checksum.
func seal(line []byte) []byte {
	content := bytes.TrimSuffix(line, []byte("}"))
	return fmt.Appendf(bytes.Clone(content), sealed, crc32.ChecksumIEEE(content))
}

// unseal returns the object of a line, without its checksum. Logs of before
// 2026-11-29 have none.
func unseal(line []byte) ([]byte, error) {
	at := bytes.LastIndex(line, []byte(`,"crc":"`))
	if at < 0 {
		return line, nil
	}
	content := line[:at]
	if string(line[at:]) != fmt.Sprintf(sealed, crc32.ChecksumIEEE(content)) {
		return nil, errors.New("it is not what was written: its checksum is another")
	}
	return append(bytes.Clone(content), '}'), nil
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
	return append(seal(line), '\n')
}

// log is a trial log that is open for appending. A nil log records nothing.
type log struct {
	file   disk.File
	mirror func(line int, text []byte) error // nil: none
	lines  int                               // that the mirror has
}

// openLog opens or creates the log at config.Path for a search with the given
// header. It returns what the log holds, and what was cut off in a sentence, ""
// where nothing was: a torn last line, or all from a damaged one on, of which a copy
// is kept. Those trials run again.
func openLog(d disk.Disk, path string, want header, mirror func(line int, text []byte) error) (l *log, c contents, cut string, err error) {
	file, err := d.Open(path)
	if err != nil {
		return nil, contents{}, "", fmt.Errorf("controller: the trial log cannot be opened: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()
			err = fmt.Errorf("controller: the trial log %s cannot be used: %w", path, err)
		}
	}()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, contents{}, "", err
	}
	first := encode(want)
	whole := data
	if nearly(data, first) {
		// The first line can be made again, and what stands below it stands.
		data = append(bytes.Clone(first), data[min(len(first), len(data)):]...)
	}
	c, wrong := parse(data)
	switch {
	case c.header == nil && wrong != nil:
		return nil, contents{}, "", fmt.Errorf("%w; repair it, or use another file", wrong)
	case c.header == nil && !bytes.HasPrefix(first, data):
		// Perhaps not a log at all, and cutting it off would destroy it.
		return nil, contents{}, "", errors.New("it belongs to something else; use another file")
	case c.header != nil:
		if err := want.differs(*c.header); err != nil {
			return nil, contents{}, "", err
		}
	}
	l = &log{file: file, mirror: mirror}
	left := len(data) - c.size
	if left > 0 {
		cut = fmt.Sprintf("the last line of %s was cut short (%d bytes); it was removed and its trial runs again", path, left)
	}
	if repaired := !bytes.HasPrefix(whole, data[:c.size]); repaired || wrong != nil {
		aside := path + ".damaged"
		if err := disk.WriteFile(d, aside, whole); err != nil {
			return nil, contents{}, "", err
		}
		cut = fmt.Sprintf("%s is damaged: %v; it goes on with what stands before, and %s is a copy of all", path, wrong, aside)
		if repaired {
			cut = fmt.Sprintf("the first line of %s is damaged; it was written again, and %s is a copy of all", path, aside)
			if err := disk.WriteFile(d, path, data[:c.size]); err != nil {
				return nil, contents{}, "", err
			}
			again, err := d.Open(path)
			if err != nil {
				return nil, contents{}, "", err
			}
			file.Close()
			file, l.file = again, again
		}
	}
	if left > 0 {
		if err := file.Truncate(int64(c.size)); err != nil {
			return nil, contents{}, "", err
		}
	}
	if _, err := file.Seek(int64(c.size), io.SeekStart); err != nil {
		return nil, contents{}, "", err
	}
	for line := range bytes.Lines(data[:c.size]) {
		if err := l.reflect(line); err != nil {
			return nil, contents{}, "", err
		}
	}
	if c.header == nil {
		if err := l.write(first); err != nil {
			return nil, contents{}, "", err
		}
		d.SyncFolder(path)
	}
	return l, c, cut, nil
}

// nearly reports whether a log begins with a first line that a bit or two make
// another, and not with that of another search: its checksum would be another too.
func nearly(data, first []byte) bool {
	const most = 3 // bytes
	differ, both := 0, min(len(data), len(first))
	for i := range both {
		if data[i] != first[i] {
			differ++
		}
	}
	return differ > 0 && differ <= min(most, both/16)
}

// differs returns an error that names the first setting in which the header of
// an existing log is not what the search wants.
func (want header) differs(have header) error {
	settings := func(h header) (m map[string]json.RawMessage) {
		text, err := json.Marshal(h)
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		if err != nil {
			panic(err) // a type of this package that has no JSON form
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
