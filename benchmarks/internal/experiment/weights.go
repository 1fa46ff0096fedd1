package experiment

import (
	"fmt"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/runfolder"
)

// Weights returns the file with the best weights that the run to be resumed has
// trained for some rows: better compares two scores. What is damaged is named on
// stderr. It is a *[usage.Error] where the run was trained on other data than the
// subject has, unless that is accepted: words would be other ones.
func Weights(asked cli.Run, about About, rows []string, better func(a, b runfolder.Score) bool, stderr io.Writer) (path string, err error) {
	folder := runfolder.Folder(asked.Out)
	if !asked.Accept {
		if err := folder.CheckData(about.reads()); err != nil {
			return "", err
		}
	}
	path, sentences, err := folder.FindWeights(rows, better)
	for _, sentence := range sentences {
		fmt.Fprintln(stderr, sentence)
	}
	return path, err
}
