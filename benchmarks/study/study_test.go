package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/pages"
	"autodropout/internal/seed"
)

// made is a run folder to be made up.
type made struct {
	folder, config string
	task           controller.Task
	space          dropout.Space
	units          []string // lines of units.jsonl
	searches       []madeSearch
}

// madeSearch is a search whose rewards are made up.
type madeSearch struct {
	key       string
	algorithm controller.Algorithm
	trials    int
	space     *dropout.Space // nil: that of the run
	again     int            // trials of the first two patterns
	failing   bool           // every fourth trial; the others are worse
}

// write writes the folder with the controller's own searches.
func (m made) write(t *testing.T, root string) {
	t.Helper()
	folder := filepath.Join(root, m.folder)
	write(t, filepath.Join(folder, "config.toml"), m.config)
	write(t, filepath.Join(folder, "units.jsonl"), strings.Join(m.units, ""))
	for _, s := range m.searches {
		m.search(t, filepath.Join(folder, s.key), s)
	}
}

func (m made) search(t *testing.T, folder string, s madeSearch) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	space := m.space
	if s.space != nil {
		space = *s.space
	}
	evaluate := func(_ context.Context, trial controller.Trial) (controller.Outcome, error) {
		if s.failing && trial.Index%4 == 3 {
			return controller.Outcome{Failure: "the loss is NaN"}, nil
		}
		handicap := map[bool]float64{true: 0.05}[s.failing]
		reward := 0.7 - handicap + 0.01*seed.New(trial.Seed, "noise").NormFloat64()
		for i, v := range trial.Point {
			switch token := space.Choice(i); token.Name {
			case "residual", "drop", "rate": // a made-up preference
				reward -= 0.1 * token.Values[v] / float64(space.Groups)
			}
		}
		return controller.Outcome{Reward: reward, Seconds: 90}, nil
	}
	// A network this small samples quickly.
	config := controller.Config{Path: filepath.Join(folder, "trials.jsonl"), Trials: s.trials, Task: m.task, Seed: 5, Algorithm: s.algorithm,
		Network: controller.NetworkConfig{Layers: 1, Width: 4, Heads: 1}}
	report, err := controller.Search(t.Context(), config, space, evaluate)
	if err != nil {
		t.Fatal(err)
	}
	best, _, _ := report.Best()
	if s.again > 0 {
		config.Path, config.Trials, config.Seed, config.Algorithm = filepath.Join(folder, "finalists.jsonl"), s.again, 6, controller.Grid
		config.Points = [][]int{best.Point, report.Trials[0].Point}
		if _, err := controller.Search(t.Context(), config, space, evaluate); err != nil {
			t.Fatal(err)
		}
	}
	if len(space.Choices) == 1 {
		return
	}
	pattern, err := decode(space, best.Point)
	if err != nil {
		t.Fatal(err)
	}
	if err := pattern.(interface{ Save(path string) error }).Save(filepath.Join(folder, "pattern.json")); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// trainings returns the lines of final trainings with these scores, by seed.
func trainings(method string, scores ...float64) (lines []string) {
	for k, v := range scores {
		lines = append(lines, fmt.Sprintf(`{"method":%q,"seed":%d,"value":%g,"loss":1,"seconds":3600}`+"\n", method, k, v))
	}
	return lines
}

func join(parts ...[]string) (all []string) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func rates(values ...float64) *dropout.Space {
	return &dropout.Space{Name: "rates", Groups: 1, Choices: []dropout.Choice{{Name: "rate", Values: values}}}
}

// cifar is a run that has finished, in which AutoDropout wins, and is the best by
// validation only, as Dropout is among the hand-made rows.
func cifar() made {
	return made{
		folder: "cifar",
		config: `# go run ./benchmarks/cifar -data DIR -tune
method = ["none", "dropout", "dropblock", "stochasticdepth", "random", "autodropout", "ppo", "no-geometry"]
pattern = ""
seeds = 3
trials = 12
train-size = 5000
depth = 16
width = 2
epochs = 40
batch = 128
dropout = 0.3
dropblock = 0.9
stochastic-depth = 0.8
`,
		task:  controller.Task{Network: "WRN-10-1", Data: "CIFAR-10", Unit: "images", Train: 1800, Epochs: 3, Batch: 32, Reward: "accuracy", Valid: 200},
		space: dropout.ConvSpace([]int{1, 1, 1}),
		units: join(trainings("none", 21, 21.5, 22), trainings("dropout", 20.1, 20.4, 21.2), trainings("dropblock", 16, 18, 25),
			trainings("stochasticdepth", 19, 23, 24), trainings("random", 19.8, 20.6, 21), trainings("autodropout", 18.8, 19.3, 20),
			trainings("ppo", 15, 20, 22), trainings("no-geometry", 18.9, 19.3, 19.9)),
		searches: []madeSearch{
			{key: "dropout", algorithm: controller.Grid, trials: 12, space: rates(0.1, 0.3, 0.5)},
			{key: "dropblock", algorithm: controller.Grid, trials: 12, space: rates(0.7, 0.9)},
			{key: "random", algorithm: controller.Random, trials: 12},
			{key: "autodropout", algorithm: controller.Reinforce, trials: 8, again: 4},
			{key: "ppo", algorithm: controller.PPO, trials: 12, failing: true},
			{key: "no-geometry", algorithm: controller.Reinforce, trials: 12},
		},
	}
}

// wider builds on cifar, whose pattern of random search it has too, and has lost.
func wider() made {
	return made{
		folder: "cifar-wider",
		config: "method = [\"none\", \"dropout\", \"dropblock\", \"random\", \"autodropout\"]\npattern = \"best.json\"\nseeds = 2\ntrials = 12\ndepth = 22\nwidth = 4\nepochs = 40\nbatch = 128\ndropout = 0.2\n",
		units:  join(trainings("none", 15, 15.2), trainings("dropout", 14, 14.2), trainings("random", 14.4, 14.4), trainings("pattern", 16, 16.1)),
	}
}

// ptb is half done.
func ptb() made {
	return made{
		folder: "ptb",
		config: `method = ["none", "dropout", "variational", "random", "autodropout"]
pattern = ""
tune = true
seeds = 2
trials = 10
layers = 2
width = 64
heads = 4
inner = 192
bptt = 70
memory = 70
batch = 16
epochs = 6
search-inner = 96
`,
		task:  controller.Task{Network: "Transformer-XL-1-32", Data: "Penn Treebank", Unit: "words", Train: 1120, Epochs: 2, Reward: "80/perplexity", Valid: 73760},
		space: dropout.SequenceSpace(),
		units: []string{
			`{"method":"none","seed":0,"value":90.5,"valid":95,"loss":4.5,"seconds":600}` + "\n",
			`{"method":"none","seed":1,"value":0,"loss":0,"diverged":true,"seconds":10}` + "\n",
			`{"method":"drop`, // the run was copied while it wrote this
		},
		searches: []madeSearch{{key: "dropout", algorithm: controller.Grid, trials: 2, space: rates(0.1, 0.2)}, {key: "random", algorithm: controller.Random, trials: 9}, {key: "autodropout", algorithm: controller.Reinforce, trials: 4}},
	}
}

// multi30k compares a pattern from ptb with nothing that it could beat.
func multi30k() made {
	return made{
		folder: "multi30k",
		config: "method = [\"none\", \"dropout\", \"transferred\", \"random\"]\npattern = \"best.json\"\nseeds = 3\ntrials = 10\nlayers = 3\nwidth = 256\nepochs = 16\ndropout = 0.2\n",
		units:  join(trainings("none", 30, 31, 32), trainings("transferred", 31, 32.1, 33.1)),
	}
}

// everything is a folder with all of the runs.
func everything(t *testing.T) string {
	root := t.TempDir()
	for _, m := range []made{cifar(), wider(), ptb(), multi30k()} {
		m.write(t, root)
	}
	write(t, filepath.Join(root, "cifar-wider", "random", "pattern.json"), read(t, filepath.Join(root, "cifar", "random", "pattern.json")))
	write(t, filepath.Join(root, "README.md"), "what the folders hold")
	return root
}

// generate runs the program and returns all that it has written.
func generate(t *testing.T, results, doc, readme string) map[string]string {
	t.Helper()
	var stderr bytes.Buffer
	if code := program(t.Context(), []string{"-results", results, "-doc", doc, "-readme", readme}, io.Discard, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	files := map[string]string{"README.md": read(t, readme), "study.md": read(t, filepath.Join(doc, "study.md"))}
	for _, name := range names(t, filepath.Join(doc, "study")) {
		files[name] = read(t, filepath.Join(doc, "study", name))
	}
	return files
}

func TestStudy(t *testing.T) {
	root, doc := everything(t), t.TempDir()
	readme := filepath.Join(doc, "README.md")
	write(t, readme, "before\n<!-- study -->\nold\n<!-- /study -->\nafter\n")
	files := generate(t, root, doc, readme)
	if again := generate(t, root, doc, readme); !maps.Equal(files, again) {
		t.Error("the same logs give another page, figure or README")
	}
	for _, name := range []string{"gains.svg", "cifar-rewards.svg", "cifar-best.svg", "cifar-entropy.svg", "cifar-strength.svg", "cifar-pattern.png", "ptb-rewards.svg"} {
		if len(files[name]) == 0 || !strings.Contains(files["study.md"], "](study/"+name+")") {
			t.Errorf("%s has %d bytes, or is not on the page", name, len(files[name]))
		}
	}
	for name, wants := range map[string][]string{
		"README.md": {
			"before\n<!-- study -->\n| setting |", "| CIFAR-10, WRN-16-2, error, % | 21.50 | 20.57 | 20.47 | 19.37 | +1.20 (+0.95 to +1.45) |",
			"\n\nThe learned pattern beats the best hand-made dropout in 1 of 2 settings and random search in 1 of 3; it loses to them",
			"WRN-22-4 and Transformer-3-256 have that of another setting. On WRN-16-2, “DropBlock” and “stochastic depth”", "good.\n<!-- /study -->\nafter\n",
			"| Penn Treebank, Transformer-XL-2-64, perplexity | diverged (1 of 2) |",
		},
		"study.md": {
			// The first screen.
			"# Do learned dropout patterns pay?\n\nCompared with the best hand-made dropout in 2 settings, the best learned pattern is better in 1 (CIFAR-10 with WRN-16-2) and is worse in 1 (CIFAR-10 with WRN-22-4). Compared with random search in 3 settings, the best learned pattern is better in 1 (CIFAR-10 with WRN-16-2), is worse in 1 (CIFAR-10 with WRN-22-4) and is not compared yet in 1 (Penn Treebank with Transformer-XL-2-64). The plan",
			"The plan has at least 2 seeds of each row and one search of each kind, which tries 4 to 12 patterns; [the claim](claim.md)",
			"](study/gains.svg)\n\n`go run ./benchmarks/study` writes this page",
			"WRN-16-2 for 40 epochs on 5000 training images of CIFAR-10", "```sh\ngo run ./benchmarks/cifar -data DIR -tune\n```",
			"The plan has 3 seeds for each of 8 rows and 12 trials for each search. It is complete.",
			"| Dropout | 0.1, best of 3 | 3 of 3 | 20.57 ± 0.57 | 19.15 to 21.98 | +0.93 (+0.55 to +1.31) | +1.20 (+0.95 to +1.45) | 0.002 | 0.014 |",
			"| stochastic depth | 0.8, given | 3 of 3 |",
			// DropBlock and PPO have better test values.
			"The best hand-made row by validation is “Dropout”", "“stochastic depth” could not be chosen", "The best learned row by validation is “AutoDropout”",
			"- **CIFAR-10:** **Yes.** “AutoDropout” beats the best hand-made row and beats random search. It is not shown to beat every hand-made row: “DropBlock” and “stochastic depth” may be as good.",
			"| AutoDropout | reinforce | 12 of 12 | 4 | 0 | 18m0s | 0.3 | 4861 |", "| AutoDropout with PPO | ppo | 12 of 12 | 0 | 3 | 13m30s | 0.2 | 4861 |",
			"- “AutoDropout” cannot be told from “without rotation and shear”: a difference of 0.00 points",
			"If only the seed changes, rewards have a standard deviation of 0.0102 (21 degrees of freedom).",
			"| finalists of AutoDropout | 4 | 0.6977; 0.6377 | 0.0184 | 0.0404 |", "about 0.0146 above the mean. Trained again, the same pattern has a mean reward of 0.6977.",
			// The others.
			"The plan has 2 seeds for each of 5 rows. **It is not complete:** DropBlock has 0 of 2 seeds.",
			"| random search |  | 2 of 2 | 14.40 ± 0.00 |",
			"The plan has 3 seeds for each of 3 rows.",
			"The patterns come from the section [CIFAR-10](#cifar-10)", "- **CIFAR-10, a wider and deeper network:** **No.** “AutoDropout, transferred” is worse than the best hand-made row and is worse than random search.",
			"| Dropout | 0.2, given | 2 of 2 |",
			"| Dropout | not chosen yet | 0 of 2 |", "Dropout has 2 of 10 trials and 0 of 2 seeds; variational dropout has 0 of 10 trials and 0 of 2 seeds",
			"random search has 9 of 10 trials and 0 of 2 seeds; AutoDropout has 4 of 10 trials and 0 of 2 seeds.",
			"The table compares searches at an equal budget, the first 8 trials of each. The reward is accuracy", "The table compares searches at an equal budget, the first 4 trials of each. The reward is 80/perplexity on validation data",
			"“AutoDropout, transferred” is better than “none”: a difference of 1.07 BLEU (95 % interval 0.92 to 1.21, 3 paired seeds, p-value <0.001).",
			"**Multi30k:** Transformer-3-256 for 16 epochs on all training data of Multi30k, at least 0 seeds of each row.",
		},
	} {
		for _, want := range wants {
			if !strings.Contains(files[name], want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestPrintedCommands runs the commands that pages print, on small runs.
func TestPrintedCommands(t *testing.T) {
	root, doc := everything(t), t.TempDir()
	readme := filepath.Join(doc, "README.md")
	write(t, readme, "<!-- study -->\n<!-- /study -->\n")
	for _, args := range pages.Printed(t, "benchmarks/study") {
		var stdout, stderr bytes.Buffer
		if code := program(t.Context(), append(args, "-results", root, "-doc", doc, "-readme", readme), &stdout, &stderr); code != 0 {
			t.Errorf("%v: exit code %d\n%s%s", args, code, &stdout, &stderr)
		}
	}
}

func TestUsage(t *testing.T) {
	root := everything(t)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"flag":      {[]string{"-x"}, 2, "-h lists the flags"},
		"argument":  {[]string{"x"}, 2, `"x" is not a flag`},
		"no runs":   {[]string{"-results", t.TempDir()}, 1, "holds no run"},
		"no README": {[]string{"-results", root, "-readme", filepath.Join(root, "none")}, 1, "-readme names it"},
		"half a mark": {[]string{"-results", root, "-readme", func() string {
			path := filepath.Join(t.TempDir(), "README.md")
			write(t, path, "<!-- study -->")
			return path
		}()}, 1, "README.md has one of the marks"},
	} {
		var stderr bytes.Buffer
		if code := program(t.Context(), append(c.args, "-doc", t.TempDir()), io.Discard, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%s: exit code %d and %q, want %d and %q", name, code, &stderr, c.code, c.want)
		}
	}
	var stdout bytes.Buffer
	if code := program(t.Context(), []string{"-h"}, &stdout, io.Discard); code != 0 || !strings.Contains(stdout.String(), "-results") {
		t.Errorf("-h: exit code %d and %q", code, &stdout)
	}
}

func TestInsert(t *testing.T) {
	s := study{summary: "new"}
	for text, want := range map[string]string{
		"no marks":                                     "no marks",
		"a<!-- study -->old<!-- /study -->b":           "a<!-- study -->\nnew\n<!-- /study -->b",
		"a<!-- study -->\nnew\n<!-- /study -->b":       "a<!-- study -->\nnew\n<!-- /study -->b",
		"a<!-- study -->":                              "",
		"a<!-- /study -->":                             "",
		"<!-- /study --> the wrong way <!-- study -->": "",
	} {
		if got, err := s.insert(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q becomes %q, error %v", text, got, err)
		}
	}
}

// TestCommitted holds the page, its figures and the README to the logs.
func TestCommitted(t *testing.T) {
	const results, doc, readme = "../results/study", "../../doc", "../../README.md"
	s, err := newStudy(results)
	if err != nil {
		t.Fatal(err)
	}
	const advice = "run go run ./benchmarks/study"
	if read(t, filepath.Join(doc, "study.md")) != string(s.page) {
		t.Errorf("doc/study.md is not what the logs give: %s", advice)
	}
	if figures := names(t, filepath.Join(doc, "study")); !slices.Equal(figures, slices.Sorted(maps.Keys(s.figures))) {
		t.Errorf("doc/study has %v, the logs give %v: %s, and remove the others", figures, slices.Sorted(maps.Keys(s.figures)), advice)
	}
	for name, image := range s.figures {
		// Elsewhere the last digits of coordinates may differ.
		if runtime.GOARCH == "amd64" && read(t, filepath.Join(doc, "study", name)) != string(image) {
			t.Errorf("doc/study/%s is not what the logs give: %s", name, advice)
		}
	}
	text := read(t, readme)
	if changed, err := s.insert(text); err != nil || changed != text {
		t.Errorf("the table of README.md is not what the logs give (error %v): %s", err, advice)
	}
}
