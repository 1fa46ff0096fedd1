//go:build !unix || aix

package machine

import "time"

// CPUTime returns how long all threads of the process have computed, 0 when unknown.
func CPUTime() time.Duration { return 0 }
