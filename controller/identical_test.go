package controller

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/internal/disk"
)

// waysToBegin are the ways in which any search may begin, by name.
var waysToBegin = map[string]Config{
	"uniform":   {},
	"probs":     {StartProbs: [][]float64{{0.5, 0.2, 0.3}, {0.1, 0.9}}},
	"near":      {Start: []int{2, 0, 1, 1}, Seeds: 1},
	"reference": {Reference: []int{0, 0, 0, 0}, Seeds: 2, StartProbs: [][]float64{{0.5, 0.2, 0.3}, {0.1, 0.9}}},
	"starts":    {Starts: [][]int{{0, 0, 0, 0}, {1, 1, 1, 1}, {0, 1, 0, 1}, {2, 0, 0, 0}, {2, 1, 0, 0}, {0, 0, 2, 0}, {0, 0, 2, 1}}, Seeds: 3},
}

// fits reports whether an algorithm may begin in a way: what tries points with the same seeds
// has no reference.
func fits(algorithm Algorithm, begins string) bool {
	return waysToBegin[begins].Reference == nil || algorithm != Grid && algorithm != Rejects && algorithm != Coordinate
}

// identicalConfig is the search of an algorithm that begins in one of these ways.
func identicalConfig(algorithm Algorithm, begins string) Config {
	config := waysToBegin[begins]
	config.Trials, config.Seed, config.InFlight, config.Workers = 16, 7, 5, 1
	config.Algorithm, config.Network, config.Disk = algorithm, smallNetwork, unsynced{}
	switch algorithm { // they are to come to their second part
	case Evolution:
		config.Evolution = EvolutionConfig{Population: 4, Tournament: 2}
		config.Everywhere = 0.3
	case Rejects:
		config.Points, config.Repeats = [][]int{{0, 0, 0, 0}, {1, 1, 1, 1}, {0, 1, 0, 1}, {2, 0, 0, 0}}, 2
	}
	return config
}

// unsynced is the machine's file system, whose files wait for no disk: a kill of a
// process loses nothing of what it has written.
type unsynced struct{ disk.OS }

type unsyncedFile struct{ disk.File }

func (unsynced) Open(path string) (disk.File, error) {
	file, err := disk.OS{}.Open(path)
	return unsyncedFile{file}, err
}

func (unsynced) SyncFolder(string) {}

func (unsyncedFile) Sync() error { return nil }

// overtaken evaluates so that some children overtake others.
func overtaken(ctx context.Context, trial Trial) (Outcome, error) {
	time.Sleep(time.Duration(trial.Seed%1000+uint64(trial.Index*7%5)*300) * time.Microsecond)
	return evaluateSmall(ctx, trial)
}

// lines returns those of a log without times, in an order that does not depend on which
// child was quick.
func lines(log string) []string {
	all := strings.Split(log, "\n")
	slices.Sort(all)
	return all
}

// TestIdentical: a search of any algorithm, however it begins, writes the same log and
// learns the same with any number of workers, on any number of cores, cut off after and
// within any line, and after kills.
func TestIdentical(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, algorithm := range algorithms {
		for begins := range waysToBegin {
			if !fits(algorithm, begins) {
				continue
			}
			name := fmt.Sprintf("%s, %s", algorithm, begins)
			config := identicalConfig(algorithm, begins)
			config.Path = filepath.Join(t.TempDir(), "trials.jsonl")
			want := mustSearch(t, config, smallSpace, evaluateSmall)
			wantLog := readLog(t, config.Path)
			whole, err := os.ReadFile(config.Path)
			if err != nil {
				t.Fatal(err)
			}
			for i, workers := range []int{2, 4, 5} {
				runtime.GOMAXPROCS(1 + i%2)
				spread := config
				spread.Workers, spread.Path = workers, fmt.Sprintf("%s.%d", config.Path, workers)
				sameReport(t, fmt.Sprintf("%s with %d workers", name, workers), mustSearch(t, spread, smallSpace, overtaken), want)
				if got := readLog(t, spread.Path); !slices.Equal(lines(got), lines(wantLog)) {
					t.Errorf("%s with %d workers: the log is\n%s\nwant, in any order,\n%s", name, workers, got, wantLog)
				}
			}
			// A kill leaves some lines, and perhaps a part of the next one.
			for i, cut := 0, 0; cut < len(whole); i++ {
				next := cut + bytes.IndexByte(whole[cut:], '\n') + 1
				resumed := config
				resumed.Path, resumed.Workers = config.Path+".cut", 1+i%2*3
				left := whole[:cut+i%3*(next-cut)/3]
				sameReport(t, fmt.Sprintf("%s cut at %d", name, len(left)), resumeFrom(t, resumed, left), want)
				if log := readLog(t, resumed.Path); resumed.Workers == 1 && log != wantLog || !slices.Equal(lines(log), lines(wantLog)) {
					t.Errorf("%s cut at %d: the log is\n%s\nwant\n%s", name, len(left), log, wantLog)
				}
				cut = next
			}
		}
	}
}

// TestOtherSeed: another seed gives other trials, but where nothing is drawn.
func TestOtherSeed(t *testing.T) {
	for _, algorithm := range algorithms {
		for begins := range waysToBegin {
			if !fits(algorithm, begins) {
				continue
			}
			config := identicalConfig(algorithm, begins)
			first := mustSearch(t, config, smallSpace, evaluateSmall)
			config.Seed++
			alike := 0
			for i, trial := range mustSearch(t, config, smallSpace, evaluateSmall).Trials {
				if slices.Equal(trial.Point, first.Trials[i].Point) {
					alike++
				}
			}
			if same := alike == config.Trials; same != (algorithm == Grid) && algorithm != Rejects && algorithm != Coordinate {
				t.Errorf("%s, %s: another seed gives the same trials: %v", algorithm, begins, same)
			}
		}
	}
}

// TestKilled runs a search of each algorithm in another process, kills that twice, and
// resumes.
func TestKilled(t *testing.T) {
	slow := func(ctx context.Context, trial Trial) (Outcome, error) {
		time.Sleep(5 * time.Millisecond)
		return evaluateSmall(ctx, trial)
	}
	const variable, of = "CONTROLLER_TEST_LOG", "CONTROLLER_TEST_ALGORITHM"
	if path := os.Getenv(variable); path != "" {
		config := identicalConfig(Algorithm(os.Getenv(of)), "starts")
		config.Path, config.Workers = path, 4
		mustSearch(t, config, smallSpace, slow)
		return
	}
	dir := t.TempDir()
	for _, algorithm := range algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			config := identicalConfig(algorithm, "starts")
			want := mustSearch(t, config, smallSpace, evaluateSmall)
			config.Path = filepath.Join(dir, string(algorithm)+".jsonl")
			for _, finished := range []int{1, 7} {
				command := exec.Command(os.Args[0], "-test.run=^TestKilled$")
				command.Env = append(os.Environ(), variable+"="+config.Path, of+"="+string(algorithm))
				if err := command.Start(); err != nil {
					t.Fatal(err)
				}
				for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(time.Millisecond) {
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
			got := mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
				if trial.Index < len(before.Results) && before.Results[trial.Index] != nil {
					t.Errorf("trial %d ran twice", trial.Index)
				}
				return evaluateSmall(ctx, trial)
			})
			sameReport(t, "after two kills", got, want)
		})
	}
}
