//go:build unix || windows

package progress

import (
	"fmt"
	"io"
	"math"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// terminal is the display of a terminal.
type terminal struct{ *mpb.Progress }

// openDisplay returns nil where out is no terminal that can draw.
func openDisplay(out io.Writer) display {
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		return terminal{mpb.New(mpb.WithOutput(f))}
	}
	return nil
}

func (t terminal) add(name string, total int, text func(width int) string, last bool) bar {
	const (
		width = 12 // in letters
		least = 6  // where the terminal is narrow, with a space on both sides
	)
	options := []mpb.BarOption{
		mpb.BarRemoveOnComplete(), mpb.BarWidth(width),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return text(s.AvailableWidth - least) })),
	}
	if last {
		options = append(options, mpb.BarPriority(math.MaxInt))
	}
	style := mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─")
	if os.Getenv("NO_COLOR") == "" {
		style = style.FillerMeta(coloured(36)).TipMeta(coloured(36)).PaddingMeta(coloured(90))
	}
	return t.New(int64(total), style, options...)
}

// coloured returns what writes text in a colour of the terminal.
func coloured(code int) func(string) string {
	return func(text string) string { return fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, text) }
}
