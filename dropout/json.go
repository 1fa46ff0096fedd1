package dropout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// The head of a pattern file. Version 1 has the fields of the paper, version 2 all; a
// pattern is written in the first that can hold it.
const (
	lastVersion  = 2
	convKind     = "convnet"
	sequenceKind = "sequence"
)

// version returns that of the pattern's file.
func (p *ConvPattern) version() int {
	version := 1
	for _, stage := range p.Stages {
		for _, block := range stage {
			version = max(version, convFields.version(block.values()))
		}
	}
	return version
}

// version returns that of the pattern's file.
func (p *SequencePattern) version() int {
	if p.Outside {
		return 2
	}
	version := 1
	for i := range p.places() {
		version = max(version, sequenceFields.version(p.Places[i].values()))
	}
	return version
}

// of returns the fields that files of a version have.
func (fs fields) of(version int) fields {
	if version == 1 {
		return fs.first()
	}
	return fs
}

// MarshalJSON writes the format of [LoadPattern], one line for each block.
func (p ConvPattern) MarshalJSON() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := writeHead(&b, p.version(), convKind, p.Origin); err != nil {
		return nil, err
	}
	fields := convFields.of(p.version())
	b.WriteString("  \"stages\": [\n")
	for s, stage := range p.Stages {
		b.WriteString("    [\n")
		for i, block := range stage {
			fmt.Fprintf(&b, "      {%s}%s\n", fields.members(block.values()), comma(i, len(stage)))
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
	if err := writeHead(&b, p.version(), sequenceKind, p.Origin); err != nil {
		return nil, err
	}
	fields, places := sequenceFields.of(p.version()), p.places()
	b.WriteString("  \"places\": {\n")
	for i, kind := range places {
		fmt.Fprintf(&b, "    %q: {%s}%s\n", kind, fields.members(p.Places[i].values()), comma(i, len(places)))
	}
	b.WriteString("  }\n}\n")
	return b.Bytes(), nil
}

// writeHead writes what all pattern files begin with.
func writeHead(b *bytes.Buffer, version int, kind string, origin Origin) error {
	fmt.Fprintf(b, "{\n  \"version\": %d,\n  \"kind\": %q,\n", version, kind)
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

// complete returns the values of all fields: those behind the given ones are 0.
func (fs fields) complete(values []float64) []float64 {
	return append(values, make([]float64, len(fs)-len(values))...)
}

// members returns the members of the JSON object with the given values.
func (fs fields) members(values []float64) string {
	var parts []string
	for j, f := range fs {
		parts = append(parts, fmt.Sprintf("%q: %s", f.name, f.text(values[j])))
	}
	return strings.Join(parts, ", ")
}
