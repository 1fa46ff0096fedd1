package outside

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
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
// the beginning and the end. What may be an answer alone waits for more to come. A file that
// cannot be written costs only what would be in it.
type output struct {
	path string

	mu      sync.Mutex
	file    *os.File // nil: nothing was written to it
	begun   bool     // what comes is written as it comes
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
	o.left += len(p)
	switch {
	case o.begun:
		o.keep(p)
	case !onlyAnswer(o.all.text):
		o.begun = true
		o.keep(o.all.text)
	}
}

// onlyAnswer reports whether a text may be an answer and nothing else.
func onlyAnswer(text []byte) bool {
	line := bytes.TrimSpace(text)
	return len(text) <= smallBuffer && (len(line) == 0 || line[0] == '{' && !bytes.Contains(line, []byte{'\n'}))
}

// keep writes to the file what has come last, as far as there is room. The caller holds mu.
func (o *output) keep(p []byte) {
	if n := min(len(p), mostOutput-o.written); n > 0 {
		o.written += n // or the disk is full
		if o.append(p[:n]) == nil {
			o.left -= n
		}
	}
}

// append writes to the file. The caller holds mu.
func (o *output) append(p []byte) (err error) {
	if o.file == nil {
		if o.file, err = os.OpenFile(o.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666); err != nil {
			return err
		}
	}
	_, err = o.file.Write(p)
	return err
}

// close closes the file.
func (o *output) close() {
	if o.file != nil {
		o.file.Close()
	}
}

// collect takes in what a program prints to two pipes, of its standard output and of its
// standard error. The function that it returns is to be called when the program has ended,
// and returns when the rest is there. What has left the program's group and still holds a
// pipe is not waited for.
//
// Reading begins after a moment: what ends sooner has rarely printed more than pipes hold,
// and is not worth waking up for.
func (o *output) collect(from [2]*source) (rest func()) {
	const moment, patience = 20 * time.Millisecond, time.Second
	var copies sync.WaitGroup
	begin := sync.OnceFunc(func() {
		for i, s := range from {
			copies.Go(func() { o.copy(s.file(), i == 0) })
		}
	})
	late := time.AfterFunc(moment, begin)
	return func() {
		defer from[0].Close()
		defer from[1].Close()
		if late.Stop() && from[0].there(o, true) && from[1].there(o, false) {
			return
		}
		begin() // or it has begun, or is beginning
		enough := time.AfterFunc(patience, func() {
			from[0].Close()
			from[1].Close()
		})
		copies.Wait()
		enough.Stop()
	}
}

// buffers are those of pipes that little comes from.
var buffers = sync.Pool{New: func() any { return new([smallBuffer]byte) }}

const smallBuffer = 1 << 12

// copy takes in all that comes from a pipe.
func (o *output) copy(from io.Reader, stdout bool) {
	small := buffers.Get().(*[smallBuffer]byte)
	defer buffers.Put(small)
	buffer := small[:]
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

// finish writes the end where it is not in the file. Nothing is written, and there is no
// file, where the answer, which results have, is all that was printed.
func (o *output) finish(answer string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.left == 0 || o.file == nil && string(bytes.TrimSpace(o.all.text)) == answer {
		return
	}
	end := o.all.end()
	if o.left < len(end) {
		end = end[len(end)-o.left:]
	}
	if without := o.left - len(end); without > 0 {
		_ = o.append(fmt.Appendf(nil, "\n[%d bytes are left out here]\n", without))
	}
	_ = o.append(end)
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
