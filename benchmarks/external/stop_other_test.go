//go:build !unix

package main

import "os"

// saving tells nothing: this system cannot ask a program to end.
func saving() <-chan os.Signal { return nil }
