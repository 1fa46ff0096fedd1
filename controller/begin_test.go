package controller

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/dropout"
	"autodropout/internal/seed"
)

// TestStartProbs: every algorithm that draws begins with the given probabilities.
func TestStartProbs(t *testing.T) {
	probs := [][]float64{{0.7, 0.2, 0.1}, {0.05, 0.95}}
	for _, algorithm := range []Algorithm{Reinforce, PPO, Random, Evolution} {
		config := Config{Trials: 800, InFlight: 800, Algorithm: algorithm, Network: smallNetwork, StartProbs: probs, Evolution: EvolutionConfig{Population: 800}}
		if algorithm != Evolution {
			config.Evolution = EvolutionConfig{}
		}
		report := mustSearch(t, config, smallSpace, evaluateSmall)
		counts := [2][3]float64{}
		for _, trial := range report.Trials {
			for i, v := range trial.Point {
				counts[i%2][v]++
				if want := math.Log(probs[i%2][v]); math.Abs(float64(trial.LogProbs[i])-want) > 1e-5 {
					t.Fatalf("%s: a choice of probability %g has the logarithm %g, want %g", algorithm, probs[i%2][v], trial.LogProbs[i], want)
				}
			}
		}
		for i := range probs {
			for v, p := range probs[i] {
				share := counts[i][v] / 1600
				if math.Abs(share-p) > 4*math.Sqrt(p*(1-p)/1600) {
					t.Errorf("%s: value %d of choice %d has the share %g, want %g", algorithm, v, i, share, p)
				}
			}
		}
	}
}

// TestOwnStreams: algorithms that begin with the same probabilities, and the same seed, draw
// points of their own.
func TestOwnStreams(t *testing.T) {
	space := toySpace(6, 5, 5, 5)
	first := map[string]Algorithm{}
	for _, algorithm := range []Algorithm{Reinforce, PPO, Random, Evolution} {
		report := mustSearch(t, Config{Trials: 4, InFlight: 4, Algorithm: algorithm, Network: smallNetwork, Seed: 3}, space,
			func(context.Context, Trial) (Outcome, error) { return Outcome{}, nil })
		for _, trial := range report.Trials {
			point := fmt.Sprint(trial.Point)
			if other, ok := first[point]; ok && other != algorithm {
				t.Errorf("%s and %s both begin with %s", other, algorithm, point)
			}
			first[point] = algorithm
		}
	}
}

func TestWrongStartProbs(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"too few choices": {Config{StartProbs: [][]float64{{0.5, 0.2, 0.3}}}, "for 1 choices, and the space has 2"},
		"too few values":  {Config{StartProbs: [][]float64{{0.5, 0.5}, {0.1, 0.9}}}, "the 2 probabilities"},
		"another sum":     {Config{StartProbs: [][]float64{{0.5, 0.25, 0.125}, {0.1, 0.9}}}, "it must be 1"},
		"impossible":      {Config{StartProbs: [][]float64{{0.8, 0.2, 0}, {0.1, 0.9}}}, "at least 1e-06"},
		"no number":       {Config{StartProbs: [][]float64{{0.8, 0.2, math.NaN()}, {0.1, 0.9}}}, "at least 1e-06"},
		"both":            {Config{Start: []int{0, 0, 0, 0}, StartProbs: [][]float64{{0.5, 0.2, 0.3}, {0.1, 0.9}}}, "give one of the two"},
		"everywhere":      {Config{Everywhere: 1.5}, "it must be from 0 to 1"},
		"population":      {Config{Algorithm: Evolution, Evolution: EvolutionConfig{Population: -1}}, "the population is -1"},
		"tournament":      {Config{Algorithm: Evolution, Evolution: EvolutionConfig{Tournament: -1}}, "-1 take part"},
	} {
		c.config.Trials = 1
		if _, err := Search(t.Context(), c.config, smallSpace, evaluateSmall); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want %q in it", name, err, c.want)
		}
	}
}

// distance returns in how many choices two points differ.
func distance(a, b []int) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// TestEvolution: after the first ones each trial differs in one choice from one of
// the last results, and better than most: the best of a tournament.
func TestEvolution(t *testing.T) {
	space := toySpace(6, 5, 5, 5)
	config := Config{Trials: 300, InFlight: 1, Algorithm: Evolution, Evolution: EvolutionConfig{Population: 12, Tournament: 4}, Seed: 2}
	report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
		sum := 0.0
		for _, v := range trial.Point {
			sum += float64(v)
		}
		return Outcome{Reward: sum}, nil
	})
	above := 0.0
	for i := 12; i < 300; i++ {
		var parents, alive []float64
		for j := i - 12; j < i; j++ {
			alive = append(alive, report.Results[j].Reward)
			if distance(report.Trials[j].Point, report.Trials[i].Point) == 1 {
				parents = append(parents, report.Results[j].Reward)
			}
		}
		if len(parents) == 0 {
			t.Fatalf("trial %d has no parent among the last 12", i)
		}
		slices.Sort(alive)
		if slices.Max(parents) >= alive[6] {
			above++
		}
	}
	if above < 0.85*288 { // the best of 4 of 12 is among the worse half one time in 16
		t.Errorf("%g of 288 parents are in the better half", above)
	}
	if best, result, _ := report.Best(); result.Reward < 60 { // of 72
		t.Errorf("the best point after 300 trials is %v with %g", best.Point, result.Reward)
	}
}

// TestLocal: a third of the trials try the best point again, the others are beside
// it, and a lucky result does not take its place.
func TestLocal(t *testing.T) {
	space := toySpace(4, 5, 5)
	start := slices.Repeat([]int{0}, 8)
	value := func(point []int) float64 {
		sum := 0.0
		for _, v := range point {
			sum += float64(v)
		}
		return sum
	}
	noise := rand.New(rand.NewPCG(1, 2))
	config := Config{Trials: 400, InFlight: 1, Algorithm: Local, Start: start, Seed: 2}
	report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
		return Outcome{Reward: value(trial.Point) + 0.7*noise.NormFloat64()}, nil
	})
	for i := 0; i < 400; i += 3 {
		at := report.Trials[i].Point
		for j := i; j < min(i+3, 400); j++ {
			// Within three trials the incumbent moves by one choice at most.
			if distance(report.Trials[j].Point, at) > 2 {
				t.Fatalf("trial %d is %v, far from the incumbent %v", j, report.Trials[j].Point, at)
			}
		}
	}
	if !slices.Equal(report.Trials[0].Point, start) {
		t.Errorf("it begins at %v", report.Trials[0].Point)
	}
	if last := value(report.Trials[399].Point); last < 28 { // of 32
		t.Errorf("after 400 trials it is at %v", report.Trials[399].Point)
	}
	// Where nothing is better, luck does not lead away for long.
	away := 0
	report = mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
		return Outcome{Reward: -value(trial.Point) + 0.5*noise.NormFloat64()}, nil
	})
	for i := 0; i < 400; i += 3 {
		if value(report.Trials[i].Point) > 0 {
			away++
		}
	}
	if away > 400/3/4 {
		t.Errorf("of 134 times it is away from the best point %d times", away)
	}
}

// TestMutate: exactly one choice changes, each as likely, and never to what it was.
func TestMutate(t *testing.T) {
	space := toySpace(2, 3, 1, 4)
	rng := rand.New(rand.NewPCG(3, 4))
	counts := map[string]int{}
	point := []int{0, 0, 3, 2, 0, 1}
	for range 4000 {
		other := mutation{space: space}.of(point, rng)
		if err := space.Check(other); err != nil || distance(point, other) != 1 {
			t.Fatalf("%v becomes %v (%v)", point, other, err)
		}
		for i := range other {
			if other[i] != point[i] {
				counts[fmt.Sprint(i, other[i])]++
			}
		}
	}
	if len(counts) != 2+3+2+3 {
		t.Errorf("the changes are %v", counts)
	}
	for change, n := range counts {
		if n < 250 || n > 620 {
			t.Errorf("change %s happens %d times of 4000", change, n)
		}
	}
	if same := (mutation{space: toySpace(1, 1)}).of([]int{0}, rng); !slices.Equal(same, []int{0}) {
		t.Errorf("where there is nothing to choose the point becomes %v", same)
	}
}

// TestLiveMutations: what changes counts, unless the log is older than that.
func TestLiveMutations(t *testing.T) {
	space, err := dropout.WideSpace([]dropout.Site{{Name: "a", Kind: dropout.Norm, Stages: 2, Blocks: 1}, {Name: "b", Kind: dropout.Norm, Stage: 1, Stages: 2, Blocks: 1}})
	if err != nil {
		t.Fatal(err)
	}
	// idle counts the trials whose pattern is that of an earlier one, with other choices.
	idle := func(report *Report) (n int) {
		for i, trial := range report.Trials {
			for _, other := range report.Trials[:i] {
				if distance(trial.Point, other.Point) == 1 && slices.Equal(space.Canonical(trial.Point), space.Canonical(other.Point)) {
					n++
					break
				}
			}
		}
		return n
	}
	for _, algorithm := range []Algorithm{Evolution, Local} {
		config := Config{Trials: 60, InFlight: 2, Workers: 1, Algorithm: algorithm, Start: make([]int, space.Decisions()), Disk: unsynced{}, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
		want := mustSearch(t, config, space, evaluateSmall)
		if n := idle(want); n > 2 { // two ways to the same by chance
			t.Errorf("%s: %d trials try again what was tried", algorithm, n)
		}
		text, err := os.ReadFile(config.Path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(timeless(text), "\n")
		if !strings.Contains(lines[0], `,"live":true`) {
			t.Fatalf("the log begins with %s", lines[0])
		}
		// The log of before goes on as it began.
		old := strings.Replace(lines[0], `,"live":true`, "", 1)
		for _, left := range []string{old, old + strings.Join(lines[1:9], "")} {
			if err := os.WriteFile(config.Path, []byte(left), 0o666); err != nil {
				t.Fatal(err)
			}
			report := mustSearch(t, config, space, evaluateSmall)
			if n := idle(report); n < 8 {
				t.Errorf("%s: a log of before live mutations goes on with %d idle ones", algorithm, n)
			}
			if log := readLog(t, config.Path); !strings.HasPrefix(log, left) {
				t.Errorf("%s: the log of before was changed to\n%s", algorithm, log)
			}
			again, err := Replay(config.Path)
			if err != nil {
				t.Fatal(err)
			}
			sameReport(t, "replay of a log of before", again, report)
		}
	}
}

// TestEverywhere: the asked share of changes sets a choice in all groups, the others in one.
func TestEverywhere(t *testing.T) {
	space := toySpace(5, 4, 4)
	point, rng := []int{0, 1, 1, 2, 2, 3, 3, 0, 0, 1}, seed.New(1, "everywhere")
	all := 0
	for range 1000 {
		other := mutation{space: space, everywhere: 0.25}.of(point, rng)
		changed := map[int]bool{} // by choice
		values := map[int]bool{}
		for i := range other {
			if other[i] != point[i] {
				changed[i%2], values[other[i]] = true, true
			}
		}
		if len(changed) != 1 || len(values) != 1 {
			t.Fatalf("%v becomes %v", point, other)
		}
		if distance(point, other) > 1 {
			all++
		}
	}
	if all < 200 || all > 300 {
		t.Errorf("%d of 1000 changes are of all groups, want about 250", all)
	}
}
