package main

import (
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
)

func TestPrintedCommands(t *testing.T) {
	words := strings.Fields("the market fell rose and <unk> company said of a")
	var text strings.Builder
	for i := range 3000 {
		text.WriteString(words[i*i%7*i%len(words)] + " ")
		if i%9 == 0 {
			text.WriteString("\n")
		}
	}
	text.WriteString(strings.Join(words, " ") + "\n")
	files := map[string]string{"train.txt": text.String(), "valid.txt": text.String()[:3000], "test.txt": text.String()[:3000]}
	folder := benchtest.Folder(t, files, t.TempDir(), "texts")
	benchtest.Program(benchmark.Run).RunsPrinted(t, "ptb", folder, 3, "-epochs", "1", "-search-epochs", "1", "-trials", "2", "-tune=false", "-finalists", "0",
		"-in-flight", "1", "-seeds", "1", "-bptt", "20", "-eval-bptt", "10", "-memory", "10", "-layers", "1", "-width", "8", "-heads", "2", "-inner", "8", "-search-layers", "1", "-search-width", "8", "-search-inner", "8",
		"-batch", "4", "-method", "none,autodropout")
}
