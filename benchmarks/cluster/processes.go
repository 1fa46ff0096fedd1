package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"autodropout/controller/cluster"
)

// server is a NATS server, until it is killed.
func (c *config) server(ctx context.Context) error {
	s, err := cluster.StartServer(cluster.ServerConfig{Folder: c.folder, Listen: c.listen})
	if err != nil {
		return err
	}
	defer s.Shutdown()
	<-ctx.Done()
	return context.Cause(ctx)
}

// process is a program that is started again whenever it is killed.
type process struct {
	name    string
	program string
	first   []string // arguments when it is started first
	again   []string // and later
	output  io.Writer

	mu      sync.Mutex
	command *exec.Cmd
	killed  int
	over    bool       // it is not to start again
	ended   chan error // how it ended by itself
	wake    chan time.Duration
}

// launch starts a process and looks after it.
func launch(name, program string, first, again []string, output io.Writer) (*process, error) {
	p := &process{name: name, program: program, first: first, again: again, output: output, ended: make(chan error, 1), wake: make(chan time.Duration, 1)}
	if err := p.start(first); err != nil {
		return nil, err
	}
	go p.attend()
	return p, nil
}

func (p *process) start(args []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return os.ErrProcessDone
	}
	p.command = exec.Command(p.program, args...)
	p.command.Stdout, p.command.Stderr = p.output, p.output
	return p.command.Start()
}

// attend waits for the process to end, and starts it again when it was killed.
func (p *process) attend() {
	for {
		err := p.command.Wait()
		select {
		case pause := <-p.wake:
			fmt.Fprintf(p.output, "--- killed\n")
			time.Sleep(pause)
			if err := p.start(p.again); err != nil {
				p.ended <- err
				return
			}
		default:
			if err != nil {
				err = fmt.Errorf("%s ended with %w", p.name, err)
			}
			p.ended <- err
			return
		}
	}
}

// kill kills the process, which starts again after the pause.
func (p *process) kill(pause time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.wake <- pause:
	default:
		return nil // it is dead already
	}
	p.killed++
	return p.command.Process.Kill()
}

// failed returns why the process ended by itself, nil while it has not or where
// nothing went wrong.
func (p *process) failed() error {
	select {
	case err := <-p.ended:
		return err
	default:
		return nil
	}
}

// end kills the process for good, also while it is to start again after a pause.
func (p *process) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		fmt.Fprintf(p.output, "--- cannot be killed: %v\n", err)
	}
}
