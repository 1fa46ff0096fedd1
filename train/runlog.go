package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// runLog writes line i about step, or validation, i. Lines that cannot be written wait until
// they can.
type runLog struct {
	file    *os.File
	waiting bytes.Buffer
}

// openLog opens the log at path to continue after the given number of lines, and
// returns how many of them it lacks.
// Lines beyond, from steps that no checkpoint remembers, are cut off.
func openLog(path string, done int) (log *runLog, lacks int, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot open the run log: %w", err)
	}
	end, lacks, err := endOfLine(file, done)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, 0, fmt.Errorf("cannot continue the run log: %w", err)
	}
	return &runLog{file: file}, lacks, nil
}

// endOfLine returns where the first n lines end, and how many of them are not there.
func endOfLine(r io.Reader, n int) (end int64, lacks int, err error) {
	lines := bufio.NewReader(r)
	for i := range n {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return end, n - i, nil
		}
		if err != nil {
			return 0, 0, err
		}
		end += int64(len(line))
	}
	return end, 0, nil
}

func (l *runLog) write(line any) error {
	const enough = 1 << 12 // bytes
	if err := json.NewEncoder(&l.waiting).Encode(line); err != nil {
		return fmt.Errorf("cannot write the run log: %w", err)
	}
	if l.waiting.Len() >= enough {
		l.waiting.WriteTo(l.file) // flush reports what is wrong
	}
	return nil
}

// flush makes sure that the log on disk knows every step that a checkpoint does.
func (l *runLog) flush() error {
	if _, err := l.waiting.WriteTo(l.file); err != nil {
		return err
	}
	return l.file.Sync()
}

func (l *runLog) close() error {
	return errors.Join(l.flush(), l.file.Close())
}

// ReadLog returns the steps of a run log. A last line that a crash cut short is left out.
// If a line does not belong to a log, the steps before it are returned with the error.
func ReadLog(path string) ([]Step, error) { return readLog[Step](path, "a step") }

// ReadValidations returns the lines of a validation log, as [ReadLog] does those of a
// run log.
func ReadValidations(path string) ([]Validation, error) {
	return readLog[Validation](path, "a validation")
}

func readLog[L any](path, what string) ([]L, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines, err := parseLog[L](text, what)
	if err != nil {
		return lines, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

func parseLog[L any](text []byte, what string) (lines []L, err error) {
	for i, line := range bytes.SplitAfter(text, []byte("\n")) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var l L
		if err := json.Unmarshal(line, &l); err != nil {
			return lines, fmt.Errorf("line %d is not %s: %w", i+1, what, err)
		}
		lines = append(lines, l)
	}
	return lines, nil
}
