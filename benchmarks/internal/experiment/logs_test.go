package experiment

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/internal/pages"
	"autodropout/train"
)

// TestLogsShowAStep: the line that the page shows is one that is written.
func TestLogsShowAStep(t *testing.T) {
	for _, text := range pages.Pieces(t, "doc/logs.md", "json") {
		var step train.Step
		if err := json.Unmarshal([]byte(text), &step); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(step); err != nil || string(again)+"\n" != text {
			t.Errorf("the page shows %sand such a step is written as %s, %v", text, again, err)
		}
	}
}

// TestLogsAreDocumented looks for every key of the files of a run in doc/logs.md.
func TestLogsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "doc", "logs.md"))
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for _, v := range []any{train.Step{}, runfolder.Unit{}, controller.Trial{}, controller.Result{}, controller.Config{}, runfolder.Result{}, runfolder.Row{}, runfolder.Paper{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(v)) {
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if key == "" || key == "-" {
				continue
			}
			keys++
			if !strings.Contains(string(text), "`"+key+"`") {
				t.Errorf("doc/logs.md does not say what %q of %T is", key, v)
			}
		}
	}
	if keys < 40 {
		t.Errorf("only %d keys were looked for", keys)
	}
}
