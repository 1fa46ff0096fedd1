package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// runLog writes line i about step i.
type runLog struct {
	file    *os.File
	w       *bufio.Writer
	encoder *json.Encoder
}

// openLog opens the log at path to continue after the given number of steps.
// Lines beyond, from steps that no checkpoint remembers, are cut off.
func openLog(path string, steps int) (*runLog, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the run log: %w", err)
	}
	end, err := endOfLine(file, steps)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("cannot continue the run log: %w", err)
	}
	w := bufio.NewWriter(file)
	return &runLog{file, w, json.NewEncoder(w)}, nil
}

// endOfLine returns where the first n lines end.
func endOfLine(r io.Reader, n int) (int64, error) {
	lines := bufio.NewReader(r)
	var end int64
	for range n {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return end, nil
		}
		if err != nil {
			return 0, err
		}
		end += int64(len(line))
	}
	return end, nil
}

func (l *runLog) write(s Step) error {
	if err := l.encoder.Encode(s); err != nil {
		return fmt.Errorf("cannot write the run log: %w", err)
	}
	return nil
}

// flush makes sure that the log knows every step that a checkpoint does.
func (l *runLog) flush() error {
	if err := l.w.Flush(); err != nil {
		return fmt.Errorf("cannot write the run log: %w", err)
	}
	return nil
}

func (l *runLog) close() error {
	err := l.flush()
	if closed := l.file.Close(); err == nil {
		err = closed
	}
	return err
}

// ReadLog returns the steps of a run log. A last line that a crash cut short is
// left out.
func ReadLog(path string) ([]Step, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for i, line := range bytes.SplitAfter(text, []byte("\n")) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var s Step
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("%s: line %d is not a step: %w", path, i+1, err)
		}
		steps = append(steps, s)
	}
	return steps, nil
}
