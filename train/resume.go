package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"autodropout/internal/atomicfile"
	"autodropout/internal/disk"
)

// SaveError reports a file that could not be written. The file still holds what it held
// before.
type SaveError struct {
	Path string
	Err  error
}

// Error says which file could not be written and why.
func (e *SaveError) Error() string { return fmt.Sprintf("cannot save %s: %v", e.Path, reason(e.Err)) }

// Unwrap returns why.
func (e *SaveError) Unwrap() error { return e.Err }

// reason leaves the path out of an error that names it.
func reason(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// DamagedError reports a checkpoint that can be opened but not read: something
// has cut it short or changed it after it was saved.
type DamagedError struct{ Err error }

// Error says which file is damaged and what is wrong with it.
func (e *DamagedError) Error() string { return fmt.Sprintf("cannot use the checkpoint %v", e.Err) }

// Unwrap returns what is wrong.
func (e *DamagedError) Unwrap() error { return e.Err }

// Resume restores the newest configured checkpoint that can be read, and reports whether
// there is any. Damaged ones are set aside, with .damaged and perhaps a number appended to
// their names, and Notify is told. It is an error if all checkpoints are damaged, or if the
// newest readable one is not of this training. On error the trainer must not be used.
func (l *Loop) Resume() (found bool, err error) {
	for _, path := range atomicfile.Versions(l.config.Checkpoint) {
		err = l.Load(path)
		var damaged *DamagedError
		if !errors.As(err, &damaged) {
			return err == nil, err
		}
		aside := disk.Aside(disk.OS{}, l.config.Checkpoint)
		if err := os.Rename(path, aside); err != nil {
			return false, fmt.Errorf("%w; it cannot be set aside: %w", damaged, reason(err))
		}
		l.config.notify("%v; it is set aside as %s, and an older one is looked for", damaged, aside)
	}
	if err != nil {
		return false, fmt.Errorf("no checkpoint is left, as all of them are damaged: resume once more to begin this training anew (%w)", err)
	}
	return false, nil
}

// RemoveCheckpoints removes all checkpoints of trainings with the given checkpoint paths,
// older and damaged ones included.
func RemoveCheckpoints(paths ...string) error { return atomicfile.Remove(paths...) }
