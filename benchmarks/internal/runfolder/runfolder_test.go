package runfolder

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"autodropout/benchmarks/internal/usage"
	"autodropout/internal/filelock"
	"autodropout/internal/sizedtest"
)

var update = flag.Bool("update", false, "write the golden files")

// create makes the folder of a new run.
func create(t testing.TB) Folder {
	t.Helper()
	f := Folder(filepath.Join(t.TempDir(), "run"))
	h, err := f.Create("seeds = 1\n", "go run ./benchmarks/try")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return f
}

func hold(t testing.TB, f Folder) *Held {
	t.Helper()
	h, err := f.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// content returns all that is in a folder: names, times, sizes and bytes.
func content(t testing.TB, f Folder) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(string(f), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text := []byte(nil)
		if !entry.IsDir() {
			if text, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		all[path] = fmt.Sprint(info.Mode(), info.ModTime(), string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestJournal(t *testing.T) {
	f := create(t)
	h := hold(t, f)
	for seed := range 2 {
		if err := h.Append(Unit{Method: "none", Seed: seed}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.Path(Journal))
	if err != nil {
		t.Fatal(err)
	}
	write(t, f.Path(Journal), string(text)+`{"method":"no`) // a crash
	h = hold(t, f)
	if err := h.Append(Unit{Method: "uda", Seed: 2}); err != nil {
		t.Fatal(err)
	}
	got := h.Finished()
	if len(got) != 3 || got[1].Seed != 1 || got[2].Method != "uda" {
		t.Errorf("the units are %+v", got)
	}
	if read, err := f.Units(); err != nil || !reflect.DeepEqual(read, got) {
		t.Errorf("beside the run they are %+v, error %v", read, err)
	}
}

// TestHold keeps a second one out, and lets it in later.
func TestHold(t *testing.T) {
	f := create(t)
	write(t, f.Path("autodropout", ".trial.tmp"), "half")
	h := hold(t, f)
	var wrong *usage.Error
	if _, err := f.Hold(); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "another process works in "+string(f)) {
		t.Errorf("held twice: error %v", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	hold(t, f)
	if _, command, err := f.Settings(); err != nil || command != "go run ./benchmarks/try" {
		t.Errorf("the command is %q, error %v", command, err)
	}
}

// TestReadingLeavesTheFolderAsItWas, with a line that is not whole, and with nothing
// but settings.
func TestReadingLeavesTheFolderAsItWas(t *testing.T) {
	better := func(a, b Score) bool { return a.Valid < b.Valid }
	for name, fill := range map[string]func(f Folder){
		"finished": func(f Folder) {
			write(t, f.Weights("none-0"), "weights")
			write(t, f.Weights("none-1"), "weights")
			write(t, f.Path(Journal), `{"method":"none","seed":0,"value":1,"valid":3}`+"\n"+`{"method":"none","seed":1,"value":1,"valid":2}`+"\n"+`{"method":"none","se`)
		},
		"begun":        func(f Folder) { write(t, f.Checkpoint(Training("none", 1)), "weights") },
		"only settled": func(Folder) {},
	} {
		f := create(t)
		fill(f)
		before := content(t, f)
		path, _, err := f.FindWeights([]string{"none"}, better)
		want := map[string]string{"finished": f.Weights("none-1"), "begun": f.Checkpoint("none-1")}[name]
		if path != want || (err == nil) != (want != "") {
			t.Errorf("%s: the weights are %q, error %v; want %q", name, path, err, want)
		}
		for _, read := range []func() error{
			func() error { _, err := f.Units(); return err },
			func() error { _, err := f.Result(); return err },
			func() error { _, _, err := f.Settings(); return err },
		} {
			if err := read(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after := content(t, f); !reflect.DeepEqual(after, before) {
			t.Errorf("%s: the folder was\n%v\nand is\n%v", name, before, after)
		}
	}
	if _, _, err := Folder(filepath.Join(t.TempDir(), "missing")).FindWeights([]string{"none"}, better); err == nil {
		t.Error("no error from a folder that is not there")
	}
}

// TestReadersLoseNothing has one process write what another one reads all the time:
// every line that was on disk is there in the end.
func TestReadersLoseNothing(t *testing.T) {
	lines := 2000
	if testing.Short() {
		lines = 200
	}
	f := create(t)
	h := hold(t, f)
	var reading sync.WaitGroup
	done := make(chan struct{})
	reading.Add(1)
	go func() {
		defer reading.Done()
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, _, err := f.FindWeights([]string{"none"}, func(a, b Score) bool { return a.Value < b.Value }); err != nil && !strings.Contains(err.Error(), "has trained no model yet") && !strings.Contains(err.Error(), "has no whole weights") {
				t.Errorf("reading beside the run: %v", err)
				return
			}
		}
	}()
	for seed := range lines {
		if err := h.Append(Unit{Method: "none", Seed: seed, Score: Score{Value: float64(seed)}}); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	reading.Wait()
	found, err := f.Units()
	if err != nil || len(found) != lines {
		t.Fatalf("%d of %d lines are there in the end, error %v", len(found), lines, err)
	}
	for seed, u := range found {
		if u.Seed != seed {
			t.Fatalf("line %d is of seed %d", seed+1, u.Seed)
		}
	}
}

func TestResult(t *testing.T) {
	f := create(t)
	if r, err := f.Result(); r != nil || err != nil {
		t.Errorf("before the run has ended the result is %v, error %v", r, err)
	}
	paper := &Paper{Value: 3.2, Setting: "as published"}
	want := &Result{
		Task: "image classification", Dataset: "CIFAR-10", Split: "test", Metric: "error", Unit: "%", Model: "WRN-28-10",
		Preset: "paper", Seed: 1, Command: "go run ./benchmarks/try", Date: "2026-11-23T12:00:00Z", Commit: "unknown", CPU: "some processor", SIMD: "avx2", Seconds: 4000.5, Memory: 312_000_000, Summary: "The best is AutoDropout.",
		Rows: []Row{
			NewRow("none", []Score{{Value: 4}, {Value: 5}, {Value: 6}}, 0, 90, nil),
			NewRow("Dropout", []Score{{Value: 4.25}}, 0, 0.5, nil),
			NewRow("AutoDropout", []Score{{Value: 3}}, 1, 3910, paper),
		},
		BestPattern: []byte(`{"version": 1}`),
	}
	if err := hold(t, f).Save(want); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.Path(result))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", "result.json")
	if *update {
		write(t, name, string(text))
	}
	if golden, err := os.ReadFile(name); err != nil || !bytes.Equal(text, golden) {
		t.Errorf("the file is\n%s\nwant\n%s", text, golden)
	}
	if got, err := f.Result(); err != nil || got.Rows[2].Mean != nil || *got.Rows[0].Std != 1 || got.Seconds != want.Seconds {
		t.Errorf("the result reads as %+v, error %v", got, err)
	}
}

// Settings that a reader of TOML would take minutes for, or all of its stack, are
// refused before it sees them.
func TestCheckSettings(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"good":     {"rates = [0.1, 0.2, [0.5]]\nname = \"a.b\"\n", ""},
		"long":     {strings.Repeat("a = 1\n", 20_000), "bytes"},
		"dots":     {strings.Repeat("a.", 3000) + "a = 1", "dots"},
		"lines":    {strings.Repeat("x = 0.5\n", 3000), ""},
		"brackets": {"a = " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "deep"},
		"tables":   {"a = " + strings.Repeat("{a=", 200), "deep"},
		"rows":     {strings.Repeat("[[a]]\n", 3000), ""},
	} {
		err := CheckSettings(c.text)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"method":"none","seed":0,"value":48.1,"loss":1.5,"seconds":21}` + "\n"))
	f.Add([]byte(`{"method":"none","seed":0,"value":1,"loss":1,"seconds":2,"crc":"00000000"}` + "\n"))
	f.Add([]byte("{}\n{\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		sizedtest.Within(t, text, func() {
			found, bad, size := parse(text)
			if size > int64(len(text)) || size > 0 && text[size-1] != '\n' || len(found)+len(bad) != bytes.Count(text, []byte("\n")) {
				t.Fatalf("of %q, %d bytes have %d units and %d bad lines", text, size, len(found), len(bad))
			}
		})
	})
}

// TestWorker: the folder of a worker that was killed is removed by the next one, that of
// one which works is not.
func TestWorker(t *testing.T) {
	if !filelock.Known {
		t.Skip("this system does not tell who works")
	}
	for _, name := range []string{"TMPDIR", "TMP"} {
		t.Setenv(name, t.TempDir())
	}
	killed := filepath.Join(os.TempDir(), workerPrefix+"1")
	others := filepath.Join(os.TempDir(), "other")
	for _, folder := range []string{killed, others} {
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "held"), "")
	}
	first, release, err := Worker()
	if err != nil {
		t.Fatal(err)
	}
	second, releaseSecond, err := Worker()
	if err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]bool{killed: false, others: true, first: true, second: true} {
		if _, err := os.Stat(folder); (err == nil) != want {
			t.Errorf("%s: %v", folder, err)
		}
	}
	release()
	releaseSecond()
	if _, err := os.Stat(first); err == nil {
		t.Error("a worker that has ended leaves its folder")
	}
}
