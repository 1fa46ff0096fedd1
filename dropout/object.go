package dropout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// checkSyntax returns an error that names the line where data stops being one
// JSON value.
func checkSyntax(data []byte) error {
	err := json.Unmarshal(data, new(json.RawMessage))
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
		return fmt.Errorf("line %d is not valid JSON: %w", line, syntax)
	}
	return err
}

// object splits a JSON object into its members. Package json alone would let
// unknown, repeated, null and differently capitalised names pass.
func object(data []byte, path string, required, optional []string) (map[string]json.RawMessage, error) {
	name := path
	if path == "" {
		name = "the file"
	} else {
		path += "."
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%s must be an object in braces", name)
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		k := key.(string)
		switch {
		case !slices.Contains(required, k) && !slices.Contains(optional, k):
			return nil, fmt.Errorf("%s%s is not a known field; the fields of %s are %s", path, k, name, strings.Join(append(slices.Clone(required), optional...), ", "))
		case members[k] != nil:
			return nil, fmt.Errorf("%s%s is given twice", path, k)
		case string(value) == "null":
			return nil, fmt.Errorf("%s%s is null; give it a value", path, k)
		}
		members[k] = value
	}
	for _, k := range required {
		if members[k] == nil {
			return nil, fmt.Errorf("%s%s is missing", path, k)
		}
	}
	return members, nil
}
