package dropout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"autodropout/internal/atomicfile"
	"autodropout/internal/bom"
)

// maxFile is far above the size of any pattern file, in bytes.
const maxFile = 1 << 20

// Pattern is a learned dropout pattern: a [ConvPattern] or a [SequencePattern].
type Pattern interface {
	// Policy returns the policy that applies the pattern to the network with the
	// given sites. It is an error when the pattern does not fit the network.
	Policy(sites []Site) (Policy, error)
	// Times returns the pattern that drops factor times as much, as nearly as a pattern can:
	// its strength, where one number is to be tuned. A factor is 0 or more, and 1
	// changes nothing.
	Times(factor float64) Pattern
	// Save writes the pattern to a file that [LoadPattern] reads. The file appears
	// whole or not at all.
	Save(path string) error
	// String describes the pattern for a person.
	String() string
}

// LoadPattern reads a pattern from a JSON file. Kind says which type it has:
// "convnet" is a [*ConvPattern],
//
//	{
//	  "version": 1,
//	  "kind": "convnet",
//	  "origin": {"task": "cifar10", "model": "wrn-28-2"},
//	  "stages": [
//	    [
//	      {"size": 0.25, "stride": 0.5, "repeat": 2, "rotate": 30, "shear_x": 0, "shear_y": 0.1, "share_c": true, "residual": false}
//	    ]
//	  ]
//	}
//
// and "sequence" is a [*SequencePattern], with instead of the stages
//
//	"places": {
//	  "query": {"size": 4, "stride": 8, "share_t": true, "share_c": false, "drop": 0.2},
//	  ...
//	}
//
// for query, key, value, probability, projection, inner and output. Version 2 has the
// fields of [BlockPattern] and [TokenPattern] that are not the paper's as well, and may
// have the places words, input and final. A person may edit the file: values need not be on the grid of the search, only in the
// ranges of [BlockPattern] and [TokenPattern]. Everything but origin must be
// there, and nothing else may be.
func LoadPattern(path string) (Pattern, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("pattern file %s cannot be read: %w", path, reason(err))
	}
	p, err := ParsePattern(data)
	if err != nil {
		return nil, fmt.Errorf("pattern file %s: %w", path, err)
	}
	return p, nil
}

// ParsePattern returns the pattern in the content of a file of [LoadPattern].
func ParsePattern(data []byte) (Pattern, error) {
	var p interface {
		Pattern
		json.Unmarshaler
	} = new(ConvPattern)
	switch _, kind, err := fileKind(data); {
	case err != nil:
		return nil, err
	case kind == strconv.Quote(sequenceKind):
		p = new(SequencePattern)
	case kind != "" && kind != strconv.Quote(convKind):
		return nil, fmt.Errorf("kind is %s, and patterns have kind %q or %q: give the file one of them", kind, convKind, sequenceKind)
	}
	if err := p.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	return p, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("it is larger than %d bytes, too large for a pattern", maxFile)
	}
	return []byte(bom.Trim(string(data))), err
}

// reason strips the operation and the path, which our messages have already.
func reason(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	var linkError *os.LinkError
	if errors.As(err, &linkError) {
		return linkError.Err
	}
	return err
}

// Save implements [Pattern].
func (p *ConvPattern) Save(path string) error { return save(p, path) }

// Save implements [Pattern].
func (p *SequencePattern) Save(path string) error { return save(p, path) }

func save(p json.Marshaler, path string) error {
	data, err := p.MarshalJSON()
	if err == nil {
		err = atomicfile.WriteBytes(path, data)
	}
	if err != nil {
		return fmt.Errorf("pattern file %s cannot be written: %w", path, reason(err))
	}
	return nil
}
