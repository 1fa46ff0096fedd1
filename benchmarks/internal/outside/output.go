package outside

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

const (
	mostOutput = 1 << 20 // bytes of an attempt that are written as they come
	tailOutput = 1 << 16 // bytes at its end that are always kept
	shownTail  = 2000    // bytes of these that a result has
)

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) write(p []byte) {
	if len(p) > tailOutput {
		p = p[len(p)-tailOutput:]
	}
	if len(t.text) > tailOutput && len(t.text)+len(p) > 2*tailOutput {
		t.text = append(t.text[:0], t.text[len(t.text)-tailOutput:]...)
	}
	t.text = append(t.text, p...)
}

// end returns what has been written last, tailOutput bytes at most.
func (t *tail) end() []byte { return t.text[max(0, len(t.text)-tailOutput):] }

// output keeps what a program prints: all of it in a file, or where that is too much
// the beginning and the end. A file that cannot be written costs only what would be in it.
type output struct {
	mu      sync.Mutex
	file    *os.File
	written int
	left    int // bytes that are not in the file
	all     tail
	stdout  tail
}

// write takes in what the program has printed.
func (o *output) write(p []byte, stdout bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all.write(p)
	if stdout {
		o.stdout.write(p)
	}
	n := min(len(p), mostOutput-o.written)
	if n > 0 {
		if _, err := o.file.Write(p[:n]); err != nil {
			n = 0
		}
		o.written += n
	}
	o.left += len(p) - max(n, 0)
}

// copy takes in all that comes from a pipe.
func (o *output) copy(from io.Reader, stdout bool) {
	buffer := make([]byte, 1<<12)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			o.write(buffer[:n], stdout)
		}
		if err != nil {
			return
		}
		if n == len(buffer) && n < 1<<16 {
			buffer = make([]byte, 1<<16)
		}
	}
}

// finish writes the end where it is not in the file.
func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.left == 0 {
		return
	}
	end := o.all.end()
	if o.left < len(end) {
		end = end[len(end)-o.left:]
	}
	if without := o.left - len(end); without > 0 {
		fmt.Fprintf(o.file, "\n[%d bytes are left out here]\n", without)
	}
	o.file.Write(end)
}

// last returns the end, for people: whole lines where possible.
func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	end := bytes.TrimSpace(o.all.end())
	if len(end) > shownTail {
		end = end[len(end)-shownTail:]
		if _, rest, found := bytes.Cut(end, []byte{'\n'}); found {
			end = rest
		}
	}
	return strings.ToValidUTF8(string(end), "\uFFFD")
}

// lastLine returns the last line of standard output that is not empty.
func (o *output) lastLine() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	end := bytes.TrimSpace(o.stdout.end())
	return string(bytes.TrimSpace(end[bytes.LastIndexByte(end, '\n')+1:]))
}

// said quotes the last lines for an error, on one line.
func said(last string) string {
	const lines, most = 4, 500
	parts := strings.FieldsFunc(last, func(c rune) bool { return c == '\n' || c == '\r' })
	if len(parts) == 0 {
		return "; it has printed nothing"
	}
	text := strings.Join(parts[max(0, len(parts)-lines):], " | ")
	if len(text) > most {
		text = "..." + strings.ToValidUTF8(text[len(text)-most:], "")
	}
	return "; its last lines: " + text
}
