package runfolder

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/words"
	"autodropout/internal/atomicfile"
	"autodropout/internal/disk"
)

// checksum returns the CRC-32 (IEEE) of a file in eight hexadecimal digits.
func checksum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return fmt.Sprintf("%08x", sum.Sum32()), nil
}

// state is what has become of a file since its training finished.
type state int

const (
	intact state = iota // or nothing is known of what it was
	missing
	changed
)

// look compares a file with its checksum. What cannot be read counts as changed.
func look(path, want string) state {
	if want == "" {
		return intact
	}
	switch sum, err := checksum(path); {
	case errors.Is(err, fs.ErrNotExist):
		return missing
	case err != nil || sum != want:
		return changed
	}
	return intact
}

// file is one that a training leaves.
type file struct {
	path string
	sum  *string // in the unit
	then string  // what follows where it is damaged
}

// filesOf returns those of a training that the journal has checksums of, its weights first.
func filesOf(f Folder, u *Unit) []file {
	const stands = ", and the training still counts"
	return []file{
		{f.Weights(u.name()), &u.Weights, "the training is repeated"},
		{f.Log(u.name()), &u.Log, "its curve is lost" + stands},
		{f.Validations(u.name()), &u.Epochs, "its validation curve is lost" + stands},
		{f.CSV(u.name()), &u.CSV, "the table is lost" + stands},
	}
}

// Mend looks for damage: lines of the journal, weights, logs and tables that are not what
// the run wrote. What can be made again is forgotten, so that it will be: a training
// whose line or whose weights are damaged. Damaged files are set aside. Files that are
// not there may have been removed on purpose, and what the journal says of their
// trainings stands. It returns what there is to say, in sentences.
func (h *Held) Mend() (sentences []string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	sentences = h.damage
	for _, line := range h.bad {
		sentences = append(sentences, fmt.Sprintf("Line %d of %s is damaged (%v) and is left out. If its training is now missing, it is repeated.", line.number, Journal, line.why))
	}
	var gone []string
	whole := h.units[:0:0]
	for _, u := range h.units {
		kept := true
		for i, file := range filesOf(h.Folder, &u) {
			name, _ := filepath.Rel(string(h.Folder), file.path)
			switch look(file.path, *file.sum) {
			case missing:
				gone = append(gone, name)
			case changed:
				aside := disk.Aside(disk.OS{}, file.path)
				if err := os.Rename(file.path, aside); err != nil {
					return nil, err
				}
				sentences = append(sentences, fmt.Sprintf("%s is damaged (it is not what the run wrote). It is set aside as %s, and %s.", name, filepath.Base(aside), file.then))
				kept = kept && i > 0 // without its weights it is made again
			}
		}
		if kept {
			whole = append(whole, u)
		}
	}
	if len(gone) > 0 {
		sentences = append(sentences, fmt.Sprintf("Missing: %s. The results of these trainings still count. To repeat a training, remove its line from %s.", some(gone), Journal))
	}
	if len(h.bad) > 0 || len(whole) < len(h.units) {
		err = h.rewrite(whole)
	}
	h.damage, h.bad = nil, nil
	return sentences, err
}

// some lists names, not all of many.
func some(names []string) string {
	const most = 4
	if len(names) <= most {
		return words.And(names)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// rewrite leaves some of the units in the journal, of which a copy is kept where it
// is damaged. The caller holds mu.
func (h *Held) rewrite(left []Unit) error {
	if len(h.bad) > 0 {
		text, err := os.ReadFile(h.Path(Journal))
		if err == nil {
			err = atomicfile.WriteBytes(disk.Aside(disk.OS{}, h.Path(Journal)), text)
		}
		if err != nil {
			return err
		}
	}
	var text []byte
	for _, u := range left {
		line, err := encode(u)
		if err != nil {
			return err
		}
		text = append(text, line...)
	}
	return errors.Join(h.file.Close(), atomicfile.WriteBytes(h.Path(Journal), text), h.open())
}

// FindWeights returns the file with the weights of the best training of the rows:
// better compares two scores. Weights that are damaged, or not there, are passed over,
// which the sentences say. Where no training has finished it is the newest checkpoint of
// one that has not.
func (f Folder) FindWeights(rows []string, better func(a, b Score) bool) (path string, sentences []string, err error) {
	text, err := os.ReadFile(f.Path(Journal))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("cannot read what the run has finished: %w", err)
	}
	finished, bad, _ := parse(text)
	for _, line := range bad {
		sentences = append(sentences, fmt.Sprintf("Line %d of %s is damaged (%v) and is skipped.", line.number, f.Path(Journal), line.why))
	}
	diverged := 0
	finished = slices.DeleteFunc(finished, func(u Unit) bool {
		if slices.Contains(rows, u.Method) && u.Diverged {
			diverged++
		}
		return u.Diverged || !slices.Contains(rows, u.Method)
	})
	slices.SortStableFunc(finished, func(a, b Unit) int {
		switch {
		case better(a.Score, b.Score):
			return -1
		case better(b.Score, a.Score):
			return 1
		}
		return 0
	})
	for _, u := range finished {
		path := f.Weights(u.name())
		found := look(path, u.Weights)
		if _, err := os.Stat(path); err != nil {
			found = missing
		}
		switch found {
		case intact:
			return path, sentences, nil
		case missing:
			sentences = append(sentences, fmt.Sprintf("The weights %s are missing and are skipped.", path))
		case changed:
			sentences = append(sentences, fmt.Sprintf("The weights %s are damaged (they are not what the run wrote) and are skipped: -resume alone makes them again.", path))
		}
	}
	if path = unfinished(f, rows); path != "" {
		return path, sentences, nil
	}
	why := "has trained no model yet: continue it with -resume until it has"
	switch {
	case len(finished) > 0:
		why = "has no whole weights left. " + strings.Join(sentences, " ")
	case diverged > 0:
		why = "has no model: " + words.Count(diverged, "training", "trainings") + " of it diverged, and no other has finished"
	}
	return "", nil, fmt.Errorf("the run in %s %s", f, why)
}

// unfinished returns the newest checkpoint of a training of the rows, "" where there
// is none.
func unfinished(f Folder, rows []string) string {
	entries, _ := os.ReadDir(f.Path(checkpoints)) // where it cannot be read there is none
	for _, row := range rows {
		for _, entry := range entries {
			training, _, isCheckpoint := strings.Cut(entry.Name(), filepath.Ext(f.Checkpoint("")))
			seed, ofRow := strings.CutPrefix(training, row+"-")
			if !isCheckpoint || !ofRow || strings.Trim(seed, "0123456789") != "" {
				continue
			}
			// A process that was killed between two renamings has left none without a number.
			if versions := atomicfile.Versions(f.Checkpoint(training)); len(versions) > 0 {
				return versions[0]
			}
		}
	}
	return ""
}
