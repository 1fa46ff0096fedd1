package dropout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The head of a pattern file. The version is that of its fields and grids.
const (
	fileVersion  = 1
	convKind     = "convnet"
	sequenceKind = "sequence"
)

// MarshalJSON writes the format of [LoadPattern], one line for each block.
func (p ConvPattern) MarshalJSON() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := writeHead(&b, convKind, p.Origin); err != nil {
		return nil, err
	}
	b.WriteString("  \"stages\": [\n")
	for s, stage := range p.Stages {
		b.WriteString("    [\n")
		for i, block := range stage {
			fmt.Fprintf(&b, "      {%s}%s\n", convFields.members(block.values()), comma(i, len(stage)))
		}
		fmt.Fprintf(&b, "    ]%s\n", comma(s, len(p.Stages)))
	}
	b.WriteString("  ]\n}\n")
	return b.Bytes(), nil
}

// MarshalJSON writes the format of [LoadPattern], one line for each place.
func (p SequencePattern) MarshalJSON() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := writeHead(&b, sequenceKind, p.Origin); err != nil {
		return nil, err
	}
	b.WriteString("  \"places\": {\n")
	for i, kind := range places {
		fmt.Fprintf(&b, "    %q: {%s}%s\n", kind, sequenceFields.members(p.Places[i].values()), comma(i, len(places)))
	}
	b.WriteString("  }\n}\n")
	return b.Bytes(), nil
}

// writeHead writes what all pattern files begin with.
func writeHead(b *bytes.Buffer, kind string, origin Origin) error {
	fmt.Fprintf(b, "{\n  \"version\": %d,\n  \"kind\": %q,\n", fileVersion, kind)
	if origin == (Origin{}) {
		return nil
	}
	b.WriteString("  \"origin\": ")
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(origin); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's line end
	b.WriteString(",\n")
	return nil
}

// comma returns what follows element i of n.
func comma(i, n int) string {
	if i == n-1 {
		return ""
	}
	return ","
}

// members returns the members of the JSON object with the given values.
func (fs fields) members(values []float64) string {
	var parts []string
	for j, f := range fs {
		text := strconv.FormatFloat(values[j], 'g', -1, 64)
		if f.kind == flag {
			text = strconv.FormatBool(values[j] != 0)
		}
		parts = append(parts, fmt.Sprintf("%q: %s", f.name, text))
	}
	return strings.Join(parts, ", ")
}

// UnmarshalJSON reads the format of [LoadPattern] and is as strict.
func (p *ConvPattern) UnmarshalJSON(data []byte) error {
	raw, origin, err := readHead(data, convKind, "stages")
	if err != nil {
		return err
	}
	out := ConvPattern{Origin: origin}
	var stages [][]json.RawMessage
	if err := json.Unmarshal(raw, &stages); err != nil {
		return fmt.Errorf("stages must be a list of stages, each a list of blocks")
	}
	for s, stage := range stages {
		blocks := []BlockPattern{}
		for i, raw := range stage {
			v, err := convFields.read(raw, fmt.Sprintf("stages[%d][%d]", s, i))
			if err != nil {
				return err
			}
			blocks = append(blocks, blockPattern(v))
		}
		out.Stages = append(out.Stages, blocks)
	}
	if err := out.check(); err != nil {
		return err
	}
	*p = out
	return nil
}

// UnmarshalJSON reads the format of [LoadPattern] and is as strict.
func (p *SequencePattern) UnmarshalJSON(data []byte) error {
	raw, origin, err := readHead(data, sequenceKind, "places")
	if err != nil {
		return err
	}
	out := SequencePattern{Origin: origin}
	var names []string
	for _, kind := range places {
		names = append(names, kind.String())
	}
	members, err := object(raw, "places", names, nil)
	if err != nil {
		return err
	}
	for i, name := range names {
		v, err := sequenceFields.read(members[name], "places."+name)
		if err != nil {
			return err
		}
		out.Places[i] = tokenPattern(v)
	}
	if err := out.check(); err != nil {
		return err
	}
	*p = out
	return nil
}

// readHead checks a file of a kind, and returns the member that holds its
// pattern, and its origin.
func readHead(data []byte, kind, content string) (pattern json.RawMessage, origin Origin, err error) {
	if err := checkSyntax(data); err != nil {
		return nil, origin, err
	}
	if found, err := fileKind(data); err != nil {
		return nil, origin, err
	} else if found != "" && found != strconv.Quote(kind) {
		return nil, origin, fmt.Errorf("kind is %s, and this kind of pattern has kind %q", found, kind)
	}
	file, err := object(data, "", []string{"version", "kind", content}, []string{"origin"})
	if err != nil {
		return nil, origin, err
	}
	if raw, ok := file["origin"]; ok {
		if err := origin.read(raw); err != nil {
			return nil, origin, err
		}
	}
	return file[content], origin, nil
}

// fileKind returns the kind of a file, as it stands there, "" if there is none,
// and an error when its version is not ours. It looks at these alone, since the
// other fields of a file that is not ours may have any names.
func fileKind(data []byte) (string, error) {
	var head struct{ Version, Kind json.RawMessage }
	if json.Unmarshal(data, &head) != nil {
		return "", nil // not even an object, which object reports
	}
	if v := string(head.Version); v != "" && v != strconv.Itoa(fileVersion) {
		return "", fmt.Errorf("version is %s, and this program reads version %d: save it again with a program of that version", v, fileVersion)
	}
	return string(head.Kind), nil
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

// read reads the object with the values of one group; path is where it stands.
func (fs fields) read(raw json.RawMessage, path string) ([]float64, error) {
	var names []string
	for _, f := range fs {
		names = append(names, f.name)
	}
	members, err := object(raw, path, names, nil)
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(fs))
	for j, f := range fs {
		text := string(members[f.name])
		if f.kind == flag {
			if text != "true" && text != "false" {
				return nil, fmt.Errorf("%s.%s must be true or false, not %s", path, f.name, text)
			}
			values[j] = indicator(text == "true")
			continue
		}
		// A string or a list fails here as well, and a number beyond float64.
		if err := json.Unmarshal(members[f.name], &values[j]); err != nil {
			return nil, fmt.Errorf("%s.%s must be a number from %g to %g, not %s", path, f.name, f.lo, f.hi, text)
		}
		if err := f.check(values[j]); err != nil {
			return nil, fmt.Errorf("%s.%s %w", path, f.name, err)
		}
	}
	return values, nil
}
