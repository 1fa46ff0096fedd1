package controller

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"math/bits"
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

	// Live is whether mutations change a choice that counts, whether coordinate ascent looks
	// at points whose results come after those of their batch, and whether a grid of a whole
	// space tries all its points with one seed before the next. In logs of before 2026-11-30
	// mutations change any choice; before 2026-12-01 late points are lost, and neighbours in
	// a grid have different seeds.
	Live bool `json:"live,omitempty"`
}

// newHeader returns the header of a new search.
func newHeader(config Config, space dropout.Space) header {
	return header{logVersion, space, config, config.lives()}
}

// lives reports whether the search changes points that it has tried, and would find others
// under the header of an old log.
func (c *Config) lives() bool {
	late := c.Algorithm == Coordinate && c.InFlight > c.Repeats
	grid := c.Algorithm == Grid && c.Points == nil && c.Seeds > 1
	return late || grid || c.Algorithm == Evolution || c.Algorithm == Local
}

// settings returns the configuration of the search that the log is of.
func (h *header) settings() Config {
	c := h.Config
	c.old = !h.Live
	return c
}

// begun returns the header under which a search goes on that a log has begun, as it
// began.
func (want header) begun(log []byte) header {
	before := want
	before.Live = false
	first, _, _ := bytes.Cut(log, []byte{'\n'})
	if c, _ := parse(append(bytes.Clone(first), '\n')); c.header != nil && !c.header.Live || nearly(log, encode(before)) {
		return before
	}
	return want
}

// record is any other line; exactly one of its fields is set.
type record struct {
	Sampled  *Trial  `json:"sampled,omitempty"`
	Finished *Result `json:"finished,omitempty"`
}

// log is a trial log that is open for appending. A nil log records nothing.
type log struct {
	file   disk.File
	header header
	mirror func(line int, text []byte) error // nil: none
	lines  int                               // that the mirror has
	behind []byte                            // lines that it does not have yet

	sum   hash.Hash // SHA-256 of all lines
	size  int       // of them, in bytes
	known *memory   // what a file beside it knows; nil: nothing
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
	want = want.begun(data)
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
		if err := cmp.Or(want.differs(*c.header), want.foreign(c.records)); err != nil {
			return nil, contents{}, "", err
		}
	}
	l = &log{file: file, header: want, mirror: mirror, sum: sha256.New()}
	l.grow(data[:c.size])
	left := len(data) - c.size
	if left > 0 {
		cut = fmt.Sprintf("the last line of %s was cut short (%d bytes); it was removed and its trial runs again", path, left)
	}
	if repaired := !bytes.HasPrefix(whole, data[:c.size]); repaired || wrong != nil {
		aside := disk.Aside(d, path)
		if err := disk.WriteFile(d, aside, whole); err != nil {
			return nil, contents{}, "", err
		}
		cut = fmt.Sprintf("%s is damaged: %v. The search continues from the lines before the damage; %s is a copy of the damaged log", path, wrong, aside)
		if repaired {
			cut = fmt.Sprintf("the first line of %s is damaged; it was written again, and %s is a copy of the damaged log", path, aside)
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
	l.known = readMemory(d, path, data[:c.size])
	if c.header == nil {
		if err := l.write(first); err != nil {
			return nil, contents{}, "", err
		}
		d.SyncFolder(path)
	}
	return l, c, cut, l.reflect()
}

// nearly reports whether a log begins with a first line that some bits make
// another, and not with that of another search: its checksum would be another too,
// and 1 of 90,000 differs in so few bits.
func nearly(data, first []byte) bool {
	const most = 6 // as many may flip where a coordinator is killed before it can mend one
	differ, both := 0, min(len(data), len(first))
	for i := range both {
		differ += bits.OnesCount8(data[i] ^ first[i])
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
	either := maps.Clone(w)
	maps.Copy(either, h)
	for _, key := range slices.Sorted(maps.Keys(either)) {
		if !bytes.Equal(w[key], h[key]) {
			return fmt.Errorf("it was begun with another %q (%s; now %s); use the same settings, or another file", key, short(h[key]), short(w[key]))
		}
	}
	return nil
}

// foreign returns an error where a trial was computed with something else than the
// search is, or was before.
func (want header) foreign(records []record) error {
	for i, r := range records {
		identity := ""
		if r.Sampled != nil {
			identity = r.Sampled.Identity
		} else {
			identity = r.Finished.Identity
		}
		if identity != "" && want.Identity != "" && identity != want.Identity && !slices.Contains(want.Earlier, identity) {
			return fmt.Errorf("the trial of line %d has the identity %s, and this search %s: it was computed with other data, settings or another program; use another file", i+2, identity, want.Identity)
		}
	}
	return nil
}

// short returns the beginning of a setting that may be long.
func short(text []byte) string {
	const most = 120
	if text == nil {
		return "none"
	}
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}

// append adds records with one write; they are on disk when append returns. Where that
// fails the log is as it was, so that what comes later does not follow half a line.
func (l *log) append(records []record) error {
	if l == nil || len(records) == 0 {
		return nil
	}
	var lines []byte
	for _, r := range records {
		lines = append(lines, encode(r)...)
	}
	if err := l.write(lines); err != nil {
		return fmt.Errorf("controller: the trial log cannot be written: %w", err)
	}
	return nil
}

func (l *log) write(lines []byte) error {
	end, err := l.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err = l.file.Write(lines); err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		_, back := l.file.Seek(end, io.SeekStart)
		return errors.Join(err, back, l.file.Truncate(end))
	}
	l.grow(lines)
	return nil
}

// grow takes in lines that are on disk.
func (l *log) grow(lines []byte) {
	l.sum.Write(lines)
	l.size += len(lines)
	if l.mirror != nil {
		l.behind = append(l.behind, lines...)
	}
}

// reflect gives the mirror the lines that it does not have yet.
func (l *log) reflect() error {
	if l == nil {
		return nil
	}
	for line := range bytes.Lines(l.behind) {
		if err := l.mirror(l.lines, line); err != nil {
			return fmt.Errorf("controller: the mirror of the trial log cannot be written: %w", err)
		}
		l.lines++
		l.behind = l.behind[len(line):]
	}
	return nil
}

func (l *log) close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
