package bench

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
)

var update = flag.Bool("update", false, "write the golden files")

func sampleResult() *runfolder.Result {
	paper := &runfolder.Paper{Value: 3.2, Setting: "as published"}
	return &runfolder.Result{
		Task: "image classification", Dataset: "CIFAR-10", Split: "test", Metric: "error", Unit: "%", Model: "WRN-28-10",
		Preset: "paper", Seed: 1, Command: "go run ./benchmarks/try", Date: "2026-11-23T12:00:00Z", Commit: "unknown", CPU: "some processor", SIMD: "avx2", Seconds: 4000.5, Memory: 312_000_000, Summary: "The best is AutoDropout.",
		Rows: []runfolder.Row{
			runfolder.NewRow("none", []runfolder.Score{{Value: 4}, {Value: 5}, {Value: 6}}, 0, 90, nil),
			runfolder.NewRow("Dropout", []runfolder.Score{{Value: 4.25}}, 0, 0.5, nil),
			runfolder.NewRow("AutoDropout", []runfolder.Score{{Value: 3}}, 1, 3910, paper),
		},
		BestPattern: []byte(`{"version": 1}`),
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is now\n%s\nwant\n%s", name, got, want)
	}
}

func TestGolden(t *testing.T) {
	r := sampleResult()
	var b bytes.Buffer
	if err := Table(r, &b); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", b.Bytes())
	if err := Table(r, broken{}); err == nil {
		t.Error("no error from a writer that fails")
	}
}

func TestTableWithValidation(t *testing.T) {
	r := runfolder.Result{Task: "language modelling", Dataset: "some text", Split: "test", Metric: "perplexity", Model: "Transformer-XL", Preset: "quick", Floor: 9.2,
		Rows: []runfolder.Row{
			runfolder.NewRow("none", []runfolder.Score{{Value: 12, Valid: 10}, {Value: 14, Valid: 10}}, 0, 5, nil),
			runfolder.NewRow("AutoDropout", []runfolder.Score{{Value: 3, Valid: 4}}, 1, 9, &runfolder.Paper{Valid: 58.1, Value: 54.9, Setting: "as published"}),
		}}
	var b bytes.Buffer
	if err := Table(&r, &b); err != nil {
		t.Fatal(err)
	}
	golden(t, "table-valid.txt", b.Bytes())
}

func TestTableWithMoreMeasures(t *testing.T) {
	r := runfolder.Result{Task: "translation", Dataset: "some text", Split: "test", Metric: "BLEU", Model: "Transformer", Preset: "study",
		Also: []string{"valid BLEU", "test sacreBLEU"}, Notes: []string{"BLEU is nrefs:1.", "Nothing else."},
		Rows: []runfolder.Row{
			runfolder.NewRow("none", []runfolder.Score{{Value: 12, Also: []float64{0, 11}}, {Value: 14, Also: []float64{2, 12}}}, 0, 5, nil),
			runfolder.NewRow("Dropout", nil, 1, 9, nil),
		}}
	var b bytes.Buffer
	if err := Table(&r, &b); err != nil {
		t.Fatal(err)
	}
	golden(t, "table-also.txt", b.Bytes())
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{
		0.0241: "24ms", 4.26: "4.3s", 59.7: "1m0s", 200: "3m20s", 18601: "5h10m", 412 * 86400: "412 days",
	} {
		if got := Duration(seconds); got != want {
			t.Errorf("%v seconds: %q, want %q", seconds, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		Speed(0.526, "img"): "0.53 img/s", Speed(812.4, "img"): "812 img/s",
		Count(1, "search", "searches"): "1 search", Count(2, "search", "searches"): "2 searches",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCommit(t *testing.T) {
	root := t.TempDir()
	inside := filepath.Join(root, "a", "b")
	git := filepath.Join(root, ".git")
	for _, dir := range []string{inside, filepath.Join(git, "refs", "heads"), filepath.Join(git, "worktrees", "w"), filepath.Join(root, "tree")} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if got := Commit(inside); got != "unknown" {
		t.Errorf("in a repository without a HEAD: %q", got)
	}
	check := func(what, dir, want string) {
		t.Helper()
		if got := Commit(dir); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	writeText(t, filepath.Join(git, "HEAD"), "0123abc\n")
	check("detached", inside, "0123abc")
	writeText(t, filepath.Join(git, "HEAD"), "ref: refs/heads/main\n")
	check("before the first commit", inside, "unknown")
	writeText(t, filepath.Join(git, "packed-refs"), "# pack-refs\n11aa refs/heads/other\n22bb refs/heads/main\n")
	check("packed", inside, "22bb")
	writeText(t, filepath.Join(git, "refs", "heads", "main"), "33cc\n")
	check("loose", inside, "33cc")
	writeText(t, filepath.Join(root, "tree", ".git"), "gitdir: ../.git/worktrees/w\n")
	writeText(t, filepath.Join(git, "worktrees", "w", "HEAD"), "ref: refs/heads/other\n")
	writeText(t, filepath.Join(git, "worktrees", "w", "commondir"), "../..\n")
	check("worktree", filepath.Join(root, "tree"), "11aa")
}

func TestMachine(t *testing.T) {
	if CPU() == "" || SIMD() == "" {
		t.Errorf("the machine is %q with %q", CPU(), SIMD())
	}
	if peak := PeakMemory(); peak < 1<<20 || peak > 1<<40 {
		t.Errorf("the peak memory is %d bytes", peak)
	}
	for bytes, want := range map[int64]string{0: "unknown", 312_000_000: "312 MB", 4_250_000_000: "4.2 GB"} {
		if got := Memory(bytes); got != want {
			t.Errorf("%d bytes: %q, want %q", bytes, got, want)
		}
	}
}

func TestDrawing(t *testing.T) {
	dir := t.TempDir()
	svg := filepath.Join(dir, "c.svg")
	curve := Smooth("a <b>", []float32{1, 3, 5, 7, 10}, 2)
	if len(curve.X) != 3 || curve.Y[0] != 2 || curve.X[0] != 1.5 || curve.Y[2] != 10 || curve.X[2] != 5 {
		t.Errorf("the smoothed curve is %+v", curve)
	}
	if err := DrawCurves(svg, "title", "x", "y", []Curve{curve, {Name: "none"}}); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(svg)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tags := map[string]int{}
	decoder := xml.NewDecoder(file)
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			tags[start.Name.Local]++
		}
	}
	if tags["svg"] != 1 || tags["path"] == 0 || tags["text"] == 0 {
		t.Errorf("the drawing has the elements %v", tags)
	}

	path := filepath.Join(dir, "m.png")
	img := image.NewPaletted(image.Rect(0, 0, 4, 3), color.Palette{color.White, color.Black})
	img.SetColorIndex(1, 2, 1)
	if err := WritePNG(path, img); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := png.Decode(bytes.NewReader(text)); err != nil || back.At(1, 2) != color.RGBAModel.Convert(color.Black) && back.At(1, 2) != color.Black {
		t.Errorf("the picture reads back as %v, error %v", back, err)
	}
}
