// Package machine says what a program runs on and what it was built from.
package machine

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/klauspost/cpuid/v2"

	"autodropout/simd"
)

// CPU names the processor, how many of its cores Go uses, and the architecture.
func CPU() string {
	name := strings.TrimSpace(cpuid.CPU.BrandName)
	if name == "" {
		name = "unnamed processor"
	}
	return fmt.Sprintf("%s, %d cores, %s", name, runtime.GOMAXPROCS(0), runtime.GOARCH)
}

// SIMD names the instruction set that the kernels use.
func SIMD() string { return simd.Active().String() }

// Commit returns the commit the program was built from: what the Go tool stamped
// into it, else, as with go run, what git says of the folder dir, else "unknown".
func Commit(dir string) string {
	if revision := stamped(); revision != "" {
		return revision
	}
	head := exec.Command("git", "rev-parse", "HEAD")
	head.Dir = dir
	if hash, err := head.Output(); err == nil {
		return strings.TrimSpace(string(hash))
	}
	return "unknown"
}

// modified is behind a commit whose sources were changed before the program was built.
const modified = "+modified"

// stamped returns the commit that the Go tool stamped into the program; it does
// not into one that it runs at once, and "" is returned.
func stamped() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	stamp := map[string]string{}
	for _, s := range info.Settings {
		stamp[s.Key] = s.Value
	}
	revision := stamp["vcs.revision"]
	if revision != "" && stamp["vcs.modified"] == "true" {
		revision += modified
	}
	return revision
}

// Version tells builds of a program apart, wherever they run: it is the stamped
// commit, and where there is none, or sources have been modified since, a checksum of
// the program's file.
var Version = sync.OnceValue(func() string {
	if revision := stamped(); revision != "" && !strings.HasSuffix(revision, modified) {
		return "commit " + revision
	}
	path, err := os.Executable()
	if err != nil {
		return "an unknown commit"
	}
	file, err := os.Open(path)
	if err != nil {
		return "an unknown commit"
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "an unknown commit"
	}
	return fmt.Sprintf("sources with the build sum %x", sum.Sum(nil)[:8])
})
