package bench

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
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

// Commit returns the commit the program was built from: what the Go tool
// stamped into it, else the HEAD of the repository around dir, else "unknown".
func Commit(dir string) string {
	if revision := stamped(); revision != "" {
		return revision
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "unknown"
	}
	for {
		if git := gitFolder(filepath.Join(dir, ".git")); git != "" {
			return head(git)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "unknown"
		}
		dir = parent
	}
}

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
		revision += "+modified"
	}
	return revision
}

// Version tells builds of a program apart, wherever they run: it is the stamped
// commit, and where there is none, a checksum of the program's file.
var Version = sync.OnceValue(func() string {
	if revision := stamped(); revision != "" {
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

// gitFolder returns the folder that a .git entry is or, in a worktree, points to.
func gitFolder(path string) string {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		if err != nil {
			return ""
		}
		return path
	}
	target, ok := strings.CutPrefix(readLine(path), "gitdir: ")
	if !ok {
		return ""
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	return target
}

// head resolves the HEAD of a repository.
func head(git string) string {
	ref, symbolic := strings.CutPrefix(readLine(filepath.Join(git, "HEAD")), "ref: ")
	if !symbolic && ref != "" {
		return ref
	}
	// A worktree keeps its HEAD itself and its branches in the main repository.
	common := git
	if other := readLine(filepath.Join(git, "commondir")); other != "" {
		common = other
		if !filepath.IsAbs(common) {
			common = filepath.Join(git, common)
		}
	}
	if hash := readLine(filepath.Join(common, filepath.FromSlash(ref))); hash != "" {
		return hash
	}
	packed, _ := os.ReadFile(filepath.Join(common, "packed-refs"))
	for line := range strings.Lines(string(packed)) {
		if hash, found := strings.CutSuffix(strings.TrimSpace(line), " "+ref); found && ref != "" {
			return hash
		}
	}
	return "unknown"
}

// readLine returns the first line of a file, "" when there is none.
func readLine(path string) string {
	text, _ := os.ReadFile(path)
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}

// Memory writes a number of bytes for people.
func Memory(bytes int64) string {
	switch {
	case bytes <= 0:
		return "unknown"
	case bytes < 1e9:
		return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}
