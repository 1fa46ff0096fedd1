package outside

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// source is the end of a pipe that what a program prints comes from. Before its file is
// asked for, nothing that comes wakes up this process.
type source struct {
	number int
	mu     sync.Mutex
	opened *os.File // nil: not yet
	closed bool
}

// file returns it for reading.
func (s *source) file() *os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil {
		s.opened = os.NewFile(uintptr(s.number), "|0")
	}
	return s.opened
}

// there takes in what is in the pipe, and reports whether nothing can follow: nobody has its
// other end any more.
func (s *source) there(o *output, stdout bool) (all bool) {
	buffer := buffers.Get().(*[smallBuffer]byte)
	defer buffers.Put(buffer)
	for {
		n, err := unix.Read(s.number, buffer[:])
		switch {
		case err == unix.EINTR:
		case err != nil || n == 0:
			return err == nil
		default:
			o.write(buffer[:n], stdout)
		}
	}
}

// Close closes it, and ends a reading that waits.
func (s *source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.opened != nil:
		return s.opened.Close()
	case s.closed:
		return nil
	}
	s.closed = true
	return unix.Close(s.number)
}

// pipe returns the ends of one. That for writing blocks, as a program expects.
func pipe() (read *source, write *os.File, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		return nil, nil, errors.Join(os.NewSyscallError("fcntl", err), unix.Close(ends[0]), unix.Close(ends[1]))
	}
	return &source{number: ends[0]}, os.NewFile(uintptr(ends[1]), "|1"), nil
}
