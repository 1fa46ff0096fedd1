//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package runfolder

import "os"

const canHold = false

// tryHold is for systems whose locks do not end with the process: nobody is held
// off.
func tryHold(*os.File) (taken bool) { return false }
