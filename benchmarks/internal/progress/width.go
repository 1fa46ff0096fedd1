package progress

import (
	"io"
	"os"

	"golang.org/x/term"

	"autodropout/benchmarks/internal/words"
)

// Width returns how many letters a line of a terminal has, 0 where out is none.
func Width(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// wrapped returns a line for a terminal of a width, whose words the edge does not break; 0
// is no terminal, which takes lines of any length.
func wrapped(line string, width int) string {
	if width == 0 {
		return line
	}
	return words.Wrap(line, width)
}

// Wrapped returns a line as it is written to out: broken between words where out is a
// terminal.
func Wrapped(out io.Writer, line string) string { return wrapped(line, Width(out)) }
