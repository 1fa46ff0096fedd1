package controller

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"autodropout/internal/sealed"
)

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
		content, err := sealed.Open(text)
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

// CheckLog returns what is wrong with the lines of a log, or nil if all whole lines can be
// read.
func CheckLog(text []byte) error {
	_, err := parse(text)
	return err
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
	return append(sealed.Line(line), '\n')
}
