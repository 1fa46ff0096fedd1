package benchtest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"

	"autodropout/benchmarks/internal/kills"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/internal/golden"
	"autodropout/simd"
)

// results matches the names of files with numbers of a run.
var results = regexp.MustCompile(`(^result\.json|pattern\.json|\.jsonl|\.safetensors)$`)

// build matches what a line says of the run's identity, which every change of the
// program changes.
var build = regexp.MustCompile(`"identity":"[^"]*"`)

// Golden runs the benchmark and compares what it finds with the committed file of this
// instruction set in testdata/golden: the table, and checksums of results, logs, patterns
// and weights, without times. A change that is not meant to change a number changes none of them.
// Where one is meant, "make golden-runs" writes the files again.
func (p Program) Golden(t *testing.T, settings ...string) {
	t.Helper()
	set := runtime.GOARCH + "-" + simd.Active().String()
	committed := filepath.Join("testdata", "golden", set+".txt")
	if _, err := os.Stat(committed); err != nil && !golden.Writes() {
		t.Skipf("no run with the instruction set %s is committed", set)
	}
	folder := filepath.Join(t.TempDir(), "run")
	p.Must(t, append(settings, "-out", folder, "-quiet")...)
	files := kills.Lasting(t, folder)
	var got bytes.Buffer
	got.Write(files[runfolder.Table])
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if results.MatchString(name) {
			fmt.Fprintf(&got, "%.8x %s\n", sha256.Sum256(build.ReplaceAll(files[name], nil)), name)
		}
	}
	if want := golden.Committed(t, committed, got.Bytes()); !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the run has left\n%swhere the committed one left\n%sIf numbers are meant to change, run \"make golden-runs\".", got.Bytes(), want)
	}
}
