//go:build unix

package outside

import (
	"os"
	"os/exec"
	"syscall"
)

// inherit has a program, and what it starts, keep a file open.
func inherit(c *exec.Cmd, f *os.File) { c.ExtraFiles = []*os.File{f} }

// terminate asks a program, and what it has started, to end.
func terminate(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }

// kill ends what is left of a program and of what it has started.
func kill(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
