package controller

import (
	"fmt"
	"strings"
)

// Task describes the work of an evaluator for programs; [Task.String] describes it for
// people. Fields without a meaning for the evaluator stay zero.
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
	add(t.Epochs > 1, " for %d epochs", t.Epochs)
	add(t.Epochs == 1, " for 1 epoch")
	add(t.Epochs > 0 && t.Batch > 0, " in batches of %d", t.Batch)
	add(t.Steps > 0, " for %d steps of %d labelled", t.Steps, t.Batch)
	add(true, ", %s on %d others", t.Reward, t.Valid)
	add(t.Note != "", "; %s", t.Note)
	return b.String()
}
