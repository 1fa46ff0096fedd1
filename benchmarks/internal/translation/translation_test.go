package translation

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/data/text"
	"autodropout/data/text/bitext"
	"autodropout/data/text/metric"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
	"autodropout/weights"
)

// try is a benchmark as the programs have them.
var try = Benchmark{
	Name: "try", Title: "Talks De-En", Open: bitext.OpenIWSLT14,
	Paper:  &runfolder.Paper{Value: 35.8, Setting: "as published"},
	Texts:  bitext.TextsConfig{Source: text.German, Target: text.English, Style: bitext.Style{Lowercase: true}, Merges: 100, Longest: 50},
	Recipe: small,
}

// tiny is the smallest experiment with a search. It takes nothing from a preset
// that the tests rely on.
func tiny(out string, more ...string) []string {
	return append([]string{"-data", "synthetic", "-space", "paper", "-start", "share", "-start-share", "0", "-algorithm", "ppo", "-trial-seeds", "0",
		"-train-size", "60", "-test-size", "6", "-tokens", "200", "-longest", "40", "-epochs", "2",
		"-shards", "2", "-accumulate", "2", "-mean-epochs", "1", "-search-epochs", "1", "-trials", "3", "-in-flight", "2", "-seeds", "1",
		"-method", "none,random,autodropout", "-out", out, "-layers", "2", "-width", "8", "-heads", "2", "-inner", "8",
		"-search-layers", "1", "-search-width", "8", "-search-inner", "8", "-schedule", "cosine", "-lr", "0.01", "-last-lr", "0.001",
		"-warm-up", "2", "-clip", "1", "-weight-decay", "0.01", "-smoothing", "0.1", "-beam", "2", "-length-penalty", "0.5"}, more...)
}

var program = benchtest.Program(try.Run)

func corpusOf(t *testing.T, train, tested int) *bitext.Corpus {
	t.Helper()
	corpus, err := bitext.SyntheticCorpus(bitext.SyntheticConfig{Train: train, Valid: tested, Test: tested, Separate: true})
	if err != nil {
		t.Fatal(err)
	}
	return corpus
}

func modelOf(t *testing.T, corpus *bitext.Corpus, width, inner int, seed uint64) *models.Transformer {
	t.Helper()
	model, err := models.NewTransformer(models.TransformerConfig{SourceVocab: corpus.Source.Len(), TargetVocab: corpus.Target.Len(), Layers: 1, Width: width, Heads: 2, Inner: inner,
		PreNorm: true, SharedOutput: true, SharedVocab: corpus.Joint, Begin: bitext.Begin, End: bitext.End, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func TestPipeline(t *testing.T) {
	t.Setenv("AUTODROPOUT_DATA", t.TempDir())
	folder := filepath.Join(t.TempDir(), "run")
	config := try.paper()
	table := config.Table()
	keys := strings.Join(experiment.Keys(table), ",")
	program.Prints(t, []string{"built-in synthetic language pair", "60 training, 6 validation and 6 test pairs", "demonstration", "Estimated time",
		"test BLEU", "valid BLEU", "test sacreBLEU", "35.8", "tok:13a", "The transferred pattern is the built-in one", folder},
		tiny(folder, "-method", keys, "-dropout", "0.1", "-drop-input", "0.1")...)
	r := benchtest.Result(t, folder)
	if len(r.Rows) != len(table) || r.Model != "Transformer-2-8" || r.Metric != "BLEU" || len(r.BestPattern) < 10 || len(r.Also) != 2 || len(r.Notes) != 2 {
		t.Errorf("the result is %+v", r)
	}
	trained := map[string]string{}
	for i, row := range r.Rows {
		if row.Method != table[i].Title || len(row.Values) != 1 || len(row.Also) != 2 || (row.Paper != nil) != (table[i].Key == "transferred") {
			t.Errorf("row %d is %+v", i, row)
		}
		weights := string(benchtest.Read(t, folder, "weights", table[i].Key+"-0.safetensors"))
		if other, ok := trained[weights]; ok {
			t.Errorf("%s and %s have the same weights", row.Method, other)
		}
		trained[weights] = row.Method
	}
	for _, name := range []string{"best-pattern.png", "loss.svg", "search.svg", "table.txt"} {
		if len(benchtest.Read(t, folder, name)) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	checkReward(t, folder, corpusOf(t, 60, 6))

	given := filepath.Join(t.TempDir(), "given")
	program.Must(t, tiny(given, "-layers", "3", "-method", "none,transferred,autodropout", "-pattern", filepath.Join(folder, "best-pattern.json"))...)
	if r = benchtest.Result(t, given); len(r.Rows) != 2 || r.Rows[1].Method != "AutoDropout (transferred), best-pattern.json" || len(r.Notes) != 1 {
		t.Errorf("with -pattern the result is %+v", r)
	}
}

// checkBLEU compares a row with what its weights score.
func checkBLEU(t *testing.T, folder string, corpus *bitext.Corpus, row runfolder.Row) {
	t.Helper()
	model := modelOf(t, corpus, 32, 64, 0)
	if _, err := weights.Load(filepath.Join(folder, "weights", "none-0.safetensors"), model.Params(), weights.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		part  bitext.Part
		bleu  metric.BLEU
		plain bool
		want  float64
	}{
		{corpus.Test, metric.BLEU{Tokenized: true}, false, row.Values[0]},
		{corpus.Valid, metric.BLEU{Tokenized: true}, false, row.Also[0][0]},
		{corpus.Test, metric.BLEU{}, true, row.Also[1][0]},
	} {
		var found []string
		for _, translations := range model.Translate(c.part.Sources, models.Search{Beam: 2, Penalty: 0.5}) {
			line := corpus.Decode(translations[0].Words)
			if c.plain {
				line = corpus.Detokenize(line)
			}
			found = append(found, line)
		}
		references := c.part.Tokens
		if c.plain {
			references = c.part.Text
		}
		if score, err := c.bleu.Score(found, references); err != nil || score.Value != c.want || score.Value == 0 {
			t.Errorf("the weights have %v (error %v), the row says %v", score, err, c.want)
		}
	}
}

// checkReward compares the reward of a trial with a training written out.
func checkReward(t *testing.T, folder string, corpus *bitext.Corpus) {
	t.Helper()
	report, err := controller.ReadLog(filepath.Join(folder, "autodropout", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	trial := report.Trials[0]
	model := modelOf(t, corpus, 8, 8, seed.Derive(trial.Seed, "child model"))
	pattern, err := dropout.DecodeSequence(dropout.SequenceSpace(), trial.Point)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := pattern.Policy(model.Sites())
	if err != nil {
		t.Fatal(err)
	}
	outside, err := dropout.NewSequenceDropout(dropout.SequenceRates{Input: 0.1}, model.Sites())
	if err != nil {
		t.Fatal(err)
	}
	steps := bitext.NewBatches(60, corpus.Train.Lengths, bitext.BatchConfig{Tokens: 200, Longest: 40}).Len()
	trainer, err := train.NewTranslation(model, corpus.Train, train.TranslationConfig{Tokens: 200, Longest: 40, Smoothing: 0.1,
		Common: train.Common{ClipNorm: 1, Shards: 2, Accumulate: 2, Policy: dropout.Combine(inside, outside), Seed: seed.Derive(trial.Seed, "child training"),
			Optimizer: optim.NewAdam(model.Params(), optim.AdamConfig{Beta2: 0.98, WeightDecay: 0.01, Decoupled: true}),
			Schedule:  optim.WarmUp(2, optim.CosineTo(0.01, 0.001, steps))}})
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	score, err := trainer.Evaluate(t.Context(), corpus.Valid.Pairs)
	if want := math.Exp(-score.Loss); err != nil || report.Results[0].Reward != want {
		t.Errorf("the reward is %v, want %v (error %v)", report.Results[0].Reward, want, err)
	}
}

// TestTunedPattern: trials choose how strong the pattern is that comes with the program.
func TestTunedPattern(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	program.Must(t, tiny(folder, "-method", "none,transferred", "-tune-pattern", "-tune-trials", "8")...)
	log, err := controller.ReadLog(filepath.Join(folder, "transferred", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	rewards := map[float64]bool{}
	for _, r := range log.Results {
		rewards[r.Reward] = true
	}
	if log.Space.Name != "strengths" || len(rewards) != 8 {
		t.Errorf("in the space of %v the rewards are %v", log.Space, rewards)
	}
	if r := benchtest.Result(t, folder); len(r.Rows) != 2 || r.Rows[1].Method != "AutoDropout (transferred)" || r.Rows[1].Values == nil {
		t.Errorf("the rows are %+v", r.Rows)
	}
}

func TestSameAlways(t *testing.T) { program.SameAlways(t, tiny, 5, 6, 4, 7, 5) }

func TestTranslates(t *testing.T) {
	dir := t.TempDir()
	folder, file := filepath.Join(dir, "run"), filepath.Join(dir, "sentences")
	task, err := bitext.Synthetic(bitext.SyntheticConfig{Train: 300, Valid: 30, Test: 30})
	if err != nil {
		t.Fatal(err)
	}
	// Large enough for translations that have something right.
	program.Must(t, tiny(folder, "-method", "none,variational", "-steps", "5", "-train-size", "300", "-test-size", "30", "-epochs", "40",
		"-layers", "1", "-width", "32", "-inner", "64", "-lr", "0.015", "-warm-up", "20")...)
	early := program.Must(t, "-resume", "-out", folder, "-translate", task.Test[0].Source)
	program.Must(t, "-resume", "-out", folder)
	torn := benchtest.Torn(t, folder)
	late := program.Must(t, "-resume", "-out", folder, "-translate", task.Test[0].Source)
	if late == early || strings.Count(late, "\n") != 1 {
		t.Errorf("the checkpoint translates to %q, the finished model to %q", early, late)
	}
	torn()

	var lines []string
	for _, p := range task.Test {
		lines = append(lines, p.Source)
	}
	lines = append(lines, "", "unheard of")
	if err := os.WriteFile(file, []byte("\uFEFF"+strings.Join(lines, "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	translated := strings.Split(program.Must(t, "-resume", "-out", folder, "-translate-file", file), "\n")
	alone := program.Must(t, "-resume", "-out", folder, "-translate", "unheard of")
	if len(translated) != len(lines)+1 || translated[0]+"\n" != late || translated[30] != "" || translated[31]+"\n" != alone {
		t.Errorf("%d lines are translated to %q", len(lines), translated)
	}
	corpus, rows := corpusOf(t, 300, 30), benchtest.Result(t, folder).Rows
	checkBLEU(t, folder, corpus, rows[0])
	best := rows[0]
	if rows[1].Also[0][0] > best.Also[0][0] {
		best = rows[1]
	}
	if score, err := (metric.BLEU{Tokenized: true}).Score(translated[:30], corpus.Test.Tokens); err != nil || score.Value != best.Values[0] {
		t.Errorf("the translations have %v (error %v), the table says %v", score, err, best.Values[0])
	}

	long := strings.Repeat("a ", longestSentence+1)
	for name, c := range map[string]struct{ content, want string }{
		"empty":  {"", "nothing to translate"},
		"binary": {"a b\n\xff\xfe\n", "line 2 of"},
		"long":   {"a\n\n" + long, "line 3 of"},
		"huge":   {strings.Repeat("a", longestLine+1), "line 1 of"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := program.Call(t, "-resume", "-out", folder, "-translate-file", path)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) || !strings.Contains(stderr, path) {
			t.Errorf("%s: exit code %d, want one line with %q\n%s%s", name, code, c.want, stdout, stderr)
		}
	}
	for _, args := range [][]string{
		tiny(filepath.Join(dir, "none"), "-translate", "a"),
		{"-resume", "-out", folder, "-translate", ""},
		{"-resume", "-out", folder, "-translate", " "},
		{"-resume", "-out", folder, "-translate-file", ""},
		{"-resume", "-out", folder, "-translate", "a", "-method", "dropout"},
		{"-resume", "-out", folder, "-translate-file", filepath.Join(dir, "missing")},
		{"-resume", "-out", folder, "-translate", "a", "-translate-file", file},
	} {
		if code, _, stderr := program.Call(t, args...); code == 0 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d\n%s", args, code, stderr)
		}
	}
}

// texts writes texts of one's own with n training pairs.
func texts(t *testing.T, n int) map[string]string {
	t.Helper()
	files := map[string]string{}
	for i := range n {
		files["train.de"] += fmt.Sprintf("Das ist der Satz Nr. %d, „nicht“ wahr?\n", i)
		files["train.en"] += fmt.Sprintf("This isn't sentence no. %d, is it?\n", i)
	}
	for _, name := range []string{"val.de", "val.en", "test.de", "test.en"} {
		files[name] = strings.Join(strings.SplitAfter(files["train."+name[len(name)-2:]], "\n")[:3], "")
	}
	return files
}

// TestOwnTexts goes from texts to translations of text.
func TestOwnTexts(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("AUTODROPOUT_DATA", cache)
	dir := t.TempDir()
	files := texts(t, 40)
	files["train.de"] += "a\n\n\xff\n" + strings.Repeat("x ", 51) + "\n" + strings.Repeat("x ", 45) + "\n"
	files["train.en"] += "\na\nb\nc\nd\n"
	folder := filepath.Join(dir, "run")
	from := benchtest.Folder(t, files, dir, "mine", "talks")
	own := func(more ...string) []string {
		return append(tiny(folder, "-data", from, "-method", "none", "-train-size", "0", "-test-size", "0", "-merges", "50"), more...)
	}
	code, prepared, stderr := program.Call(t, own("-prepare")...)
	if code != 0 || !strings.Contains(stderr, "4 pairs skipped: 1 not UTF-8, 2 empty, 1 of a length") || !strings.Contains(prepared, "mine/talks (41 training, 3 validation and 3 test pairs, a joint vocabulary of") {
		t.Fatalf("exit code %d\n%s%s", code, prepared, stderr)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("-prepare made the output folder")
	}
	code, stdout, stderr := program.Call(t, own()...)
	if code != 0 || strings.Contains(stderr, "Preparing") || !strings.Contains(stdout, "Skipped: 1 training pair with no words or more than 40 on a side") || !strings.Contains(stdout, "case:lc") {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if r := benchtest.Result(t, folder); r.Dataset != "mine/talks" || len(r.Rows[0].Values) != 1 {
		t.Errorf("the result is %+v", r)
	}
	if translated := program.Must(t, "-resume", "-out", folder, "-translate", "Das ist der Satz."); strings.Contains(translated, "@@") || strings.Contains(translated, "&apos;") {
		t.Errorf("the translation is %q", translated)
	}
	// The prepared folder itself, and after a change of the texts another one.
	ready, err := filepath.Glob(filepath.Join(cache, "prepared", "mine-talks-*", "prepared.json"))
	if err != nil || len(ready) != 1 {
		t.Fatalf("the cache has %v (error %v)", ready, err)
	}
	if again := program.Must(t, "-data", filepath.Dir(ready[0]), "-prepare"); !strings.Contains(again, "mine/talks (41 training") {
		t.Errorf("the prepared texts are %q", again)
	}
	for flags, want := range map[string]string{"-from en -to de": "from de to en, not for -from en and -to de", "-tokenized": "leave -tokenized out"} {
		code, _, stderr := program.Call(t, append([]string{"-data", filepath.Dir(ready[0]), "-prepare"}, strings.Fields(flags)...)...)
		if code != 2 || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s of prepared texts: exit code %d, %s", flags, code, stderr)
		}
	}
	files["test.de"] = strings.ToUpper(files["test.de"])
	benchtest.Folder(t, files, from)
	if changed := program.Must(t, own("-prepare")...); changed == prepared {
		t.Error("changed texts are not prepared again")
	}
}

func TestWrongInput(t *testing.T) {
	t.Setenv("AUTODROPOUT_DATA", t.TempDir())
	dir := t.TempDir()
	folder := func(name string, change func(files map[string]string)) string {
		files := texts(t, 40)
		change(files)
		return benchtest.Folder(t, files, dir, name)
	}
	set := func(name, content string) func(files map[string]string) {
		return func(files map[string]string) { files[name] = content }
	}
	short := strings.Repeat("a b\n", 39)
	program.Refuses(t, "try", []benchtest.Wrong{
		{"-data " + filepath.Join(dir, "missing"), 1, "missing"},
		{"-data " + folder("no-files", func(files map[string]string) { clear(files) }), 1, "neither prepared texts, nor de-en.tgz"},
		{"-data " + folder("no-test", func(files map[string]string) { delete(files, "test.en") }), 1, "no text test in the language en"},
		{"-data " + folder("two-tests", set("test_b.de", "a\n")), 1, "a test text can be chosen by its name"},
		{"-test test_c -data " + folder("no-such-test", set("test_b.de", "a\n")), 1, "no text test_c"},
		{"-data " + folder("uneven", set("train.en", short)), 1, "the target text ends after 39 lines"},
		{"-data " + folder("uneven-test", set("test.de", short)), 1, "the target text ends after 3 lines"},
		{"-data " + folder("empty", func(files map[string]string) { files["train.de"], files["train.en"] = "", "" }), 1, "no training pairs"},
		{"-data " + folder("empty-valid", func(files map[string]string) { files["val.de"], files["val.en"] = "", "" }), 1, "validation text"},
		{"-data " + folder("binary-test", set("test.de", "a\n\xff\nb\n")), 1, "sentence 2 of the test text"},
		{"-data " + folder("not-prepared", func(files map[string]string) { clear(files); files["prepared.json"] = "{}" }), 1, "prepare them again"},
		{"-longest 1 -data " + folder("long", func(files map[string]string) {}), 1, "none of the 40 training pairs"},
		{"-from de -to de", 2, "-to"},
		{"-data synthetic -from en -to de", 2, "-data synthetic has others"},
		{"-tokenized", 2, "-data auto has others"},
		{"-data try -test test_a", 2, "-data try has others"},
		{"-pattern " + dir + "/none.json", 1, "none.json"},
		{"-pattern " + benchtest.Folder(t, map[string]string{"conv.json": onePattern}, dir, "pattern") + "/conv.json", 1, "another kind of network"},
		{"-width 10 -heads 4", 2, "-width"},
		{"-width 9 -heads 3", 2, "even"},
		{"-search-width 10 -heads 4", 2, "-search-width"},
		{"-mean-epochs 9 -epochs 3", 2, "-mean-epochs"},
		{"-tokens 20 -longest 20", 2, "-longest"},
		{"-lr 0", 2, "-lr"},
		{"-clip -1", 2, "-clip"},
		{"-smoothing 1", 2, "-smoothing"},
		{"-length-penalty NaN", 2, "penalty"},
		{"-beam 0", 2, "-beam"},
		{"-schedule linear", 2, "inverse-sqrt or cosine"},
		{"-drop-input 1", 2, "variational dropout"},
		{"-dropout -0.1", 2, "Dropout"},
		{"-method none,magic", 2, "magic"},
		{"-translate a", 2, "-resume"},
	})
}

const onePattern = `{"version": 1, "kind": "convnet", "stages": [[{"size": 0.5, "stride": 0.5, "repeat": 1, "rotate": 0,
	"shear_x": 0, "shear_y": 0, "share_c": true, "residual": false}]]}`

// TestWideSearch: a search of the wide space begins with the hand-made rows, whose
// first, Dropout, has words and last output as a pattern has them too.
func TestWideSearch(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	program.Must(t, tiny(folder, "-space", "wide", "-start", "best", "-algorithm", "evolution", "-trial-seeds", "1", "-method", "autodropout", "-dropout", "0.15")...)
	log, err := controller.ReadLog(filepath.Join(folder, "autodropout", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	pattern, err := dropout.Decode(log.Space, log.Trials[0].Point)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(pattern); log.Space.Name != "wide sequence" || !strings.Contains(text, "0.15") {
		t.Errorf("the %s space begins with the pattern %s", log.Space.Name, text)
	}
}
