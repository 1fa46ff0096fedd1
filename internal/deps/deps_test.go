package deps

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path of the module, as go.mod has it: it may be published
// under another one.
var module = func() string {
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		panic(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(strings.TrimPrefix(line, "module"))
}()

// ours lists what each package may import of the module. A key or an entry
// that ends in "/*" stands for everything below a folder. Test files may import
// forTests as well.
var ours = map[string][]string{
	"internal/atomicfile":  {},
	"internal/bom":         {},
	"internal/deps":        {},
	"internal/disk":        {"internal/atomicfile"},
	"internal/filelock":    {},
	"internal/golden":      {"autograd", "internal/safetensors"},
	"internal/glob":        {},
	"internal/jpeg":        {"data/imaging"},
	"internal/onnxfile":    {"internal/atomicfile", "internal/safetensors", "internal/sized"},
	"internal/pages":       {},
	"internal/parallel":    {},
	"internal/parquetfile": {"internal/sized"},
	"internal/race":        {},
	"internal/safetensors": {"internal/sized"},
	"internal/sealed":      {},
	"internal/seed":        {},
	"internal/sized":       {},
	"internal/sizedtest":   {},
	"internal/torchfile":   {"internal/safetensors", "internal/sized"},
	"simd":                 {"internal/race"},
	"autograd":             {"simd", "internal/parallel"},
	"ops":                  {"autograd", "simd", "internal/parallel"},
	"dropout":              {"autograd", "simd", "internal/atomicfile", "internal/bom", "internal/parallel", "internal/seed"},
	"layers":               {"autograd", "ops", "dropout", "internal/parallel", "internal/seed"},
	"gradcheck":            {"autograd"},
	"optim":                {"autograd", "simd", "internal/parallel"},
	"models":               {"autograd", "ops", "layers", "dropout"},
	"onnx":                 {"autograd", "dropout", "internal/onnxfile", "internal/seed", "layers", "models", "ops", "optim"},
	"data":                 {"data/npy", "data/picture", "data/imaging", "internal/parquetfile", "internal/sized", "internal/torchfile", "internal/bom", "internal/filelock", "internal/glob", "internal/seed", "internal/parallel"},
	"data/imaging":         {},
	"data/picture":         {"data/imaging", "internal/jpeg"},
	"data/npy":             {"internal/atomicfile", "internal/safetensors", "internal/sized"},
	"data/text":            {"internal/bom"},
	"data/text/bitext":     {"data", "data/text", "internal/bom", "internal/parallel", "internal/seed", "internal/sized"},
	"data/text/metric":     {},
	"patterns":             {"autograd", "data", "dropout", "layers", "ops", "train"},
	"weights":              {"autograd", "layers", "models", "data/npy", "internal/atomicfile", "internal/safetensors", "internal/sized", "internal/torchfile"},
	"serve":                {"autograd", "data", "data/imaging", "data/picture", "internal/atomicfile", "layers", "models", "onnx", "ops", "weights"},
	"train":                {"autograd", "ops", "dropout", "layers", "optim", "models", "data", "data/imaging", "data/text/bitext", "weights", "internal/*"},
	"controller":           {"autograd", "ops", "layers", "optim", "dropout", "internal/*"},
	"controller/cluster":   {"controller", "dropout", "internal/disk"},
	"benchmarks/*":         {"*"},
	"doc":                  {"dropout"},
	"doc/*":                {"*"},

	// The floors of the benchmarks, from the ground up. What stands above may use
	// anything below.
	"benchmarks/internal/usage":       {},
	"benchmarks/internal/words":       {},
	"benchmarks/internal/machine":     {"simd"},
	"benchmarks/internal/statistics":  {},
	"benchmarks/internal/tensorboard": {},
	"benchmarks/internal/outside":     {"internal/atomicfile", "internal/filelock"},
	"benchmarks/internal/runfolder":   {"benchmarks/internal/usage", "benchmarks/internal/words", "internal/atomicfile", "internal/disk", "internal/filelock", "internal/sealed"},
	"benchmarks/internal/report":      {"benchmarks/internal/words", "dropout"},
	"benchmarks/internal/progress":    {"benchmarks/internal/machine", "benchmarks/internal/words", "train"},
	"benchmarks/internal/cli": {"benchmarks/internal/machine", "benchmarks/internal/runfolder", "benchmarks/internal/usage", "benchmarks/internal/words",
		"controller/cluster", "data/imaging"},
	"benchmarks/internal/sheet":      {"benchmarks/internal/report", "benchmarks/internal/runfolder", "benchmarks/internal/statistics", "benchmarks/internal/words", "controller", "train"},
	"benchmarks/internal/experiment": slices.Concat(floors, []string{"controller", "controller/cluster", "data", "dropout", "ops", "optim", "patterns", "train", "internal/*"}),
	"benchmarks/internal/images": slices.Concat(floors, []string{"benchmarks/internal/experiment",
		"controller", "data", "data/imaging", "dropout", "layers", "train", "internal/*"}),
	"benchmarks/internal/fewlabels": {"benchmarks/internal/cli", "benchmarks/internal/experiment", "benchmarks/internal/images", "benchmarks/internal/runfolder", "benchmarks/internal/usage",
		"controller", "data", "data/imaging", "dropout", "optim", "train"},
	"benchmarks/internal/language": slices.Concat(floors, []string{"benchmarks/internal/experiment",
		"autograd", "controller", "data", "dropout", "layers", "models", "optim", "train", "weights", "internal/*"}),
	"benchmarks/internal/translation": slices.Concat(floors, []string{"benchmarks/internal/experiment",
		"controller", "data", "data/text", "data/text/bitext", "data/text/metric", "dropout", "models", "optim", "train", "weights", "internal/*"}),
	"benchmarks/internal/flops":     {"models"},
	"benchmarks/internal/kills":     {"benchmarks/internal/cli", "benchmarks/internal/runfolder"},
	"benchmarks/internal/benchtest": {"benchmarks/internal/kills", "benchmarks/internal/runfolder", "internal/*", "simd"},
}

// forTests are packages that any test file may import.
var forTests = []string{"gradcheck", "internal/*", "benchmarks/internal/benchtest", "benchmarks/internal/kills"}

// floors are the packages below the experiments.
var floors = []string{"benchmarks/internal/cli", "benchmarks/internal/machine", "benchmarks/internal/progress", "benchmarks/internal/report", "benchmarks/internal/runfolder",
	"benchmarks/internal/sheet", "benchmarks/internal/tensorboard", "benchmarks/internal/usage", "benchmarks/internal/words"}

// core packages may use these third parties only.
var core = []string{"simd", "autograd", "ops", "layers", "optim", "dropout", "models"}

var coreThirdParties = []string{"gonum.org/v1/gonum", "golang.org/x/sync", "github.com/klauspost/cpuid/v2"}

func TestImports(t *testing.T) {
	eachFile(t, func(relative, name string) { check(t, relative, name) })
}

// eachFile calls f with each Go file of the module, by its path within it and its path.
func eachFile(t *testing.T, f func(relative, name string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		files++
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(relative), name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were found", files)
	}
}

// check reports every import of a file that the table does not allow.
func check(t *testing.T, relative, name string) {
	t.Helper()
	source, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	from := path.Dir(relative)
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if why := refuse(from, strings.HasSuffix(relative, "_test.go"), imported); why != "" {
			t.Errorf("%s imports %s: %s", relative, imported, why)
		}
	}
}

// refuse says why a package may not import another, "" when it may.
func refuse(from string, test bool, imported string) string {
	if imported == "C" {
		return "cgo is not used"
	}
	if to, mine := strings.CutPrefix(imported, module+"/"); mine {
		allowed, known := lookup(from)
		switch {
		case !known:
			return "the package is not in the table of internal/deps"
		case to == from, test && matches(forTests, to), matches(allowed, to):
			return ""
		}
		return "the table of internal/deps does not allow it"
	}
	thirdParty := strings.Contains(strings.SplitN(imported, "/", 2)[0], ".")
	if thirdParty && slices.Contains(core, from) &&
		!slices.ContainsFunc(coreThirdParties, func(m string) bool { return imported == m || strings.HasPrefix(imported, m+"/") }) {
		return "the core uses gonum, x/sync and cpuid only"
	}
	return ""
}

// lookup returns the row of a package: its own, or the one of a folder above.
func lookup(from string) (allowed []string, known bool) {
	if allowed, known = ours[from]; known {
		return allowed, true
	}
	for dir := path.Dir(from); dir != "."; dir = path.Dir(dir) {
		if allowed, known = ours[dir+"/*"]; known {
			return allowed, true
		}
	}
	return nil, false
}

func matches(allowed []string, to string) bool {
	return slices.ContainsFunc(allowed, func(pattern string) bool {
		if folder, any := strings.CutSuffix(pattern, "*"); any {
			return strings.HasPrefix(to, folder)
		}
		return pattern == to
	})
}

func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		from     string
		test     bool
		imported string
		allowed  bool
	}{
		{"ops", false, module + "/simd", true},
		{"simd", false, module + "/ops", false},
		{"ops", false, module + "/internal/seed", false},
		{"ops", true, module + "/gradcheck", true},
		{"controller", false, module + "/models", false},
		{"controller", false, module + "/internal/seed", true},
		{"benchmarks/cifar", false, module + "/models", true},
		{"benchmarks/internal/experiment", false, module + "/train", true},
		{"benchmarks/internal/sheet", false, module + "/benchmarks/internal/experiment", false},
		{"benchmarks/internal/experiment", false, module + "/benchmarks/internal/images", false},
		{"benchmarks/internal/experiment", false, module + "/models", false},
		{"benchmarks/internal/images", false, module + "/benchmarks/internal/experiment", true},
		{"benchmarks/internal/language", false, module + "/benchmarks/internal/images", false},
		{"newcomer", false, module + "/simd", false},
		{"ops", false, "gonum.org/v1/gonum/stat", true},
		{"ops", false, "gonum.org/v1/plot", false},
		{"data", false, "github.com/vbauerster/mpb/v8", true},
		{"simd", false, "C", false},
		{"simd", false, "math/bits", true},
	} {
		if why := refuse(c.from, c.test, c.imported); (why == "") != c.allowed {
			t.Errorf("%s importing %s (test file: %v): refused with %q", c.from, c.imported, c.test, why)
		}
	}
}
