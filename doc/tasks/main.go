// Tasks is the program of doc/tasks.md: a regression and a language model in the loop of
// package train, and a tagger in a loop of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "tasks")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := regress(ctx, folder, os.Stdout); err != nil {
		return err
	}
	if err := model(ctx, 40_000, os.Stdout); err != nil {
		return err
	}
	return tag(ctx, 200, os.Stdout)
}
