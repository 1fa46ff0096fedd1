package experiment

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/internal/atomicfile"
	"autodropout/train"
)

// takeEpochs takes in what a program outside of this process told of the epochs of a final
// training: it leaves the same log, table and events as a training of this process.
func (s *finals[P]) takeEpochs(row Row, u runfolder.Unit, epochs []train.Validation, events *trainingEvents) error {
	if len(epochs) == 0 {
		return nil
	}
	training := row.name(u.Seed)
	err := atomicfile.Write(s.folder.Validations(training), func(w io.Writer) error {
		out := json.NewEncoder(w)
		for _, v := range epochs {
			if err := out.Encode(v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, v := range epochs {
		s.record.validation(row, u.Seed, v)
		events.last = v.Steps
		events.validation(&s.about, v)
	}
	return atomicfile.Write(s.folder.CSV(training), func(w io.Writer) error { return epochsCSV(w, &s.about, epochs, u) })
}

// epochsCSV writes a line for each epoch, and what the training reached in the last one.
func epochsCSV(w io.Writer, about *About, epochs []train.Validation, u runfolder.Unit) error {
	column := strings.NewReplacer(" ", "_").Replace
	out := csv.NewWriter(w)
	out.Write([]string{"epoch", "epoch_train_loss", "epoch_valid_loss", "epoch_valid_" + column(about.Curves.Metric), about.Split + "_" + column(about.Metric), "seconds"})
	text := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return fmt.Sprint(v)
	}
	for i, v := range epochs {
		line := []string{fmt.Sprint(v.Epoch), text(v.Train), text(v.Loss), text(v.Score), "", ""}
		if i == len(epochs)-1 && !u.Diverged {
			line[4], line[5] = fmt.Sprint(u.Value), fmt.Sprint(u.Seconds)
		}
		out.Write(line)
	}
	out.Flush()
	return out.Error()
}
