package ops

import (
	"io"
	"testing"
)

// ForceConvRoute does what AUTODROPOUT_CONV=name does, until the end of t.
func ForceConvRoute(t testing.TB, name string) {
	before := forcedRoute
	t.Cleanup(func() { forcedRoute = before })
	forcedRoute = chooseRoute(name, io.Discard)
}

// FoldConvs has Winograd's convolutions keep so few elements of transforms in memory,
// until the end of t.
func FoldConvs(t testing.TB, elements int) {
	before := foldElements
	t.Cleanup(func() { foldElements = before })
	foldElements = elements
}
