//go:build unix && !linux

package outside

import (
	"os"
	"os/exec"
	"syscall"
)

// start starts a program in a group of its own.
func start(c *exec.Cmd) error {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c.Start()
}

// wait waits for a program to end, calls ended, and kills what is left of its group.
func wait(c *exec.Cmd, ended func()) {
	_ = c.Wait()
	ended()
	kill(c)
}

// endLeftovers does nothing: this system does not say who works in a folder. A lock
// keeps the next attempt waiting.
func endLeftovers(string) {}

func pipe() (read, write *os.File, err error) { return os.Pipe() }
