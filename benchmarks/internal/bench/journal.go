package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Journal is a file of records, one JSON object a line, that only grows. It is
// how a run remembers what it has finished.
type Journal[R any] struct {
	Records []R // in the order they were appended
	file    *os.File
}

// OpenJournal opens the journal at path, which need not exist, and reads its
// records. A last line that a crash cut short is removed.
func OpenJournal[R any](path string) (*Journal[R], error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	j := &Journal[R]{file: file}
	if err := j.read(path); err != nil {
		file.Close()
		return nil, err
	}
	return j, nil
}

func (j *Journal[R]) read(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	for line := range bytes.Lines(text[:whole]) {
		var r R
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("%s: line %d is damaged: %w", path, len(j.Records)+1, err)
		}
		j.Records = append(j.Records, r)
	}
	return j.file.Truncate(int64(whole))
}

// Append adds a record; it is on disk when Append returns.
func (j *Journal[R]) Append(r R) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.Records = append(j.Records, r)
	return nil
}

// Close closes the file.
func (j *Journal[R]) Close() error { return j.file.Close() }
