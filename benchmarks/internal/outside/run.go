package outside

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	defer o.file.Close()
	began, before := time.Now(), 0.0
	if j.Trial.Attempt > 1 {
		before = j.spent()
	}
	ended, err := j.attempt(ctx, o)
	if err != nil {
		return Done{}, err
	}
	d := Done{Attempts: j.Trial.Attempt, Seconds: before + time.Since(began).Seconds(), Output: o.last()}
	if ended.succeeded {
		if d.Answer, err = answer(j.Folder, o.lastLine()); err == nil {
			j.tidy()
			return d, nil
		}
		if ended.why == "" {
			ended.why = err.Error()
		}
	}
	// That this cannot be written costs a number in a table only.
	_ = os.WriteFile(filepath.Join(j.Folder, spentFile), strconv.AppendFloat(nil, d.Seconds, 'f', 3, 64), 0o666)
	if ctx.Err() != nil {
		return d, context.Cause(ctx)
	}
	return d, errors.New(ended.why + said(d.Output))
}

// end is how a program has ended.
type end struct {
	succeeded bool   // with exit code 0
	why       string // it has failed; "" where it has not
}

// attempt runs the program to its end.
func (j *Job) attempt(ctx context.Context, o *output) (e end, err error) {
	words := j.arguments()
	c := &exec.Cmd{Path: j.Path, Args: words}
	if j.Path == "" {
		c = exec.Command(words[0], words[1:]...)
	}
	c.Dir, c.Env = j.Folder, j.environment()
	inherit(c, o.file)
	read, err := pipes(c)
	if err != nil {
		return e, err
	}
	err = start(c)
	for _, w := range []any{c.Stdout, c.Stderr} {
		w.(*os.File).Close()
	}
	if err != nil {
		read[0].Close()
		read[1].Close()
		return e, fmt.Errorf("the program %s cannot be started: %w", words[0], err)
	}
	var copies sync.WaitGroup
	for i, r := range read {
		copies.Go(func() { o.copy(r, i == 0) })
	}
	s := stopper{command: c, grace: j.Grace}
	defer context.AfterFunc(ctx, func() { s.stop(false) })()
	if j.Limit > 0 {
		defer time.AfterFunc(j.Limit, func() { s.stop(true) }).Stop()
	}
	wait(c, s.end)
	drain(&copies, read)
	o.finish()
	state := c.ProcessState
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

// pipes gives a command pipes for its output, and returns their other ends.
func pipes(c *exec.Cmd) (read [2]*os.File, err error) {
	var write [2]*os.File
	for i := range read {
		if read[i], write[i], err = pipe(); err != nil {
			for k := range i {
				read[k].Close()
				write[k].Close()
			}
			return read, err
		}
	}
	c.Stdout, c.Stderr = write[0], write[1]
	return read, nil
}

// drain waits for the rest of the output. What has left the program's group and still
// holds a pipe is not waited for.
func drain(copies *sync.WaitGroup, read [2]*os.File) {
	const patience = time.Second
	timer := time.AfterFunc(patience, func() {
		read[0].Close()
		read[1].Close()
	})
	copies.Wait()
	timer.Stop()
	read[0].Close()
	read[1].Close()
}

// stopper ends a program in time.
type stopper struct {
	command *exec.Cmd
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
	terminate(s.command)
	s.timer = time.AfterFunc(s.grace, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.ended {
			kill(s.command)
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
