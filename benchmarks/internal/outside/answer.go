package outside

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Answer is what a program says its training was worth.
type Answer struct {
	Reward   float64 // NaN where it has diverged
	Values   map[string]float64
	Infinite []string // names of values that are not finite, in order
	Epochs   []Epoch  // of the training, in order
	Diverged bool
}

// Epoch is what a program tells of an epoch: its training loss, and the loss and the score on
// validation data at its end. What it does not tell, or is not finite, is NaN.
type Epoch struct{ Train, Loss, Score float64 }

// UnmarshalJSON reads a member of an answer.
func (e *Epoch) UnmarshalJSON(text []byte) error {
	var line struct {
		Train number `json:"train_loss"`
		Loss  number `json:"valid_loss"`
		Score number `json:"valid_score"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return fmt.Errorf("an epoch: %w", reason(err))
	}
	told := func(n number) float64 {
		if !n.given {
			return math.NaN()
		}
		return n.value
	}
	*e = Epoch{told(line.Train), told(line.Loss), told(line.Score)}
	return nil
}

// mostAnswer is the largest answer that is read, in bytes.
const mostAnswer = 1 << 20

// answer reads the answer of a program that has ended: that of its file, if it has written
// one, or the last line of its standard output.
func answer(folder string, file bool, lastLine string) (Answer, error) {
	switch {
	case !file && strings.HasPrefix(lastLine, "{"):
		a, err := parse([]byte(lastLine))
		if err != nil {
			err = fmt.Errorf("the last line of its output is not an answer: %w", err)
		}
		return a, err
	case !file:
		return Answer{}, fmt.Errorf(`it has not answered: it must write %s, or end its output with a line such as {"reward": 0.9}`, Result)
	}
	path := filepath.Join(folder, Result)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Size() > mostAnswer:
		return Answer{}, fmt.Errorf("its %s has %d bytes, and an answer at most %d", Result, info.Size(), mostAnswer)
	case err == nil && !info.Mode().IsRegular():
		return Answer{}, fmt.Errorf("its %s is not a file", Result)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	var a Answer
	if err == nil {
		a, err = parse(text)
	}
	if err != nil {
		err = fmt.Errorf("its %s is not an answer: %w", Result, err)
	}
	return a, err
}

// number is one that may not be finite: null, or the text of one.
type number struct {
	given bool
	value float64
}

func (n *number) UnmarshalJSON(text []byte) error {
	n.given = true
	if string(text) == "null" {
		n.value = math.NaN()
		return nil
	}
	return json.Unmarshal(text, &n.value)
}

// parse reads an answer.
func parse(text []byte) (Answer, error) {
	var content struct {
		Reward   number            `json:"reward"`
		Values   map[string]number `json:"values"`
		Epochs   []Epoch           `json:"epochs"`
		Diverged bool              `json:"diverged"`
	}
	d := json.NewDecoder(bytes.NewReader(onlyFinite(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&content); err != nil {
		return Answer{}, reason(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Answer{}, errors.New("something follows the object: print or write nothing behind it")
	}
	if !content.Reward.given && !content.Diverged {
		return Answer{}, errors.New(`it has no "reward"`)
	}
	a := Answer{Reward: math.NaN(), Diverged: content.Diverged, Epochs: content.Epochs}
	if content.Reward.given && !a.Diverged {
		a.Reward = content.Reward.value
	}
	a.Diverged = a.Diverged || math.IsNaN(a.Reward)
	for name, v := range content.Values {
		if math.IsNaN(v.value) {
			a.Infinite = append(a.Infinite, name)
			continue
		}
		if a.Values == nil {
			a.Values = map[string]float64{}
		}
		a.Values[name] = v.value
	}
	slices.Sort(a.Infinite)
	return a, nil
}

// reason says what is wrong with an answer without the words of the decoder's own.
func reason(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%q is a %s", kind.Field, kind.Value)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("it ends in the middle")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// onlyFinite writes null for the numbers that are not finite as Python writes them.
func onlyFinite(text []byte) []byte {
	if !bytes.Contains(text, []byte("NaN")) && !bytes.Contains(text, []byte("Infinity")) {
		return text
	}
	var out []byte
	for inside := false; len(text) > 0; {
		if !inside {
			skipped := false
			for _, name := range []string{"NaN", "-Infinity", "Infinity"} {
				if rest, ok := bytes.CutPrefix(text, []byte(name)); ok {
					out, text, skipped = append(out, "null"...), rest, true
					break
				}
			}
			if skipped {
				continue
			}
		}
		n := 1
		switch {
		case inside && text[0] == '\\' && len(text) > 1:
			n = 2
		case text[0] == '"':
			inside = !inside
		}
		out, text = append(out, text[:n]...), text[n:]
	}
	return out
}
