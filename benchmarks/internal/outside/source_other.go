//go:build !linux

package outside

import "os"

// source is the end of a pipe that what a program prints comes from.
type source struct{ *os.File }

// file returns it for reading.
func (s *source) file() *os.File { return s.File }

// there reports that it is not known what is in the pipe.
func (s *source) there(*output, bool) (all bool) { return false }

// pipe returns the ends of one.
func pipe() (read *source, write *os.File, err error) {
	r, write, err := os.Pipe()
	return &source{r}, write, err
}
