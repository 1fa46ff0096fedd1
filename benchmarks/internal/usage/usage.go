// Package usage has the error for what a user asked for that cannot be done.
package usage

import "fmt"

// Error says in one sentence what was asked for, why it cannot be done, and what to
// do. It ends a program with the exit code 2.
type Error struct{ Message string }

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Errorf returns an [Error] with a formatted message.
func Errorf(format string, args ...any) error {
	return &Error{fmt.Sprintf(format, args...)}
}
