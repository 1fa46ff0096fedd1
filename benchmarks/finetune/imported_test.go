package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/onnx"
)

// exported are files that PyTorch's two exporters have written, of the same network.
var exported = []string{"../../onnx/testdata/images-script.onnx", "../../onnx/testdata/images-dynamo.onnx"}

// importing are flags for training the network of a file.
func importing(file, out string, more ...string) []string {
	return tiny(file, out, append([]string{"-model", "onnx", "-channels", "0"}, more...)...)
}

// TestImported trains networks of files with all kinds of rows, and writes what came of it.
func TestImported(t *testing.T) {
	for _, file := range exported {
		out, path := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "tuned.onnx")
		code, stdout, stderr := call(t, importing(file, out, "-method", "none,dropout,dropblock,autodropout", "-trials", "2", "-search-epochs", "1", "-dropblock-size", "1")...)
		if code != 0 {
			t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
		}
		for _, row := range []string{"none", "Dropout", "DropBlock", "AutoDropout"} {
			if !strings.Contains(stdout, "| "+row+" ") {
				t.Errorf("%s: the table has no row %s:\n%s", file, row, stdout)
			}
		}
		for _, pair := range [][2]string{{"none", "dropblock"}, {"none", "autodropout"}, {"none", "dropout"}} {
			name := "head.weight"
			a, b := parameter(t, runfolder.Folder(out).Weights(pair[0]+"-0"), name), parameter(t, runfolder.Folder(out).Weights(pair[1]+"-0"), name)
			if slices.Equal(a, b) {
				t.Errorf("%s: %s learned what %s did", file, pair[1], pair[0])
			}
		}
		if code, stdout, stderr = call(t, "-export", out, path); code != 0 {
			t.Fatalf("-export: exit code %d\n%s%s", code, stdout, stderr)
		}
		n, err := onnx.Open(path)
		if err != nil || n.Check() != nil {
			t.Errorf("what was exported: %v", err)
		}
		if code, _, stderr := call(t, "-export", out, filepath.Join(t.TempDir(), "served")); code != 2 || !strings.Contains(stderr, "is exported to such a file") {
			t.Errorf("-export into a folder: exit code %d and %s", code, stderr)
		}
	}
}

// TestImportedModel wants the weights of the file, a classifier of its own, and blocks with the parameters
// that lie in them.
func TestImportedModel(t *testing.T) {
	for _, file := range exported {
		c := config{model: fromFile, weights: file, pixels: 16, headRate: 8, layerDecay: 0.5}
		model, err := c.Model(experiment.Final, 9, 1)
		if err != nil {
			t.Fatal(err)
		}
		m := model.(*imported)
		if !slices.Equal(m.Blocks(), []int{2}) || !strings.HasSuffix(m.String(), ".onnx") {
			t.Errorf("%v has the blocks %v", m, m.Blocks())
		}
		want := []dropout.Site{{Name: "block.0", Stages: 1, Blocks: 2}, {Name: "block.1", Stages: 1, Block: 1, Blocks: 2}, {Name: "features", Kind: dropout.Features}}
		if !slices.Equal(m.Sites(), want) {
			t.Errorf("%v has the sites %v", m, m.Sites())
		}
		arrays, err := onnx.Arrays(file)
		if err != nil {
			t.Fatal(err)
		}
		state, found := layers.State(m.Params()), 0
		for _, a := range arrays {
			if i := slices.IndexFunc(state, func(s layers.Array) bool { return s.Name == "body."+a.Name }); i >= 0 {
				if found++; !slices.Equal(state[i].Data, a.Data) {
					t.Errorf("%s is not that of the file", a.Name)
				}
			}
		}
		factor := c.factors(m)
		for _, p := range m.Params().All() {
			want := float32(1)
			if strings.HasPrefix(p.Name, "head.") {
				want = 8
			}
			if got := factor(p); got != want {
				t.Errorf("the factor of %s is %v, want %v", p.Name, got, want)
			}
		}
		if found < 8 {
			t.Errorf("%d of the file's %d arrays are in the network", found, len(arrays))
		}
	}
}

func TestImportedWrongly(t *testing.T) {
	none := filepath.Join(t.TempDir(), "nothing")
	for _, c := range []struct {
		args []string
		want string
	}{
		{importing(trained(t, "resnet-18"), none), "takes the network of a file of ONNX"},
		{importing(exported[0], none, "-channels", "4"), "has the channels of its file"},
		{importing(exported[0], none, "-freeze", "1"), "freeze at most 0"},
		{importing("../../onnx/testdata/words-script.onnx", none), "must take pictures"},
		{importing("../../onnx/testdata/sequences-script.onnx", none), "must take pictures"},
		{importing(exported[0], none, "-method", "stochasticdepth"), "where this kind of dropout acts"},
	} {
		if code, _, stderr := call(t, c.args...); code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d and %q, want %q", c.args, code, stderr, c.want)
		}
	}
}
