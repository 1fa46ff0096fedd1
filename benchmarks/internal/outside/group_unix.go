//go:build unix

package outside

import (
	"os"
	"syscall"

	"autodropout/internal/filelock"
)

// inherited returns files with one more, which a program keeps open, and so does what it
// starts.
func inherited(files []*os.File, f *os.File) []*os.File { return append(files, f) }

// held reports whether a program of an earlier attempt still has the file, and holds it
// otherwise.
func held(f *os.File) bool { return filelock.Try(f) }

// terminate asks a program, and what it has started, to end.
func terminate(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGTERM) }

// kill ends what is left of a program and of what it has started.
func kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
