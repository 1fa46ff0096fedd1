//go:build unix && !linux

package outside

import (
	"os"
	"syscall"
)

// start starts a program in a group of its own.
func start(path string, words []string, attr *os.ProcAttr) (*os.Process, error) {
	attr.Sys = &syscall.SysProcAttr{Setpgid: true}
	return os.StartProcess(path, words, attr)
}

// wait waits for a program to end, calls ended, and kills what is left of its group.
func wait(p *os.Process, ended func()) *os.ProcessState {
	state, _ := p.Wait()
	ended()
	kill(p)
	return state
}

// endLeftovers does nothing: this system does not say who works in a folder. A lock
// keeps the next attempt waiting.
func endLeftovers(string) {}
