package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// Main runs a benchmark and exits. An interrupt cancels the context, so that
// the benchmark can save what it has; a second one ends the program.
//
// Nearly all of the heap are buffers that a tape keeps for the next step. Go would
// let as much garbage pile up beside them before it collects any, and memory
// grow for an hour: Main lets it be a tenth, unless GOGC says something else.
func Main(run func(ctx context.Context, args []string, stdout, stderr io.Writer) int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(10)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// ExitCode prints err, if there is one, as a line that begins with the
// benchmark's name, and returns the exit code for it: 0 for success and -h, 2
// for a *UsageError, 130 for a run that was interrupted, 1 for the rest.
func ExitCode(err error, name string, stderr io.Writer) int {
	if err == nil || errors.Is(err, ErrHelp) {
		return 0
	}
	fmt.Fprintf(stderr, "%s: %v\n", name, err)
	var usage *UsageError
	switch {
	case errors.As(err, &usage):
		return 2
	case errors.Is(err, context.Canceled):
		return 130
	}
	return 1
}
