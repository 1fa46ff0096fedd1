package language

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/kills"
	"autodropout/controller"
	"autodropout/dropout"
)

// change rewrites a file of a run.
func change(t *testing.T, path string, f func(text []byte) []byte) {
	t.Helper()
	if err := os.WriteFile(path, f(benchtest.Read(t, path)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func flipped(text []byte) []byte { return flippedAt(text, len(text)/2) }

// flippedNumber flips a bit in the last number of a name.
func flippedNumber(text []byte, name string) []byte {
	return flippedAt(text, bytes.LastIndex(text, []byte(name))+len(name))
}

func flippedAt(text []byte, at int) []byte {
	text = bytes.Clone(text)
	text[at] ^= 1
	return text
}

// TestPrintedCommand: what is printed to go on with can be typed into a shell.
func TestPrintedCommand(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "my $run")
	if stdout := program.Must(t, tiny(folder, "-steps", "1")...); !strings.Contains(stdout, "go run ./benchmarks/try -resume -out '"+folder+"'\n") {
		t.Errorf("it prints\n%s", stdout)
	}
	if command, _, _ := strings.Cut(string(benchtest.Read(t, folder, "config.toml")), "\n"); !strings.Contains(command, "-out '"+folder+"'") {
		t.Errorf("the command of the run is %s", command)
	}
}

// TestWritesWithPattern: the row of a given pattern is one of those whose best model writes.
func TestWritesWithPattern(t *testing.T) {
	dir := t.TempDir()
	given, folder := strongPattern(t, dir, 0.2), filepath.Join(dir, "run")
	program.Must(t, tiny(folder, "-method", "none,autodropout", "-pattern", given)...)
	if err := os.Remove(filepath.Join(folder, "weights", "none-0.safetensors")); err != nil {
		t.Fatal(err)
	}
	program.Must(t, "-resume", "-out", folder, "-generate", "3")
}

// strongPattern writes a pattern to a folder that drops in every place.
func strongPattern(t *testing.T, dir string, drop float64) (path string) {
	t.Helper()
	pattern := &dropout.SequencePattern{}
	for i := range pattern.Places {
		pattern.Places[i] = dropout.TokenPattern{Size: 4, ShareT: true, Drop: drop}
	}
	path = filepath.Join(dir, "given.json")
	if err := pattern.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOtherProgram: another build or instruction set may compute something else, even
// where settings and data are the same. A run is not continued with it, unless that
// is wanted, and then its results say so.
func TestOtherProgram(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	program.Must(t, tiny(folder, "-method", "none", "-seeds", "2", "-steps", "9")...)
	identity := filepath.Join(folder, "identity.json")
	change(t, identity, func(text []byte) []byte {
		return bytes.Replace(text, []byte(`"build": "`), []byte(`"build": "another `), 1)
	})
	for range 2 { // what was refused is refused again
		code, _, stderr := program.Call(t, "-resume", "-out", folder)
		if code != 2 || !strings.Contains(stderr, "the program was built from another ") || !strings.Contains(stderr, "-accept-changes") {
			t.Errorf("exit code %d, %s", code, stderr)
		}
	}
	program.Must(t, "-resume", "-accept-changes", "-steps", "1", "-out", folder)
	program.Must(t, "-resume", "-out", folder)
	if notes := strings.Join(benchtest.Result(t, folder).Notes, " "); !strings.Contains(notes, "the program was built from another ") {
		t.Errorf("the notes of the result are %q", notes)
	}
	if page := string(benchtest.Read(t, folder, "report.html")); !strings.Contains(page, "the program was built from another ") {
		t.Error("the report does not say that the program was another")
	}
}

// TestEditedSettings: settings that were edited in the folder are other settings.
func TestEditedSettings(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	program.Must(t, tiny(folder, "-method", "none", "-steps", "3")...)
	change(t, filepath.Join(folder, "config.toml"), func(text []byte) []byte {
		return bytes.Replace(text, []byte("\nlr = 0.01\n"), []byte("\nlr = 0.02\n"), 1)
	})
	if code, _, stderr := program.Call(t, "-resume", "-out", folder); code != 2 || !strings.Contains(stderr, "the setting lr was 0.01 and is 0.02") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	// The checkpoint is of a training with other learning rates, and no help.
	if code, _, stderr := program.Call(t, "-resume", "-accept-changes", "-out", folder); code != 0 || !strings.Contains(stderr, "it begins anew, since its checkpoint is of a training with other settings: ") {
		t.Errorf("accepted: exit code %d, %s", code, stderr)
	}
}

// TestForeignCheckpoint: a checkpoint of another run is not continued, although its
// training has the same settings but for the seed of the run.
func TestForeignCheckpoint(t *testing.T) {
	dir := t.TempDir()
	folder, other := filepath.Join(dir, "run"), filepath.Join(dir, "other")
	program.Must(t, tiny(folder, "-method", "none", "-steps", "3")...)
	program.Must(t, tiny(other, "-method", "none", "-steps", "3", "-trials", "4")...)
	name := filepath.Join("checkpoints", "none-0.safetensors")
	change(t, filepath.Join(folder, name), func([]byte) []byte { return benchtest.Read(t, other, name) })
	if code, _, stderr := program.Call(t, "-resume", "-out", folder); code != 2 || !strings.Contains(stderr, "is of another training: identity was ") || strings.Contains(stderr, "AcceptChanges") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestOtherWords: a corpus whose words are spelt otherwise, or with another test text, is another
// corpus, to a run and to what it has learned.
func TestOtherWords(t *testing.T) {
	folder, corpus := filepath.Join(t.TempDir(), "run"), corpusIn(t, "")
	program.Must(t, tiny(folder, "-data", corpus, "-train-size", "0", "-test-size", "0", "-method", "none", "-steps", "3")...)
	written := program.Must(t, "-resume", "-out", folder, "-generate", "3")
	for name, f := range map[string]func(){
		"a word": func() {
			for _, part := range []string{"train.txt", "valid.txt", "test.txt"} {
				change(t, filepath.Join(corpus, part), func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("cat"), []byte("cow")) })
			}
		},
		"the test text": func() {
			change(t, filepath.Join(corpus, "test.txt"), func(text []byte) []byte { return bytes.Replace(text, []byte("cat sat"), []byte("sat cat"), 1) })
		},
	} {
		before := map[string][]byte{}
		for _, part := range []string{"train.txt", "valid.txt", "test.txt"} {
			before[part] = benchtest.Read(t, corpus, part)
		}
		f()
		for _, args := range [][]string{nil, {"-generate", "3"}} {
			if code, stdout, stderr := program.Call(t, append(args, "-resume", "-out", folder)...); code != 2 || !strings.Contains(stderr, "had the checksum ") || strings.Contains(stdout, "the") && args != nil {
				t.Errorf("%s, %v: exit code %d, %s", name, args, code, stderr)
			}
		}
		program.Must(t, "-resume", "-out", folder, "-generate", "3", "-accept-changes")
		for part, text := range before {
			change(t, filepath.Join(corpus, part), func([]byte) []byte { return text })
		}
	}
	if again := program.Must(t, "-resume", "-out", folder, "-generate", "3"); again != written {
		t.Errorf("with its own words again it writes %q, before %q", again, written)
	}
}

// TestDamage: damage to what a run has finished is named when it is resumed or its
// weights are used; what can be made again is made again to the bit, and the rest
// stands.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	settings := []string{"-method", "none,random", "-seeds", "2"}
	program.Must(t, tiny(whole, settings...)...)
	for name, c := range map[string]struct {
		file, says, todo string
		damage           func(text []byte) []byte // nil: it is removed
		written          string                   // by -generate; "": nothing of the damage
	}{
		"flipped weights": {"weights/none-0.safetensors", "weights/none-0.safetensors is damaged", "1 training of", flipped, "none-0.safetensors are damaged"},
		"zeroed weights":  {"weights/none-1.safetensors", "weights/none-1.safetensors is damaged", "1 training of", func(text []byte) []byte { return make([]byte, len(text)) }, "none-1.safetensors are damaged"},
		"cut weights":     {"weights/random-0.safetensors", "weights/random-0.safetensors is damaged", "1 training of", func(text []byte) []byte { return text[:100] }, "random-0.safetensors are damaged"},
		"no weights":      {"weights/none-0.safetensors", "Missing: weights/none-0.safetensors.", "nothing", nil, "none-0.safetensors are missing"},
		"flipped log":     {"logs/none-0.jsonl", "logs/none-0.jsonl is damaged", "nothing", flipped, ""},
		"flipped line":    {"units.jsonl", "of units.jsonl is damaged", "1 training of", func(text []byte) []byte { return flippedNumber(text, `"value":`) }, "of " + filepath.Join(dir, "run", "units.jsonl") + " is damaged"},
		"flipped pattern": {"random/pattern.json", "pattern.json is not what the run wrote", "nothing", flipped, ""},
		"best pattern":    {"best-pattern.json", "best-pattern.json is not what the run wrote", "nothing", flipped, ""},
		"a flipped trial": {"random/trials.jsonl", "random/trials.jsonl is damaged", "1 search with ", func(text []byte) []byte { return flippedNumber(text, `"reward":`) }, ""},
	} {
		folder := filepath.Join(dir, "run")
		if err := os.CopyFS(folder, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, filepath.FromSlash(c.file))
		if c.damage == nil {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		} else {
			change(t, path, c.damage)
		}
		// All weights are tried but those of the rows that are not asked for.
		for _, seeds := range []string{"none", "random"} {
			if !strings.Contains(c.file, seeds) && c.file != "units.jsonl" {
				continue
			}
			code, stdout, stderr := program.Call(t, "-resume", "-out", folder, "-generate", "3")
			if c.written != "" && code == 0 && stdout == "" {
				t.Errorf("%s: -generate: exit code %d\n%s", name, code, stderr)
			}
		}
		code, stdout, stderr := program.Call(t, "-resume", "-out", folder)
		if code != 0 || !strings.Contains(filepath.ToSlash(stdout+stderr), c.says) || !strings.Contains(stdout, "To do: "+c.todo) {
			t.Errorf("%s: exit code %d, want %q and to do %s\n%s%s", name, code, c.says, c.todo, stdout, stderr)
		}
		for _, left := range leftOvers(t, folder) {
			if err := os.Remove(left); err != nil {
				t.Fatal(err)
			}
		}
		if c.damage != nil && c.file != "logs/none-0.jsonl" {
			kills.Compare(t, folder, whole)
		}
		if got, want := benchtest.Result(t, folder).Rows, benchtest.Result(t, whole).Rows; len(got) != len(want) || !slices.Equal(got[0].Values, want[0].Values) || !slices.Equal(got[1].Values, want[1].Values) {
			t.Errorf("%s: the rows are %+v, want %+v", name, got, want)
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
	}
}

// leftOvers lists what was set aside.
func leftOvers(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"*.damaged", "*/*.damaged"} {
		names, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, names...)
	}
	return found
}

// TestDamagedBest: -generate names the damage of the best weights, and takes the next.
func TestDamagedBest(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	program.Must(t, tiny(folder, "-method", "none", "-seeds", "2")...)
	valid := benchtest.Result(t, folder).Rows[0].Valid
	best := "none-0"
	if valid[1] < valid[0] {
		best = "none-1"
	}
	text := program.Must(t, "-resume", "-out", folder, "-generate", "30")
	change(t, filepath.Join(folder, "weights", best+".safetensors"), flipped)
	code, other, stderr := program.Call(t, "-resume", "-out", folder, "-generate", "30")
	if code != 0 || !strings.Contains(stderr, best+".safetensors are damaged") || other == text || other == "" {
		t.Errorf("exit code %d, it writes %q\n%s", code, other, stderr)
	}
	if err := os.RemoveAll(filepath.Join(folder, "weights")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := program.Call(t, "-resume", "-out", folder, "-generate", "30"); code != 1 || !strings.Contains(stderr, "has no whole weights left") {
		t.Errorf("without weights: exit code %d\n%s", code, stderr)
	}
}

// TestNothingFound: a search whose trials all diverge costs its row, and is said;
// the others go on, and so does every later session.
func TestNothingFound(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	flags := []string{"-method", "none,random", "-lr", "10000", "-last-lr", "10000", "-clip", "0", "-mean-epochs", "0"}
	program.Must(t, tiny(folder, flags...)...)
	for range 2 {
		r := benchtest.Result(t, folder)
		if len(r.Rows) != 2 || r.Rows[1].Mean != nil || len(r.Rows[1].Values) != 0 || !strings.Contains(strings.Join(r.Notes, " "), "All of 3 trials for “random-search pattern” failed") {
			t.Errorf("the rows are %+v, the notes %q", r.Rows, r.Notes)
		}
		if _, err := os.Stat(filepath.Join(folder, "best-pattern.json")); err == nil {
			t.Error("there is a best pattern")
		}
		if stdout := program.Must(t, "-resume", "-out", folder); !strings.Contains(stdout, "To do: nothing.") {
			t.Errorf("resumed, it prints\n%s", stdout)
		}
	}
	if code, _, stderr := program.Call(t, "-resume", "-out", folder, "-generate", "3"); code != 1 || !strings.Contains(stderr, "has no model: 1 training of it diverged") {
		t.Errorf("-generate: exit code %d\n%s", code, stderr)
	}
	quiet := filepath.Join(t.TempDir(), "quiet")
	code, _, stderr := program.Call(t, tiny(quiet, append(flags, "-quiet", "-debug", "nan")...)...)
	if code != 0 || !strings.Contains(stderr, "none, seed 0: ") || !strings.Contains(stderr, "trial 1 of 3: failed: ") {
		t.Errorf("with -quiet and -debug nan: exit code %d\n%s", code, stderr)
	}
}

// TestTunedPattern: with -tune-pattern trials choose how strong a given pattern is, and the
// final training has that strength.
func TestTunedPattern(t *testing.T) {
	dir := t.TempDir()
	given := strongPattern(t, dir, 0.2)
	settings := []string{"-method", "none,autodropout", "-tune-pattern", "-tune-trials", "8", "-pattern"}
	folder := filepath.Join(dir, "run")
	program.Must(t, tiny(folder, append(settings, given)...)...)
	log, err := controller.ReadLog(filepath.Join(folder, "pattern", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	strengths := log.Space.Choices[0].Values
	rewards := map[float64]bool{}
	best, strength := 0.0, 0.0
	for i, r := range log.Results {
		rewards[r.Reward] = true
		if r.Reward > best {
			best, strength = r.Reward, strengths[log.Trials[i].Point[0]]
		}
	}
	if len(strengths) != 8 || len(log.Results) != 8 || len(rewards) != 8 {
		t.Errorf("the strengths are %v, and the rewards %v", strengths, rewards)
	}
	for _, name := range []string{"pattern/pattern.json", "best-pattern.json"} {
		found, err := dropout.LoadPattern(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if drop := found.(*dropout.SequencePattern).Places[0].Drop; math.Abs(drop-0.2*strength) > 1e-9 {
			t.Errorf("%s drops %v, and the best strength is %v", name, drop, strength)
		}
	}
	// What was found is what the network was trained with.
	again := filepath.Join(dir, "again")
	program.Must(t, tiny(again, "-method", "none,autodropout", "-pattern", filepath.Join(folder, "pattern", "pattern.json"))...)
	if !bytes.Equal(benchtest.Read(t, again, "weights", "pattern-0.safetensors"), benchtest.Read(t, folder, "weights", "pattern-0.safetensors")) {
		t.Error("the final training did not have the strength that was found")
	}
	program.Pieces(t, tiny(filepath.Join(dir, "unused"), append(settings, given)...), 7, 11)
}
