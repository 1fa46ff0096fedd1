package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync/atomic"

	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/dropout"
	"autodropout/train"
)

// setup is what the parts of an experiment share. Only the counter, the record and
// the progress change once it is made.
type setup[P Pattern] struct {
	subject Subject[P]
	about   About
	plan    Plan
	rows    []Row           // that were asked for
	table   []Row           // all there are
	given   P               // the pattern of the plan's file, if it names one
	folder  *runfolder.Held // nil: a worker has none

	identity string   // of the run, which all of its work carries
	earlier  []string // identities that it had before, which was accepted
	changed  []string // sentences about what has changed since the run began

	stderr io.Writer
	record *record
	shown  atomic.Pointer[progress.Progress] // nil until it is known what is to do
	stop   context.CancelCauseFunc
	taken  atomic.Int64 // training steps of this session, those of searches included
	cost   costs
}

// errSteps stops a run that has taken the steps it was allowed.
var errSteps = errors.New("the steps that -steps allows were taken")

// stepped counts a training step against -steps and shows it.
func (s *setup[P]) stepped(piece *progress.Piece, step train.Step) {
	piece.Step(step)
	if n := s.taken.Add(1); s.plan.Steps > 0 && n >= int64(s.plan.Steps) {
		s.stop(errSteps)
	}
}

// logf prints a line, above the bars where there are some already.
func (s *setup[P]) logf(format string, args ...any) {
	if shown := s.shown.Load(); shown != nil {
		shown.Logf(format, args...)
		return
	}
	fmt.Fprintf(s.stderr, format+"\n", args...)
}

// warnf is logf for what must be read even where nobody wants to see how the run
// advances.
func (s *setup[P]) warnf(format string, args ...any) {
	if shown := s.shown.Load(); shown != nil {
		shown.Warnf(format, args...)
		return
	}
	s.logf(format, args...)
}

// rated returns a row's hand-made dropout with a rate, or its given pattern with a strength.
func (s *setup[P]) rated(row *Row, rate float64) Dropped[P] {
	d := Dropped[P]{Rate: &rate}
	switch {
	case row.Rated.Policy != nil:
		d.ByHand = row.Rated.Policy(rate)
	case row.Kind == sheet.Given:
		pattern := any(any(s.given).(dropout.Pattern).Times(rate)).(P)
		d.Pattern = &pattern
	}
	return d
}

// patternSum returns a checksum of the pattern that the run was given; "": it was given none.
func (s *setup[P]) patternSum() (string, error) {
	if s.plan.Pattern == "" {
		return "", nil
	}
	text, err := s.given.MarshalJSON()
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)), err
}

// trialData returns a checksum of all that a trial reads: data, and the pattern whose strength
// it may choose. Both are files of each worker's own.
func (s *setup[P]) trialData() (string, error) {
	sum := s.about.Data()
	pattern, err := s.patternSum()
	if pattern != "" {
		sum += "-" + pattern
	}
	return sum, err
}

// piece begins a piece of the run on the progress.
func (s *setup[P]) piece(name string, steps int, cost float64) *progress.Piece {
	return s.shown.Load().Piece(name, steps, cost)
}

// common returns what all trainings have in common. The title is what people
// know this one by.
func (s *setup[P]) common(title, checkpoint string) train.Common {
	return train.Common{
		Identity:        s.identity,
		Earlier:         s.earlier,
		Checkpoint:      checkpoint,
		CheckpointEvery: s.plan.CheckpointEvery,
		KeepCheckpoints: s.plan.Checkpoints,
		CheckFinite:     s.plan.Debug == "nan",
		Recompute:       s.plan.Recompute,
		Notify:          func(notice string) { s.warnf("%s: %s", title, notice) },
	}
}

// smallStep is how many seconds a training step takes at most that has little for several
// cores to do: waking them costs it about as much as they save.
const smallStep = 0.1

// together returns how many of some trainings of a network should run at a time. Those of
// small networks do, each on a core of its own. Large networks have the machine for
// themselves. Of programs outside of this process nothing is known: as many run as were
// asked for.
func (s *setup[P]) together(n Network, trainings int) int {
	if cost := s.cost[n]; !s.about.Outside && (cost == 0 || cost > smallStep) {
		return 1
	}
	return min(s.plan.workers(), trainings)
}

// complete runs a training. That its last checkpoint cannot be saved is no
// reason to lose a training that is complete.
func (s *setup[P]) complete(ctx context.Context, title string, training *Training) error {
	err := training.Run(ctx)
	if unsaved := (*train.SaveError)(nil); errors.As(err, &unsaved) && training.Done() == training.Total() {
		s.warnf("%s: %v; the training is complete and goes on to be scored", title, unsaved)
		return nil
	}
	return err
}

// savePattern writes a pattern, and says so where the file was another one: it has
// been damaged or changed since the run wrote it, or the run goes on with what has
// changed.
func (s *setup[P]) savePattern(pattern P, path string) error {
	text, err := pattern.MarshalJSON()
	if err != nil {
		return err
	}
	if before, err := os.ReadFile(path); err == nil {
		var was, is bytes.Buffer
		if json.Compact(&was, before) != nil || json.Compact(&is, text) != nil || !bytes.Equal(was.Bytes(), is.Bytes()) {
			s.warnf("%s is not what the run wrote, or finds now: it is written again", path)
		}
	}
	return pattern.Save(path)
}

// tryNetworks makes the trainings of all networks that rows need, and forgets them:
// sizes and rates that are not possible are errors.
func (s *setup[P]) tryNetworks() error {
	tried := map[Network]bool{}
	for _, row := range s.rows {
		needed := []Network{row.Network}
		if row.searches() {
			needed = append(needed, Child)
		}
		for _, n := range needed {
			if tried[n] {
				continue
			}
			tried[n] = true
			if _, err := s.subject.Prepare(&Order[P]{Network: n}); err != nil {
				return err
			}
		}
	}
	return nil
}
