package dropout

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"autodropout/internal/atomicfile"
)

// maxFile is far above the size of any pattern file, in bytes.
const maxFile = 1 << 20

// LoadPattern reads a ConvNet pattern from a JSON file:
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
// A person may edit it: values need not be on the grid of the search, only in
// the ranges of [BlockPattern]. Everything but origin must be there, and
// nothing else may be.
func LoadPattern(path string) (*ConvPattern, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("pattern file %s cannot be read: %w", path, reason(err))
	}
	p := new(ConvPattern)
	if err := p.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("pattern file %s: %w", path, err)
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
	return data, err
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

// Save writes the pattern to a file that [LoadPattern] reads. The file appears
// whole or not at all.
func (p *ConvPattern) Save(path string) error {
	data, err := p.MarshalJSON()
	if err == nil {
		err = atomicfile.WriteBytes(path, data)
	}
	if err != nil {
		return fmt.Errorf("pattern file %s cannot be written: %w", path, reason(err))
	}
	return nil
}
