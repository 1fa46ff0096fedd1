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
	return atomicfile.Write(s.folder.CSV(training), func(w io.Writer) error { return stepsCSV(w, &s.about, steps, u) })
}

func stepsCSV(w io.Writer, about *About, steps []train.Step, u runfolder.Unit) error {
	metric := strings.ReplaceAll(about.Metric, " ", "_")
	out := csv.NewWriter(w)
	out.Write([]string{"step", "epoch", "size", "train_loss", "rate", "norm", about.Split + "_" + metric, about.Split + "_loss", "valid_" + metric, "seconds"})
	for i, s := range steps {
		score, loss, valid := "", "", ""
		if i == len(steps)-1 && !u.Diverged {
			score, loss = fmt.Sprint(u.Value), fmt.Sprint(u.Loss)
			if u.Valid != 0 {
				valid = fmt.Sprint(u.Valid)
			}
		}
		out.Write([]string{fmt.Sprint(s.Step), fmt.Sprint(s.Epoch), fmt.Sprint(s.Size), fmt.Sprint(s.Loss), fmt.Sprint(s.Rate), fmt.Sprint(s.Norm), score, loss, valid, fmt.Sprint(s.Seconds)})
	}
	out.Flush()
	return out.Error()
}
