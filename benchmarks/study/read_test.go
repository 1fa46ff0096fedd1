package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
)

// replace returns a change of a file.
// checksums are those of the lines of a log.
var checksums = regexp.MustCompile(`,"crc":"[0-9a-f]{8}"}`)

func replace(name, old, text string) func(t *testing.T, folder string) {
	return func(t *testing.T, folder string) {
		path := filepath.Join(folder, name)
		before := read(t, path)
		if !strings.Contains(before, old) {
			t.Fatalf("%s has no %q", path, old)
		}
		changed := strings.Replace(before, old, text, 1)
		write(t, path, checksums.ReplaceAllString(changed, "}")) // as logs of before 2026-11-29 are
	}
}

func add(name, text string) func(t *testing.T, folder string) {
	return func(t *testing.T, folder string) {
		path := filepath.Join(folder, name)
		before, _ := os.ReadFile(path)
		write(t, path, string(before)+text)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, folder string)
		want   string // behind the path of the folder
	}{
		"other folder":     {add("../cifar2/config.toml", ""), "2 is not a run that the study knows: rename or remove it"},
		"no settings":      {func(t *testing.T, folder string) { os.Remove(filepath.Join(folder, "config.toml")) }, "/config.toml: "},
		"broken settings":  {add("config.toml", "trials ="), "/config.toml is not the configuration of a run: "},
		"no seeds":         {replace("config.toml", "seeds = 2", ""), "/config.toml does not say seeds, trials and method: copy the whole file"},
		"broken training":  {replace("units.jsonl", `"value":21`, `"value":2x`), "/units.jsonl, line 2 is damaged (it is not a final training: "},
		"other training":   {replace("units.jsonl", `"none"`, `"ppo"`), `: final training 1 is of the row "ppo", for which the settings of the run do not ask`},
		"other seed":       {replace("units.jsonl", `"seed":1`, `"seed":2`), ": final training 2 has seed 2, where the settings have seeds 0 to 1"},
		"second training":  {replace("units.jsonl", `"seed":1`, `"seed":0`), "/units.jsonl, line 2 is damaged (there is one of this training before it)"},
		"broken result":    {add("result.json", "{"), "/result.json is not the result of a run: "},
		"other data":       {add("result.json", `{"metric":"error","dataset":"shapes"}`), " has the error on shapes, where the error on CIFAR-10 belongs"},
		"other metric":     {add("result.json", `{"metric":"BLEU","dataset":"CIFAR-10"}`), " has the BLEU on CIFAR-10, where"},
		"broken log":       {add("random/trials.jsonl", "nonsense\n"), "/random/trials.jsonl cannot be used: line "},
		"broken again":     {add("random/finalists.jsonl", "nonsense\n"), "/random/finalists.jsonl cannot be used: line 1"},
		"search elsewhere": {replace("random/trials.jsonl", `"data":"CIFAR-10"`, `"data":"shapes"`), "/random/trials.jsonl is of a search on shapes, where CIFAR-10 belongs"},
		"other task":       {replace("random/trials.jsonl", `{"network":"WRN-10-1",`, `{"note":"my own",`), `/random/trials.jsonl: the task "my own" is not one of a benchmark`},
		"no rates": {func(t *testing.T, folder string) {
			write(t, filepath.Join(folder, "dropout/trials.jsonl"), read(t, filepath.Join(folder, "random/trials.jsonl")))
		}, "/dropout/trials.jsonl is a search in the convnet space, where one token with the rates of “Dropout” belongs"},
		"broken pattern": {replace("random/pattern.json", `"version": 1`, `"version": 9`), "/random/pattern.json"},
	} {
		root := t.TempDir()
		m := cifar()
		m.config = "method = [\"none\", \"dropout\", \"random\"]\nseeds = 2\ntrials = 3\n"
		m.units, m.searches = trainings("none", 20, 21), []madeSearch{{key: "random", algorithm: controller.Random, trials: 3}}
		m.write(t, root)
		folder := filepath.Join(root, "cifar")
		if _, err := readRuns(root); err != nil {
			t.Fatalf("%s, before: %v", name, err)
		}
		c.change(t, folder)
		_, err := readRuns(root)
		if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), filepath.ToSlash(folder)+c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestReadNothing(t *testing.T) {
	root := t.TempDir()
	if _, err := readRuns(root); err == nil || !strings.Contains(err.Error(), root+" holds no run") {
		t.Errorf("an empty folder: error %v", err)
	}
	if _, err := readRuns(filepath.Join(root, "none")); err == nil || !strings.Contains(err.Error(), "-results names the folder") {
		t.Errorf("no folder: error %v", err)
	}
}

// A run that is copied while it goes on may have files that end in the middle of a
// line, or have not begun.
func TestReadUnfinished(t *testing.T) {
	root := t.TempDir()
	m := cifar()
	m.units = append(trainings("none", 21), `{"method":"none","seed":1,"value":2`)
	m.searches = []madeSearch{{key: "random", algorithm: controller.Random, trials: 3}}
	m.write(t, root)
	log := filepath.Join(root, "cifar", "random", "trials.jsonl")
	text := read(t, log)
	write(t, log, text[:strings.LastIndex(text, `{"finished"`)]+`{"fini`)
	write(t, filepath.Join(root, "cifar", "ppo", "trials.jsonl"), `{"version":1,"spa`)
	runs, err := readRuns(root)
	if err != nil {
		t.Fatal(err)
	}
	r := runs[0]
	if n := len(r.row("none").scores); n != 1 {
		t.Errorf("none has %d scores, want 1", n)
	}
	if s := r.search("random"); len(s.trials) != 2 || r.search("ppo") != nil {
		t.Errorf("random search has %d trials, want 2; that of PPO is %v, want none", len(s.trials), r.search("ppo"))
	}
}

// A given pattern takes the place of the rows that would be searched.
func TestPlannedRows(t *testing.T) {
	for _, c := range []struct{ methods, pattern, want string }{
		{"ppo none no-geometry dropout random autodropout", "", "none dropout random autodropout ppo no-geometry"},
		{"none dropout random autodropout no-geometry", "best.json", "none dropout pattern"},
		{"none transferred random", "best.json", "none transferred"},
		{"none transferred random", "", "none random transferred"},
		{"none noise dropout random fresh", "", "none dropout fresh noise random"},
	} {
		r := run{settings: settings{Method: strings.Fields(c.methods), Pattern: c.pattern}}
		var got []string
		for _, k := range kindsOf(r.Method) {
			if r.plans(k, runfolder.Folder(t.TempDir())) {
				got = append(got, k.key)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s with the pattern %q has the rows %v, want %s", c.methods, c.pattern, got, c.want)
		}
	}
	r := run{}
	for key, want := range map[string]bool{"none": false, "dropout": false, "random": true, "ppo": true, "no-geometry": true, "transferred": false} {
		if got := r.searched(rowOf(key)); got != want {
			t.Errorf("that %s has a search is %v", key, got)
		}
	}
}

// TestControls: the rows of controls have titles of their own, and one that shares the search
// of another lacks no trials.
func TestControls(t *testing.T) {
	r := &run{settings: settings{Method: []string{"autodropout", "shuffled", "reinforce"}, Seeds: 1, Trials: 4}}
	for _, k := range kindsOf(r.Method) {
		if r.plans(k, "") {
			r.rows = append(r.rows, row{rowKind: k})
		}
	}
	want := []string{"AutoDropout has 0 of 4 trials and 0 of 1 seeds", "AutoDropout, shuffled has 0 of 1 seeds", "the paper's controller has 0 of 4 trials and 0 of 1 seeds"}
	if missing := r.missing(); !slices.Equal(missing, want) {
		t.Errorf("missing are %q, want %q", missing, want)
	}
}
