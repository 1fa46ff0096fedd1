package dropout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The head of a pattern file. The version is that of its fields and grids.
const (
	fileVersion = 1
	convKind    = "convnet"
)

// MarshalJSON writes the format of [LoadPattern], one line for each block.
func (p ConvPattern) MarshalJSON() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"version\": %d,\n  \"kind\": %q,\n", fileVersion, convKind)
	if p.Origin != (Origin{}) {
		b.WriteString("  \"origin\": ")
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(p.Origin); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // the encoder's line end
		b.WriteString(",\n")
	}
	b.WriteString("  \"stages\": [\n")
	for s, stage := range p.Stages {
		b.WriteString("    [\n")
		for i, block := range stage {
			fmt.Fprintf(&b, "      {%s}%s\n", block.members(), comma(i, len(stage)))
		}
		fmt.Fprintf(&b, "    ]%s\n", comma(s, len(p.Stages)))
	}
	b.WriteString("  ]\n}\n")
	return b.Bytes(), nil
}

// comma returns what follows element i of n.
func comma(i, n int) string {
	if i == n-1 {
		return ""
	}
	return ","
}

// members returns the members of a block's JSON object.
func (b BlockPattern) members() string {
	var parts []string
	for j, v := range b.values() {
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if convFields[j].kind == flag {
			text = strconv.FormatBool(v != 0)
		}
		parts = append(parts, fmt.Sprintf("%q: %s", convFields[j].name, text))
	}
	return strings.Join(parts, ", ")
}

// UnmarshalJSON reads the format of [LoadPattern] and is as strict.
func (p *ConvPattern) UnmarshalJSON(data []byte) error {
	if err := checkSyntax(data); err != nil {
		return err
	}
	if err := checkHead(data); err != nil {
		return err
	}
	file, err := object(data, "", []string{"version", "kind", "stages"}, []string{"origin"})
	if err != nil {
		return err
	}
	var out ConvPattern
	if raw, ok := file["origin"]; ok {
		if err := out.Origin.read(raw); err != nil {
			return err
		}
	}
	var stages [][]json.RawMessage
	if err := json.Unmarshal(file["stages"], &stages); err != nil {
		return fmt.Errorf("stages must be a list of stages, each a list of blocks")
	}
	for s, stage := range stages {
		blocks := []BlockPattern{}
		for i, raw := range stage {
			block, err := readBlock(raw, fmt.Sprintf("stages[%d][%d]", s, i))
			if err != nil {
				return err
			}
			blocks = append(blocks, block)
		}
		out.Stages = append(out.Stages, blocks)
	}
	if err := out.check(); err != nil {
		return err
	}
	*p = out
	return nil
}

// checkHead looks at version and kind alone, since the other fields of a file
// that is not ours may have any names.
func checkHead(data []byte) error {
	var head struct{ Version, Kind json.RawMessage }
	if json.Unmarshal(data, &head) != nil {
		return nil // not even an object, which object reports
	}
	if v := string(head.Version); v != "" && v != strconv.Itoa(fileVersion) {
		return fmt.Errorf("version is %s, and this program reads version %d", v, fileVersion)
	}
	if k := string(head.Kind); k != "" && k != strconv.Quote(convKind) {
		return fmt.Errorf("kind is %s, and a ConvNet pattern has kind %q", k, convKind)
	}
	return nil
}

// read fills the origin, all of whose members are optional.
func (o *Origin) read(raw json.RawMessage) error {
	if _, err := object(raw, "origin", nil, []string{"task", "model", "search", "reward", "date", "note"}); err != nil {
		return err
	}
	err := json.Unmarshal(raw, o)
	var typeError *json.UnmarshalTypeError
	if errors.As(err, &typeError) {
		want := "a text in quotes"
		if typeError.Field == "reward" {
			want = "a number"
		}
		return fmt.Errorf("origin.%s must be %s, not %s", typeError.Field, want, typeError.Value)
	}
	return err
}

// readBlock reads the object of one block; path is where it stands.
func readBlock(raw json.RawMessage, path string) (BlockPattern, error) {
	var names []string
	for _, f := range convFields {
		names = append(names, f.name)
	}
	members, err := object(raw, path, names, nil)
	if err != nil {
		return BlockPattern{}, err
	}
	var v values
	for j, f := range convFields {
		text := string(members[f.name])
		if f.kind == flag {
			if text != "true" && text != "false" {
				return BlockPattern{}, fmt.Errorf("%s.%s must be true or false, not %s", path, f.name, text)
			}
			v[j] = indicator(text == "true")
			continue
		}
		// A string or a list fails here as well, and a number beyond float64.
		if err := json.Unmarshal(members[f.name], &v[j]); err != nil {
			return BlockPattern{}, fmt.Errorf("%s.%s must be a number from %g to %g, not %s", path, f.name, f.lo, f.hi, text)
		}
		if err := f.check(v[j]); err != nil {
			return BlockPattern{}, fmt.Errorf("%s.%s %w", path, f.name, err)
		}
	}
	return v.pattern(), nil
}

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
