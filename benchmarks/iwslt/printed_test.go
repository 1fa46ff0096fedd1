package main

import (
	"fmt"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

func TestPrintedCommands(t *testing.T) {
	t.Setenv("AUTODROPOUT_DATA", t.TempDir())
	files := map[string]string{}
	for i := range 60 {
		for _, part := range []string{"train", "val", "test_2016_flickr"} {
			if part == "train" || i < 3 {
				files[part+".de"] += fmt.Sprintf("Das ist der Satz Nr. %d, „nicht“ wahr?\n", i)
				files[part+".en"] += fmt.Sprintf("This isn't sentence no. %d, is it?\n", i)
			}
		}
	}
	folder := benchtest.Folder(t, files, t.TempDir(), "multi30k", "raw")
	benchtest.Program(benchmark.Run).RunsPrinted(t, "iwslt", folder, 4, "-merges", "50", "-epochs", "1", "-search-epochs", "1", "-trials", "2",
		"-in-flight", "1", "-seeds", "1", "-layers", "1", "-width", "8", "-heads", "2", "-inner", "8", "-search-layers", "1", "-search-width", "8", "-search-inner", "8",
		"-tokens", "400", "-longest", "50", "-beam", "1", "-warm-up", "1", "-method", "none,autodropout")
}
