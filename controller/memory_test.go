package controller

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/internal/sizedtest"
)

// oftener has a test's searches write what they have learned after 60 lessons.
func oftener(t *testing.T) {
	every := memoryEvery
	memoryEvery = 60
	t.Cleanup(func() { memoryEvery = every })
}

// TestMemory: a long search that is taken up goes on with the file of what it has learned as
// without it, or with one that is damaged or of another log. That the file is used
// shows where its numbers are others.
func TestMemory(t *testing.T) {
	oftener(t)
	long, longer := memoryEvery+40, memoryEvery+60
	for name, config := range map[string]Config{
		"reinforce":   {Algorithm: Reinforce},
		"ppo, async":  {Algorithm: PPO, Async: true},
		"ppo, starts": {Algorithm: PPO, Starts: waysToBegin["starts"].Starts},
	} {
		t.Run(name, func(t *testing.T) {
			config.Seed, config.InFlight, config.Workers, config.Network, config.Disk = 3, 3, 1, tinyNetwork, unsynced{}
			config.Path, config.Trials = filepath.Join(t.TempDir(), "trials.jsonl"), long
			mustSearch(t, config, smallSpace, evaluateSmall)
			log, err := os.ReadFile(config.Path)
			if err != nil {
				t.Fatal(err)
			}
			file, err := os.ReadFile(config.Path + memorySuffix)
			if err != nil {
				t.Fatal(err)
			}
			other, err := parseMemory(file, log)
			if err != nil {
				t.Fatal(err)
			}
			if other.Lessons < memoryEvery || other.LogSize >= len(log) {
				t.Errorf("%d lessons and %d of %d bytes are remembered", other.Lessons, other.LogSize, len(log))
			}
			for i := range other.floats {
				other.floats[i] = 0
			}
			flipped := bytes.Clone(file)
			flipped[len(flipped)/2] ^= 1
			foreign := *other
			foreign.Log = digest(log[:other.LogSize-1])
			var want *Report
			wantLog := ""
			for _, test := range []struct {
				what string
				file []byte
				same bool
			}{{"none", nil, true}, {"its own", file, true}, {"a damaged one", flipped, true}, {"half", file[:len(file)/2], true}, {"one of another log", foreign.encode(), true}, {"one with other numbers", other.encode(), false}} {
				if err := os.WriteFile(config.Path, log, 0o666); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(config.Path+memorySuffix, test.file, 0o666); err != nil {
					t.Fatal(err)
				}
				config.Trials = longer
				got := mustSearch(t, config, smallSpace, evaluateSmall)
				if want == nil {
					want, wantLog = got, readLog(t, config.Path)
				}
				if !test.same {
					if readLog(t, config.Path) == wantLog {
						t.Errorf("with %s the search is the same", test.what)
					}
					continue
				}
				sameReport(t, "with "+test.what, got, want)
				if readLog(t, config.Path) != wantLog {
					t.Errorf("with %s the log is another", test.what)
				}
			}
		})
	}
}

// TestMemoryOfLessonsThatAreTold: who is told of lessons is told of all.
func TestMemoryOfLessonsThatAreTold(t *testing.T) {
	oftener(t)
	config := Config{Trials: memoryEvery + 40, Seed: 3, InFlight: 1, Network: tinyNetwork, Disk: unsynced{}, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	mustSearch(t, config, smallSpace, evaluateSmall)
	told := 0
	config.Learned = func(Lesson) { told++ }
	mustSearch(t, config, smallSpace, evaluateSmall)
	if told != config.Trials {
		t.Errorf("%d lessons were told, want %d", told, config.Trials)
	}
}

// unwritable is a disk on which files cannot be replaced.
type unwritable struct{ unsynced }

func (unwritable) Write(string, func(w io.Writer) error) error { return errors.New("no room") }

// TestMemoryCannotBeWritten: the search goes on, and says so.
func TestMemoryCannotBeWritten(t *testing.T) {
	oftener(t)
	said := ""
	config := Config{Trials: memoryEvery + 40, Seed: 3, InFlight: 1, Network: tinyNetwork, Disk: unwritable{}, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	config.Notify = func(e Event) { said += e.Notice }
	mustSearch(t, config, smallSpace, evaluateSmall)
	if !strings.Contains(said, "no room") {
		t.Errorf("the search said %q", said)
	}
}

func FuzzMemory(f *testing.F) {
	log := []byte("a log\n")
	m := memory{memoryLine: memoryLine{LogSize: len(log), Log: digest(log), Lessons: 1}, floats: []float32{1, 2}}
	f.Add(m.encode())
	f.Add(m.encode()[:9])
	f.Fuzz(func(t *testing.T, data []byte) {
		sizedtest.Within(t, data, func() {
			m, err := parseMemory(data, log)
			if err == nil && (m.LogSize > len(log) || m.Lessons < 1 || len(m.floats) > len(data)/4) {
				t.Errorf("%+v", m.memoryLine)
			}
		})
	})
}
