package train

import (
	"fmt"
	"slices"
	"strings"

	"autodropout/autograd"
)

// NotFiniteError tells where a number that is not finite first appeared in a step.
type NotFiniteError struct {
	Op     string   // the operation, "ops.MatMul", or whatever else computed it
	Inputs [][]int  // shapes of the operation's inputs
	Params []string // names of those that are parameters, "" for others

	Backward bool // it is in the gradient of an input, not in the output
	Input    int  // the input whose gradient it is, or one that held such a number already; -1 for neither

	Index int // of the element
	Value float32
}

// Error names the operation with its inputs, the pass and the number.
func (e *NotFiniteError) Error() string {
	var inputs []string
	for i, shape := range e.Inputs {
		inputs = append(inputs, strings.TrimSpace(e.Params[i]+" "+strings.ReplaceAll(fmt.Sprint(shape), " ", "x")))
	}
	op := strings.TrimSuffix(e.Op+" of "+strings.Join(inputs, " and "), " of ")
	switch {
	case len(inputs) == 0:
		return fmt.Sprintf("%s has %v at element %d", op, e.Value, e.Index)
	case e.Backward:
		return fmt.Sprintf("backward, %s gives %v for element %d of the gradient of %s", op, e.Value, e.Index, inputs[e.Input])
	case e.Input >= 0:
		return fmt.Sprintf("forward, %s is given %v for element %d of %s", op, e.Value, e.Index, inputs[e.Input])
	}
	return fmt.Sprintf("forward, %s gives %v for element %d of its output", op, e.Value, e.Index)
}

// watcher looks at all results on a tape and keeps the first that is not finite.
type watcher struct{ first *NotFiniteError }

func (w *watcher) look(r autograd.Result) {
	if w.first != nil {
		return
	}
	at := firstNotFinite(r.Data())
	if at < 0 {
		return
	}
	e := &NotFiniteError{Op: r.Op, Backward: r.Input >= 0, Input: r.Input, Index: at, Value: r.Data()[at]}
	for i, x := range r.Inputs {
		name := ""
		if p := x.Param(); p != nil {
			name = p.Name
		}
		e.Params = append(e.Params, name)
		e.Inputs = append(e.Inputs, slices.Clone(x.Shape()))
		if e.Backward || e.Input >= 0 {
			continue
		}
		if given := firstNotFinite(x.Data()); given >= 0 {
			e.Input, e.Index, e.Value = i, given, x.Data()[given]
		}
	}
	w.first = e
}

// checkParams looks at numbers in the order of the parameters, where that is
// asked for. What says what they are.
func (l *Loop) checkParams(what string, flat []float32) *NotFiniteError {
	if !l.config.CheckFinite {
		return nil
	}
	at := firstNotFinite(flat)
	if at < 0 {
		return nil
	}
	for _, p := range l.params.All() {
		if i := at - p.Offset(); i >= 0 && i < p.Len() {
			return &NotFiniteError{Op: what + " of " + p.Name, Input: -1, Index: i, Value: flat[at]}
		}
	}
	return nil
}

// firstNotFinite returns the index of the first number that is not finite, -1 if
// there is none.
func firstNotFinite(x []float32) int {
	return slices.IndexFunc(x, func(v float32) bool { return v-v != 0 })
}
