//go:build !unix

package outside

import "os"

// start starts a program.
func start(path string, words []string, attr *os.ProcAttr) (*os.Process, error) {
	return os.StartProcess(path, words, attr)
}

// wait waits for a program to end, and calls ended.
func wait(p *os.Process, ended func()) *os.ProcessState {
	state, _ := p.Wait()
	ended()
	return state
}

// inherited returns files as they are: this system has no way to hand on another.
func inherited(files []*os.File, _ *os.File) []*os.File { return files }

// held reports that nobody has the file: no program keeps it open.
func held(*os.File) bool { return false }

func endLeftovers(string) {}

// terminate ends a program, which this system cannot ask to end.
func terminate(p *os.Process) { _ = p.Kill() }

// kill ends a program.
func kill(p *os.Process) { _ = p.Kill() }
