package simd

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var updateSums = flag.Bool("update-sums", false, "record the present generators and generated assembly as belonging together")

// sumsFile lists, as sha256sum does, the generators and their output as they
// were when the generators last ran.
const sumsFile = "_asm/SHA256SUMS"

// recordedName is the module's name in the imports of which the sums are. A copy of the
// module under another name differs from the record by its imports only.
const recordedName = "autodropout"

// Generated assembly must be that of the generators beside it. Running them
// needs modules from the network; comparing sums does not.
func TestAssemblyIsCurrent(t *testing.T) {
	var sums strings.Builder
	module := strings.TrimSuffix(reflect.TypeFor[Product]().PkgPath(), "/simd")
	for _, pattern := range []string{"_asm/go.mod", "_asm/*.go", "_asm/*/*.go", "*_amd64.s", "dispatch_*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			content = bytes.ReplaceAll(content, []byte(`"`+module+`/`), []byte(`"`+recordedName+`/`))
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), filepath.ToSlash(path))
		}
	}
	if *updateSums {
		if err := os.WriteFile(sumsFile, []byte(sums.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	recorded, err := os.ReadFile(sumsFile)
	if err != nil {
		t.Fatal(err)
	}
	if sums.String() == string(recorded) {
		return
	}
	for _, line := range strings.Split(sums.String(), "\n") {
		if !strings.Contains(string(recorded), line) {
			_, path, _ := strings.Cut(line, "  ")
			t.Errorf("simd/%s is not as it was when the assembly was generated", path)
		}
	}
	t.Error("generators and assembly differ from the record: run go generate ./simd")
}
