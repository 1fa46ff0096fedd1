package dropout

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"autodropout/internal/sizedtest"
)

const goodFile = `{
  "version": 1,
  "kind": "convnet",
  "origin": {"task":"cifar10","model":"wrn-28-2","search":"reinforce <v1>","reward":0.935,"date":"2026-11-23","note":"made by hand"},
  "stages": [
    [
      {"size": 0.25, "stride": 0.5, "repeat": 2, "rotate": 30, "shear_x": -0.1, "shear_y": 0.3, "share_c": true, "residual": false},
      {"size": 0, "stride": 0.125, "repeat": 1, "rotate": 0, "shear_x": 0, "shear_y": 0, "share_c": false, "residual": true}
    ],
    [
      {"size": 0.33, "stride": 0.01, "repeat": 64, "rotate": -7.5, "shear_x": 1, "shear_y": -1, "share_c": false, "residual": false}
    ]
  ]
}
`

func TestFileRoundTrip(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.json"), filepath.Join(dir, "second.json")
	if err := os.WriteFile(first, []byte(goodFile), 0o644); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadPattern(first)
	p := must(t, loaded, err).(*ConvPattern)
	want := &ConvPattern{
		Origin: Origin{Task: "cifar10", Model: "wrn-28-2", Search: "reinforce <v1>", Reward: 0.935, Date: "2026-11-23", Note: "made by hand"},
		Stages: [][]BlockPattern{
			{
				{Size: 0.25, Stride: 0.5, Repeat: 2, Rotate: 30, ShearX: -0.1, ShearY: 0.3, ShareC: true},
				{Stride: 0.125, Repeat: 1, Residual: true},
			},
			{{Size: 0.33, Stride: 0.01, Repeat: 64, Rotate: -7.5, ShearX: 1, ShearY: -1}},
		},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("LoadPattern = %+v, want %+v", p, want)
	}
	if err := p.Save(second); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(second)
	if err != nil || string(data) != goodFile {
		t.Errorf("saved %s (%v), want what was loaded", data, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("Save left %v behind", entries)
	}
}

// A pattern is a JSON value like any other, inside other documents too.
func TestPatternInsideJSON(t *testing.T) {
	type result struct {
		Best ConvPattern `json:"best"`
	}
	data, err := json.Marshal(result{*uniformPattern(BlockPattern{Size: 0.5, Stride: 1, Repeat: 3}, 1, 2)})
	if err != nil {
		t.Fatal(err)
	}
	var back result
	if err := json.Unmarshal(data, &back); err != nil || back.Best.Stages[1][1].Repeat != 3 {
		t.Errorf("got %+v, %v from %s", back, err, data)
	}
}

func TestLoadPatternWithByteOrderMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pattern.json")
	want := uniformPattern(BlockPattern{Size: 0.5, Stride: 1, Repeat: 3}, 1, 2)
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append([]byte("\uFEFF"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadPattern(path); err != nil || got.String() != want.String() {
		t.Errorf("the pattern is %v, error %v, want %v", got, err, want)
	}
}

func TestLoadPatternRefuses(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"version": 1`, `"version": 3`, "version is 3, and this program reads versions 1 to 2"},
		{`"version": 1`, `"version": 0`, "version is 0, and"},
		{`"version": 1`, `"version": 2`, "stages[0][0].place is missing"},
		{`"version": 1`, `"version": "1"`, `version is "1", and`},
		{`"version": 1`, `"version": 3, "layers": 3`, "version is 3"},
		{`"version": 1,`, ``, "version is missing"},
		{`"version": 1,`, `"version": 1, "version": 1,`, "version is given twice"},
		{`"convnet"`, `"picture"`, `kind is "picture", and patterns have kind "convnet" or "sequence"`},
		{`"convnet"`, `"sequence"`, "stages is not a known field; the fields of the file are version, kind, places, origin"},
		{`"kind"`, `"Kind"`, "Kind is not a known field"},
		{`"stages": [`, `"blocks": [], "stages": [`, "blocks is not a known field; the fields of the file are version, kind, stages, origin"},
		{`"task":"cifar10"`, `"task":10`, "origin.task must be a text in quotes, not number"},
		{`"reward":0.935`, `"reward":"high"`, "origin.reward must be a number, not string"},
		{`"task"`, `"tusk"`, "origin.tusk is not a known field"},
		{`"origin": {`, `"origin": null, "x": {`, "origin is null"},
		{`"size": 0.25`, `"size": 1.25`, "stages[0][0].size must be a number from 0 to 1, not 1.25"},
		{`"size": 0.25`, `"size": null`, "stages[0][0].size is null"},
		{`"size": 0.25`, `"size": "0.25"`, `stages[0][0].size must be a number from 0 to 1, not "0.25"`},
		{`"size": 0.25`, `"size": 1e999`, "stages[0][0].size must be a number"},
		{`"size": 0.25, `, ``, "stages[0][0].size is missing"},
		{`"size": 0.25`, `"size": 0.25, "size": 0.5`, "stages[0][0].size is given twice"},
		{`"size": 0.25`, `"size": 0.25, "colour": 1`, "stages[0][0].colour is not a known field"},
		{`"stride": 0.5`, `"stride": 0`, "stages[0][0].stride must be a number from 0.01 to 1, not 0"},
		{`"repeat": 2`, `"repeat": 2.5`, "stages[0][0].repeat must be a whole number from 1 to 64, not 2.5"},
		{`"repeat": 64`, `"repeat": 65`, "stages[1][0].repeat must be a whole number from 1 to 64, not 65"},
		{`"rotate": 30`, `"rotate": 200`, "stages[0][0].rotate must be a number from -180 to 180"},
		{`"shear_x": 1`, `"shear_x": 1.5`, "stages[1][0].shear_x must be a number from -1 to 1"},
		{`"shear_y": -1`, `"shear_y": -2`, "stages[1][0].shear_y must be a number from -1 to 1"},
		{`"share_c": true`, `"share_c": 1`, "stages[0][0].share_c must be true or false, not 1"},
		{`"residual": true`, `"residual": "no"`, `stages[0][1].residual must be true or false, not "no"`},
		{`"stages": [`, `"stages": 7, "x": [`, "x is not a known field"},
		{goodFile, `{"version": 1, "kind": "convnet", "stages": 7}`, "stages must be a list of stages"},
		{goodFile, `{"version": 1, "kind": "convnet", "stages": []}`, "stages must hold at least one stage"},
		{goodFile, `{"version": 1, "kind": "convnet", "stages": [[]]}`, "stages[0] must hold at least one block"},
		{goodFile, `{"version": 1, "kind": "convnet", "stages": [[3]]}`, "stages[0][0] must be an object in braces"},
		{goodFile, `[]`, "the file must be an object in braces"},
		{goodFile, ``, "line 1 is not valid JSON"},
		{"\n    ]\n  ]\n}", "\n    ]\n  ]", "line 14 is not valid JSON"},
		{"]\n}\n", "]\n}\n{}", "line 15 is not valid JSON"},
		{goodFile, strings.Repeat(" ", maxFile+1), "too large for a pattern"},
	} {
		text := strings.Replace(goodFile, c.old, c.new, 1)
		if text == goodFile {
			t.Fatalf("%q is not in the file", c.old)
		}
		path := filepath.Join(t.TempDir(), "p.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := LoadPattern(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pattern file "+path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s -> %.60s: %v, want %q", c.old, c.new, err, c.want)
		}
	}
}

func TestLoadPatternMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.json")
	if _, err := LoadPattern(path); err == nil || strings.Count(err.Error(), "none.json") != 1 {
		t.Errorf("missing file: %v", err)
	}
	if _, err := LoadPattern(t.TempDir()); err == nil {
		t.Error("a folder was read as a pattern")
	}
}

func TestSaveRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.json")
	good := uniformPattern(BlockPattern{Size: 0.5, Stride: 0.5, Repeat: 1}, 1)
	if err := good.Save(path); err != nil {
		t.Fatal(err)
	}
	bad := uniformPattern(BlockPattern{Size: 2, Stride: 0.5, Repeat: 1}, 1)
	if err := bad.Save(path); err == nil || !strings.Contains(err.Error(), "stages[0][0].size must be a number from 0 to 1, not 2") {
		t.Errorf("Save of a bad pattern: %v", err)
	}
	if _, err := LoadPattern(path); err != nil {
		t.Errorf("the file was damaged: %v", err)
	}
	if err := good.Save(filepath.Join(path, "below.json")); err == nil {
		t.Error("Save below a file succeeded")
	}
}

func FuzzUnmarshalPattern(f *testing.F) {
	f.Add([]byte(goodFile))
	f.Add([]byte(`{"version": 1, "kind": "convnet", "stages": [[{}]]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		sizedtest.Within(t, data, func() {
			p := new(ConvPattern)
			if p.UnmarshalJSON(data) != nil {
				return
			}
			again, err := p.MarshalJSON()
			if err != nil {
				t.Fatalf("%s was read but cannot be written: %v", data, err)
			}
			q := new(ConvPattern)
			if err := q.UnmarshalJSON(again); err != nil || !reflect.DeepEqual(p, q) {
				t.Fatalf("%s was written as %s (%v)", data, again, err)
			}
		})
	})
}
