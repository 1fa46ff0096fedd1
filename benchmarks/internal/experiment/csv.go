package experiment

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/internal/atomicfile"
	"autodropout/train"
)

// writeCSV writes the steps of a training that has ended, and in the last line what it reached, as a
// table for other programs. A log that somebody has removed or damaged meanwhile costs the table alone.
func (s *finals[P]) writeCSV(row Row, u runfolder.Unit) error {
	training := row.name(u.Seed)
	steps, err := train.ReadLog(s.folder.Log(training))
	if err != nil {
		s.warnf("%s: there is no CSV file of it: %v", row.title(u.Seed), err)
		return nil
	}
	return atomicfile.Write(s.folder.CSV(training), func(w io.Writer) error { return stepsCSV(w, &s.about, steps, s.validations(row, u.Seed), u) })
}

// stepsCSV writes a line for each step. What is known of an epoch stands in the line of
// its last step, and what the training reached in the last of all.
func stepsCSV(w io.Writer, about *About, steps []train.Step, epochs []train.Validation, u runfolder.Unit) error {
	metric, watched := strings.ReplaceAll(about.Metric, " ", "_"), strings.ReplaceAll(about.Curves.Metric, " ", "_")
	header := []string{"step", "epoch", "size", "train_loss", "rate", "norm"}
	if len(epochs) > 0 {
		header = append(header, "epoch_train_loss", "epoch_valid_loss", "epoch_valid_"+watched)
	}
	out := csv.NewWriter(w)
	out.Write(append(header, about.Split+"_"+metric, about.Split+"_loss", "valid_"+metric, "seconds"))
	ends := map[int]train.Validation{}
	for _, v := range epochs {
		ends[v.Steps-1] = v
	}
	for i, s := range steps {
		line := []string{fmt.Sprint(s.Step), fmt.Sprint(s.Epoch), fmt.Sprint(s.Size), fmt.Sprint(s.Loss), fmt.Sprint(s.Rate), fmt.Sprint(s.Norm)}
		if v, ok := ends[s.Step]; ok {
			line = append(line, fmt.Sprint(v.Train), fmt.Sprint(v.Loss), fmt.Sprint(v.Score))
		} else if len(epochs) > 0 {
			line = append(line, "", "", "")
		}
		score, loss, valid := "", "", ""
		if i == len(steps)-1 && !u.Diverged {
			score, loss = fmt.Sprint(u.Value), fmt.Sprint(u.Loss)
			if u.Valid != 0 {
				valid = fmt.Sprint(u.Valid)
			}
		}
		out.Write(append(line, score, loss, valid, fmt.Sprint(s.Seconds)))
	}
	out.Flush()
	return out.Error()
}
