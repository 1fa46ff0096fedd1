package outside

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// start starts a program in a group of its own, which the system kills when this
// process is killed: when the thread ends that has started it, which is kept therefore.
func start(path string, words []string, attr *os.ProcAttr) (*os.Process, error) {
	runtime.LockOSThread()
	attr.Sys = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p, err := os.StartProcess(path, words, attr)
	if err != nil {
		runtime.UnlockOSThread()
	}
	return p, err
}

// wait waits for a program to end, calls ended, kills what is left of its group, and
// then gives its number free, so that nobody else's group is meant.
func wait(p *os.Process, ended func()) *os.ProcessState {
	defer runtime.UnlockOSThread()
	for unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	ended()
	kill(p)
	state, _ := p.Wait()
	return state
}

// endLeftovers kills what an attempt in a folder has left running whose search was
// killed: the environment of a process says which folder it works in.
func endLeftovers(folder string) {
	const patience = 5 * time.Second
	for began := time.Now(); time.Since(began) < patience; time.Sleep(10 * time.Millisecond) {
		found := leftovers(folder)
		if len(found) == 0 {
			return
		}
		for _, pid := range found {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func leftovers(folder string) (pids []int) {
	mine := []byte("\x00" + folderVariable + "=" + folder + "\x00")
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range all {
		pid, err := strconv.Atoi(filepath.Base(process))
		if err != nil || pid == os.Getpid() {
			continue
		}
		environment, err := os.ReadFile(filepath.Join(process, "environ"))
		if err == nil && bytes.Contains(append([]byte{0}, environment...), mine) {
			pids = append(pids, pid)
		}
	}
	return pids
}
