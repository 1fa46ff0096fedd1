package progress

import (
	"strings"
	"testing"
	"unicode/utf8"

	"autodropout/train"
)

// TestLinesFit leaves out what matters least where a terminal is narrow, and breaks lines
// between words.
func TestLinesFit(t *testing.T) {
	p := New(&strings.Builder{}, 100, "img", true)
	task := p.Piece("training", 10, 5)
	task.Step(train.Step{Size: 64, Loss: 2})
	task.Epoch(train.Validation{Loss: 2.25}, "error 80.00 %")
	p.Best("another random pattern each step, error 45.00 %")
	for _, width := range []int{120, 80, 60, 40, 20} {
		for _, text := range []string{task.status(width), p.run(width)} {
			if utf8.RuneCountInString(text) > width || !strings.Contains(text, " left") {
				t.Errorf("in %d letters it says %q", width, text)
			}
		}
	}
	if text := task.status(60); !strings.HasPrefix(text, "epoch 1, loss 2.000, validation loss") && !strings.HasPrefix(text, "loss 2.000, validation loss 2.250 (error 80.00 %)") {
		t.Errorf("in 60 letters it says %q", text)
	}
	const line = "none, seed 0: test error 12.00 %, training loss 0.412, validation loss 1.523, 12s, 812 img/s"
	for _, part := range strings.Split(wrapped(line, 40), "\n") {
		if len(part) > 40 || strings.HasPrefix(part, "%") {
			t.Errorf("a part is %q", part)
		}
	}
	if wrapped(line, 0) != line || Width(&strings.Builder{}) != 0 {
		t.Error("lines that go to no terminal are broken")
	}
}
