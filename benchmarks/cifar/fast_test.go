package main

import (
	"runtime"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/experiment"
)

// tinyFast is a run of the fast recipe with a small network: 12 steps, of which 4 train
// the first layer's bias, and look-ahead after two of them.
func tinyFast(out string, more ...string) []string {
	return append([]string{"-preset", "fast", "-data", "synthetic", "-train-size", "30", "-test-size", "20", "-batch", "10",
		"-epochs", "4", "-channels", "8,12,10", "-pixels", "16", "-seeds", "1", "-out", out}, more...)
}

// TestFastSameAlways: a run without a break, on one core, on seven, and in pieces.
func TestFastSameAlways(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(7))
	benchtest.Program(run).SameAlways(t, func(out string, more ...string) []string {
		return tinyFast(out, append(more, "-recipe", "fast96", "-cutout", "4", "-method", "none,dropblock")...)
	}, 3, 2, 4, 9)
}

// TestFastPreset: the table is that of the network of the preset.
func TestFastPreset(t *testing.T) {
	benchtest.Program(run).Prints(t, []string{"FastNet-8-12-10 on synthetic", "preset fast", "| none "}, tinyFast(t.TempDir()+"/run")...)
}

// TestFastLength: a prediction takes as long as the training on two images, since it sees six
// views; of which fast96 trains on half as many.
func TestFastLength(t *testing.T) {
	for want, c := range map[int]config{166: fast, 83: fast96, quick.Batch: quick} {
		if got := c.Length(experiment.Final); got.Images != want || got.Epochs != c.Epochs {
			t.Errorf("the preset with recipe %s has the length %+v, want %d images", c.recipe, got, want)
		}
	}
}

func TestFastRefuses(t *testing.T) {
	benchtest.Program(run).Refuses(t, "cifar", []benchtest.Wrong{
		{Args: "-preset fast -data synthetic -channels 64,256", Code: 2, Want: "each of the three blocks"},
		{Args: "-preset fast -data synthetic -pixels 8", Code: 2, Want: "at least 9"},
		{Args: "-preset fast -data synthetic -recipe slow", Code: 2, Want: "fast96"},
		{Args: "-preset fast -data synthetic -method stochasticdepth", Code: 2, Want: "branch"},
	})
}
