package doc

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/internal/pages"
)

// published is a path and a version as if somebody had published the module.
const (
	publishedPath    = "example.com/newcomer/autodropout"
	publishedVersion = "v0.1.0"
)

// named skips a test in a copy of the module that has been renamed already: the page's
// commands are for the name that the module has here.
func named(t *testing.T) {
	t.Helper()
	module, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(module), "module autodropout\n") {
		t.Skip("this copy of the module has another name")
	}
}

// printedShell returns the pieces of shell in stability.md that have a text.
func printedShell(t *testing.T, with string) (pieces []string) {
	t.Helper()
	for _, piece := range pages.Pieces(t, "doc/stability.md", "sh") {
		if strings.Contains(piece, with) {
			pieces = append(pieces, piece)
		}
	}
	return pieces
}

// offline returns the environment for Go commands that find modules in the proxies of
// files, then in the cache of modules, and in no network.
func offline(t *testing.T, proxies ...string) []string {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	proxies = append(proxies, filepath.Join(strings.TrimSpace(string(cache)), "cache", "download"))
	for i, folder := range proxies {
		proxies[i] = "file://" + filepath.ToSlash(folder)
	}
	return append(os.Environ(), "GOPROXY="+strings.Join(proxies, ","), "GOSUMDB=off", "GOTOOLCHAIN=local", "GOFLAGS=-trimpath -modcacherw")
}

// shell runs commands in a folder as a reader would, and returns what they print.
func shell(t *testing.T, folder string, environment []string, commands string) string {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("the printed commands need bash")
	}
	command := exec.Command("bash", "-euc", commands)
	command.Dir, command.Env = folder, environment
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", commands, err, output)
	}
	return string(output)
}

// copyModule copies the files of the repository that git knows into a new one.
func copyModule(t *testing.T, to string) {
	t.Helper()
	list, err := exec.Command("git", "-C", "..", "ls-files", "-z").Output()
	if err != nil {
		t.Skip("there is no git repository to copy: ", err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if os.IsNotExist(err) {
			continue // removed and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, to, os.Environ(), "git init -q . && git add -A")
}

// serveModule writes what a module proxy has of the module in a folder, in which
// modules of their own are left out as proxies do.
func serveModule(t *testing.T, from, proxy string) {
	t.Helper()
	files := map[string][]byte{}
	var apart []string
	for _, name := range strings.Fields(shell(t, from, os.Environ(), "git ls-files")) {
		text, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if folder, found := strings.CutSuffix(name, "/go.mod"); found {
			apart = append(apart, folder+"/")
		}
		files[name] = text
	}
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	for name, text := range files {
		if inAny(name, apart) {
			continue
		}
		w, err := archive.Create(publishedPath + "@" + publishedVersion + "/" + name)
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(proxy, filepath.FromSlash(publishedPath), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"list":                     []byte(publishedVersion + "\n"),
		publishedVersion + ".info": []byte(`{"Version":"` + publishedVersion + `"}`),
		publishedVersion + ".mod":  files["go.mod"],
		publishedVersion + ".zip":  packed.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func inAny(name string, folders []string) bool {
	for _, folder := range folders {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return false
}

// TestUse makes a module that uses a copy of this one, both ways that stability.md prints.
func TestUse(t *testing.T) {
	named(t)
	work := t.TempDir()
	copyModule(t, filepath.Join(work, "autodropout"))
	// go mod tidy reads what the tests of dependencies need, which nothing else has brought
	// to a new module cache.
	fill := exec.Command("go", "mod", "tidy")
	fill.Dir = filepath.Join(work, "autodropout")
	if output, err := fill.CombinedOutput(); err != nil {
		t.Skipf("the module cache has not all that go mod tidy reads: %s", output)
	}
	commands := append(printedShell(t, "go mod init"), printedShell(t, "go work init")...)
	if len(commands) != 2 {
		t.Fatalf("the page has %d ways to use a copy, 2 are tested", len(commands))
	}
	mine := filepath.Join(work, "mine")
	if err := os.Mkdir(mine, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(mine, "mine.go"), []byte("package mine\n\nimport _ \"autodropout/train\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	finds := func(folder string) {
		t.Helper()
		if found := shell(t, mine, offline(t), "go list -f '{{.Dir}}' autodropout/train"); strings.TrimSpace(found) != folder {
			t.Errorf("autodropout/train is found in %s", found)
		}
	}
	trains := filepath.Join(work, "autodropout", "train")
	shell(t, mine, offline(t), commands[0]+"\ngo list -deps . >/dev/null")
	finds(trains)

	if err := os.Remove(filepath.Join(mine, "go.mod")); err != nil {
		t.Fatal(err)
	}
	shell(t, mine, offline(t), "go mod init example.com/mine")
	shell(t, work, offline(t), commands[1]+"\ncd mine && go list -deps . >/dev/null")
	finds(trains)
}

// TestPublish renames a copy of the module as stability.md says, compares its assembly
// with the record, serves it from a proxy of files, and has Go install and run a program of it as somebody would who has no
// copy.
func TestPublish(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a benchmark under another path")
	}
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("the printed command needs perl")
	}
	named(t)
	work := t.TempDir()
	renamed, proxy := filepath.Join(work, "renamed"), filepath.Join(work, "proxy")
	copyModule(t, renamed)
	commands := printedShell(t, "go mod edit -module")
	if len(commands) != 1 {
		t.Fatalf("the page renames the module by %d pieces", len(commands))
	}
	const placeholder = "github.com/NAME/autodropout"
	if !strings.Contains(commands[0], placeholder) {
		t.Fatalf("the command has no %s to replace: %s", placeholder, commands[0])
	}
	shell(t, renamed, os.Environ(), strings.Replace(commands[0], placeholder, publishedPath, 1))
	shell(t, renamed, offline(t), "go list -deps -test ./... >/dev/null") // all imports are found
	shell(t, renamed, offline(t), "go test -vet=off -run TestAssemblyIsCurrent ./simd")

	serveModule(t, renamed, proxy)
	environment := append(offline(t, proxy), "GOMODCACHE="+filepath.Join(work, "modules"), "GOBIN="+filepath.Join(work, "bin"))
	program := publishedPath + "/benchmarks/cifar@latest"
	shell(t, work, environment, "go install "+program)
	installed := shell(t, work, environment, "bin/cifar -h")
	if run := shell(t, work, environment, "go run "+program+" -h"); run != installed || !strings.Contains(run, "-trials") {
		t.Errorf("go run prints\n%s\nand the installed program\n%s", run, installed)
	}
}
