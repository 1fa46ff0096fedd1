package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/internal/glob"
)

// trained is a way to search that was tried on real trainings.
type trained struct {
	title    string
	searches []*controller.Log
	chosen   []float64 // mean rewards of what was chosen, with other seeds
	final    []float64 // what the final trainings with it reached
}

// ways are the kinds of searches on real trainings, by what their folders are called.
var ways = []struct{ folder, title string }{
	{"random", "random, mild"},
	{"published", "the paper's controller"},
	{"reinforce", "reinforce, mild"},
	{"ppo", "ppo, mild"},
	{"evolution", "evolution, mild"},
	{"local", "local, mild"},
	{"best", fromRows},
}

// fromRows is the way that knows hand-made dropout.
const fromRows = "evolution from the hand-made rows"

// readTrained reads the runs in a folder, of which each has one search: WAY-SEED.
func readTrained(folder string) (all []*trained, err error) {
	for _, way := range ways {
		t := &trained{title: way.title}
		for _, path := range glob.In(folder, way.folder+"-*/*/"+runfolder.Trials) {
			log, err := controller.ReadLog(path)
			if err != nil {
				return nil, err
			}
			again, err := controller.ReadLog(filepath.Join(filepath.Dir(path), runfolder.Finalists))
			if err != nil {
				return nil, err
			}
			result, err := runfolder.Folder(filepath.Dir(filepath.Dir(path))).Result()
			if err != nil || result == nil || len(result.Rows) != 1 || result.Rows[0].Mean == nil {
				return nil, fmt.Errorf("the run of %s has no result of one row: %v", path, err)
			}
			_, reward := again.Chosen()
			t.searches, t.chosen, t.final = append(t.searches, log), append(t.chosen, reward), append(t.final, *result.Rows[0].Mean)
		}
		if len(t.searches) > 0 {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no searches", folder)
	}
	return all, nil
}

// curves returns, after so many trials, the best reward and the mean of the last third, on
// average over the searches.
func (t *trained) curves() (n, best, late []float64) {
	trials := len(t.searches[0].Results)
	for _, s := range t.searches {
		trials = min(trials, len(s.Results))
	}
	for k := 3; k <= trials; k++ {
		var b, l []float64
		for _, s := range t.searches {
			var rewards []float64
			for _, r := range s.Results[:k] {
				if r != nil && !r.Failed() {
					rewards = append(rewards, r.Reward)
				}
			}
			if len(rewards) > 0 {
				b = append(b, slices.Max(rewards))
				l = append(l, stat.Mean(rewards[len(rewards)-(len(rewards)+2)/3:], nil))
			}
		}
		n, best, late = append(n, float64(k)), append(best, stat.Mean(b, nil)), append(late, stat.Mean(l, nil))
	}
	return n, best, late
}

// listed writes values with a comma between them.
func listed(values []float64, format string) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, fmt.Sprintf(format, v))
	}
	return strings.Join(texts, ", ")
}
