package train

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"autodropout/weights"
)

// Validation holds the results of Validate after an epoch, and the training loss. It is
// also a line of the validation log, in which a number that is not finite is null.
type Validation struct {
	Epoch   int
	Steps   int     // taken until then
	Train   float64 // loss, mean over the steps since the validation before
	Loss    float64 // on the validation data; 0: Validate did not tell
	Score   float64
	Seconds float64 // that Validate took; a checkpoint does not keep them
}

// validationLine is a line of the validation log.
type validationLine struct {
	Epoch   int      `json:"epoch"`
	Steps   int      `json:"steps"`
	Train   *float64 `json:"train_loss"`
	Loss    *float64 `json:"valid_loss"`
	Score   *float64 `json:"valid_score"`
	Seconds float64  `json:"seconds"`
}

// MarshalJSON returns the line of the validation log.
func (v Validation) MarshalJSON() ([]byte, error) {
	shown := func(x float64) *float64 {
		if !finite(x) {
			return nil
		}
		return &x
	}
	return json.Marshal(validationLine{v.Epoch, v.Steps, shown(v.Train), shown(v.Loss), shown(v.Score), v.Seconds})
}

// UnmarshalJSON takes in such a line. What is null becomes NaN.
func (v *Validation) UnmarshalJSON(text []byte) error {
	var line validationLine
	if err := json.Unmarshal(text, &line); err != nil {
		return err
	}
	read := func(x *float64) float64 {
		if x == nil {
			return math.NaN()
		}
		return *x
	}
	*v = Validation{line.Epoch, line.Steps, read(line.Train), read(line.Loss), read(line.Score), line.Seconds}
	return nil
}

// Validations returns the scores so far.
func (l *Loop) Validations() []Validation { return append([]Validation(nil), l.validations...) }

// Best returns the best score so far, the first of equal ones, or nil if no score was a
// number.
func (l *Loop) Best() *Validation {
	i := l.best()
	if i < 0 {
		return nil
	}
	best := l.validations[i]
	return &best
}

// best returns the index of the best score so far, -1 if no score was a number.
func (l *Loop) best() int {
	best := -1
	for i, v := range l.validations {
		if v.Score == v.Score && (best < 0 || l.better(v.Score, l.validations[best].Score)) {
			best = i
		}
	}
	return best
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
	return len(l.validations)-1-l.best() >= l.config.Patience
}

// validate scores the model, with its averaged weights where there is an average,
// when an epoch has ended, and saves them when they are the best so far.
func (l *Loop) validate(ctx context.Context) error {
	if !l.due || ctx.Err() != nil {
		return nil
	}
	var v Validation
	began := time.Now()
	err := l.averaged(func() (err error) {
		v, err = l.config.Validate(ctx)
		return err
	})
	if ctx.Err() != nil {
		return nil // it is due again when the training goes on
	}
	if err != nil {
		return fmt.Errorf("train: cannot validate after epoch %d: %w", l.epoch+1, err)
	}
	l.due, l.clock = false, time.Now()
	v.Epoch, v.Steps, v.Train, v.Seconds = l.epoch, l.Done(), l.lossSince(), l.clock.Sub(began).Seconds()
	l.validations = append(l.validations, v)
	if l.config.BestWeights != "" && l.best() == len(l.validations)-1 {
		if err := l.SaveWeights(l.config.BestWeights); err != nil {
			return err
		}
	}
	if l.validationLog != nil {
		if err := l.validationLog.write(v); err != nil {
			return err
		}
	}
	if l.config.OnValidation != nil {
		l.config.OnValidation(v)
	}
	return nil
}

// lossSince returns the mean loss of the steps since the last validation.
func (l *Loop) lossSince() float64 {
	before := 0
	if n := len(l.validations); n > 0 {
		before = l.validations[n-1].Steps
	}
	return meanLoss(l.losses[before:])
}

func meanLoss(losses []float32) float64 {
	sum := 0.0
	for _, v := range losses {
		sum += float64(v)
	}
	return sum / float64(len(losses))
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

// validLossesText returns their losses as a checkpoint holds them; "" where Validate
// has told none.
func (l *Loop) validLossesText() string {
	var texts []string
	told := false
	for _, v := range l.validations {
		texts = append(texts, fmt.Sprint(v.Loss))
		told = told || v.Loss != 0
	}
	if !told {
		return ""
	}
	return strings.Join(texts, " ")
}

// readValidations takes back what validationsText and validLossesText returned, of a
// training with the given losses of its steps.
func (l *Loop) readValidations(text, losses string, steps []float32) error {
	words, validLosses := strings.Fields(text), strings.Fields(losses)
	l.validations, l.due = nil, len(words)%3 == 1
	bad := fmt.Errorf("the checkpoint's scores %.80q are not numbers", text)
	for before := 0; len(words) >= 3; words = words[3:] {
		epoch, err1 := strconv.Atoi(words[0])
		done, err2 := strconv.Atoi(words[1])
		score, err3 := strconv.ParseFloat(words[2], 64)
		if err1 != nil || err2 != nil || err3 != nil || done <= before || done > len(steps) {
			return bad
		}
		l.validations = append(l.validations, Validation{Epoch: epoch, Steps: done, Score: score, Train: meanLoss(steps[before:done])})
		before = done
	}
	if len(words) == 2 {
		return bad
	}
	if len(validLosses) > 0 && len(validLosses) != len(l.validations) {
		return fmt.Errorf("the checkpoint has %d scores and %d losses of them", len(l.validations), len(validLosses))
	}
	for i, text := range validLosses {
		var err error
		if l.validations[i].Loss, err = strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("the checkpoint's validation losses %.80q are not numbers", losses)
		}
	}
	if l.due {
		var err error
		if l.epoch, err = strconv.Atoi(words[0]); err != nil || l.config.Validate == nil {
			return bad
		}
	}
	return nil
}
