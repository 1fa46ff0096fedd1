package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAugmentationReachesTheTrainer(t *testing.T) {
	trained := map[string]string{}
	for _, flags := range [][]string{{"-augment=false"}, {"-augment"}, {"-augment=false", "-cutout", "8"},
		{"-augment=false", "-randaugment", "authors"}, {"-augment=false", "-randaugment", "paper"}} {
		folder := filepath.Join(t.TempDir(), "run")
		mustCall(t, tiny(folder, append(flags, "-method", "none")...)...)
		weights, err := os.ReadFile(filepath.Join(folder, "weights", "none-0.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := trained[string(weights)]; ok {
			t.Errorf("%v trains as %s does", flags, other)
		}
		trained[string(weights)] = flags[0]
	}
}
