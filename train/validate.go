package train

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"autodropout/weights"
)

// Validation is a score that Validate gave after an epoch.
type Validation struct {
	Epoch int
	Steps int // taken until then
	Score float64
}

// Validations returns the scores so far.
func (l *Loop) Validations() []Validation { return append([]Validation(nil), l.validations...) }

// Best returns the best score so far, the first one of those that are equal; nil
// where there is none that is a number.
func (l *Loop) Best() *Validation {
	var best *Validation
	for i := range l.validations {
		if v := &l.validations[i]; v.Score == v.Score && (best == nil || l.better(v.Score, best.Score)) {
			best = v
		}
	}
	if best == nil {
		return nil
	}
	copied := *best
	return &copied
}

func (l *Loop) better(a, b float64) bool {
	return a < b && !l.config.Higher || a > b && l.config.Higher
}

// Stopped reports whether the training has ended before all of its steps, because
// no score was better than the best one for as many epochs as Patience says.
func (l *Loop) Stopped() bool {
	if l.config.Patience == 0 || l.Done() == l.total {
		return false
	}
	since := len(l.validations)
	if best := l.Best(); best != nil {
		for i, v := range l.validations {
			if v == *best {
				since = len(l.validations) - 1 - i
				break
			}
		}
	}
	return since >= l.config.Patience
}

// validate scores the model, with its averaged weights where there is an average,
// when an epoch has ended, and saves them when they are the best so far.
func (l *Loop) validate(ctx context.Context) error {
	if !l.due || ctx.Err() != nil {
		return nil
	}
	v := Validation{Epoch: l.epoch, Steps: l.Done()}
	err := l.averaged(func() (err error) {
		v.Score, err = l.config.Validate(ctx)
		return err
	})
	if ctx.Err() != nil {
		return nil // it is due again when the training goes on
	}
	if err != nil {
		return fmt.Errorf("train: cannot validate after epoch %d: %w", v.Epoch+1, err)
	}
	l.due = false
	l.validations = append(l.validations, v)
	if best := l.Best(); l.config.BestWeights != "" && best != nil && best.Steps == v.Steps {
		if err := l.SaveWeights(l.config.BestWeights); err != nil {
			return err
		}
	}
	if l.config.OnValidation != nil {
		l.config.OnValidation(v)
	}
	return nil
}

// SaveWeights writes the model's weights alone, averaged where there is an
// average, for use without the training, as [weights.Save] does. The error is a
// [*SaveError].
func (l *Loop) SaveWeights(path string) error {
	if err := l.averaged(func() error { return weights.Save(path, l.params) }); err != nil {
		return &SaveError{path, err}
	}
	return nil
}

// validationsText returns all scores as a checkpoint holds them: epoch, steps and
// score, and whether the epoch that has just ended has none yet.
func (l *Loop) validationsText() string {
	var b strings.Builder
	for _, v := range l.validations {
		fmt.Fprintf(&b, "%d %d %v ", v.Epoch, v.Steps, v.Score)
	}
	if l.due {
		fmt.Fprintf(&b, "%d", l.epoch)
	}
	return strings.TrimSpace(b.String())
}

// readValidations takes back what validationsText returned.
func (l *Loop) readValidations(text string) error {
	words := strings.Fields(text)
	l.validations, l.due = nil, len(words)%3 == 1
	bad := fmt.Errorf("the checkpoint's scores %.80q are not numbers", text)
	for len(words) >= 3 {
		epoch, err1 := strconv.Atoi(words[0])
		steps, err2 := strconv.Atoi(words[1])
		score, err3 := strconv.ParseFloat(words[2], 64)
		if err1 != nil || err2 != nil || err3 != nil {
			return bad
		}
		l.validations = append(l.validations, Validation{epoch, steps, score})
		words = words[3:]
	}
	if len(words) == 2 {
		return bad
	}
	if l.due {
		var err error
		if l.epoch, err = strconv.Atoi(words[0]); err != nil || l.config.Validate == nil {
			return bad
		}
	}
	return nil
}
