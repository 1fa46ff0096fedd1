package cli

import (
	"os"

	"autodropout/benchmarks/internal/runfolder"
)

// PatternFile returns where the pattern of a run is that was given one: in its folder,
// once it is there. The file it came from may have changed, or be elsewhere.
func (r *Run) PatternFile(given string) string {
	if r.Resume {
		kept := runfolder.Folder(r.Out).Path(runfolder.Given)
		if _, err := os.Stat(kept); err == nil {
			return kept
		}
	}
	return given
}
