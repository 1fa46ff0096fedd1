package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Journal is a file of records, one JSON object a line, that only grows. It is
// how a run remembers what it has finished.
type Journal[R any] struct {
	Records []R // in the order they were appended
	file    *os.File
	size    int64 // of all records
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
	if j.Records, j.size, err = parseJournal[R](text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return j.file.Truncate(j.size)
}

// parseJournal returns the records of a journal, and the size of its whole lines.
func parseJournal[R any](text []byte) (records []R, size int64, err error) {
	whole := bytes.LastIndexByte(text, '\n') + 1
	for line := range bytes.Lines(text[:whole]) {
		var r R
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, 0, fmt.Errorf("line %d is damaged: %w", len(records)+1, err)
		}
		records = append(records, r)
	}
	return records, int64(whole), nil
}

// Append adds a record; it is on disk when Append returns. Where that fails the
// journal is as it was.
func (j *Journal[R]) Append(r R) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err = j.file.Write(line); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(len(line))
	j.Records = append(j.Records, r)
	return nil
}

// Close closes the file.
func (j *Journal[R]) Close() error { return j.file.Close() }
