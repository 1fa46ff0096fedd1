//go:build !unix

package sizedtest

import "time"

var start = time.Now()

// spent returns how long this process has run.
func spent() time.Duration { return time.Since(start) }
