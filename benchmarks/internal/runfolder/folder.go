package runfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/usage"
	"autodropout/internal/atomicfile"
)

// Folder is the path of a run's folder, or of one of its searches' within it.
type Folder string

// The files of a run, for [Folder.Path].
const (
	Config      = "config.toml" // the settings, below a line with the command
	Given       = "given-pattern.json"
	Journal     = "units.jsonl" // a line for each final training that has finished
	result      = "result.json"
	Table       = "table.txt"
	Report      = "report.html"
	BestPattern = "best-pattern.json"
	Masks       = "best-pattern.png"
	Losses      = "loss.svg"
	Rewards     = "search.svg"
	BadImages   = "bad-images.txt"
	Server      = "nats" // a folder of the server that is part of the run
	runID       = "run-id"
	lockName    = "lock" // held by the process that works in the folder
)

// The files of a search, below the folder with the key of its row.
const (
	Trials    = "trials.jsonl"
	Finalists = "finalists.jsonl"
	Pattern   = "pattern.json"
)

// The folders of a run with files for each final training.
const (
	logs        = "logs"
	weights     = "weights"
	checkpoints = "checkpoints"
	events      = "tensorboard"
)

// Path returns the path of a file in the folder.
func (f Folder) Path(elements ...string) string {
	return filepath.Join(append([]string{string(f)}, elements...)...)
}

// Search returns the folder of the search of a row.
func (f Folder) Search(row string) Folder { return Folder(f.Path(row)) }

// Trial returns the checkpoint of trial i of a search.
func (f Folder) Trial(i int) string { return f.Path(fmt.Sprintf("trial-%d.safetensors", i)) }

// Finalist returns the checkpoint of trial i of those that try the best points of a
// search again.
func (f Folder) Finalist(i int) string { return f.Path(fmt.Sprintf("finalist-%d.safetensors", i)) }

// Training names the files of the final training of a row with a seed.
func Training(row string, seed int) string { return fmt.Sprintf("%s-%d", row, seed) }

// Log returns the log of a training.
func (f Folder) Log(training string) string { return f.Path(logs, training+".jsonl") }

// Validations returns the log of what a training was scored on after its epochs.
func (f Folder) Validations(training string) string {
	return f.Path(logs, training+".epochs.jsonl")
}

// CSV returns the same as a table, with what the training reached.
func (f Folder) CSV(training string) string { return f.Path(logs, training+".csv") }

// Weights returns what a training has learned.
func (f Folder) Weights(training string) string { return f.Path(weights, training+".safetensors") }

// Checkpoint returns the checkpoint of a training.
func (f Folder) Checkpoint(training string) string {
	return f.Path(checkpoints, training+".safetensors")
}

// Events returns the folder of what TensorBoard shows of a training, a search or a
// pattern.
func (f Folder) Events(of string) string { return f.Path(events, of) }

// commandMark begins the first line of a run's settings, which has its command.
const commandMark = "# "

// Check returns a *[usage.Error] where there is no run in the folder.
func (f Folder) Check() error {
	info, err := os.Stat(string(f))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage.Errorf("there is no folder %s: name that of the run to continue", f)
	case err == nil && !info.IsDir():
		return usage.Errorf("%s is a file: name the folder of the run to continue", f)
	case err == nil:
		_, err = os.Stat(f.Path(Config))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return usage.Errorf("there is no run in the folder %s, it has no %s: name that of the run to continue", f, Config)
	}
	return err
}

// Settings returns the text of the run's settings, and the command that started it,
// "" when that is not known.
func (f Folder) Settings() (text, command string, err error) {
	content, err := os.ReadFile(f.Path(Config))
	if err != nil {
		return "", "", err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	if mine, found := strings.CutPrefix(first, commandMark); found {
		command = strings.TrimSpace(mine)
	}
	if err := CheckSettings(string(content)); err != nil {
		return "", "", fmt.Errorf("%s are no settings of a run: %w: restore the file that the run wrote", f.Path(Config), err)
	}
	return string(content), command, nil
}

// CheckSettings returns an error for a text that is too long, or too deep, to be a
// run's settings. The reader of TOML calls itself for every bracket, and takes
// more than the square of the number of dots in a key.
func CheckSettings(text string) error {
	const mostBytes, mostDots, mostDepth = 1 << 16, 1000, 100 // dots of a line
	if len(text) > mostBytes {
		return fmt.Errorf("it has %d bytes, and settings have at most %d", len(text), mostBytes)
	}
	depth, dots := 0, 0
	for _, c := range []byte(text) {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		case '.':
			dots++
		case '\n':
			dots = 0
		}
		if depth > mostDepth || dots > mostDots {
			return fmt.Errorf("a line has more than %d dots, or brackets are more than %d deep", mostDots, mostDepth)
		}
	}
	return nil
}

// Create makes the folder of a new run, which must be new or empty, with its
// settings, and holds it. It is a *[usage.Error] when it has something in it, or
// another process makes a run there.
func (f Folder) Create(settings, command string) (*Held, error) {
	if err := vacant(f); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(string(f), 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the output folder: %w", err)
	}
	if err := f.Writable(); err != nil {
		return nil, err
	}
	lock, err := take(f)
	if err != nil {
		return nil, err
	}
	// Another process may have been faster, and have ended.
	if err = vacant(f); err == nil {
		err = atomicfile.WriteBytes(f.Path(Config), []byte(commandMark+strings.ReplaceAll(command, "\n", "\n"+commandMark)+"\n"+settings))
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return settle(f, lock)
}

// vacant returns an error where there is something in the folder.
func vacant(f Folder) error {
	entries, err := os.ReadDir(string(f))
	// A run that was killed when it began, or is beginning, leaves these.
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == lockName || atomicfile.IsTemporary(e.Name()) })
	switch {
	case err == nil && len(entries) > 0:
		return usage.Errorf("the folder %s is not empty: add -resume to continue the run in it, or give -out another folder", f)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot use the output folder: %w", err)
	}
	return nil
}

// Writable tries to write to the folder.
func (f Folder) Writable() error {
	probe, err := os.CreateTemp(string(f), ".probe-*.tmp")
	if err != nil {
		return fmt.Errorf("cannot write to the output folder: %w", err)
	}
	probe.Close()
	// Who holds the folder sweeps temporary files, and may have been faster.
	if err := os.Remove(probe.Name()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Result returns what the run has found; nil: it has not ended.
func (f Folder) Result() (*Result, error) {
	text, err := os.ReadFile(f.Path(result))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	r := &Result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s is not the result of a run: %w: copy the file that the run wrote", f.Path(result), err)
	}
	return r, nil
}

// Units returns the final trainings that have finished, of which there need not be
// any. A last line that is not whole is not read: a run may be writing it.
func (f Folder) Units() ([]Unit, error) {
	text, err := os.ReadFile(f.Path(Journal))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found, bad, _ := parse(text)
	if len(bad) > 0 {
		return nil, fmt.Errorf("%s, line %d is damaged (%w): -resume with its folder makes good what can be", f.Path(Journal), bad[0].number, bad[0].why)
	}
	return found, nil
}
