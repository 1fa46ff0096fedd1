package outside

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Done is a training that a program has done.
type Done struct {
	Answer
	Attempts int
	Seconds  float64 // of all attempts
	Output   string  // what was printed last
}

// Run has the program train, once, and returns its answer. An error is trouble, not
// what the training was worth: the same job may be run again, and goes on in the same
// folder. When ctx is cancelled the program is asked to end, and killed after its grace;
// unless it has answered meanwhile the cause is returned.
func (j *Job) Run(ctx context.Context) (Done, error) {
	if ctx.Err() != nil {
		return Done{}, context.Cause(ctx)
	}
	o, err := j.prepare(ctx)
	if err != nil {
		return Done{}, err
	}
	defer j.trial.Close()
	defer o.close()
	began, before := time.Now(), 0.0
	if j.Trial.Attempt > 1 {
		before = j.spent()
	}
	ended, err := j.attempt(ctx, o)
	if err != nil {
		return Done{}, err
	}
	d := Done{Attempts: j.Trial.Attempt, Seconds: before + time.Since(began).Seconds(), Output: o.last()}
	names, err := fileNames(j.Folder)
	if err != nil {
		return d, err
	}
	last, printed := o.lastLine(), ""
	if ended.succeeded {
		file := slices.Contains(names, Result)
		if d.Answer, err = answer(j.Folder, file, last); err == nil {
			if !file {
				printed = last
			}
			o.finish(printed)
			j.tidy(names)
			return d, nil
		}
		if ended.why == "" {
			ended.why = err.Error()
		}
	}
	o.finish(printed)
	// That this cannot be written costs a number in a table only.
	_ = os.WriteFile(filepath.Join(j.Folder, spentFile), strconv.AppendFloat(nil, d.Seconds, 'f', 3, 64), 0o666)
	if ctx.Err() != nil {
		return d, context.Cause(ctx)
	}
	return d, errors.New(ended.why + said(d.Output))
}

// fileNames returns the names of what is in a folder.
func fileNames(folder string) ([]string, error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// end is how a program has ended.
type end struct {
	succeeded bool   // with exit code 0
	why       string // it has failed; "" where it has not
}

// attempt runs the program to its end.
func (j *Job) attempt(ctx context.Context, o *output) (e end, err error) {
	words := j.arguments()
	path := j.Path
	if path == "" {
		if path, err = exec.LookPath(words[0]); err != nil {
			return e, cannotStart(words[0], err)
		}
	}
	nothing, err := nothing()
	if err != nil {
		return e, err
	}
	sources, written, err := pipes()
	if err != nil {
		return e, err
	}
	attr := &os.ProcAttr{Dir: j.Folder, Env: j.environment(), Files: inherited([]*os.File{nothing, written[0], written[1]}, j.trial)}
	p, err := start(path, words, attr)
	written[0].Close()
	written[1].Close()
	if err != nil {
		sources[0].Close()
		sources[1].Close()
		return e, cannotStart(words[0], err)
	}
	s := stopper{process: p, grace: j.Grace}
	defer context.AfterFunc(ctx, func() { s.stop(false) })()
	if j.Limit > 0 {
		defer time.AfterFunc(j.Limit, func() { s.stop(true) }).Stop()
	}
	rest := o.collect(sources)
	state := wait(p, s.end)
	rest()
	if state == nil {
		return e, fmt.Errorf("the system does not say how the program %s has ended", words[0])
	}
	e.succeeded = state.Success()
	switch {
	case s.late:
		e.why = fmt.Sprintf("the program was stopped after -time-limit %v", j.Limit)
	case !state.Exited():
		e.why = fmt.Sprintf("the program was ended by a signal (%v)", state)
	case !e.succeeded:
		e.why = fmt.Sprintf("the program ended with exit code %d", state.ExitCode())
	}
	return e, nil
}

func cannotStart(program string, err error) error {
	return fmt.Errorf("the program %s cannot be started: %w", program, err)
}

// nothing is what programs read from.
var nothing = sync.OnceValues(func() (*os.File, error) { return os.Open(os.DevNull) })

// pipes returns pipes for a program's output.
func pipes() (read [2]*source, write [2]*os.File, err error) {
	for i := range read {
		if read[i], write[i], err = pipe(); err != nil {
			for k := range i {
				read[k].Close()
				write[k].Close()
			}
			return read, write, err
		}
	}
	return read, write, nil
}

// stopper ends a program in time.
type stopper struct {
	process *os.Process
	grace   time.Duration

	mu      sync.Mutex
	stopped bool
	late    bool // for its time is over
	ended   bool // its number is nobody's, or another's
	timer   *time.Timer
}

// stop asks the program to end, and sees to it that it does.
func (s *stopper) stop(late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.stopped {
		return
	}
	s.stopped, s.late = true, late
	terminate(s.process)
	s.timer = time.AfterFunc(s.grace, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.ended {
			kill(s.process)
		}
	})
}

// end notes that the program has ended.
func (s *stopper) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.timer != nil {
		s.timer.Stop()
	}
}
