package controller

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Task says what an evaluator does, to programs; [Task.String] says it to people.
// Fields without a meaning for the evaluator stay zero.
type Task struct {
	Network string `json:"network,omitempty"` // the child: "WRN-28-2"
	Method  string `json:"method,omitempty"`  // by which it is trained, where that has a name: "UDA"

	Data       string `json:"data,omitempty"`       // "CIFAR-10"
	Unit       string `json:"unit,omitempty"`       // what the numbers below count: "images"
	Train      int    `json:"train,omitempty"`      // that it is trained on
	Unlabelled int    `json:"unlabelled,omitempty"` // that it is trained on besides, without their labels
	Pixels     int    `json:"pixels,omitempty"`     // a side of an image, where they were made to fit

	Epochs int `json:"epochs,omitempty"`
	Steps  int `json:"steps,omitempty"` // in place of Epochs
	Batch  int `json:"batch,omitempty"` // units in a step

	Reward string `json:"reward,omitempty"` // what scores it: "accuracy"
	Split  string `json:"split,omitempty"`  // of the units on which: "held-out"
	Valid  int    `json:"valid,omitempty"`  // how many these are

	Note string `json:"note,omitempty"` // anything else, or all of it in one's own words
}

// String returns the task as a line: "WRN-28-2 on 45000 images of CIFAR-10 for 40
// epochs in batches of 128, accuracy on 5000 others".
func (t Task) String() string {
	if t.Network == "" {
		return t.Note
	}
	var b strings.Builder
	add := func(say bool, format string, args ...any) {
		if say {
			fmt.Fprintf(&b, format, args...)
		}
	}
	add(true, "%s", t.Network)
	add(t.Method != "", " by %s", t.Method)
	add(true, " on %d ", t.Train)
	add(t.Unlabelled > 0, "labelled and %d unlabelled ", t.Unlabelled)
	add(true, "%s of %s", t.Unit, t.Data)
	add(t.Pixels > 0, " with %d pixels a side", t.Pixels)
	add(t.Epochs > 0, " for %d epochs", t.Epochs)
	add(t.Epochs > 0 && t.Batch > 0, " in batches of %d", t.Batch)
	add(t.Steps > 0, " for %d steps of %d labelled", t.Steps, t.Batch)
	add(true, ", %s on %d others", t.Reward, t.Valid)
	add(t.Note != "", "; %s", t.Note)
	return b.String()
}

// UnmarshalJSON reads a task, or the line that stands in its place in logs of before
// 2026-11-29.
func (t *Task) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		var line string
		if err := json.Unmarshal(text, &line); err != nil {
			return err
		}
		*t = taskOf(line)
		return nil
	}
	type plain Task // without this method
	return decode(text, (*plain)(t))
}

var oldTask = regexp.MustCompile(`^(\S+)(?: by (\S+))? on (\d+) (?:labelled and (\d+) unlabelled )?(images|words|pairs) of (.+?)(?: with (\d+) pixels a side)?` +
	` for (\d+) (epochs|steps)(?: in batches of (\d+)| of (\d+) labelled)?, (\S+) on (\d+) others$`)

// taskOf takes an old line apart. One that does not become the same line again is a
// note.
func taskOf(line string) Task {
	m := oldTask.FindStringSubmatch(line)
	if m == nil {
		return Task{Note: line}
	}
	number := func(text string) int {
		n, _ := strconv.Atoi(text) // "" is 0, and what is too large makes another line
		return n
	}
	t := Task{Network: m[1], Method: m[2], Data: m[6], Unit: m[5], Train: number(m[3]), Unlabelled: number(m[4]), Pixels: number(m[7]),
		Batch: number(cmp.Or(m[10], m[11])), Reward: m[12], Valid: number(m[13]), Split: "validation"}
	if t.Unit == "images" {
		t.Split = "held-out"
	}
	if m[9] == "epochs" {
		t.Epochs = number(m[8])
	} else {
		t.Steps = number(m[8])
	}
	if t.String() != line {
		return Task{Note: line}
	}
	return t
}
