package cli

import (
	"path/filepath"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
)

// OpenFolder makes the folder of a run ready, before anything is computed, and keeps
// other processes from it. A fresh
// run needs one that is new or empty and writes its settings there; one that is
// resumed must have been started with the same. It is a *[usage.Error] when the
// folder does not fit the request, another error when it cannot be written.
func OpenFolder(name string, run Run) (*runfolder.Held, error) {
	folder := runfolder.Folder(run.Out)
	if folder == "" {
		folder = runfolder.Folder(filepath.Join("runs", name+"-"+time.Now().Format("20060102-150405")))
	}
	text, err := run.Settings.TOML()
	if err != nil {
		return nil, err
	}
	if !run.Resume {
		return folder.Create(string(text), run.Command)
	}
	if err := sameSettings(folder, string(text)); err != nil {
		return nil, err
	}
	if err := folder.Writable(); err != nil {
		return nil, err
	}
	return folder.Hold()
}

func sameSettings(folder runfolder.Folder, settings string) error {
	path := folder.Path(runfolder.Config)
	before, err := readConfig(path)
	if err != nil {
		return err
	}
	now, err := parseConfig(path, settings)
	if err != nil {
		return err
	}
	for _, key := range now.keys {
		// Settings that are new since then are for the identity of the run to tell of.
		if was, had := before.values[key]; had && was != now.values[key] {
			return usage.Errorf("the run in %s was started with -%s %s, not %s: give -out another folder for other settings",
				folder, key, was, now.values[key])
		}
	}
	return nil
}
