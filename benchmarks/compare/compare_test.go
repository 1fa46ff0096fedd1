package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/internal/pages"
	"autodropout/train"
)

// write makes the folder of a run with final trainings, and ends it unless result is nil.
func write(t *testing.T, path, settings string, units []runfolder.Unit, result *runfolder.Result) {
	t.Helper()
	h, err := runfolder.Folder(path).Create(settings, "go run ./benchmarks/cifar -quiet")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for _, u := range units {
		if err := h.Append(u); err != nil {
			t.Fatal(err)
		}
		log, epochs := "", ""
		for step := range 5 {
			log += fmt.Sprintf(`{"step":%d,"loss":%g,"size":1}`+"\n", step, 3-u.Value/100-float64(step)/4)
		}
		for epoch := range 3 {
			epochs += fmt.Sprintf(`{"epoch":%d,"steps":%d,"train_loss":%g,"valid_loss":%g,"valid_score":%g,"seconds":0.1}`+"\n", epoch, 2*epoch+2, 3-float64(epoch)/2, 3-u.Value/100-float64(epoch)/4, u.Value)
		}
		if err := os.WriteFile(h.Validations(runfolder.Training(u.Method, u.Seed)), []byte(epochs), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Log(runfolder.Training(u.Method, u.Seed)), []byte(log), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if result != nil {
		if err := h.Save(result); err != nil {
			t.Fatal(err)
		}
	}
}

func trainings(method string, values ...float64) (units []runfolder.Unit) {
	for seed, v := range values {
		units = append(units, runfolder.Unit{Method: method, Seed: seed, Score: runfolder.Score{Value: v}, Seconds: 1})
	}
	return units
}

func ended() *runfolder.Result {
	return &runfolder.Result{Dataset: "shapes", Split: "test", Metric: "error", Unit: "%", Date: "2026-11-29T12:00:00Z"}
}

// compare runs the program and returns what it prints and writes.
func compare(t *testing.T, args ...string) (stdout, stderr string, code int, files map[string]string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	var o, e bytes.Buffer
	code = program(t.Context(), append([]string{"-out", out}, args...), &o, &e)
	files = map[string]string{}
	for _, ending := range []string{"html", "csv", "json"} {
		text, err := os.ReadFile(filepath.Join(out, "comparison."+ending))
		if err != nil && code == 0 {
			t.Error(err)
		}
		files[ending] = string(text)
	}
	text, _ := os.ReadFile(filepath.Join(out, "epochs.csv"))
	files["epochs"] = string(text)
	return o.String(), e.String(), code, files
}

// line returns the line of the table that begins with a row.
func line(t *testing.T, table, row string) string {
	t.Helper()
	for l := range strings.Lines(table) {
		if strings.HasPrefix(l, row+" ") {
			return l
		}
	}
	t.Errorf("the table has no row %s:\n%s", row, table)
	return ""
}

// twoRuns are a run that has ended and one of the same kind that has not.
func twoRuns(t *testing.T) (a, b string) {
	dir := t.TempDir()
	a, b = filepath.Join(dir, "a"), filepath.Join(dir, "b")
	units := append(trainings("none", 50, 48, 52, 49), trainings("dropout", 46, 44.5, 47.5, 45.2)...)
	write(t, a, "data = \"auto\"\ndepth = 10\nseed = 0\n", units, ended())
	units = append(trainings("none", 44, 42, 46, 43), runfolder.Unit{Method: "wild", Diverged: true})
	write(t, b, "data = \"auto\"\ndepth = 16\nseed = 0\n", append(units, trainings("dropblock", 44.5)...), nil)
	return a, b
}

func TestTable(t *testing.T) {
	a, b := twoRuns(t)
	stdout, _, code, files := compare(t, a, b)
	if code != 0 || !strings.Contains(stdout, "error on the test split of shapes") || strings.Count(stdout, "p, corrected") != 1 {
		t.Fatalf("exit code %d and\n%s", code, stdout)
	}
	for row, want := range map[string][]string{
		"b/none":      {"43.75 %", "compared with"},
		"a/none":      {"49.75 %", "-6.00, no spread", "<0.001", "worse"},
		"a/dropout":   {"-2.05 (-2.", "worse"},
		"b/dropblock": {"-0.50", "one seed has no interval"},
		"b/wild":      {"a training diverged"},
	} {
		got := line(t, stdout, row)
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("the row is %swant %q in it", got, part)
			}
		}
	}
	if !strings.Contains(stdout, "Settings that differ: depth.\n") {
		t.Errorf("the differing setting is not named:\n%s", stdout)
	}
	if n := strings.Count(files["html"], "<svg xmlns"); n != 2 || !strings.Contains(files["html"], "Validation loss") || !strings.Contains(files["html"], "<td>b<td>has not ended<td>16") {
		t.Errorf("%d charts, want the losses at steps and after epochs, and the settings of b:\n%s", n, files["html"])
	}
	lines, err := csv.NewReader(strings.NewReader(files["csv"])).ReadAll()
	if err != nil || len(lines) != 6 || lines[1][4] != "b" || lines[1][8] != "43.75" || lines[1][len(lines[1])-2] != "16" {
		t.Errorf("CSV: error %v, lines %v", err, lines)
	}
	var j struct {
		Groups []struct {
			Against string
			Rows    []struct {
				Scores map[string]float64
				Gain   struct {
					Value     *float64
					Corrected *float64 `json:"p_corrected"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(files["json"]), &j); err != nil || len(j.Groups) != 1 || j.Groups[0].Against != "b/none" || len(j.Groups[0].Rows) != 5 {
		t.Errorf("JSON: error %v, %+v", err, j)
	}
}

// TestEpochs wants the curve of every training in all files, and the mean of a row's seeds in
// the chart, where runs with and without curves are beside each other.
func TestEpochs(t *testing.T) {
	a, b := twoRuns(t)
	if err := os.RemoveAll(filepath.Join(b, "logs")); err != nil {
		t.Fatal(err)
	}
	_, _, code, files := compare(t, a, b)
	lines, err := csv.NewReader(strings.NewReader(files["epochs"])).ReadAll()
	if code != 0 || err != nil || len(lines) != 1+2*4*3 || strings.Join(lines[1], " ") != "a dropout 0 0 2 3 2.54 46" {
		t.Errorf("exit code %d, epochs.csv: error %v and %d lines %v", code, err, len(lines), lines[:2])
	}
	var j struct {
		Groups []struct {
			Rows []struct {
				Run, Method string
				Epochs      map[string][]train.Validation
			}
		}
	}
	if err := json.Unmarshal([]byte(files["json"]), &j); err != nil {
		t.Fatal(err)
	}
	for _, r := range j.Groups[0].Rows {
		want := 4
		if r.Run == "b" {
			want = 0
		}
		if len(r.Epochs) != want || want > 0 && (len(r.Epochs["3"]) != 3 || r.Epochs["3"][2].Steps != 6) {
			t.Errorf("JSON: the row %s of %s has the epochs %v", r.Method, r.Run, r.Epochs)
		}
	}
	_, chart, found := strings.Cut(files["html"], "Validation loss")
	chart, _, _ = strings.Cut(chart, "<h3>")
	if !found || !strings.Contains(chart, "a/none") || !strings.Contains(chart, "a/dropout") || strings.Contains(chart, "b/none") {
		t.Errorf("the chart of validation losses has not the lines of run a:\n%s", chart)
	}
	if err := os.WriteFile(filepath.Join(a, "logs", "none-0.epochs.jsonl"), []byte("{\"epoch\":\n{}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code, _ := compare(t, a); code != 1 || !strings.Contains(stderr, "none-0.epochs.jsonl") {
		t.Errorf("a damaged log: exit code %d and %q", code, stderr)
	}
}

// TestCorrection wants the p-value of Student's t of paired differences, times the number of comparisons.
func TestCorrection(t *testing.T) {
	dir := t.TempDir()
	units := append(trainings("none", 10, 11, 12), trainings("x", 11, 13, 15)...) // differences 1, 2, 3: p = 1-t/√(t²+2), t = 2√3
	write(t, filepath.Join(dir, "a"), "seed = 0\n", append(units, trainings("y", 9, 14, 13)...), ended())
	_, _, _, files := compare(t, "-against", "a/none", filepath.Join(dir, "a"))
	lines, err := csv.NewReader(strings.NewReader(files["csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines[1:] {
		var gain, p, corrected float64
		fmt.Sscan(l[14], &gain)
		fmt.Sscan(l[17], &p)
		fmt.Sscan(l[18], &corrected)
		if l[5] == "x" && (gain != -2 || math.Abs(p-(1-math.Sqrt(12.0/14))) > 1e-6 || math.Abs(corrected-2*p) > 1e-9 || l[19] != "true") {
			t.Errorf("the row x is %v", l)
		}
	}
}

// TestOtherSeed wants runs that begin from other numbers to be compared as samples of their own.
func TestOtherSeed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "seed = 0\n", trainings("none", 1, 2, 3), ended())
	write(t, filepath.Join(dir, "b"), "seed = 7\n", trainings("none", 4, 5, 6), ended())
	stdout, _, _, files := compare(t, filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	if got := line(t, stdout, "b/none"); !strings.Contains(got, "-3.00 (-5.27 to -0.73) unpaired") || !strings.Contains(got, "0.021") || !strings.Contains(got, "worse") {
		t.Errorf("the row is %s", got)
	}
	if !strings.Contains(files["csv"], ",false,worse") {
		t.Errorf("CSV calls them paired:\n%s", files["csv"])
	}
}

// TestHigher wants the higher of two accuracies to be the better one.
func TestHigher(t *testing.T) {
	dir := t.TempDir()
	result := ended()
	result.Metric = "top-1 accuracy"
	write(t, filepath.Join(dir, "a"), "seed = 0\n", append(trainings("none", 70, 71, 72), trainings("dropout", 75, 76.1, 77)...), result)
	stdout, _, _, _ := compare(t, filepath.Join(dir, "a"))
	if got := line(t, stdout, "a/none"); !strings.Contains(got, "-5.03 (") || !strings.Contains(got, "worse") {
		t.Errorf("the row is %s", got)
	}
}

// TestHigherUnfinished: a run that has not ended does not name its metric, but its program and its settings
// say which values are better.
func TestHigherUnfinished(t *testing.T) {
	for command, worse := range map[string]string{"imagenet": "a/none", "iwslt": "a/none", "external": "a/none", "cifar": "a/autodropout"} {
		path := filepath.Join(t.TempDir(), "a")
		write(t, path, "seed = 0\n", append(trainings("none", 70, 71, 72), trainings("autodropout", 75, 76.1, 77)...), nil)
		config := filepath.Join(path, runfolder.Config)
		text, err := os.ReadFile(config)
		if err == nil {
			err = os.WriteFile(config, bytes.Replace(text, []byte("/cifar "), []byte("/"+command+" "), 1), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		stdout, _, _, _ := compare(t, path)
		if got := line(t, stdout, worse); !strings.Contains(got, "-5.03 (") || !strings.Contains(got, "worse") {
			t.Errorf("%s: the row is %s", command, got)
		}
		stdout, _, _ = claimsOf(t, path)
		if want := map[bool]string{true: "yes", false: "no"}[worse == "a/none"]; !strings.HasSuffix(strings.TrimSpace(line(t, stdout, "0")), want) {
			t.Errorf("%s: the claim holds where it should not, or not where it should:\n%s", command, stdout)
		}
	}
}

// TestResultAlone: of a run of which only the result was kept, a row with a training that
// diverged is compared with nobody.
func TestResultAlone(t *testing.T) {
	path, mean := filepath.Join(t.TempDir(), "a"), 45.
	result := ended()
	result.Rows = []runfolder.Row{{Method: "none", Mean: &mean, Values: []float64{44, 45, 46}}, {Method: "wild", Values: []float64{30, 31}}}
	write(t, path, "seed = 0\nseeds = 3\n", nil, result)
	stdout, _, _, files := compare(t, path)
	if got := line(t, stdout, "a/wild"); !strings.Contains(got, "a training diverged") {
		t.Errorf("the row is %s", got)
	}
	if got := line(t, stdout, "a/none"); !strings.Contains(got, "compared with") {
		t.Errorf("the row is %s", got)
	}
	if lines, err := csv.NewReader(strings.NewReader(files["csv"])).ReadAll(); err != nil || len(lines) != 3 || lines[1][11] != "1" {
		t.Errorf("CSV: error %v, lines %v", err, lines)
	}
}

// TestDecimals: a metric is written with the decimals of its runs, so that small differences are
// not called none.
func TestDecimals(t *testing.T) {
	path, result := filepath.Join(t.TempDir(), "a"), ended()
	result.Metric, result.Unit, result.Decimals = "reward", "", 4
	write(t, path, "seed = 0\n", append(trainings("none", 0.9131, 0.9142, 0.915), trainings("autodropout", 0.9111, 0.9121, 0.9129)...), result)
	stdout, _, _, _ := compare(t, path)
	if got := line(t, stdout, "a/none"); !strings.Contains(got, "0.9141 ± 0.0024") || !strings.Contains(got, "-0.0021 (-0.0022 to -0.0019)") {
		t.Errorf("the row is %s", got)
	}
	if stdout, _, _ := claimsOf(t, path); !strings.Contains(line(t, stdout, "0"), "0.0021 ± 0.0001") {
		t.Errorf("the claim is\n%s", stdout)
	}
}

func TestFilters(t *testing.T) {
	a, b := twoRuns(t)
	stdout, _, code, _ := compare(t, "-where", "depth=10", a, b)
	if code != 0 || strings.Contains(stdout, "b/") || !strings.Contains(stdout, "a/dropout") {
		t.Errorf("-where depth=10: exit code %d and\n%s", code, stdout)
	}
	if stdout, _, _, _ = compare(t, "-methods", "dropblock,wild", a, b); strings.Contains(stdout, "none") || !strings.Contains(stdout, "b/dropblock") {
		t.Errorf("-methods dropblock,wild:\n%s", stdout)
	}
}

// TestClaims: the committed claims are what the program prints for the runs beside them.
func TestClaims(t *testing.T) {
	committed, err := filepath.Glob("../results/*/claims.txt")
	if err != nil || len(committed) < 2 {
		t.Fatalf("committed are %v, error %v", committed, err)
	}
	for _, path := range committed {
		folder := filepath.Dir(path)
		seeds, err := filepath.Glob(filepath.Join(folder, "seed-*"))
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		if code := program(t.Context(), append([]string{"-claims", "autodropout", folder}, seeds...), &stdout, &stderr); code != 0 {
			t.Fatalf("%s: exit code %d, %s", folder, code, &stderr)
		}
		if text, err := os.ReadFile(path); err != nil || stdout.String() != string(text) {
			t.Errorf("%s is not what go run ./benchmarks/compare -claims autodropout %s %s prints (error %v):\n%s", path, folder, filepath.Join(folder, "seed-*"), err, &stdout)
		}
	}
}

// TestVerdicts: a claim holds where the row is surely better than none and fresh, and not surely
// worse than the best other row; one seed tells nothing.
func TestVerdicts(t *testing.T) {
	dir := t.TempDir()
	for seed, c := range []struct {
		none, fresh, dropout, found []float64
		want                        string
	}{
		{[]float64{30, 31, 32}, []float64{25, 26, 27.1}, []float64{20, 21, 22}, []float64{20, 21, 22.1}, "yes"},
		{[]float64{30, 31, 32}, []float64{25, 26, 27.1}, []float64{15, 16, 17.1}, []float64{20, 21, 22.1}, "no"},
		{[]float64{30, 20, 32}, []float64{25, 26, 27.1}, []float64{20, 21, 22}, []float64{20, 21, 22.1}, "no"},
		{[]float64{30, 31, 32}, nil, []float64{20, 21, 22}, []float64{20, 21, 22.1}, "yes"},
		{[]float64{30}, []float64{25}, []float64{21}, []float64{20}, "not known"},
	} {
		units := append(append(trainings("none", c.none...), trainings("fresh", c.fresh...)...), trainings("dropout", c.dropout...)...)
		units = append(append(units, trainings("spatialdropout", 50, 51, 52)[:len(c.found)]...), trainings("autodropout", c.found...)...)
		path := filepath.Join(dir, fmt.Sprint("seed-", seed))
		write(t, path, fmt.Sprintf("seed = %d\n", seed), units, ended())
		stdout, stderr, code := claimsOf(t, path)
		if got := line(t, stdout, fmt.Sprint(seed)); code != 0 || !strings.HasSuffix(strings.TrimSpace(got), "dropout  "+c.want) {
			t.Errorf("exit code %d, %s: the claim is %q, want %q", code, stderr, got, c.want)
		}
	}
	if _, stderr, code := claimsOf(t, filepath.Join(dir, "seed-0"), "-methods", "none"); code != 2 || !strings.Contains(stderr, "has no such row") {
		t.Errorf("a run without the row: exit code %d, %q", code, stderr)
	}
}

// claimsOf runs the program for its claims.
func claimsOf(t *testing.T, folder string, flags ...string) (stdout, stderr string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = program(t.Context(), append(append([]string{"-claims", "autodropout"}, flags...), folder), &o, &e)
	return o.String(), e.String(), code
}

// TestManyRuns wants a page of 200 runs in seconds, with charts of the best.
func TestManyRuns(t *testing.T) {
	dir := t.TempDir()
	var folders []string
	for i := range 200 {
		folders = append(folders, filepath.Join(dir, fmt.Sprint("run-", i)))
		if err := os.Mkdir(folders[i], 0o777); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(folders[i], runfolder.Config), fmt.Appendf(nil, "rate = %d\nseed = 0\n", i%9), 0o666)
		os.WriteFile(filepath.Join(folders[i], "units.jsonl"), fmt.Appendf(nil, "{\"method\":\"none\",\"value\":%d}\n{\"method\":\"none\",\"seed\":1,\"value\":%d}\n", 30+i%50, 31+i%40), 0o666)
		os.WriteFile(filepath.Join(folders[i], "result.json"), []byte(`{"dataset":"shapes","metric":"error"}`), 0o666)
	}
	began := time.Now()
	stdout, stderr, code, files := compare(t, folders...)
	if code != 0 || strings.Count(stdout, "/none") < 200 || len(files["html"]) > 300_000 {
		t.Errorf("exit code %d, %s, a page of %d bytes", code, stderr, len(files["html"]))
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	if _, err := os.Stat(filepath.Join(folders[0], "lock")); err == nil {
		t.Error("reading a run has made a file in its folder")
	}
}

func TestWrongInput(t *testing.T) {
	a, b := twoRuns(t)
	empty := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "give the folders"},
		{[]string{empty}, 2, "none of the folders holds a run"},
		{[]string{"-where", "depth", a}, 2, "NAME=VALUE"},
		{[]string{"-where", "depth=11", a, b}, 2, "none of the folders"},
		{[]string{"-against", "a/best", a, b}, 2, "is no row of these runs"},
		{[]string{filepath.Join(empty, "nothing")}, 1, "cannot read a run"},
	} {
		if _, stderr, code, _ := compare(t, c.args...); code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d and %q, want %d and %q", c.args, code, stderr, c.code, c.want)
		}
	}
	stdout, _, code, _ := compare(t, empty, a)
	if code != 0 || !strings.Contains(stdout, "is no run.") {
		t.Errorf("a folder that is no run beside one: exit code %d and\n%s", code, stdout)
	}
}

// TestPrintedCommands runs the commands that pages print beside two runs.
func TestPrintedCommands(t *testing.T) {
	commands := pages.Printed(t, "benchmarks/compare")
	t.Chdir(t.TempDir())
	for _, name := range []string{"a", "b"} {
		write(t, filepath.Join("runs", name), "epochs = 1\n", trainings("none", 20, 21), ended())
	}
	for _, args := range commands {
		if len(args) == 0 {
			continue // only the name of the program
		}
		var all []string
		for _, arg := range args {
			if found, err := filepath.Glob(arg); err == nil && len(found) > 0 {
				all = append(all, found...) // as a shell does
			} else {
				all = append(all, arg)
			}
		}
		var stdout, stderr bytes.Buffer
		if code := program(t.Context(), all, &stdout, &stderr); code != 0 {
			t.Errorf("%v: exit code %d\n%s%s", all, code, &stdout, &stderr)
		}
	}
}
