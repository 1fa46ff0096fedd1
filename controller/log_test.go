package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"autodropout/dropout"
)

var seconds = regexp.MustCompile(`"seconds":[^}]*`)

// readLog returns a log without the only thing in it that varies.
func readLog(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return seconds.ReplaceAllString(string(data), `"seconds":0`)
}

// TestResumeAnywhere cuts the log of a search after each of its bytes, as a
// kill at any time would, and resumes.
func TestResumeAnywhere(t *testing.T) {
	for _, config := range []Config{
		{Algorithm: Reinforce, Network: smallNetwork},
		{Algorithm: PPO, Network: smallNetwork, Async: true},
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
	} {
		config.Trials, config.InFlight, config.Workers, config.Network = 30, 6, 6, smallNetwork
		config.Path = filepath.Join(t.TempDir(), "trials.jsonl")
		want := mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
			time.Sleep(time.Duration(trial.Seed % 3000 * uint64(time.Microsecond)))
			if trial.Index%7 == 3 {
				return Outcome{}, errors.New("diverged")
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

// TestKilled runs a search in another process, kills that, and resumes.
func TestKilled(t *testing.T) {
	config := Config{Trials: 16, Seed: 6, InFlight: 4, Workers: 2, Network: smallNetwork}
	slow := func(ctx context.Context, trial Trial) (Outcome, error) {
		time.Sleep(5 * time.Millisecond)
		return evaluateSmall(ctx, trial)
	}
	const variable = "CONTROLLER_TEST_LOG"
	if config.Path = os.Getenv(variable); config.Path != "" {
		mustSearch(t, config, smallSpace, slow)
		return
	}
	want := mustSearch(t, config, smallSpace, evaluateSmall)
	config.Path = filepath.Join(t.TempDir(), "trials.jsonl")
	for _, finished := range []int{1, 7} {
		command := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		command.Env = append(os.Environ(), variable+"="+config.Path)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			data, _ := os.ReadFile(config.Path)
			if bytes.Count(data, []byte(`{"finished"`)) >= finished {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the other process does not get anywhere")
			}
		}
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		command.Wait() // it was killed, which is an error
	}
	before, err := Replay(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	config.Workers = 1
	got := mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		if trial.Index < len(before.Results) && before.Results[trial.Index] != nil {
			t.Errorf("trial %d ran twice", trial.Index)
		}
		return evaluateSmall(ctx, trial)
	})
	sameReport(t, "after two kills", got, want)
}

func TestLogErrors(t *testing.T) {
	config := Config{Trials: 3, InFlight: 2, Workers: 1, Network: smallNetwork, Task: "toy", Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	mustSearch(t, config, smallSpace, evaluateSmall)
	whole := readLog(t, config.Path)
	lines := strings.SplitAfter(whole, "\n")
	header, sampled0, sampled1, finished0 := lines[0], lines[1], lines[2], lines[3]
	for _, c := range []struct{ name, log, want string }{
		{"not a log", "dear diary", "belongs to something else"},
		{"not a log with lines", "dear\ndiary\n", "line 1 cannot be read"},
		{"another version", strings.Replace(whole, `"version":1`, `"version":2`, 1), "version 2, where this program reads version 1"},
		{"another task", strings.Replace(whole, `"task":"toy"`, `"task":"tax"`, 1), `begun with another "task" ("tax"; now "toy")`},
		{"another seed", strings.Replace(whole, `"seed":0`, `"seed":9`, 1), `begun with another "seed" (9; now 0)`},
		{"another policy", strings.Replace(whole, `"width":8`, `"width":16`, 1), `begun with another "policy"`},
		{"another space", strings.Replace(whole, `"toy"`, `"top"`, 1), `begun with another "space"`},
		{"an unknown setting", strings.Replace(whole, `"version"`, `"colour":"red","version"`, 1), "line 1 cannot be read"},
		{"damage in the middle", header + strings.Replace(sampled0, `[`, `{`, 1) + sampled1, "line 2 cannot be read"},
		{"an empty line", header + "\n" + sampled0, "line 2 cannot be read"},
		{"an empty record", header + "{}\n", "neither a sampled nor a finished trial"},
		{"two records in a line", header + strings.TrimSpace(sampled0) + sampled1, "something follows"},
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
	s.notify = func(e Event) {
		if e.Status.Finished == 3 {
			s.log.close()
		}
	}
	if err := s.open(config, smallSpace); err != nil {
		t.Fatal(err)
	}
	if err := s.run(context.Background()); err == nil || !strings.Contains(err.Error(), "the trial log cannot be written") {
		t.Errorf("the error is %v", err)
	}
	if s.state.done != 3 {
		t.Errorf("%d trials count as finished, want 3", s.state.done)
	}
}

// FuzzReplay is best run with -fuzzminimizetime 1x: logs are long, and making
// every interesting one short takes all the time there is.
func FuzzReplay(f *testing.F) {
	for _, async := range []bool{false, true} {
		config := Config{Trials: 3, InFlight: 2, Workers: 1, Algorithm: Random, Async: async, Path: filepath.Join(f.TempDir(), "trials.jsonl")}
		mustSearch(f, config, smallSpace, evaluateSmall)
		data, err := os.ReadFile(config.Path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)-9])
	}
	f.Add([]byte("{}\n{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parse(data)
		if err != nil {
			return
		}
		if c.size > len(data) || c.size > 0 && data[c.size-1] != '\n' || bytes.IndexByte(data[c.size:], '\n') >= 0 {
			t.Fatalf("%d of %d bytes are said to be whole lines", c.size, len(data))
		}
		if c.header == nil || c.header.Algorithm != Random {
			return // a network of any size would take any time
		}
		report, err := replay(data)
		whole, wholeErr := replay(data[:c.size])
		if (err == nil) != (wholeErr == nil) {
			t.Fatalf("a torn line changes the error from %v to %v", wholeErr, err)
		}
		if err == nil {
			sameReport(t, "without the torn line", whole, report)
		}
	})
}
