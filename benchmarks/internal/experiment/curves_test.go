package experiment

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/train"
)

// TestPerEpoch scores as much after an epoch as a twentieth of its time allows.
func TestPerEpoch(t *testing.T) {
	for _, c := range []struct {
		n, least       int
		scoring, steps float64
		want           int
	}{
		{1000, 10, 5, 100, 1000},
		{1000, 10, 50, 100, 100},
		{1000, 10, 5, 0.1, 10},
		{5, 10, 5, 0.1, 5},
		{1000, 10, 0, 0, 1000},
	} {
		if got := PerEpoch(c.n, c.least, c.scoring, c.steps); got != c.want {
			t.Errorf("of %d that take %v steps, after %v steps: %d, want %d", c.n, c.scoring, c.steps, got, c.want)
		}
	}
}

func TestCurvesInWords(t *testing.T) {
	for want, c := range map[string]Curves{
		"After every epoch the networks of the table are scored on 30 images, for the curves.": {On: "30 images"},
		"No validation curves: there is nothing.":                                              {Why: "there is nothing"},
	} {
		if got := c.sentence(); got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
	if got := (&Curves{Metric: "error", Unit: "%"}).show(4.5); got != "error 4.50 %" {
		t.Errorf("a score is %q", got)
	}
}

// TestValidationsOfARow replaces what a session that was killed had scored already.
func TestValidationsOfARow(t *testing.T) {
	var r record
	row := Row{Key: "none"}
	for _, v := range []train.Validation{{Epoch: 0, Steps: 3, Score: 1}, {Epoch: 1, Steps: 6, Score: 2}, {Epoch: 2, Steps: 9, Score: 3}, {Epoch: 1, Steps: 6, Score: 4}} {
		r.validation(row, 1, v)
	}
	got := r.validations(row)
	want := []train.Validation{{Epoch: 0, Steps: 3, Score: 1}, {Epoch: 1, Steps: 6, Score: 4}}
	if len(got) != 2 || len(got[0]) != 0 || !slices.Equal(got[1], want) {
		t.Errorf("the row has %v", got)
	}
	if got := r.validations(Row{Key: "other"}); got != nil {
		t.Errorf("another row has %v", got)
	}
}

// TestValidationLogIsDocumented looks for its keys in doc/logs.md.
func TestValidationLogIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "doc", "logs.md"))
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(train.Validation{})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]any{}
	if err := json.Unmarshal(line, &keys); err != nil || len(keys) != 6 {
		t.Fatalf("%s: error %v", line, err)
	}
	for key := range keys {
		if !strings.Contains(string(text), "`"+key+"`") {
			t.Errorf("doc/logs.md does not say what %q is", key)
		}
	}
}
