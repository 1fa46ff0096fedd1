//go:build unix || windows

package progress

import (
	"strings"
	"testing"

	"github.com/vbauerster/mpb/v8"
)

// TestBarHasRoom keeps a part of a narrow terminal for the bar, apart from name and text.
func TestBarHasRoom(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	var out strings.Builder
	refresh := make(chan any)
	d := terminal{mpb.New(mpb.WithOutput(&out), mpb.WithWidth(60), mpb.WithManualRefresh(refresh))}
	d.add("a name", 10, func(width int) string { return strings.Repeat("x", width) }, false)
	refresh <- nil
	d.Shutdown()
	if !strings.Contains(out.String(), "a name ") || !strings.Contains(out.String(), " ──── x") {
		t.Errorf("the line is %q", out.String())
	}
}
