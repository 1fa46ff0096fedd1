package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"autodropout/dropout"
	"autodropout/internal/disk"
	"autodropout/internal/sizedtest"
)

var (
	seconds  = regexp.MustCompile(`"seconds":[^}]*`)
	checksum = regexp.MustCompile(`,"crc":"[0-9a-f]{8}"}`)
)

// timeless returns the lines of a log without times and the checksums of them: as a
// log of before 2026-11-29 has them.
func timeless(text []byte) string {
	return checksum.ReplaceAllString(seconds.ReplaceAllString(string(text), `"seconds":0`), "}")
}

// readLog returns a log without the only thing in it that varies.
func readLog(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return timeless(data)
}

// TestResumeAnywhere cuts the log of a search after each of its bytes, as a
// kill at any time would, and resumes.
func TestResumeAnywhere(t *testing.T) {
	for _, config := range []Config{
		{Algorithm: Reinforce, Network: smallNetwork},
		{Algorithm: PPO, Network: smallNetwork, Async: true},
		{Algorithm: Evolution, Evolution: EvolutionConfig{Population: 2, Tournament: 2}},
		{Algorithm: Local, StartProbs: [][]float64{{0.5, 0.2, 0.3}, {0.1, 0.9}}},
		{Algorithm: Evolution, Starts: [][]int{{0, 0, 0, 0}, {1, 1, 1, 1}}, Seeds: 2},
		{Algorithm: Evolution, Starts: [][]int{{0, 0, 0, 0}, {1, 1, 1, 1}}, Reference: []int{0, 0, 0, 1}, Seeds: 2},
		{Algorithm: PPO, Network: smallNetwork, Starts: [][]int{{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 0, 2, 0}}, Seeds: 1},
	} {
		config.Trials, config.Seed, config.InFlight, config.Workers = 4, 2, 2, 1
		config.Path = filepath.Join(t.TempDir(), "trials.jsonl")
		want := mustSearch(t, config, smallSpace, evaluateSmall)
		wantLog := readLog(t, config.Path)
		whole, err := os.ReadFile(config.Path)
		if err != nil {
			t.Fatal(err)
		}
		first := bytes.IndexByte(whole, '\n')
		var cuts errgroup.Group
		cuts.SetLimit(8) // the time goes into waiting for the disk
		for cut := 0; cut <= len(whole); cut++ {
			if cut > 20 && cut < first-20 {
				continue // the middle of the first line is like its ends
			}
			cuts.Go(func() error {
				resumed := config
				resumed.Path = fmt.Sprintf("%s.%d", config.Path, cut)
				got := resumeFrom(t, resumed, whole[:cut])
				sameReport(t, fmt.Sprintf("cut at %d", cut), got, want)
				if log := readLog(t, resumed.Path); log != wantLog {
					t.Errorf("cut at %d: the log is\n%s\nwant\n%s", cut, log, wantLog)
				}
				return nil
			})
		}
		if err := cuts.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

// resumeFrom resumes the search that a log is the beginning of, and checks that
// no finished trial runs again and that a torn line is reported.
func resumeFrom(t *testing.T, config Config, log []byte) *Report {
	if err := os.WriteFile(config.Path, log, 0o666); err != nil {
		t.Error(err)
	}
	finished := map[int]bool{}
	lines := bytes.SplitAfter(log, []byte("\n"))
	torn := lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		var r record
		if decode(line, &r) == nil && r.Finished != nil {
			finished[r.Finished.Trial] = true
		}
	}
	reported := false
	config.Notify = func(e Event) { reported = reported || strings.Contains(e.Notice, "cut short") }
	report, err := Search(context.Background(), config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		if finished[trial.Index] {
			t.Errorf("after %d bytes: trial %d ran twice", len(log), trial.Index)
		}
		return evaluateSmall(ctx, trial)
	})
	if err != nil {
		t.Errorf("after %d bytes: %v", len(log), err)
	}
	if reported != (len(torn) > 0) {
		t.Errorf("after %d bytes: a torn line was reported: %v", len(log), reported)
	}
	return report
}

func TestReplayRebuildsTheNetwork(t *testing.T) {
	for _, config := range []Config{
		{Algorithm: Reinforce},
		{Algorithm: PPO},
		{Algorithm: Reinforce, Async: true},
		{Algorithm: PPO, Async: true},
		{Algorithm: Random},
		{Algorithm: Random, StartProbs: [][]float64{{0.5, 0.2, 0.3}, {0.1, 0.9}}},
		{Algorithm: PPO, StartProbs: [][]float64{{0.5, 0.2, 0.3}, {0.1, 0.9}}},
		{Algorithm: Evolution},
		{Algorithm: Evolution, Async: true},
		{Algorithm: Local},
	} {
		config.Trials, config.InFlight, config.Workers, config.Network = 30, 6, 6, smallNetwork
		config.Path = filepath.Join(t.TempDir(), "trials.jsonl")
		want := mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
			time.Sleep(time.Duration(trial.Seed % 3000 * uint64(time.Microsecond)))
			if trial.Index%7 == 3 {
				return Outcome{Failure: "diverged"}, nil
			}
			return evaluateSmall(ctx, trial)
		})
		got, err := Replay(config.Path)
		if err != nil {
			t.Fatal(err)
		}
		sameReport(t, fmt.Sprintf("%s, async %v", config.Algorithm, config.Async), got, want)
	}
}

// TestReplayOnOtherCores does it for the real space and the default network,
// whose operations are spread over cores.
func TestReplayOnOtherCores(t *testing.T) {
	config := Config{Trials: 12, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	want := mustSearch(t, config, dropout.ConvSpace([]int{2, 2, 2}), evaluateSmall)
	runtime.GOMAXPROCS(1)
	got, err := Replay(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	sameReport(t, "replay on one core", got, want)
	config.Path = ""
	sameReport(t, "search on one core", mustSearch(t, config, dropout.ConvSpace([]int{2, 2, 2}), evaluateSmall), want)
}

func TestLongerBudget(t *testing.T) {
	config := Config{Trials: 14, Seed: 5, InFlight: 3, Network: smallNetwork}
	want := mustSearch(t, config, smallSpace, evaluateSmall)
	config.Path = filepath.Join(t.TempDir(), "trials.jsonl")
	for _, config.Trials = range []int{4, 5, 14, 14} {
		got := mustSearch(t, config, smallSpace, evaluateSmall)
		if len(got.Trials) != config.Trials {
			t.Fatalf("%d trials, want %d", len(got.Trials), config.Trials)
		}
		if config.Trials == 14 {
			sameReport(t, "a search in three parts", got, want)
		}
	}
}

func TestLogErrors(t *testing.T) {
	config := Config{Trials: 3, InFlight: 2, Workers: 1, Network: smallNetwork, Task: Task{Note: "toy"}, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	mustSearch(t, config, smallSpace, evaluateSmall)
	whole := readLog(t, config.Path)
	lines := strings.SplitAfter(whole, "\n")
	header, sampled0, sampled1, finished0 := lines[0], lines[1], lines[2], lines[3]
	for _, c := range []struct{ name, log, want string }{
		{"not a log", "dear diary", "belongs to something else"},
		{"not a log with lines", "dear\ndiary\n", "line 1 cannot be read"},
		{"another version", strings.Replace(whole, `"version":1`, `"version":2`, 1), "version 2, where this program reads version 1"},
		{"another task", strings.Replace(whole, `"note":"toy"`, `"note":"tax"`, 1), `begun with another "task" ({"note":"tax"}; now {"note":"toy"})`},
		{"an unknown part of the task", strings.Replace(whole, `"note":"toy"`, `"smell":"toy"`, 1), "line 1 cannot be read"},
		{"another seed", strings.Replace(whole, `"seed":0`, `"seed":9`, 1), `begun with another "seed" (9; now 0)`},
		{"a setting that is gone", strings.Replace(whole, `"seed":0`, `"seed":0,"seeds":3`, 1), `begun with another "seeds" (3; now none)`},
		{"another policy", strings.Replace(whole, `"width":8`, `"width":16`, 1), `begun with another "policy"`},
		{"another space", strings.Replace(whole, `"toy"`, `"top"`, 1), `begun with another "space"`},
		{"an unknown setting", strings.Replace(whole, `"version"`, `"colour":"red","version"`, 1), "line 1 cannot be read"},
		{"a trial left out", header + sampled1, "trial 1 was sampled where trial 0 belongs"},
		{"finished before sampled", header + finished0, "finished and was never sampled"},
		{"finished twice", header + sampled0 + finished0 + finished0, "finished twice"},
		{"too many in flight", header + sampled0 + sampled1 + strings.Replace(sampled1, `"trial":1`, `"trial":2`, 1), "too many"},
		{"a wrong token", header + regexp.MustCompile(`"tokens":\[\d`).ReplaceAllString(sampled0, `"tokens":[7`), "must be from 0 to"},
		{"too few log-probabilities", header + regexp.MustCompile(`"log_probs":\[[^,]*,`).ReplaceAllString(sampled0, `"log_probs":[`), "log-probabilities"},
		{"a probability above 1", header + regexp.MustCompile(`"log_probs":\[-`).ReplaceAllString(sampled0, `"log_probs":[`), "log-probability of"},
		{"an absurd reward", header + sampled0 + regexp.MustCompile(`"reward":[^,]*`).ReplaceAllString(finished0, `"reward":1e300`), "reward of 1e+300"},
	} {
		if err := os.WriteFile(config.Path, []byte(c.log), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Search(context.Background(), config, smallSpace, func(context.Context, Trial) (Outcome, error) {
			t.Errorf("%s: a trial ran", c.name)
			return Outcome{}, nil
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want %q in it", c.name, err, c.want)
		}
		if left := readLog(t, config.Path); left != c.log {
			t.Errorf("%s: the file was changed", c.name)
		}
	}
	config.Path = filepath.Join(t.TempDir(), "missing", "trials.jsonl")
	if _, err := Search(context.Background(), config, smallSpace, evaluateSmall); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder is missing and the error is %v", err)
	}
	if _, err := Replay(config.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log is missing and the error of Replay is %v", err)
	}
}

// TestReadLog finds in a log what the search that wrote it found, but for the weights.
func TestReadLog(t *testing.T) {
	for _, async := range []bool{false, true} {
		config := Config{Trials: 6, InFlight: 2, Workers: 1, Async: async, Network: smallNetwork, Task: Task{Note: "toy"}, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
		want := mustSearch(t, config, smallSpace, evaluateSmall)
		got, err := ReadLog(config.Path)
		if err != nil {
			t.Fatal(err)
		}
		if got.Weights() != nil {
			t.Error("reading has made a network")
		}
		if !reflect.DeepEqual(got.Trials, want.Trials) || !reflect.DeepEqual(got.Results, want.Results) {
			t.Errorf("the log has trials\n%v\n%v\nwant\n%v\n%v", got.Trials, got.Results, want.Trials, want.Results)
		}
		if got.Config.Task != config.Task || got.Config.Algorithm != Reinforce || !reflect.DeepEqual(got.Space, smallSpace) {
			t.Errorf("the log is of %+v in %+v", got.Config, got.Space)
		}
	}
	path := filepath.Join(t.TempDir(), "trials.jsonl")
	if err := os.WriteFile(path, []byte(`{"version":1,`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadLog(path); !errors.Is(err, ErrEmptyLog) {
		t.Errorf("of a log that has not begun the error is %v", err)
	}
	if left := readLog(t, path); left != `{"version":1,` {
		t.Errorf("reading has left %q", left)
	}
}

// TestCurve leaves out trials in flight, and what failed out of the best so far.
func TestCurve(t *testing.T) {
	report := Report{Trials: make([]Trial, 5), Results: []*Result{{Trial: 0, Error: "bad"}, {Trial: 1, Reward: -2}, nil, {Trial: 3, Reward: -3}, {Trial: 4, Reward: -1}}}
	for i := range report.Trials {
		report.Trials[i].Index = i
	}
	var got []string
	for _, p := range report.Curve() {
		got = append(got, fmt.Sprint(p.Index, p.Best))
	}
	if want := "[0 NaN 1 -2 3 -2 4 -1]"; fmt.Sprint(got) != want {
		t.Errorf("the best so far is %v, want %s", got, want)
	}
}

// TestTaskInWords says what the tasks of the benchmarks are to people.
func TestTaskInWords(t *testing.T) {
	for want, task := range map[string]Task{
		"WRN-28-2 on 45000 images of CIFAR-10 for 40 epochs in batches of 128, accuracy on 5000 others": {
			Network: "WRN-28-2", Data: "CIFAR-10", Unit: "images", Train: 45000, Epochs: 40, Batch: 128, Reward: "accuracy", Split: "held-out", Valid: 5000},
		"ResNet-18 on 90 images of the built-in set with 32 pixels a side for 3 epochs in batches of 12, accuracy on 10 others": {
			Network: "ResNet-18", Data: "the built-in set", Unit: "images", Train: 90, Pixels: 32, Epochs: 3, Batch: 12, Reward: "accuracy", Split: "held-out", Valid: 10},
		"WRN-10-1 by UDA on 320 labelled and 3600 unlabelled images of CIFAR-10 for 30 steps of 32 labelled, accuracy on 80 others": {
			Network: "WRN-10-1", Method: "UDA", Data: "CIFAR-10", Unit: "images", Train: 320, Unlabelled: 3600, Steps: 30, Batch: 32, Reward: "accuracy", Split: "held-out", Valid: 80},
		"Transformer-XL-2-64 on 100000 words of Penn Treebank for 8 epochs, 80/perplexity on 73760 others": {
			Network: "Transformer-XL-2-64", Data: "Penn Treebank", Unit: "words", Train: 100000, Epochs: 8, Reward: "80/perplexity", Split: "validation", Valid: 73760},
		"Transformer-2-64 on 29000 pairs of texts in /data/of for 2 for 2 epochs, exp(-loss) on 1014 others": {
			Network: "Transformer-2-64", Data: "texts in /data/of for 2", Unit: "pairs", Train: 29000, Epochs: 2, Reward: "exp(-loss)", Split: "validation", Valid: 1014},
		"a toy": {Note: "a toy"},
	} {
		if got := task.String(); got != want {
			t.Errorf("%+v is written as %q, want %q", task, got, want)
		}
	}
}

// TestTornLineIsCutOff even when nothing is written after it.
func TestTornLineIsCutOff(t *testing.T) {
	config := Config{Trials: 3, Network: smallNetwork, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	mustSearch(t, config, smallSpace, evaluateSmall)
	whole := readLog(t, config.Path)
	if err := os.WriteFile(config.Path, []byte(strings.TrimSuffix(whole, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Search(ctx, config, smallSpace, evaluateSmall); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(whole, "\n")
	if want := strings.Join(lines[:len(lines)-2], ""); readLog(t, config.Path) != want {
		t.Errorf("the log is\n%s\nwant\n%s", readLog(t, config.Path), want)
	}
}

// TestLogCannotBeWritten stops the search rather than lose what it finds.
func TestLogCannotBeWritten(t *testing.T) {
	config := Config{Trials: 8, InFlight: 2, Network: smallNetwork, Path: filepath.Join(t.TempDir(), "trials.jsonl")}.withDefaults()
	s := &search{evaluate: evaluateSmall}
	told := 0
	s.notify = func(e Event) {
		if told = e.Status.Finished; told == 3 {
			s.log.close()
		}
	}
	if err := s.open(config, smallSpace); err != nil {
		t.Fatal(err)
	}
	if err := s.run(context.Background()); err == nil || !strings.Contains(err.Error(), "the trial log cannot be written") {
		t.Errorf("the error is %v", err)
	}
	if written := strings.Count(readLog(t, config.Path), `{"finished":`); told > written || written != 3 && written != 4 {
		t.Errorf("%d trials are told to have finished, and the log has %d, where 3 or, written together, 4 were to be", told, written)
	}
}

// countingDisk counts how often its files are written durably.
type countingDisk struct {
	disk.OS
	syncs atomic.Int64
}

type countingFile struct {
	disk.File
	syncs *atomic.Int64
}

func (d *countingDisk) Open(path string) (disk.File, error) {
	f, err := d.OS.Open(path)
	return countingFile{f, &d.syncs}, err
}

func (f countingFile) Sync() error {
	f.syncs.Add(1)
	return f.File.Sync()
}

// TestOneWriteForAll: results that come together, and the trials that follow from them,
// need one write.
func TestOneWriteForAll(t *testing.T) {
	const together, rounds = 16, 4
	d := &countingDisk{}
	config := Config{Disk: d, Path: filepath.Join(t.TempDir(), "trials.jsonl"), Trials: together * rounds, InFlight: together, Workers: together, Algorithm: Random}
	var begun atomic.Int64
	all := make([]chan struct{}, rounds) // closed when the trials of a round have begun
	for i := range all {
		all[i] = make(chan struct{})
	}
	mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		if n := begun.Add(1); n%together == 0 {
			close(all[n/together-1])
		}
		<-all[trial.Index/together]
		time.Sleep(20 * time.Millisecond)
		return evaluateSmall(ctx, trial)
	})
	if n := d.syncs.Load(); n > together*rounds {
		t.Errorf("%d trials took %d writes", together*rounds, n)
	}
}

// TestForeignTrials: a search does not go on with trials that were computed with
// something else, and each line says with what.
func TestForeignTrials(t *testing.T) {
	config := Config{Trials: 4, Workers: 1, Network: smallNetwork, Identity: "aaaa", Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	first := mustSearch(t, config, smallSpace, evaluateSmall)
	for i, trial := range first.Trials {
		if trial.Identity != "aaaa" || first.Results[i].Identity != "aaaa" {
			t.Errorf("trial %d has the identities %q and %q", i, trial.Identity, first.Results[i].Identity)
		}
	}
	config.Identity, config.Trials = "bbbb", 6
	if _, err := Search(t.Context(), config, smallSpace, evaluateSmall); err == nil || !strings.Contains(err.Error(), "the trial of line 2 has the identity aaaa, and this search bbbb") {
		t.Errorf("the trials of another identity are gone on with: error %v", err)
	}
	config.Earlier = []string{"aaaa"}
	report := mustSearch(t, config, smallSpace, evaluateSmall)
	if report.Results[3].Identity != "aaaa" || report.Results[4].Identity != "bbbb" || report.Trials[5].Identity != "bbbb" {
		t.Errorf("accepted, the trials are %+v", report.Trials)
	}
	config.Identity, config.Earlier = "", nil // a program that has none
	mustSearch(t, config, smallSpace, evaluateSmall)
}

// tinyNetwork learns in microseconds.
var tinyNetwork = NetworkConfig{Layers: 1, Width: 2, Heads: 1}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

// FuzzReplay is best run with -fuzzminimizetime 1x: logs are long, and making
// every interesting one short takes all the time there is.
func FuzzReplay(f *testing.F) {
	for _, config := range []Config{
		{Algorithm: Random},
		{Algorithm: Random, Async: true},
		{Algorithm: Reinforce, Network: tinyNetwork},
		{Algorithm: PPO, Network: tinyNetwork, Async: true},
		{Algorithm: Evolution, Evolution: EvolutionConfig{Population: 2, Tournament: 2}},
		{Algorithm: Local},
	} {
		config.Trials, config.InFlight, config.Workers, config.Path = 3, 2, 1, filepath.Join(f.TempDir(), "trials.jsonl")
		mustSearch(f, config, smallSpace, evaluateSmall)
		data, err := os.ReadFile(config.Path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)-9])
		f.Add(checksum.ReplaceAll(data, []byte("}"))) // what is changed is read
	}
	f.Add([]byte("{}\n{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		sizedtest.Within(t, data, func() {
			c, err := parse(data)
			if err != nil {
				return
			}
			if c.size > len(data) || c.size > 0 && data[c.size-1] != '\n' || bytes.IndexByte(data[c.size:], '\n') >= 0 {
				t.Fatalf("%d of %d bytes are said to be whole lines", c.size, len(data))
			}
			if c.header == nil || c.header.Network.Layers > 2 || c.header.Network.Width > 16 {
				return // a large network takes time, as it may
			}
			search, err := replay(data, true)
			whole, wholeErr := replay(data[:c.size], true)
			if (err == nil) != (wholeErr == nil) {
				t.Fatalf("a torn line changes the error from %v to %v", wholeErr, err)
			}
			if err == nil {
				sameReport(t, "without the torn line", whole.report(), search.report())
			}
		})
	})
}

// TestDamagedLog: what stands before a line that cannot be read, or is not what was
// written, is gone on with, and a copy is kept.
func TestDamagedLog(t *testing.T) {
	config := Config{Trials: 6, InFlight: 2, Workers: 1, Network: smallNetwork, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	want := mustSearch(t, config, smallSpace, evaluateSmall)
	whole, err := os.ReadFile(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	// Four bits: a first line that is damaged again and again before anybody opens it.
	flipped := strings.NewReplacer("toy", "tnx", `"version"`, `"versinl"`).Replace(string(whole))
	if err := os.WriteFile(config.Path, []byte(flipped), 0o666); err != nil {
		t.Fatal(err)
	}
	sameReport(t, "with a damaged first line", mustSearch(t, config, smallSpace, func(context.Context, Trial) (Outcome, error) {
		t.Error("a trial runs again although its line is whole")
		return Outcome{}, nil
	}), want)
	if again, err := os.ReadFile(config.Path); err != nil || string(again) != string(whole) {
		t.Errorf("a damaged first line is left as\n%s\n%v", again, err)
	}
	other := config
	other.Seed++
	if err := os.WriteFile(config.Path, []byte(flipped), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Search(t.Context(), other, smallSpace, evaluateSmall); err == nil {
		t.Error("the damaged log of another search is gone on with")
	}
	const at = 3 // a finished trial
	before, after := strings.Join(lines[:at], ""), strings.Join(lines[at+1:], "")
	reward := regexp.MustCompile(`"reward":-?\d`)
	for name, line := range map[string]string{
		"a flipped digit of a reward": reward.ReplaceAllString(lines[at], `"reward":9`),
		"a flipped brace":             strings.Replace(lines[at], "}", "]", 1),
		"a flipped checksum":          regexp.MustCompile(`"crc":".`).ReplaceAllString(lines[at], `"crc":"g`),
		"a flipped name":              strings.Replace(lines[at], `"crc"`, `"crb"`, 1),
		"an empty line":               "\n",
		"an empty record":             "{}\n",
		"two records in a line":       strings.TrimSpace(lines[at]) + lines[at+1],
		"another line's record":       lines[at+1][:len(lines[at+1])/2] + lines[at],
	} {
		if line == lines[at] {
			t.Fatalf("%s: nothing is changed in %s", name, line)
		}
		damaged, aside := before+line+after, disk.Aside(disk.OS{}, config.Path)
		if err := os.WriteFile(config.Path, []byte(damaged), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Replay(config.Path); err == nil || !strings.Contains(err.Error(), "line 4 cannot be read") {
			t.Errorf("%s: the error of Replay is %v", name, err)
		}
		var notices []string
		config.Notify = func(e Event) { notices = append(notices, e.Notice) }
		sameReport(t, name, mustSearch(t, config, smallSpace, evaluateSmall), want)
		if !strings.Contains(notices[0], "is damaged: line 4 cannot be read") {
			t.Errorf("%s: the notices are %q", name, notices)
		}
		if copied, err := os.ReadFile(aside); err != nil || string(copied) != damaged {
			t.Errorf("%s: the copy is %q, %v", name, copied, err)
		}
		if err := CheckLog([]byte(damaged)); err == nil {
			t.Errorf("%s: CheckLog finds nothing", name)
		}
		if again, err := os.ReadFile(config.Path); err != nil || CheckLog(again) != nil || !strings.HasPrefix(string(again), before) {
			t.Errorf("%s: the log afterwards is %q, %v", name, again, err)
		}
	}
}
