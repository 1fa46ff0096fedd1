package runfolder

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// finished makes the folder of a run with three trainings of the row none, whose
// scores are 30, 20 and 10.
func finished(t *testing.T) Folder {
	t.Helper()
	f := create(t)
	h := hold(t, f)
	for seed := range 3 {
		name := Training("none", seed)
		write(t, f.Weights(name), "weights of "+name)
		write(t, f.Log(name), "log of "+name)
		write(t, f.Validations(name), "epochs of "+name)
		write(t, f.CSV(name), "table of "+name)
		if err := h.Append(Unit{Method: "none", Seed: seed, Score: Score{Value: float64(30 - 10*seed)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return f
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[at] ^= 1
	write(t, path, string(text))
}

// TestMend: damage to what has finished is named; what can be made again is
// forgotten, and the rest stands.
func TestMend(t *testing.T) {
	none := Training("none", 1)
	for name, c := range map[string]struct {
		damage func(f Folder)
		left   []int // seeds of the trainings that stand
		want   string
		aside  string
	}{
		"nothing":         {func(Folder) {}, []int{0, 1, 2}, "", ""},
		"flipped weights": {func(f Folder) { flip(t, f.Weights(none), 3) }, []int{0, 2}, "none-1.safetensors is damaged", "weights/none-1.safetensors.damaged"},
		"zeroed weights":  {func(f Folder) { write(t, f.Weights(none), strings.Repeat("\x00", 17)) }, []int{0, 2}, "none-1.safetensors is damaged", "weights/none-1.safetensors.damaged"},
		"cut weights":     {func(f Folder) { os.Truncate(f.Weights(none), 5) }, []int{0, 2}, "none-1.safetensors is damaged", "weights/none-1.safetensors.damaged"},
		"others' weights": {func(f Folder) { write(t, f.Weights(none), "weights of none-0") }, []int{0, 2}, "none-1.safetensors is damaged", "weights/none-1.safetensors.damaged"},
		"no weights":      {func(f Folder) { os.Remove(f.Weights(none)) }, []int{0, 1, 2}, "Missing: weights", ""},
		"no folders":      {func(f Folder) { os.RemoveAll(f.Path(weights)); os.RemoveAll(f.Path(logs)) }, []int{0, 1, 2}, "and 8 more", ""},
		"flipped log":     {func(f Folder) { flip(t, f.Log(none), 3) }, []int{0, 1, 2}, "none-1.jsonl is damaged", "logs/none-1.jsonl.damaged"},
		"flipped epochs":  {func(f Folder) { flip(t, f.Validations(none), 3) }, []int{0, 1, 2}, "none-1.epochs.jsonl is damaged", "logs/none-1.epochs.jsonl.damaged"},
		"flipped table":   {func(f Folder) { flip(t, f.CSV(none), 3) }, []int{0, 1, 2}, "none-1.csv is damaged", "logs/none-1.csv.damaged"},
		"flipped line":    {func(f Folder) { flip(t, f.Path(Journal), 30) }, []int{1, 2}, "Line 1 of units.jsonl is damaged", "units.jsonl.damaged"},
		"a second one": {func(f Folder) {
			text, _ := os.ReadFile(f.Path(Journal))
			line, _, _ := bytes.Cut(text, []byte("\n"))
			write(t, f.Path(Journal), string(text)+string(line)+"\n")
		}, []int{0, 1, 2}, "Line 4 of units.jsonl is damaged (there is one of this training before it)", "units.jsonl.damaged"},
	} {
		f := finished(t)
		c.damage(f)
		h := hold(t, f)
		sentences, err := h.Mend()
		if text := strings.Join(sentences, " "); err != nil || (text == "") != (c.want == "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: it says %q, error %v; want %q", name, text, err, c.want)
		}
		check := func(when string, units []Unit) {
			var seeds []int
			for _, u := range units {
				seeds = append(seeds, u.Seed)
			}
			if !slices.Equal(seeds, c.left) {
				t.Errorf("%s: %s the trainings %v stand, want %v", name, when, seeds, c.left)
			}
		}
		check("mended,", h.Finished())
		if c.aside != "" {
			if _, err := os.Stat(f.Path(filepath.FromSlash(c.aside))); err != nil {
				t.Errorf("%s: nothing is set aside: %v", name, err)
			}
		}
		if err := h.Append(Unit{Method: "later"}); err != nil {
			t.Errorf("%s: mended, the journal takes nothing: %v", name, err)
		}
		h.Close()
		units, err := f.Units()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		check("to a reader,", units[:len(units)-1])
	}
}

// TestEveryFlippedBit of the journal is noticed.
func TestEveryFlippedBit(t *testing.T) {
	f := finished(t)
	text, err := os.ReadFile(f.Path(Journal))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for at := range line {
		for bit := range 8 {
			line[at] ^= 1 << bit
			if u, err := parseLine(line); err == nil {
				t.Errorf("%s is taken for %+v", line, u)
			}
			line[at] ^= 1 << bit
		}
	}
	if _, err := parseLine(line); err != nil {
		t.Error(err)
	}
}

// TestOldJournal: lines of before there were checksums are read.
func TestOldJournal(t *testing.T) {
	f := create(t)
	write(t, f.Path(Journal), `{"method":"none","seed":0,"value":48.1,"loss":1.5,"seconds":21}`+"\n")
	found, err := f.Units()
	if err != nil || len(found) != 1 || found[0].Value != 48.1 {
		t.Errorf("the units are %+v, error %v", found, err)
	}
	if sentences, err := hold(t, f).Mend(); err != nil || len(sentences) > 0 {
		t.Errorf("an old journal is mended: %q, error %v", sentences, err)
	}
}

// TestFindWeights: the best whole weights are found, damage is named, and before a
// training has finished the newest checkpoint counts, whatever a kill has left of it.
func TestFindWeights(t *testing.T) {
	better := func(a, b Score) bool { return a.Value < b.Value }
	f := create(t)
	find := func(f Folder, rows ...string) string {
		path, sentences, err := f.FindWeights(rows, better)
		if err != nil {
			return err.Error()
		}
		return strings.Join(append([]string{path}, sentences...), " ")
	}
	expect := func(what, got, want string) {
		t.Helper()
		if !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	expect("a run that has just begun", find(f, "none"), "has trained no model yet")
	checkpoint := f.Checkpoint(Training("none", 1))
	write(t, f.Checkpoint("none-other-0"), "of another row")
	write(t, checkpoint+".1", "older") // as a kill between two renamings leaves it
	expect("only an older checkpoint", find(f, "other", "none"), checkpoint+".1")
	write(t, checkpoint, "newest")
	if got := find(f, "other", "none"); got != checkpoint {
		t.Errorf("before a training has finished the weights are %q", got)
	}
	expect("another row", find(f, "other"), "has trained no model yet")

	f = finished(t)
	expect("all whole", find(f, "none"), f.Weights("none-2"))
	flip(t, f.Weights("none-2"), 0)
	expect("the best are damaged", find(f, "none"), fmt.Sprintf("%s The weights %s are damaged", f.Weights("none-1"), f.Weights("none-2")))
	os.Remove(f.Weights("none-1"))
	expect("the next are not there", find(f, "none"), fmt.Sprintf("The weights %s are missing", f.Weights("none-1")))
	write(t, f.Weights("none-0"), "")
	expect("none is whole", find(f, "none"), "has no whole weights left. The weights")
	flip(t, f.Path(Journal), 30)
	expect("a damaged line", find(f, "none"), "Line 1 of "+f.Path(Journal)+" is damaged")

	h := hold(t, create(t))
	for seed := range 2 {
		if err := h.Append(Unit{Method: "none", Seed: seed, Diverged: true}); err != nil {
			t.Fatal(err)
		}
	}
	expect("all diverged", find(h.Folder, "none"), "has no model: 2 trainings of it diverged")
}
