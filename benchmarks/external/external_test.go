package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/kills"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/atomicfile"
	"autodropout/train"
)

// programWord is the first argument of this test where it is the program of a trial.
const programWord = "as-a-program"

var program = benchtest.Program(run)

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == programWord:
		trial(os.Args[2:])
		return
	case len(os.Args) > 1 && os.Args[1] == serverWord:
		server(os.Args[2:])
		return
	}
	kills.Main(m, run)
}

// fail ends the program of a trial.
func fail(why any) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(3)
}

// trial is a training that takes some steps, saves each, and continues where it was.
// What it reaches depends on what was chosen, the seed and its arguments only. The
// arguments are KEY=VALUE.
func trial(args []string) {
	steps, pause, salt := 3, time.Duration(0), ""
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "steps":
			steps, _ = strconv.Atoi(value)
		case "pause":
			pause, _ = time.ParseDuration(value)
		case "fail": // in the first attempts
			if n, _ := strconv.Atoi(value); os.Getenv("AUTODROPOUT_ATTEMPT") <= strconv.Itoa(n) && os.Getenv("AUTODROPOUT_INDEX") == "1" && os.Getenv("AUTODROPOUT_KIND") == "trial" {
				fail("no memory left on this GPU")
			}
		case "slot":
			occupy(value)
		case "register": // where a test finds whom it may kill
			path := filepath.Join(value, strconv.Itoa(os.Getpid()))
			if err := os.WriteFile(path, nil, 0o666); err != nil {
				fail(err)
			}
			defer os.Remove(path)
		case "wild":
			if os.Getenv("AUTODROPOUT_KIND") == "final" {
				fmt.Println(`{"reward": 0.1, "values": {"error": NaN}}`)
				return
			}
		case "diverge":
			if index := os.Getenv("AUTODROPOUT_INDEX"); index == "0" && os.Getenv("AUTODROPOUT_KIND") == "trial" {
				fmt.Println(`{"reward": NaN}`)
				return
			}
		default:
			salt += arg
		}
	}
	stop := saving()
	done := 0
	if text, err := os.ReadFile("checkpoint"); err == nil {
		done, _ = strconv.Atoi(string(text))
		fmt.Println("continuing after step", done)
	}
	for ; done < steps; done++ {
		select {
		case <-stop:
			os.Exit(1)
		case <-time.After(pause):
		}
		if err := atomicfile.WriteBytes("checkpoint", strconv.AppendInt(nil, int64(done+1), 10)); err != nil {
			fail(err)
		}
	}
	sum := fnv.New32a()
	for _, name := range []string{"AUTODROPOUT_PATTERN", "AUTODROPOUT_CHOICES"} {
		if path := os.Getenv(name); path != "" {
			text, err := os.ReadFile(path)
			if err != nil {
				fail(err)
			}
			// Where it is from does not count.
			_, what, found := strings.Cut(string(text), `"stages"`)
			if !found {
				_, what, _ = strings.Cut(string(text), `"groups"`)
			}
			sum.Write([]byte(what))
		}
	}
	fmt.Fprint(sum, os.Getenv("AUTODROPOUT_SEED"), salt)
	worth := float64(sum.Sum32()%1000) / 1000
	told := map[string]any{"reward": worth, "values": map[string]float64{"error": 100 * (1 - worth)}}
	if slices.Contains(args, "epochs") {
		told["epochs"] = []map[string]any{{"train_loss": 2, "valid_loss": 1.5, "valid_score": worth / 2}, {"train_loss": 1.25, "valid_loss": 1.75, "valid_score": nil}, {"train_loss": 1, "valid_loss": 1.125, "valid_score": worth}}
	}
	answer, err := json.Marshal(told)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(answer))
}

// occupy fails where another program is in the same slot.
func occupy(folder string) {
	slot := os.Getenv("AUTODROPOUT_SLOT")
	if slot == "" || slot != os.Getenv("CUDA_VISIBLE_DEVICES") {
		fail("there is no slot")
	}
	path := filepath.Join(folder, slot)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		fail(err)
	}
	f.Close()
	kind, stay := os.Getenv("AUTODROPOUT_KIND"), 30*time.Millisecond
	if kind == "final" {
		stay *= 10
	}
	time.Sleep(stay)
	beside := 0
	entries, err := os.ReadDir(folder)
	if err != nil {
		fail(err)
	}
	for _, e := range entries {
		if e.Name() != slot && !strings.HasPrefix(e.Name(), "used-") {
			beside++
		}
	}
	os.Remove(path)
	used, err := os.OpenFile(filepath.Join(folder, "used-"+slot), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		fail(err)
	}
	fmt.Fprintln(used, kind, "beside", beside)
	used.Close()
}

// self is this test as the program of trials, as one word of a command.
func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// settings are those of a small run, with more flags, and arguments of the program
// behind --.
func settings(t testing.TB, flags []string, args ...string) []string {
	return slices.Concat([]string{"-stages", "1,1", "-trials", "6", "-quiet"}, flags, []string{"--", self(t), programWord}, args)
}

// at puts flags before the arguments behind --.
func at(out string, args []string, more ...string) []string {
	i := slices.Index(args, "--")
	return slices.Concat(args[:i], []string{"-out", out}, more, args[i:])
}

// TestPipeline: searches, finalists, tuned rows, the table, the report and what is left
// in folders, the same with any number of slots.
func TestPipeline(t *testing.T) {
	dir := t.TempDir()
	byHand := fmt.Sprintf("dropblock=%s %s hand={rate}", self(t), programWord)
	args := settings(t, []string{"-method", "none,random,autodropout,evolution", "-row", byHand, "-grid", "0.1,0.2,0.3", "-tune", "-finalists", "1", "-seeds", "2",
		"-budget", "3", "-final-budget", "9", "-metric", "error", "-unit", "%", "-lower", "-also", "reward"})
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	stdout := program.Must(t, at(one, args)...)
	for _, want := range []string{"| none ", "| dropblock ", "| random-search pattern ", "| AutoDropout ", "| evolution ", "final error, %", "To do: 10 trainings of", "4 searches with 24 trials"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the output does not have %q:\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "Estimated time") {
		t.Error("the time of programs is estimated")
	}
	program.Must(t, at(two, args, "-slots", "a,b")...)
	kills.Compare(t, two, one)

	result := benchtest.Result(t, one)
	for _, row := range result.Rows {
		if len(row.Values) != 2 || row.Mean == nil || len(row.Also) != 1 {
			t.Errorf("row %s has %+v", row.Method, row)
		}
	}
	log, err := controller.ReadLog(filepath.Join(one, "autodropout", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range log.Results {
		if r.Values["error"] != 100*(1-r.Reward) || !strings.Contains(r.Output, `"reward"`) {
			t.Errorf("the log has %+v", r)
		}
		pattern, err := dropout.LoadPattern(filepath.Join(one, "autodropout", fmt.Sprintf("trial-%d", i), "pattern.json"))
		if err != nil {
			t.Fatal(err)
		}
		if point, err := dropout.EncodeConv(log.Space, pattern.(*dropout.ConvPattern)); err != nil || !slices.Equal(point, log.Trials[i].Point) {
			t.Errorf("trial %d was given %v, not %v (%v)", i, point, log.Trials[i].Point, err)
		}
	}
	if got := string(benchtest.Read(t, one, "autodropout", "finalist-2", "trial.json")); !strings.Contains(got, `"index": 2`) {
		t.Errorf("a finalist is told %s", got)
	}
	// What a program printed was its answer alone, which is no file.
	if _, err := os.Stat(filepath.Join(one, "autodropout", "finalist-2", "output.txt")); err == nil {
		t.Error("an answer alone is kept in output.txt")
	}
	if _, err := os.Stat(filepath.Join(one, "autodropout", "trial-0", "checkpoint")); err == nil {
		t.Error("what a program has left in the folder of a trial is still there")
	}
	if got := string(benchtest.Read(t, one, "checkpoints", "none-1", "checkpoint")); got != "3" {
		t.Errorf("in the folder of a final training is %q", got)
	}
	if got := string(benchtest.Read(t, one, "checkpoints", "dropblock-1", "trial.json")); !strings.Contains(got, `"kind": "final"`) || !strings.Contains(got, `"budget": 9`) || !strings.Contains(got, `"index": 1`) {
		t.Errorf("a final training is told %s", got)
	}
	page := string(benchtest.Read(t, one, "report.html"))
	for _, want := range []string{"What the programs printed last", "AutoDropout, trial 1", "none, seed 1", "<th scope=\"col\">error</th>", "Programs outside of this one train"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not have %q", want)
		}
	}
	if again := program.Must(t, "-resume", "-out", one); !strings.Contains(again, "To do: nothing.") {
		t.Errorf("resumed it prints\n%s", again)
	}
	best := filepath.Join(one, "best-pattern.json")
	given := program.Must(t, at(filepath.Join(dir, "given"), settings(t, []string{"-pattern", best}))...)
	if !strings.Contains(given, "| pattern best-pattern.json | ") || !strings.Contains(given, "To do: 2 trainings of") {
		t.Errorf("with a pattern it prints\n%s", given)
	}
}

// TestEpochs: what a program tells of the epochs of a final training is in the log, the table, TensorBoard
// and the report as that of other benchmarks is, and changes are noticed.
func TestEpochs(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	program.Must(t, at(out, settings(t, []string{"-method", "none"}, "epochs"))...)
	folder := runfolder.Folder(out)
	told, err := train.ReadValidations(folder.Validations("none-0"))
	if err != nil || len(told) != 3 || told[2].Epoch != 2 || told[2].Steps != 3 || told[2].Train != 1 || told[2].Loss != 1.125 || told[1].Loss != 1.75 || !math.IsNaN(told[1].Score) {
		t.Errorf("the log has %+v, error %v", told, err)
	}
	lines := strings.Split(string(benchtest.Read(t, out, "logs", "none-0.csv")), "\n")
	if len(lines) != 5 || lines[0] != "epoch,epoch_train_loss,epoch_valid_loss,epoch_valid_score,final_reward,seconds" || lines[2] != "1,1.25,1.75,,," || !strings.HasPrefix(lines[3], "2,1,1.125,0.") {
		t.Errorf("the table is\n%s", strings.Join(lines, "\n"))
	}
	page := string(benchtest.Read(t, out, "report.html"))
	if strings.Contains(page, "Programs outside of this one train") || !strings.Contains(page, "<h3>Validation loss</h3>") || !strings.Contains(page, "<td>0.125</td>") {
		t.Error("the report has no curves, or not the gap between the losses")
	}
	events, err := filepath.Glob(filepath.Join(out, "tensorboard", "none-0", "*"))
	if err != nil || len(events) != 1 {
		t.Fatalf("TensorBoard has %v, error %v", events, err)
	}
	if text, err := os.ReadFile(events[0]); err != nil || strings.Count(string(text), "train/epoch_loss") != 3 || strings.Count(string(text), "valid/loss") != 3 || strings.Count(string(text), "valid/score") != 2 {
		t.Errorf("TensorBoard's file has %d bytes without the curves, error %v", len(text), err)
	}
	units, err := folder.Units()
	if err != nil || len(units) == 0 || units[0].Epochs == "" || units[0].CSV == "" {
		t.Errorf("the journal has %+v, error %v", units, err)
	}
}

// TestPieces: a run that is stopped again and again finds the same.
func TestPieces(t *testing.T) {
	// One at a time: a stop ends what a second worker has begun, and counts the attempt.
	args := settings(t, []string{"-method", "none,random", "-finalists", "1", "-workers", "1"})
	i := slices.Index(args, "--")
	whole, pieces := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "pieces")
	program.Must(t, at(whole, args)...)
	program.Must(t, slices.Concat(args[:i], []string{"-out", pieces, "-steps", "1"}, args[i:])...)
	for range 3 {
		program.Must(t, "-resume", "-out", pieces, "-steps", "2")
	}
	program.Must(t, "-resume", "-out", pieces)
	kills.Compare(t, pieces, whole)
}

// TestOwnSpace: choices of one's own, as a file and in arguments.
func TestOwnSpace(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "space.json")
	if err := os.WriteFile(file, []byte(`{"version": 1, "name": "optimizer", "tokens": [
		{"name": "lr", "values": [0.1, 0.01]}, {"name": "act", "values": ["relu", "a b"]}, {"name": "nesterov", "values": [true, false]}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "run")
	stdout := program.Must(t, "-space", file, "-trials", "8", "-method", "none,random,local", "-out", out, "-quiet", "--",
		self(t), programWord, "--lr", "lr={lr}", "act={act}", "{nesterov}")
	if !strings.Contains(stdout, "lr 0.") || !strings.Contains(stdout, "The report, with curves, is") {
		t.Errorf("the summary does not say what was chosen, or promises a pattern:\n%s", stdout)
	}
	os.Remove(file) // the run has what was in it
	if again := program.Must(t, "-resume", "-out", out); !strings.Contains(again, "To do: nothing.") {
		t.Errorf("resumed it prints\n%s", again)
	}
	var c struct {
		Version int
		Groups  []struct {
			LR       float64
			Act      string
			Nesterov bool
		}
	}
	if err := json.Unmarshal(benchtest.Read(t, out, "random", "trial-3", "choices.json"), &c); err != nil || c.Version != 1 || len(c.Groups) != 1 || c.Groups[0].LR == 0 || c.Groups[0].Act == "" {
		t.Errorf("choices.json has %+v, %v", c, err)
	}
	page := string(benchtest.Read(t, out, "report.html"))
	if !strings.Contains(page, "What was chosen") || !strings.Contains(page, "The choices as JSON") {
		t.Error("the report does not show the choices")
	}
	if _, err := os.Stat(filepath.Join(out, "best-pattern.png")); err == nil {
		t.Error("there is a picture of choices")
	}
	best := filepath.Join(out, "best-pattern.json")
	space, err := json.Marshal(map[string]any{"tokens": []any{map[string]any{"name": "lr", "values": []float64{0.1, 0.01}}, map[string]any{"name": "act", "values": []string{"relu", "a b"}},
		map[string]any{"name": "nesterov", "values": []bool{true, false}}}})
	if err != nil {
		t.Fatal(err)
	}
	given := program.Must(t, "-space", string(space), "-pattern", best, "-out", filepath.Join(dir, "given"), "-quiet", "--", self(t), programWord, "lr={lr}")
	if !strings.Contains(given, "| pattern best-pattern.json ") {
		t.Errorf("with choices it prints\n%s", given)
	}
}

// TestTroubled: a trial that meets trouble is tried again, and what it did itself is
// its result.
func TestTroubled(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	args := settings(t, []string{"-method", "random", "-space", "convnet"}, "fail=1", "diverge=")
	args = slices.DeleteFunc(args, func(a string) bool { return a == "-quiet" })
	code, _, stderr := program.Call(t, at(out, args)...)
	if code != 0 || !strings.Contains(stderr, "trial 2 could not be evaluated (the program ended with exit code 3; its last lines: no memory left on this GPU); it is tried again") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	log, err := controller.ReadLog(filepath.Join(out, "random", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if r := log.Results[1]; r.Failed() || r.Note != "2 attempts" || !strings.Contains(string(benchtest.Read(t, out, "random", "trial-1", "output.txt")), "no memory left") {
		t.Errorf("the troubled trial has %+v", r)
	}
	if r := log.Results[0]; !r.Failed() || !strings.Contains(r.Error, "diverged") || !strings.Contains(r.Output, "NaN") {
		t.Errorf("the diverged trial has %+v", r)
	}
	page := string(benchtest.Read(t, out, "report.html"))
	if !strings.Contains(page, "trial 2 (2 attempts)") {
		t.Error("the report does not tell of the attempts")
	}
}

// TestSlots: each slot has one program at a time, and all are used, by trials as by the
// final trainings of all rows.
func TestSlots(t *testing.T) {
	slots := t.TempDir()
	byHand := fmt.Sprintf("other=%s %s slot=%s", self(t), programWord, slots)
	program.Must(t, at(filepath.Join(t.TempDir(), "run"), settings(t, []string{"-method", "none,random", "-row", byHand, "-trials", "12", "-seeds", "2", "-slots", "0,1,gpu-x"}, "slot="+slots))...)
	full := false
	for _, slot := range []string{"0", "1", "gpu-x"} {
		for _, kind := range []string{"trial", "final"} {
			if !strings.Contains(string(benchtest.Read(t, slots, "used-"+slot)), kind) {
				t.Errorf("slot %s was not used by a %s", slot, kind)
			}
		}
		full = full || strings.Contains(string(benchtest.Read(t, slots, "used-"+slot)), "final beside 2")
	}
	if !full {
		t.Error("final trainings of several rows were never in all slots at a time")
	}
}

// TestWideSpaces: patterns of the wide spaces reach programs as files of version 2.
func TestWideSpaces(t *testing.T) {
	for _, space := range [][]string{{"-space", "convnet-wide", "-stages", "2,1"}, {"-space", "sequence-wide"}} {
		out := filepath.Join(t.TempDir(), "run")
		args := slices.Concat(space, []string{"-trials", "8", "-method", "random,evolution", "-start-share", "0.1", "-quiet", "-out", out, "--", self(t), programWord})
		program.Must(t, args...)
		versions := map[string]bool{}
		for i := range 8 {
			text := string(benchtest.Read(t, out, "random", fmt.Sprintf("trial-%d", i), "pattern.json"))
			pattern, err := dropout.ParsePattern([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if conv, ok := pattern.(*dropout.ConvPattern); ok && !slices.Equal(conv.Blocks(), []int{2, 1}) {
				t.Errorf("a pattern has %v blocks", conv.Blocks())
			}
			if strings.Contains(text, `"hidden"`) {
				t.Error("a pattern acts at a place that few networks have")
			}
			versions[strings.SplitAfter(text, ",")[0]] = true
		}
		if !versions["{\n  \"version\": 2,"] {
			t.Errorf("%v: the patterns have %v", space, versions)
		}
	}
}

func TestWrong(t *testing.T) {
	dir := t.TempDir()
	text := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program.Refuses(t, "external", []benchtest.Wrong{
		{Args: "", Code: 2, Want: "there is no program"},
		{Args: "-command go", Code: 2, Want: "needs -stages"},
		{Args: "-command no-such-program -stages 1", Code: 2, Want: "cannot be started"},
		{Args: "-command 'go -stages 1", Code: 2, Want: "a ' is open"},
		{Args: "-command go -stages 1 -space sequence", Code: 2, Want: "-stages is for -space convnet"},
		{Args: "-command go -stages 1 -slots 0,1,0", Code: 2, Want: "-slots has 0 twice"},
		{Args: "-command go -stages 1 -slots 0,1,2,3,4", Code: 2, Want: "give -in-flight 5"},
		{Args: "-command go -stages 1 -slots 0,,1", Code: 2, Want: "is empty"},
		{Args: "-command go -stages 1 -lower", Code: 2, Want: "-lower is for"},
		{Args: "-command go -stages 1 -row go", Code: 2, Want: "a row is KEY=PROGRAM"},
		{Args: "-command go -stages 1 -row none=go", Code: 2, Want: "a row of that name"},
		{Args: "-command go -stages 1 -pattern plain-wrn-10-1 -row pattern=go", Code: 2, Want: "a row of that name"},
		{Args: "-command go -stages 1 -row a=gone", Code: 2, Want: "cannot be started"},
		{Args: "-command go -stages 1 -grid 1,2", Code: 2, Want: "is for no -row"},
		{Args: "-command go -stages 1 -grid 1,x", Code: 2, Want: `"x" is not a rate`},
		{Args: "-command go -stages 1 -row a=go -grid b=1", Code: 2, Want: "is for no -row"},
		{Args: "-command go -stages 1 -time-limit 0s", Code: 2, Want: "a time above 0"},
		{Args: "-command go -space " + filepath.Join(dir, "none.json"), Code: 2, Want: "it is convnet, sequence, convnet-wide, sequence-wide, or a JSON file"},
		{Args: "-command go -space " + text("a.json", "{}"), Code: 2, Want: "0 tokens"},
		{Args: "-command go -space " + text("b.json", `{"tokens": [{"name": "a", "values": [1, 1]}]}`), Code: 2, Want: "the value 1 twice"},
		{Args: "-command go -space " + text("c.json", `{"tokens": [{"name": "a", "values": [[1]]}]}`), Code: 2, Want: "it takes numbers"},
		{Args: "-command go -space " + text("d.json", `{"tokens": [{"name": "a"}]}`), Code: 2, Want: "has no values"},
		{Args: "-command go -space " + text("e.json", `{"token": []}`), Code: 2, Want: "unknown field"},
		{Args: "-command go -space " + text("f.json", `{"version": 2, "tokens": [{"name": "a", "values": [1]}]}`), Code: 2, Want: "version 2"},
		{Args: "-command go -start-share 0.1 -space " + text("g.json", `{"tokens": [{"name": "a", "values": [1]}]}`), Code: 2, Want: "-start-share is for patterns"},
		{Args: "-command go -stages 1 -pattern " + text("h.json", `{"version": 1}`), Code: 2, Want: "-pattern: "},
		{Args: "-worker -nats nats://127.0.0.1:1 -command go", Code: 2, Want: "-command cannot be combined with -worker"},
	})
	out := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := program.Call(t, "-stages", "1", "-row", "a=go {rate}", "-out", out, "--", "go"); code != 2 || !strings.Contains(stderr, "has {rate} and no -grid") {
		t.Errorf("a row without a grid: %d %s", code, stderr)
	}
	// An answer without what the table has is told before it is believed.
	code, _, stderr := program.Call(t, at(out, settings(t, []string{"-method", "none", "-metric", "accuracy"}))...)
	if code != 1 || !strings.Contains(stderr, `has no value "accuracy"`) || !strings.Contains(stderr, `{"error":`) {
		t.Errorf("an answer without the metric: %d %s", code, stderr)
	}
}

// TestRowsRoundTrip: rows and grids are the same in a configuration file.
func TestRowsRoundTrip(t *testing.T) {
	var r rows
	var g grids
	for _, text := range []string{"a=python 'x y.py' --p={rate}", `b-2=go run "a'b"`} {
		if err := r.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"0.1,1e-05", "a=3,-2"} {
		if err := g.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	var r2 rows
	var g2 grids
	if err := r2.Set(r.String()); err != nil || r2.String() != r.String() || len(r2) != 2 || r2[0].command.words[1] != "x y.py" {
		t.Errorf("rows become %+v, %v", r2, err)
	}
	if err := g2.Set(g.String()); err != nil || g2.String() != g.String() || !slices.Equal(g2.of("a"), []float64{3, -2}) || !slices.Equal(g2.of("c"), []float64{0.1, 1e-5}) {
		t.Errorf("grids become %+v, %v", g2, err)
	}
}

// TestChangedScript: a run goes on with the script that it began with.
func TestChangedScript(t *testing.T) {
	t.Chdir(t.TempDir())
	absolute := filepath.Join(t.TempDir(), "script")
	for i, script := range []string{"script", absolute} {
		if err := os.WriteFile(script, []byte("1"), 0o666); err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprint("run-", i)
		program.Must(t, at(out, settings(t, []string{"-method", "random", "-steps", "2"}, script))...)
		if err := os.WriteFile(script, []byte("2"), 0o666); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := program.Call(t, "-resume", "-out", out); code != 2 || !strings.Contains(stderr, "-accept-changes") {
			t.Errorf("with another %s: %d %s", script, code, stderr)
		}
		program.Must(t, "-resume", "-accept-changes", "-out", out)
		if _, err := os.Stat(runfolder.Folder(out).Path(runfolder.Report)); err != nil {
			t.Error(err)
		}
	}
}
