package runfolder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"autodropout/benchmarks/internal/usage"
	"autodropout/internal/atomicfile"
	"autodropout/internal/filelock"
	"autodropout/internal/sealed"
)

// Unit is a finished final training, a line of units.jsonl in a run's folder.
type Unit struct {
	Method string `json:"method"` // the key of its row
	Seed   int    `json:"seed"`
	Score
	Diverged bool    `json:"diverged,omitempty"`
	Seconds  float64 `json:"seconds"`
	Output   string  `json:"output,omitempty"` // what a program outside of the run's printed last

	// What [Held.Append] adds.
	Identity string `json:"identity,omitempty"` // of the run, see [Identity.Sum]
	Weights  string `json:"weights,omitempty"`  // the checksum of their file; "": not known
	Log      string `json:"log,omitempty"`      // the checksum of its file; "": not known
	Epochs   string `json:"epochs,omitempty"`   // likewise, of the log of its epochs
	CSV      string `json:"csv,omitempty"`      // likewise
}

// name is what the files of the training are called.
func (u *Unit) name() string { return Training(u.Method, u.Seed) }

// Score is what a training reached.
type Score struct {
	Value float64 `json:"value"`           // the metric on the test split; a child's reward
	Valid float64 `json:"valid,omitempty"` // the metric on the validation split; 0: not taken
	Loss  float64 `json:"loss"`            // where Value was taken

	Also []float64 `json:"also,omitempty"` // the measures that the subject has beside the metric

	Values map[string]float64 `json:"values,omitempty"` // what a program outside of the run's has measured besides
}

// Finite reports whether all numbers of a score are: those of a network that has
// learned nothing but to be wrong may not be.
func (s Score) Finite() bool {
	for _, v := range append([]float64{s.Value, s.Valid, s.Loss}, s.Also...) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// Held is the folder of a run in which this process works, and no other. Its
// journal, the file of final trainings, only grows. Its methods may be called from
// several goroutines.
type Held struct {
	Folder
	lock   *os.File
	sum    string   // of the identity; "": none
	damage []string // that was found when the folder was opened

	mu    sync.Mutex
	file  *os.File
	size  int64 // of all whole lines
	units []Unit
	bad   []damagedLine // of the journal
}

// Hold keeps other processes from working in the folder until [Held.Close]; it is a
// *[usage.Error] when one does already. What a session that was killed has left
// half-written is removed.
func (f Folder) Hold() (h *Held, err error) {
	lock, err := take(f)
	if err != nil {
		return nil, err
	}
	return settle(f, lock)
}

// take holds the file that stands for the whole folder. It is never replaced: two
// files of one name could be held by two processes.
func take(f Folder) (lock *os.File, err error) {
	if lock, err = os.OpenFile(f.Path(lockName), os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, fmt.Errorf("cannot hold the output folder: %w", err)
	}
	if filelock.Try(lock) {
		lock.Close()
		return nil, usage.Errorf("another process works in %s: wait until it has ended, or give -out another folder", f)
	}
	return lock, nil
}

// settle makes the folder, which is held by a file, ready for work.
func settle(f Folder, lock *os.File) (h *Held, err error) {
	h = &Held{Folder: f, lock: lock}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	for _, sub := range []string{logs, weights, checkpoints} {
		if err := os.MkdirAll(f.Path(sub), 0o777); err != nil {
			return nil, err
		}
	}
	err = filepath.WalkDir(string(f), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return atomicfile.Sweep(path)
	})
	if err != nil {
		return nil, err
	}
	return h, h.open()
}

// open reads the journal and cuts off a last line that is not whole.
func (h *Held) open() (err error) {
	if h.file, err = os.OpenFile(h.Path(Journal), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
		return err
	}
	text, err := os.ReadFile(h.Path(Journal))
	if err != nil {
		return err
	}
	h.units, h.bad, h.size = parse(text)
	return h.file.Truncate(h.size)
}

// damagedLine is one of a journal that cannot be read, counted from 1.
type damagedLine struct {
	number int
	why    error
}

// parse returns the units of a journal, the lines that are none, and the size of all
// whole lines.
func parse(text []byte) (found []Unit, bad []damagedLine, size int64) {
	whole := bytes.LastIndexByte(text, '\n') + 1
	number := 0
	for line := range bytes.Lines(text[:whole]) {
		number++
		u, err := parseLine(bytes.TrimSuffix(line, []byte("\n")))
		if err == nil && slices.ContainsFunc(found, func(v Unit) bool { return v.name() == u.name() }) {
			err = errors.New("there is one of this training before it")
		}
		if err != nil {
			bad = append(bad, damagedLine{number, err})
			continue
		}
		found = append(found, u)
	}
	return found, bad, int64(whole)
}

// parseLine reads a line. One without a checksum, as those of before 2026-11-29 are,
// must have the fields of a unit and no other: the name of its checksum may be what is
// damaged.
func parseLine(line []byte) (u Unit, err error) {
	object, err := sealed.Open(line)
	if err != nil {
		return u, err
	}
	decoder := json.NewDecoder(bytes.NewReader(object))
	if bytes.Equal(object, line) {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(&u); err != nil {
		return u, fmt.Errorf("it is not a final training: %w", err)
	}
	if u.Method == "" || u.Seed < 0 || decoder.More() {
		return u, errors.New("it is not a final training")
	}
	return u, nil
}

// Append adds a unit, with the checksums of its files and the identity of the run;
// it is on disk when Append returns. Where that fails the journal is as it was.
func (h *Held) Append(u Unit) error {
	u.Identity = h.sum
	for _, file := range filesOf(h.Folder, &u) {
		var err error
		if *file.sum, err = checksum(file.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	line, err := encode(u)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err = h.file.Write(line); err == nil {
		err = h.file.Sync()
	}
	if err != nil {
		return errors.Join(err, h.file.Truncate(h.size))
	}
	h.size += int64(len(line))
	h.units = append(h.units, u)
	return nil
}

func encode(u Unit) ([]byte, error) {
	line, err := json.Marshal(u)
	if err != nil {
		return nil, err
	}
	return append(sealed.Line(line), '\n'), nil
}

// Finished returns the final trainings that have finished, those of earlier sessions
// first.
func (h *Held) Finished() []Unit {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.units)
}

// Close lets other processes work in the folder.
func (h *Held) Close() error {
	var err error
	if h.file != nil {
		err = h.file.Close()
	}
	return errors.Join(err, h.lock.Close())
}
