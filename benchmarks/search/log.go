package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"autodropout/internal/atomicfile"
)

// writeLog writes what searches did, a line for each behind that of what they have in common.
func writeLog[Common, Each any](path string, common *Common, each []Each) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		if err := e.Encode(common); err != nil {
			return err
		}
		for _, x := range each {
			if err := e.Encode(x); err != nil {
				return err
			}
		}
		return nil
	})
}

// readLog reads what writeLog has written, of searches that are called what, with a flag.
func readLog[Common, Each any](path, what, flag string) (common *Common, each []Each, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	for line := range bytes.Lines(text) {
		if common == nil {
			common = new(Common)
			err = json.Unmarshal(line, common)
		} else {
			each = append(each, *new(Each))
			err = json.Unmarshal(line, &each[len(each)-1])
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s is no log of %s: %w", path, what, err)
		}
	}
	if common == nil || len(each) == 0 {
		return nil, nil, fmt.Errorf("%s has no searches: write it with %s", path, flag)
	}
	return common, each, nil
}
