package outside

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// start starts a program in a group of its own, which the system kills when this
// process is killed: when the thread ends that has started it, which is kept therefore.
func start(c *exec.Cmd) error {
	runtime.LockOSThread()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err := c.Start()
	if err != nil {
		runtime.UnlockOSThread()
	}
	return err
}

// pipe is os.Pipe with an end for writing that is not made ready for waiting, as a program
// gets it: each would wake up this process twice.
func pipe() (read, write *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, errors.Join(os.NewSyscallError("fcntl", err), unix.Close(fds[0]), unix.Close(fds[1]))
	}
	return os.NewFile(uintptr(fds[0]), "|0"), os.NewFile(uintptr(fds[1]), "|1"), nil
}

// wait waits for a program to end, calls ended, kills what is left of its group, and
// then gives its number free, so that nobody else's group is meant.
func wait(c *exec.Cmd, ended func()) {
	defer runtime.UnlockOSThread()
	for unix.Waitid(unix.P_PID, c.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	ended()
	kill(c)
	_ = c.Wait()
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
