package outside

import (
	"encoding/json"
	"strings"
	"testing"

	"autodropout/internal/pages"
)

// TestPage: trial.json and the answer that the page on the external protocol shows are what is
// written and what is read.
func TestPage(t *testing.T) {
	pieces := pages.Pieces(t, "doc/external-protocol.md", "json")
	if len(pieces) != 2 {
		t.Fatalf("the page has %d pieces of JSON, 2 are tested", len(pieces))
	}
	var trial Trial
	if err := json.Unmarshal([]byte(pieces[0]), &trial); err != nil {
		t.Fatal(err)
	}
	if again, err := json.MarshalIndent(trial, "", "  "); err != nil || string(again)+"\n" != pieces[0] {
		t.Errorf("the page shows\n%sand such a trial is written as\n%s, %v", pieces[0], again, err)
	}
	if got, err := parse([]byte(strings.TrimSpace(pieces[1]))); err != nil || got.Reward != 0.913 || got.Values["error"] != 8.7 {
		t.Errorf("the page's answer is read as %+v, %v", got, err)
	}
}
