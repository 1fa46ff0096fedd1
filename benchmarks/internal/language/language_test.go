package language

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/train"
	"autodropout/weights"
)

// try is a benchmark as the programs have them.
var try = Benchmark{
	Name: "try", Title: "a treebank", Open: data.OpenPTB,
	Paper:  &runfolder.Paper{Valid: 58.1, Value: 54.9, Setting: "as published"},
	Recipe: small,
}

// tiny is the smallest experiment with a search. It takes nothing from a preset
// that the tests rely on.
func tiny(out string, more ...string) []string {
	return append([]string{"-data", "synthetic", "-train-size", "1000", "-test-size", "1000", "-batch", "6", "-epochs", "2",
		"-bptt", "20", "-memory", "10", "-eval-bptt", "10", "-jitter", "-shards", "2", "-mean-epochs", "1",
		"-space", "paper", "-start", "share", "-algorithm", "reinforce", "-trial-seeds", "0", "-finalists", "0", "-accumulate", "1",
		"-search-epochs", "1", "-trials", "3", "-in-flight", "2", "-seeds", "1", "-method", "none,random,autodropout", "-out", out,
		"-layers", "2", "-width", "8", "-heads", "2", "-inner", "8", "-search-layers", "1", "-search-width", "8", "-search-inner", "8",
		"-lr", "0.01", "-last-lr", "0.001", "-warm-up", "2", "-clip", "0.25", "-temperature", "1.1"}, more...)
}

var program = benchtest.Program(try.Run)

func tinyCorpus(t *testing.T) *data.Corpus {
	t.Helper()
	corpus, err := data.SyntheticLanguage(data.LanguageConfig{Train: 1000, Valid: 1000, Test: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return corpus
}

func TestPipeline(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	config := try.paper()
	table := config.Table()
	keys := strings.Join(experiment.Keys(table), ",")
	program.Prints(t, []string{"built-in synthetic language", "least perplexity possible is", "demonstration", "Estimated time",
		"valid perplexity", "test perplexity", "58.1 / 54.9", "least test perplexity that can be expected of any model is", folder},
		tiny(folder, "-method", keys, "-algorithm", "local", "-drop-words", "0.1", "-dropout", "0.1")...)
	corpus := tinyCorpus(t)
	r := benchtest.Result(t, folder)
	if len(r.Rows) != len(table) || r.Model != "Transformer-XL-2-8" || r.Metric != "perplexity" || len(r.BestPattern) < 10 || r.Floor != math.Exp(corpus.Entropy) {
		t.Errorf("the result is %+v", r)
	}
	trained := map[string]string{}
	for i, row := range r.Rows {
		if row.Method != table[i].Title || len(row.Values) != 1 || len(row.Valid) != 1 || row.Values[0] < r.Floor || (row.Paper != nil) != (row.Method == "AutoDropout") {
			t.Errorf("row %d is %+v", i, row)
		}
		weights := benchtest.Read(t, folder, "weights", table[i].Key+"-0.safetensors")
		if other, ok := trained[string(weights)]; ok {
			t.Errorf("%s and %s have the same weights", row.Method, other)
		}
		trained[string(weights)] = row.Method
	}
	for _, name := range []string{"best-pattern.png", "report.html", "loss.svg", "search.svg", "table.txt"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	checkPerplexity(t, folder, corpus, r.Rows[0])
	checkReward(t, folder, corpus)

	given := filepath.Join(t.TempDir(), "given")
	program.Must(t, tiny(given, "-layers", "3", "-method", "none,autodropout", "-pattern", filepath.Join(folder, "best-pattern.json"))...)
	if r = benchtest.Result(t, given); len(r.Rows) != 2 || r.Rows[1].Method != "pattern best-pattern.json" {
		t.Errorf("with -pattern the rows are %+v", r.Rows)
	}
}

// checkPerplexity compares a row with what its weights score.
func checkPerplexity(t *testing.T, folder string, corpus *data.Corpus, row runfolder.Row) {
	t.Helper()
	model, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: len(corpus.Words), Layers: 2, Width: 8, Heads: 2, HeadWidth: 4, Inner: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := weights.Load(filepath.Join(folder, "weights", "none-0.safetensors"), model.Params(), weights.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		text []int32
		want float64
	}{{corpus.Test, row.Values[0]}, {corpus.Valid, row.Valid[0]}} {
		score, err := train.EvaluateLanguage(t.Context(), model, part.text, train.LanguageEvaluation{
			Batch: 10, Lengths: models.Lengths{Target: 10, Memory: 20}, Temperature: 1.1})
		if err != nil || score.Perplexity() != part.want {
			t.Errorf("the weights have perplexity %v (error %v), the row says %v", score.Perplexity(), err, part.want)
		}
	}
}

// checkReward compares the reward of a trial with a training written out.
func checkReward(t *testing.T, folder string, corpus *data.Corpus) {
	t.Helper()
	report, err := controller.ReadLog(filepath.Join(folder, "autodropout", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	trial := report.Trials[0]
	model, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: len(corpus.Words), Layers: 1, Width: 8, Heads: 2, HeadWidth: 4, Inner: 8,
		Seed: seed.Derive(trial.Seed, "child model")})
	if err != nil {
		t.Fatal(err)
	}
	pattern, err := dropout.DecodeSequence(dropout.SequenceSpace(), trial.Point)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := pattern.Policy(model.Sites())
	if err != nil {
		t.Fatal(err)
	}
	rates := short.Rates
	outside, err := dropout.NewSequenceDropout(dropout.SequenceRates{Words: 0.1, Input: rates.Input, Final: rates.Final}, model.Sites())
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := train.NewLanguage(model, corpus.Train, train.LanguageConfig{Batch: 6, Lengths: models.Lengths{Target: 20, Memory: 10},
		Rate: 0.01, LastRate: 0.001, WarmUp: 2,
		Common: train.Common{ClipNorm: 0.25, Shards: 2, Policy: dropout.Combine(inside, outside), Seed: seed.Derive(trial.Seed, "child training")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	score, err := trainer.Evaluate(t.Context(), corpus.Valid, train.LanguageEvaluation{Batch: 10, Lengths: models.Lengths{Target: 20, Memory: 10}})
	if want := 80 / score.Perplexity(); err != nil || report.Results[0].Reward != want {
		t.Errorf("the reward is %v, want %v (error %v)", report.Results[0].Reward, want, err)
	}
}

func TestSameAlways(t *testing.T) { program.SameAlways(t, tiny, 5, 6, 11, 14, 9) }

func TestWrites(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "run")
	corpus := tinyCorpus(t)
	program.Must(t, tiny(folder, "-method", "none,variational", "-steps", "5")...)
	prompt := corpus.Words[5] + " " + corpus.Words[7]
	early := program.Must(t, "-resume", "-out", folder, "-generate", "12", "-prompt", prompt)
	program.Must(t, "-resume", "-out", folder)
	text := program.Must(t, "-resume", "-out", folder, "-generate", "12", "-prompt", prompt)
	if text == early {
		t.Error("the finished model writes what the checkpoint wrote")
	}
	known := map[string]bool{}
	for _, word := range corpus.Words {
		known[word] = true
	}
	words := strings.Fields(text)
	if !strings.HasPrefix(text, prompt+" ") || len(words)+strings.Count(text, "\n")-1 != 14 {
		t.Errorf("it writes %q after %q", text, prompt)
	}
	for _, word := range words {
		if !known[word] {
			t.Errorf("it writes %q", word)
		}
	}
	torn := benchtest.Torn(t, folder)
	if again := program.Must(t, "-resume", "-out", folder, "-generate", "12", "-prompt", prompt); again != text {
		t.Errorf("once it writes %q, then %q", text, again)
	}
	torn()
	for _, args := range [][]string{
		tiny(filepath.Join(dir, "none"), "-generate", "5"),
		{"-resume", "-out", folder, "-generate", "5", "-method", "dropout"},
		{"-resume", "-out", folder, "-generate", "5", "-prompt", "antidisestablishmentarianism"},
	} {
		if code, _, stderr := program.Call(t, args...); code == 0 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d\n%s", args, code, stderr)
		}
	}
}

func TestDraw(t *testing.T) {
	rng := seed.New(1, "draw")
	count := [3]int{}
	const draws = 20000
	for range draws {
		count[draw([]float32{0, float32(math.Log(3)) / 2, -100}, 0.5, rng)]++
	}
	if share := float64(count[1]) / draws; math.Abs(share-0.75) > 0.02 || count[2] > 0 {
		t.Errorf("words three times as likely are drawn with frequencies %v", count)
	}
}

// TestNear: the row near begins at variational dropout.
func TestNear(t *testing.T) {
	space := dropout.SequenceSpace()
	point, err := nearVariational(space)
	if err != nil {
		t.Fatal(err)
	}
	pattern, err := dropout.DecodeSequence(space, point)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pattern.Places[:space.Groups] {
		if locked := p.Size > 1000 && p.ShareT && !p.ShareC && p.Drop == 0.1; locked == (i == 3) || i == 3 && p.Drop != 0 {
			t.Errorf("place %d has %+v", i, p)
		}
	}
}

func TestWrongInput(t *testing.T) {
	dir := t.TempDir()
	folder := func(name string, files map[string]string) string { return benchtest.Folder(t, files, dir, name) }
	plain := strings.Repeat("a b c\n", 100)
	corpus := func(train, valid, test string) map[string]string {
		return map[string]string{"train.txt": train, "valid.txt": valid, "test.txt": test}
	}
	noTest := corpus(plain, plain, "")
	delete(noTest, "test.txt")
	program.Refuses(t, "try", []benchtest.Wrong{
		{"-data " + filepath.Join(dir, "missing"), 1, "missing"},
		{"-data " + folder("no-files", nil), 1, "no-files"},
		{"-data " + folder("no-test", noTest), 1, "test.txt"},
		{"-data " + folder("empty", corpus("", plain, plain)), 1, "train.txt"},
		{"-data " + folder("binary", corpus("a\x00\xff\xfe b", plain, plain)), 1, "train.txt"},
		{"-data " + folder("vocabulary", map[string]string{"ptb.train.txt": plain, "ptb.valid.txt": plain, "ptb.test.txt": plain}), 1, "expected 10000"},
		{"-data " + folder("foreign", corpus(plain, plain+"zebra", plain)), 1, "zebra"},
		{"-data " + folder("short", corpus("a b c\n", plain, plain)), 1, "-batch"},
		{"-data " + folder("little", corpus(plain, plain, "a\n")), 1, "validation and test"},
		{"-pattern " + folder("no-pattern", nil) + "/none.json", 1, "none.json"},
		{"-pattern " + folder("pattern", map[string]string{"conv.json": onePattern}) + "/conv.json", 1, "another kind of network"},
		{"-width 10 -heads 4", 2, "-width"},
		{"-search-width 10 -heads 4", 2, "-search-width"},
		{"-eval-bptt 80 -bptt 70", 2, "-eval-bptt"},
		{"-mean-epochs 9 -epochs 3", 2, "-mean-epochs"},
		{"-mean-epochs 3 -epochs 3 -last-lr 0", 2, "-last-lr"},
		{"-shards 20 -batch 3", 2, "-batch"},
		{"-lr 0", 2, "-lr"},
		{"-width 1000000000 -heads 1", 2, "parameters"},
		{"-data synthetic -train-size 1000000000", 1, "too large"},
		{"-temperature NaN", 2, "-temperature"},
		{"-clip -1", 2, "-clip: it takes a number of at least 0"},
		{"-drop-input 1", 2, "variational dropout"},
		{"-dropout -0.1", 2, "Dropout"},
		{"-cutoffs 10,x", 2, "-cutoffs"},
		{"-data synthetic -cutoffs 10,10", 2, "cut"},
		{"-method none,magic", 2, "magic"},
		{"-data synthetic -train-size 1000 -test-size 1000 -tune-pattern", 2, "-tune-pattern tunes a given pattern, and there is none"},
		{"-data synthetic -train-size 1000 -test-size 1000 -method random -in-flight 5000", 2, "5000 trials in flight; it must be from 1 to 4096"},
		{"-data synthetic -train-size 1000 -test-size 1000 -method dropout -tune -trial-seeds 5000", 2, "the search for “Dropout” cannot begin: "},
		{"-method none,none", 2, `"none" is named twice`},
		{"-generate 5", 2, "-resume"},
		{"-generate 0", 2, "at least 1"},
		{"-prompt a", 2, "-prompt is what -generate continues"},
		{"-data synthetic -train-size 10", 1, "too small"},
	})
}

const onePattern = `{"version": 1, "kind": "convnet", "stages": [[{"size": 0.5, "stride": 0.5, "repeat": 1, "rotate": 0,
	"shear_x": 0, "shear_y": 0, "share_c": true, "residual": false}]]}`

// TestScoreThatIsNotFinite: a rate that makes perplexities overflow costs its row, not
// the run.
func TestScoreThatIsNotFinite(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	program.Must(t, tiny(folder, "-method", "none,variational", "-lr", "10000", "-last-lr", "10000", "-clip", "0", "-mean-epochs", "0")...)
	r := benchtest.Result(t, folder)
	if len(r.Rows) != 2 {
		t.Fatalf("the rows are %+v", r.Rows)
	}
	for _, row := range r.Rows {
		if row.Mean != nil || len(row.Values) != 0 {
			t.Errorf("the row %+v has not diverged", row)
		}
	}
	program.Must(t, "-resume", "-out", folder)
}

// TestOtherText: a training that was stopped goes on with another text only where
// that is wanted, and then its results say so.
func TestOtherText(t *testing.T) {
	folder, corpus := filepath.Join(t.TempDir(), "run"), corpusIn(t, "")
	program.Must(t, tiny(folder, "-data", corpus, "-train-size", "0", "-test-size", "0", "-method", "none", "-steps", "3")...)
	path := filepath.Join(corpus, "train.txt")
	text := strings.Replace(string(benchtest.Read(t, path)), "cat sat", "dog sat", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := program.Call(t, "-resume", "-out", folder); code != 2 || !strings.Contains(stderr, "-accept-changes") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	program.Must(t, "-resume", "-accept-changes", "-steps", "1", "-out", folder)
	program.Must(t, "-resume", "-out", folder)
	if notes := strings.Join(benchtest.Result(t, folder).Notes, " "); !strings.Contains(notes, "the data had the checksum") {
		t.Errorf("the notes of the result are %q", notes)
	}
}
