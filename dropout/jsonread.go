package dropout

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// UnmarshalJSON reads the format of [LoadPattern] and is as strict.
func (p *ConvPattern) UnmarshalJSON(data []byte) error {
	version, raw, origin, err := readHead(data, convKind, "stages")
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
			v, err := convFields.of(version).read(raw, fmt.Sprintf("stages[%d][%d]", s, i))
			if err != nil {
				return err
			}
			blocks = append(blocks, blockPattern(convFields.complete(v)))
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
	version, raw, origin, err := readHead(data, sequenceKind, "places")
	if err != nil {
		return err
	}
	out := SequencePattern{Origin: origin}
	members, err := out.readPlaces(raw, version)
	if err != nil {
		return err
	}
	for i, kind := range out.places() {
		v, err := sequenceFields.of(version).read(members[kind.String()], fmt.Sprintf("places.%v", kind))
		if err != nil {
			return err
		}
		out.Places[i] = tokenPattern(sequenceFields.complete(v))
	}
	if err := out.check(); err != nil {
		return err
	}
	*p = out
	return nil
}

// readPlaces splits the places of a file, and notes whether those outside of the layers
// are among them, which come together and in version 2 only.
func (p *SequencePattern) readPlaces(raw json.RawMessage, version int) (map[string]json.RawMessage, error) {
	var names []string
	for _, kind := range places {
		names = append(names, kind.String())
	}
	outside := names[inLayers:]
	if version == 1 {
		outside = nil
	}
	members, err := object(raw, "places", names[:inLayers], outside)
	if err != nil {
		return nil, err
	}
	for _, name := range outside {
		p.Outside = p.Outside || members[name] != nil
	}
	for _, name := range outside {
		if p.Outside && members[name] == nil {
			return nil, fmt.Errorf("places.%s is missing: %s are given all or not at all", name, strings.Join(outside, ", "))
		}
	}
	return members, nil
}

// readHead checks a file of a kind, and returns its version, the member that holds its
// pattern, and its origin.
func readHead(data []byte, kind, content string) (version int, pattern json.RawMessage, origin Origin, err error) {
	if err := checkSyntax(data); err != nil {
		return 0, nil, origin, err
	}
	version, found, err := fileKind(data)
	if err != nil {
		return 0, nil, origin, err
	} else if found != "" && found != strconv.Quote(kind) {
		return 0, nil, origin, fmt.Errorf("kind is %s, and this kind of pattern has kind %q", found, kind)
	}
	file, err := object(data, "", []string{"version", "kind", content}, []string{"origin"})
	if err != nil {
		return 0, nil, origin, err
	}
	if raw, ok := file["origin"]; ok {
		if err := origin.read(raw); err != nil {
			return 0, nil, origin, err
		}
	}
	return version, file[content], origin, nil
}

// fileKind returns the version and the kind of a file, the latter as it stands there, ""
// if there is none, and an error when its version is not ours. It looks at these alone,
// since the other fields of a file that is not ours may have any names.
func fileKind(data []byte) (version int, kind string, err error) {
	var head struct{ Version, Kind json.RawMessage }
	if json.Unmarshal(data, &head) != nil {
		return 1, "", nil // not even an object, which object reports
	}
	text := cmp.Or(string(head.Version), "1")
	if version, err = strconv.Atoi(text); err != nil || version < 1 || version > lastVersion || text != strconv.Itoa(version) {
		return 0, "", fmt.Errorf("version is %s, and this program reads versions 1 to %d: save it again with a program of these versions", text, lastVersion)
	}
	return version, string(head.Kind), nil
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
		switch f.kind {
		case flag:
			if text != "true" && text != "false" {
				return nil, fmt.Errorf("%s.%s must be true or false, not %s", path, f.name, text)
			}
			values[j] = indicator(text == "true")
			continue
		case word:
			var name string
			i := -1
			if json.Unmarshal(members[f.name], &name) == nil && name != "" {
				i = slices.Index(f.words, name)
			}
			if i < 0 {
				return nil, fmt.Errorf("%s.%s must be one of %s, not %s", path, f.name, f.known(), text)
			}
			values[j] = float64(i)
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
