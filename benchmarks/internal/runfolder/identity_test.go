package runfolder

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"autodropout/benchmarks/internal/usage"
	"autodropout/internal/sealed"
)

// TestOneOfTwoCreates has two processes begin a run in one folder at the same time:
// one of them works there, alone.
func TestOneOfTwoCreates(t *testing.T) {
	for range 25 {
		f := Folder(filepath.Join(t.TempDir(), "run"))
		var held [2]*Held
		var errs [2]error
		var both sync.WaitGroup
		for i := range held {
			both.Go(func() { held[i], errs[i] = f.Create("seeds = 1\n", "try") })
		}
		both.Wait()
		winner, loser := 0, 1
		if errs[0] != nil {
			winner, loser = 1, 0
		}
		var wrong *usage.Error
		if errs[winner] != nil || !errors.As(errs[loser], &wrong) {
			t.Fatalf("two that begin a run have the errors %v and %v", errs[winner], errs[loser])
		}
		if _, err := f.Hold(); err == nil || !strings.Contains(err.Error(), "another process works in") {
			t.Fatalf("beside the winner the folder can be held: error %v", err)
		}
		if err := held[winner].Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Create("", "try"); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Fatalf("a run can be made where there is one: error %v", err)
		}
	}
}

// TestIdentify refuses what may give other results, and forgets no change.
func TestIdentify(t *testing.T) {
	h := hold(t, create(t))
	began := Identity{Settings: "epochs = 1\nlr = 0.1\n", Data: "00c0ffee", SIMD: "avx2", Build: "commit a"}
	last := began
	for i, c := range []struct {
		change func(i *Identity)
		want   string
	}{
		{func(i *Identity) { i.Data = "1badb002" }, "the data had the checksum 00c0ffee and has 1badb002"},
		{func(i *Identity) { i.SIMD = "generic" }, "the instruction set was avx2 and is generic"},
		{func(i *Identity) { i.Build = "commit b" }, "the program was built from commit a and is built from commit b"},
		{func(i *Identity) { i.Pattern = "12345678" }, "the given pattern had the checksum none and has 12345678"},
		{func(i *Identity) { i.Settings = "batch = 3\nlr = 0.2\n" }, "the setting batch = 3 is new, and the setting lr was 0.1 and is 0.2, and the setting epochs is gone"},
	} {
		earlier, sentences, err := h.Identify(last, false)
		if err != nil || len(earlier) != i || len(sentences) != i {
			t.Fatalf("after %d changes there are %q, %q, error %v", i, earlier, sentences, err)
		}
		now := last
		c.change(&now)
		var wrong *usage.Error
		if _, _, err := h.Identify(now, false); !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "-accept-changes") {
			t.Errorf("the error is %v, want one with %q", err, c.want)
		}
		if earlier, sentences, err = h.Identify(now, true); err != nil || earlier[i] != last.Sum() || !strings.Contains(sentences[i], c.want) {
			t.Errorf("accepted, there are %q, %q, error %v; want %q", earlier, sentences, err, c.want)
		}
		if last.Sum() == now.Sum() {
			t.Errorf("%q does not change the sum", c.want)
		}
		last = now
	}
	if all, err := h.Identities(); err != nil || len(all) != 6 || all[0] != began || all[5] != last {
		t.Errorf("the folder has the identities %+v, error %v", all, err)
	}
}

// TestForeignWork: a run takes no training and no trial of another identity, and none
// of which nothing is known, unless that is accepted; where what it began with is lost,
// what the work says will do.
func TestForeignWork(t *testing.T) {
	now := Identity{Settings: "lr = 0.1\n", Build: "commit a"}
	other := now
	other.Build = "commit b"
	trial := func(kind, identity string) string {
		return string(sealed.Line([]byte(`{"`+kind+`":{"trial":0,"identity":"`+identity+`"}}`))) + "\n"
	}
	for name, c := range map[string]struct {
		work func(h *Held)
		want string // "": the work is the run's own
	}{
		"own":             {func(h *Held) { h.Append(Unit{Method: "none"}) }, ""},
		"a training":      {func(h *Held) { h.sum = other.Sum(); h.Append(Unit{Method: "none"}) }, "a part of its work has the identity " + other.Sum()},
		"an old training": {func(h *Held) { h.sum = ""; h.Append(Unit{Method: "none"}) }, "a part of its work does not say what it was computed with"},
		"own trials":      {func(h *Held) { write(t, h.Path("random", Trials), "{}\n"+trial("sampled", now.Sum())) }, ""},
		"a trial": {func(h *Held) {
			write(t, h.Path("random", Trials), "{}\n"+trial("sampled", now.Sum())+trial("finished", "abc"))
		}, "has the identity abc"},
		"a finalist":   {func(h *Held) { write(t, h.Path("auto", Finalists), "{}\n"+trial("sampled", "abc")) }, "has the identity abc"},
		"an old trial": {func(h *Held) { write(t, h.Path("random", Trials), "{}\n"+`{"sampled":{"trial":0}}`+"\n") }, "does not say what"},
		"a damaged trial": {func(h *Held) {
			write(t, h.Path("random", Trials), "{}\n"+`{"sampled":{"trial":0},"crc":"00000000"}`+"\n")
		}, ""},
		"a damaged header": {func(h *Held) { write(t, h.Path("random", Trials), "\x00") }, ""},
	} {
		for _, lost := range []string{"", "the file", "its meaning"} {
			h := hold(t, create(t))
			if _, _, err := h.Identify(now, false); err != nil {
				t.Fatal(err)
			}
			c.work(h)
			switch lost {
			case "the file":
				os.Remove(h.Path(identity))
			case "its meaning":
				write(t, h.Path(identity), "[{")
			}
			h.Close()
			h = hold(t, h.Folder)
			_, _, err := h.Identify(now, false)
			if c.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, where %q is lost: error %v, want %q", name, lost, err, c.want)
			}
			_, sentences, err := h.Identify(now, true)
			if err != nil || (len(sentences) > 0) != (c.want != "") {
				t.Errorf("%s, accepted: %q, error %v", name, sentences, err)
			}
			if _, again, err := h.Identify(now, false); err != nil || len(again) != len(sentences) {
				t.Errorf("%s, accepted before: %q, error %v", name, again, err)
			}
			if said, err := h.Mend(); err != nil || (len(said) > 0) != (lost == "its meaning") {
				t.Errorf("%s, where %q is lost: %q, error %v", name, lost, said, err)
			}
			h.Close()
		}
	}
}

// TestCheckData: what a model was trained on is asked before it is used.
func TestCheckData(t *testing.T) {
	h := hold(t, create(t))
	if err := h.CheckData("abc"); err != nil {
		t.Errorf("where nothing is known: %v", err)
	}
	if _, _, err := h.Identify(Identity{Settings: "a = 1\n", Data: "abc"}, false); err != nil {
		t.Fatal(err)
	}
	if err := h.CheckData("abc"); err != nil {
		t.Error(err)
	}
	var wrong *usage.Error
	if err := h.CheckData("abd"); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "it had the checksum abc, and this data has abd") {
		t.Errorf("with other data: %v", err)
	}
}

func TestFinite(t *testing.T) {
	if !(Score{Value: 1, Also: []float64{2}}).Finite() {
		t.Error("whole numbers are not finite")
	}
	for _, s := range []Score{{Value: math.Inf(1)}, {Valid: math.NaN()}, {Loss: math.Inf(-1)}, {Also: []float64{1, math.NaN()}}} {
		if s.Finite() {
			t.Errorf("%+v is finite", s)
		}
	}
}

// TestHugeScores: squares of perplexities may be more than a number holds, and the
// result has to be written.
func TestHugeScores(t *testing.T) {
	row := NewRow("none", []Score{{Value: 1e300}, {Value: 3e300}}, 0, 1, nil)
	if *row.Mean != 2e300 || math.Abs(*row.Std/1e300-math.Sqrt2) > 1e-12 {
		t.Errorf("the mean is %v and the deviation %v", *row.Mean, *row.Std)
	}
	row = NewRow("none", []Score{{Value: math.MaxFloat64}, {Value: -math.MaxFloat64}}, 0, 1, nil)
	if row.Std != nil {
		t.Errorf("the deviation is %v", *row.Std)
	}
	if err := hold(t, create(t)).Save(&Result{Rows: []Row{row}}); err != nil {
		t.Error(err)
	}
}
