package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"autodropout/benchmarks/internal/usage"
)

// Main runs a benchmark and exits. An interrupt, or SIGTERM, cancels the context,
// so that the benchmark can save what it has; a second one ends the program.
//
// Nearly all of the heap are buffers that a tape keeps for the next step. Go would
// let as much garbage pile up beside them before it collects any, and memory
// grow for an hour: Main lets it be a tenth, unless GOGC says something else.
func Main(run func(ctx context.Context, args []string, stdout, stderr io.Writer) int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(10)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		first, at := <-signals, time.Now()
		cancel(stopped{first})
		fmt.Fprintln(os.Stderr, "Stopping, with everything saved. A second time ends the program at once.")
		second := <-signals
		for second == first && time.Since(at) < time.Second {
			// The program that started this one passes on what the terminal has sent to both.
			second = <-signals
		}
		os.Exit(stopped{second}.code())
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// stopped is why a context was cancelled: a signal.
type stopped struct{ os.Signal }

func (s stopped) Error() string { return fmt.Sprintf("stopped by a signal (%v)", s.Signal) }

// Is makes it a kind of context.Canceled.
func (s stopped) Is(target error) bool { return target == context.Canceled }

// code returns the exit code by which shells know the signal.
func (s stopped) code() int {
	if number, ok := s.Signal.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return interrupted
}

const interrupted = 128 + int(syscall.SIGINT)

// ExitCode prints err, if there is one, as a line that begins with the
// benchmark's name, and returns the exit code for it: 0 for success and -h, 2
// for a *[usage.Error], 128 and the number of the signal for a run that was stopped
// by one (130 for an interrupt, 143 for SIGTERM), 1 for the rest.
func ExitCode(err error, name string, stderr io.Writer) int {
	if err == nil || errors.Is(err, ErrHelp) {
		return 0
	}
	fmt.Fprintf(stderr, "%s: %v\n", name, err)
	var usage *usage.Error
	var signalled stopped
	switch {
	case errors.As(err, &usage):
		return 2
	case errors.As(err, &signalled):
		return signalled.code()
	case errors.Is(err, context.Canceled):
		return interrupted
	}
	return 1
}
