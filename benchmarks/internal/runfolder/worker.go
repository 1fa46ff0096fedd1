package runfolder

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"autodropout/internal/atomicfile"
	"autodropout/internal/filelock"
)

// ID returns what tells the run in the folder from others with its name on a server.
func (h *Held) ID() (string, error) {
	path := h.Path(runID)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		err = atomicfile.WriteBytes(path, text)
	}
	return string(text), err
}

// workerPrefix begins the name of a folder in the temporary directory where a worker
// has its checkpoints.
const workerPrefix = "autodropout-worker-"

// Worker makes a folder for the checkpoints of a worker, which release removes. Those
// of workers that were killed are removed now.
func Worker() (folder string, release func(), err error) {
	const lock = "held"
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), workerPrefix+"*"))
	for _, old := range left {
		f, err := os.Open(filepath.Join(old, lock))
		if err != nil {
			continue // it is being made, or is another's
		}
		if filelock.Known && !filelock.Try(f) {
			os.RemoveAll(old)
		}
		f.Close()
	}
	if folder, err = os.MkdirTemp("", workerPrefix); err != nil {
		return "", nil, err
	}
	f, err := os.Create(filepath.Join(folder, lock))
	if err != nil {
		os.RemoveAll(folder)
		return "", nil, err
	}
	filelock.Try(f)
	return folder, func() { f.Close(); os.RemoveAll(folder) }, nil
}
