//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// saving tells when a program is asked to end.
func saving() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	return signals
}
