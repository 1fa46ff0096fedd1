//go:build !unix

package outside

import (
	"os"
	"os/exec"
)

// start starts a program.
func start(c *exec.Cmd) error { return c.Start() }

// wait waits for a program to end, and calls ended.
func wait(c *exec.Cmd, ended func()) {
	_ = c.Wait()
	ended()
}

// inherit does nothing: this system has no way to hand on a file.
func inherit(*exec.Cmd, *os.File) {}

func endLeftovers(string) {}

// terminate ends a program, which this system cannot ask to end.
func terminate(c *exec.Cmd) { _ = c.Process.Kill() }

// kill ends a program.
func kill(c *exec.Cmd) { _ = c.Process.Kill() }

func pipe() (read, write *os.File, err error) { return os.Pipe() }
