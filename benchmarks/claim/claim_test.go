package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/flops"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/internal/pages"
)

// tiny is a plan of the smallest runs that have all of what the page is about.
const tiny = `
tiny: ptb -data synthetic -train-size 1000 -test-size 1000 -batch 16 -epochs 1 -search-epochs 1 -layers 1 -search-layers 1 -width 8 -search-width 8 -heads 2 -inner 8 -search-inner 8 -warm-up 2 -quiet -workers 1
headroom/here: tiny -lr 0.1 -method dropout,variational,places -tune -tune-trials 2 -trials 51 -finalists 2 -seeds 1 # is stopped once
wide: tiny -lr 0.1 -method none,dropout,random,autodropout,shuffled -space wide -trials 4 -finalists 1 -seeds 2
small/wide-0: wide -seed 0
small/wide-1: wide -seed 1
small/paper-0: tiny -lr 0.1 -method random -space paper -start share -trials 2 -finalists 0 -seeds 2
carry: tiny -width 12 -search-width 12 -lr 0.1 -tune -tune-pattern -tune-trials 2 -seeds 2
transfer-larger/autodropout-0: carry -method none,dropout,autodropout -pattern @small/wide-0/autodropout -seed 0
transfer-larger/random-0: carry -method autodropout -pattern @small/wide-0/random -seed 0
`

func call(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = program(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestClaim runs a tiny plan in two sessions, the first of which stops, and writes the
// page before, between and after.
func TestClaim(t *testing.T) {
	t.Chdir(filepath.Join("..", "..")) // where the programs are built
	dir := t.TempDir()
	file, results, doc := filepath.Join(dir, "plan.txt"), filepath.Join(dir, "results"), filepath.Join(dir, "doc")
	page := func(want ...string) string {
		t.Helper()
		if code, _, stderr := call(t.Context(), "-plan", file, "-results", results, "-doc", doc); code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		text := read(t, doc, "claim.md")
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Fatalf("the page does not have %q:\n%s", w, text)
			}
		}
		return text
	}
	plan := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run := func(more ...string) string {
		t.Helper()
		code, stdout, stderr := call(t.Context(), append([]string{"-run", "-plan", file, "-results", results}, more...)...)
		if code != 0 {
			t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
		}
		return stdout
	}
	plan(strings.Replace(tiny, "# is stopped once", "-steps 100", 1))
	page("**Not known yet:** no final training can be compared.", "0 of 3 runs are finished; not begun: wide-0, wide-1 and paper-0.", "| here |  |  |  | not begun |")
	run("-only", "headroom")
	if stdout := run("-only", "transfer"); !strings.Contains(stdout, "transfer-larger/autodropout-0 waits for small/wide-0.") {
		t.Errorf("it prints\n%s", stdout)
	}
	page("of 51 trials |", "| headroom/here |", "| goes on |")
	plan(tiny)
	run("-only", "small/wide-0")
	page("1 of 3 runs is finished; not begun: wide-1 and paper-0.", "| `none` | wide |  | 2 of 2 | 0 |", "![How much better")
	if stdout := run(); !strings.Contains(stdout, "small/wide-0 is finished.") || strings.Contains(stdout, "headroom/here is finished.") {
		t.Errorf("it prints\n%s", stdout)
	}
	before := page("3 of 3 runs are finished.", "| `shuffled` | wide |  | 4 of 4 |", "| `random` | paper | 2 of 2 | 2 of 2 |", "| `autodropout` | wide | 8 of 8 | 4 of 4 |", "| here | query |", "2026", "did not have the power to see 1 %",
		"### To larger", "| `dropout` | autodropout | 2 of 2 | 2 of 2 | 0 |", "| `autodropout`, carried over | autodropout | 2 of 2 | 2 of 2 | 0 |", "| `random`, carried over | 2 |", "| transfer-larger/random-0 | `pattern` | grid | 2 of 2 |",
		"| not shown: it did not have the power to see 1 % |")
	if strings.Contains(before, "NaN") || strings.Contains(before, "of 51 trials") {
		t.Errorf("the page is\n%s", before)
	}
	for _, args := range pages.Printed(t, "benchmarks/claim") {
		if code, stdout, stderr := call(t.Context(), append(args, "-plan", file, "-results", results, "-doc", doc)...); code != 0 || strings.Contains(stdout, "To do") {
			t.Errorf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
		}
	}
	if after := page(); after != before {
		t.Errorf("where all is finished another run changes the page to\n%s", after)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, _ := call(stopped, "-run", "-plan", file, "-results", filepath.Join(dir, "others")); code != 130 {
		t.Errorf("a session that is stopped ends with %d", code)
	}
}

// made returns a made-up run that has finished, with the scores of its rows by seed.
func made(name string, scores map[string]map[int]float64) *run {
	r := &run{planned: planned{name: name, program: "cifar"}, scores: scores, finished: &runfolder.Result{}}
	r.Seeds = 3
	for _, key := range []string{"none", "dropout", "places", "random", "autodropout", "shuffled"} {
		if scores[key] != nil {
			r.Method = append(r.Method, key)
		}
	}
	return r
}

// at returns scores by seed.
func at(values ...float64) map[int]float64 {
	m := map[int]float64{}
	for k, v := range values {
		m[k] = v
	}
	return m
}

// TestRoom: trainings that failed have no value, and no part in the difference.
func TestRoom(t *testing.T) {
	rewards := []float64{0.5, 0.6, 0.5, 0, 0, 0.6, 0.52, 0.62, 0.5, 0.6} // those of 0 failed
	log := &controller.Log{Config: controller.Config{Points: [][]int{{0}, {1}}}}
	for i, reward := range rewards {
		result := &controller.Result{Trial: i, Reward: reward}
		if reward == 0 {
			result.Error = "the loss is not finite"
		}
		log.Trials, log.Results = append(log.Trials, controller.Trial{Index: i, Point: []int{i % 2}}), append(log.Results, result)
	}
	cells := make([]string, 5)
	made("headroom/here", nil).room(&search{again: log}, cells)
	if got, want := strings.Join(cells[1:], "; "), "49.50 ± 1.00; 39.50 ± 1.00; +10.00 ± 0.00 points, 3 seeds; worth a search"; got != want {
		t.Errorf("the cells are %q, want %q", got, want)
	}
}

// TestNewSetting: the claim is held against all rows made by hand and random search of its own
// space, the seeds that both rows have are paired within search seeds, and Holm's correction is over these.
func TestNewSetting(t *testing.T) {
	runs := []*run{
		made("s/wide-0", map[string]map[int]float64{"none": at(30, 31, 32), "dropout": at(21, 22.2, 23.1), "places": at(20, 21.5, 21.9), "random": at(25, 26.1, 27), "autodropout": at(20, 21, 22), "shuffled": at(24, 25, 26)}),
		made("s/wide-1", map[string]map[int]float64{"dropout": at(21.2, 22, 22.9), "places": at(19.5, 21.1, 22.6), "random": at(25.1, 26, 27), "autodropout": at(20, 21)}),
		made("s/paper-0", map[string]map[int]float64{"random": at(29, 29)}),
		made("other/wide-0", map[string]map[int]float64{"dropout": at(1, 1, 1)}),
	}
	runs[2].Seeds = 2
	s := newSetting("s", runs)
	if n := len(s.rows); n != 7 {
		t.Fatalf("%d rows", n)
	}
	dropout, paper := s.row("wide", "dropout"), s.row("paper", "random")
	if got := s.gains(s.row("wide", "autodropout"), dropout); len(got) != 2 || len(got[0]) != 3 || len(got[1]) != 2 || got[1][0] < 1.1 {
		t.Errorf("the gains over Dropout are %v", got)
	}
	var family []string
	for _, r := range s.rows {
		if s.rival(r) {
			family = append(family, r.key)
		}
	}
	if !slices.Equal(family, []string{"dropout", "places", "random"}) {
		t.Errorf("the claim is held against %v", family)
	}
	if !(dropout.gain.P < 0.01) || dropout.gain.Corrected <= dropout.gain.P || paper.gain.N != 2 || !(paper.gain.Corrected != paper.gain.Corrected) {
		t.Errorf("the estimates are %+v of Dropout and %+v of random search in the paper's space", dropout.gain, paper.gain)
	}
	if claim := s.sentences()[0]; claim != "**Not shown:** `autodropout` is neither shown to be better than `places`, nor refuted. `autodropout` is better than `dropout` and `random`, with corrected p below 0.05." {
		t.Errorf("it says %q", claim)
	}
}

// TestVerdicts has a made-up setting for each verdict that the protocol knows. All rows but
// Dropout are far behind, so that Dropout decides.
func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		dropout map[int]float64 // its errors, where those of AutoDropout are 20, 21 and 22
		want    []string
	}{
		"a win": {at(20.4, 21.5, 22.4), []string{
			"**A win:** `autodropout` is better than each of `dropout`, `places` and `random`, with corrected p below 0.05.",
			"had the power to see 0.5 points in every comparison: with `dropout` (0.18)", "`dropout` | 3 | +0.43 (", "| better |"}},
		"refuted": {at(20.1, 21, 22.1), []string{
			"**Refuted, with power:** the trainings would have shown a gain of 0.5 points over `dropout` with a probability of 80 % or more, and the intervals lie below it. `autodropout` is better than `places` and `random`, with corrected p below 0.05.",
			"`dropout` | 3 | +0.07 (", "| refuted: it had the power to see 0.5 points and did not |"}},
		"worse": {at(19, 20, 21.1), []string{"**Refuted, with power:**", "| refuted: it had the power to see 0.5 points and did not |"}},
		"with power, and not shown": {at(20.3, 21.5, 22.2), []string{
			"**Not shown:** `autodropout` is neither shown to be better than `dropout`, nor refuted. `autodropout` is better than",
			"not shown: it had the power to see 0.5 points, and its interval reaches that"}},
		"without power": {at(20, 22, 22.3), []string{
			"**Not shown:** `autodropout` is neither shown", "had the power to see 0.5 points in the comparison with `places` (0.", "not in that with `dropout` (1.",
			"not shown: it did not have the power to see 0.5 points"}},
		"nothing to compare": {at(20.4), []string{"**Not known yet:** there are too few final trainings to compare with `dropout`. `autodropout` is better than `places` and `random`"}},
		"few":                {nil, []string{"**Not known yet:** no final training can be compared."}},
	} {
		scores := map[string]map[int]float64{"autodropout": at(20, 21, 22), "dropout": c.dropout, "places": at(30, 31.1, 32), "random": at(30, 31, 32.1)}
		if c.dropout == nil {
			scores = map[string]map[int]float64{"autodropout": at(20), "dropout": at(21), "places": at(22), "random": at(23)}
		}
		p := &page{figures: map[string][]byte{}}
		r := made("s/wide-0", scores)
		p.comparison(newSetting("s", []*run{r}))
		text := p.String()
		for _, want := range append(c.want, "The setting has one search seed: the intervals cover") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it does not say %q:\n%s", name, want, text)
			}
		}
		if strings.Contains(text, "So far") || (p.figures["s.svg"] == nil) != (c.dropout == nil) {
			t.Errorf("%s: of a run that has finished it says\n%s", name, text)
		}
		r.finished = nil
		r.diverged = map[string]int{"dropout": 2}
		if p.comparison(newSetting("s", []*run{r})); strings.Contains(p.String(), "So far: **") == strings.Contains(p.String(), notKnown) || !strings.Contains(p.String(), "3 | 2 |") {
			t.Errorf("%s: of a run that goes on it says\n%s", name, p)
		}
	}
	// Of patterns that were carried over, the claim is held against what was carried beside them.
	carried := func(part string, scores map[string]map[int]float64) *run {
		r := made("transfer-s/"+part+"-0", scores)
		r.Method = append(r.Method, given)
		return r
	}
	p := &page{figures: map[string][]byte{}}
	p.transfers([]*setting{newSetting("transfer-s", []*run{
		carried("autodropout", map[string]map[int]float64{"none": at(28, 29, 31), "dropout": at(20.4, 21.5, 22.4), given: at(20, 21, 22)}),
		carried("places", map[string]map[int]float64{given: at(19, 20, 21.1)}),
		carried("random", map[string]map[int]float64{given: at(25, 26.1, 27)})})})
	ahead := newSetting("transfer-s", []*run{
		carried("autodropout", map[string]map[int]float64{"none": at(28, 29, 31), "dropout": at(21, 22.1, 23), given: at(20, 21, 22)}),
		{planned: planned{name: "transfer-s/random-0", program: "cifar"}}})
	if text := strings.Join(ahead.sentences(), " "); !strings.Contains(text, "So far: ") {
		t.Errorf("before what it is held against has begun, it says %q", text)
	}
	for _, want := range []string{"### To s\n\n**Refuted, with power:**", "over `places`, carried over with", "better than `dropout` and `random`, carried over, with", "| `places`, carried over | 3 | -0.97 ("} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("of patterns that were carried over it does not say %q:\n%s", want, p)
		}
	}
	two := newSetting("s", []*run{made("s/wide-0", map[string]map[int]float64{"autodropout": at(1)}), made("s/wide-1", map[string]map[int]float64{"autodropout": at(1)})})
	if text := strings.Join(two.sentences(), " "); strings.Contains(text, "search seed") {
		t.Errorf("of two search seeds it says %q", text)
	}
	two.runs[1].scores, two.runs[1].finished = nil, nil
	if two.finished() {
		t.Error("a setting has ended, one of whose runs goes on")
	}
	if text := strings.Join(two.sentences(), " "); !strings.Contains(text, "One of 2 search seeds has final trainings so far: the intervals cover") {
		t.Errorf("of two search seeds, one of which has trainings, it says %q", text)
	}
}

// TestCorrected: an interval that excludes zero is not enough among several comparisons.
func TestCorrected(t *testing.T) {
	at := &row{part: wide, key: "dropout", gain: statistics.Mean([]float64{1, 2, 3, 4})}
	s := &setting{metric: *metrics["cifar"], rows: []*row{at}}
	for corrected, want := range map[float64]string{0.04: "**A win:**", 0.06: "**Not shown:**"} {
		if at.gain.Corrected = corrected; !at.gain.Sure() || !strings.HasPrefix(s.claim(), want) {
			t.Errorf("with a corrected p of %v and the estimate %+v it says %q", corrected, at.gain, s.claim())
		}
	}
}

// TestRatio: gains of perplexity are in percent, and rewards stand for it.
func TestRatio(t *testing.T) {
	m := metrics["ptb"]
	if got := m.gain(101, 100); got < 0.99 || got > 1 {
		t.Errorf("101 over 100 is %v %%", got)
	}
	if m.of(0.8) != 100 || metrics["cifar"].of(0.75) != 25 || metrics["cifar"].gain(25, 24.5) != 0.5 {
		t.Error("a reward stands for another number")
	}
}

func TestReadPlan(t *testing.T) {
	plan, err := readPlan("# what\n\na: ptb -x 1\nb: a -y\ns/one-0: b -z # why\ns/two: cifar\n")
	if err != nil || len(plan) != 2 || plan[0].program != "ptb" || !slices.Equal(plan[0].flags, []string{"-x", "1", "-y", "-z"}) || plan[1].program != "cifar" {
		t.Errorf("the plan is %v, error %v", plan, err)
	}
	if setting, part, seed := plan[0].setting(); setting != "s" || part != "one" || seed != 0 {
		t.Errorf("%s, %s, %d", setting, part, seed)
	}
	if _, part, seed := (&planned{name: "s/wide-12"}).setting(); part != "wide" || seed != 12 {
		t.Errorf("%s, %d", part, seed)
	}
	for text, want := range map[string]string{
		"s/one":                     "NAME: PROGRAM FLAGS",
		"s/one:":                    "NAME: PROGRAM FLAGS",
		"../one: ptb":               "NAME: PROGRAM FLAGS",
		"s/one: rm -r":              `the program "rm"`,
		"s/one: ptb\ns/one: ptb -x": "line 2 of the plan names s/one again",
		"a: ptb\ns/one: a -pattern @s/two/random\ns/two: ptb": "line 2 of the plan takes the pattern @s/two/random, and no line before it has the run s/two",
		"s/one: ptb -pattern @random":                         "has to be @SETTING/PART/ROW",
	} {
		if _, err := readPlan(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for want, args := range map[string][]string{
		"-plan names it":                {"-plan", filepath.Join(t.TempDir(), "none")},
		"no run of the plan has a name": {"-run", "-only", "nothing"},
		`"x" is not a flag`:             {"x"},
		"-h lists the flags":            {"-colour"},
	} {
		if code, _, stderr := call(t.Context(), args...); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
	// What is damaged is named.
	results := t.TempDir()
	folder := filepath.Join(results, "language", "wide-0")
	if err := os.MkdirAll(filepath.Join(folder, "random"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"config.toml": "method = [\"random\"]\n", filepath.Join("random", "trials.jsonl"): "what?\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := call(t.Context(), "-results", results, "-doc", t.TempDir()); code != 1 || !strings.Contains(stderr, "trials.jsonl") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestMeans: of the trials of each point, those that did not fail count.
func TestMeans(t *testing.T) {
	log := &controller.Log{}
	for i, reward := range []float64{1, 2, 4, 7} {
		log.Trials = append(log.Trials, controller.Trial{Index: i, Point: []int{i / 2}})
		log.Results = append(log.Results, &controller.Result{Trial: i, Reward: reward})
	}
	log.Results[3].Error = "diverged"
	points, rewards := sheet.ByPoint(tried(log))
	if len(points) != 2 || stat.Mean(rewards[0], nil) != 1.5 || stat.Mean(rewards[1], nil) != 4 {
		t.Errorf("points %v have the means %v", points, rewards)
	}
	if at := bestOf(log, nil); at[0] != 1 {
		t.Errorf("the best is %v", at)
	}
	if at := bestOf(log, [][]int{{0}, {9}}); at[0] != 0 {
		t.Errorf("the best of some is %v", at)
	}
	log.Results[0].Error, log.Results[1].Error = "diverged", "diverged"
	if at := bestOf(log, nil); at[0] != 1 {
		t.Errorf("the best is %v, which has no reward", at)
	}
}

// TestCommitted: the page is what the logs give.
func TestCommitted(t *testing.T) {
	plan, err := readPlan(committed)
	if err != nil {
		t.Fatal(err)
	}
	p, err := writePage(plan, filepath.Join("..", "results", "claim"))
	if err != nil {
		t.Fatal(err)
	}
	doc := filepath.Join("..", "..", "doc")
	if read(t, doc, "claim.md") != string(p.text()) {
		t.Error("doc/claim.md is not what the logs give: run go run ./benchmarks/claim")
	}
	for name, image := range p.figures {
		if runtime.GOARCH == "amd64" && read(t, doc, "claim", name) != string(image) {
			t.Errorf("doc/claim/%s is not what the logs give: run go run ./benchmarks/claim", name)
		}
	}
}

// TestCosts holds the costs of made-up searches to what can be computed by hand: a trial
// of WRN-10-1 on 8x8 pixels, see package flops.
func TestCosts(t *testing.T) {
	of := func(seconds ...float64) *search {
		s := &search{Log: &controller.Log{}, seconds: seconds}
		s.Config.Algorithm = controller.PPO
		s.Config.Task = controller.Task{Network: "WRN-10-1", Train: 1000, Epochs: 25}
		for i, took := range seconds {
			s.Trials = append(s.Trials, controller.Trial{Index: i, Point: []int{0}})
			s.Results = append(s.Results, &controller.Result{Trial: i, Reward: 0.5, Seconds: took})
		}
		return s
	}
	r := made("images/wide-0", map[string]map[int]float64{"random": at(1, 2), "autodropout": at(1, 2)})
	r.begun, r.seconds, r.flops.Pixels, r.Trials = true, 60, 8, 4
	r.finished = &runfolder.Result{Date: "2026-11-30T08:15:21Z", CPU: "a processor", SIMD: "avx2", Commit: "0af3fba25af6"}
	r.searches = map[string]*search{"random": of(2, 4, 3), "autodropout": of(1800, 3, 3, 1800)}
	p := &page{}
	p.costs([]*run{r, {planned: planned{name: "images/wide-1"}}})
	for _, want := range []string{
		"| images/wide-0 | 7 | 4 | 1h1m | 2026-11-30, a processor, avx2 | 0af3fba |\n\n",
		"| images/wide-0 | `random` | ppo | 3 of 4 | 352 | 0.00 | 1200 |",
		"| images/wide-0 | `autodropout` | ppo | 4 of 4 | 469 | 1.00 | 1200 |",
		"| images | 7 | 1200 |",
	} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("the costs lack %q:\n%s", want, p)
		}
	}
}

// TestPlanned: a row whose search has not begun has as many trials to come as it will have.
func TestPlanned(t *testing.T) {
	r := made("transfer-s/autodropout-0", nil)
	r.Tune, r.TunePattern, r.TuneTrials, r.Trials = true, true, 24, 300
	for row, want := range map[string]int{given: 24, "dropout": 24, "places": 300, "random": 300, "none": 0, "shuffled": 0} {
		if tried, planned := r.trials(row); tried != 0 || planned != want {
			t.Errorf("%s has %d of %d trials, want %d", row, tried, planned, want)
		}
	}
	r.TuneTrials, r.TunePattern = 0, false
	for row, want := range map[string]int{given: 0, "dropout": 300} {
		if _, planned := r.trials(row); planned != want {
			t.Errorf("%s has %d trials to come, want %d", row, planned, want)
		}
	}
}

// TestCommittedCosts: what the protocol says that a training has is what the page counts,
// and the built-in language has as many words.
func TestCommittedCosts(t *testing.T) {
	c, err := data.SyntheticLanguage(data.LanguageConfig{Train: 3000, Valid: 3000, Test: 3000})
	if err != nil {
		t.Fatal(err)
	}
	settings := flops.Settings{Batch: 4, Bptt: 32, Memory: 32, Heads: 4, SearchInner: 192}
	layers := settings.Training("Transformer-XL-2-64", "Penn Treebank", 3000, 20) - 3000*20*3*2*64*10_000
	if got, want := settings.Training("Transformer-XL-2-64", c.Name, 3000, 20), layers+3000*20*3*2*64*float64(len(c.Words)); math.Abs(got-want) > 1e-6*want {
		t.Errorf("a training has %v operations, and with the %d words of the built-in language it has %v", got, len(c.Words), want)
	}
	page := read(t, "..", "..", "doc", "claim.md")
	for search, want := range map[string]float64{ // GFLOP of a training, in doc/protocol.md
		"headroom/language | `places` | coordinate | 288": 48,
		"headroom/images | `places` | coordinate | 150":   117,
	} {
		var trials int
		var total float64
		_, rest, _ := strings.Cut(page, search)
		if fmt.Sscanf(rest, " of %d | %f |", &trials, &total); math.Round(total/float64(trials)) != want {
			t.Errorf("%s: %v GFLOP in %d trials, want %v in each", search, total, trials, want)
		}
	}
}
