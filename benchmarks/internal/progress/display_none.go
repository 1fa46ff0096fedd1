//go:build !unix && !windows

package progress

import "io"

// openDisplay returns nil: there are no terminals, in a browser for one.
func openDisplay(io.Writer) display { return nil }
