package train

import (
	"sync"

	"autodropout/autograd"
)

// tapes are those of evaluations that have ended, with the buffers that they made. The
// evaluations of a training follow each other, and beside its own memory theirs would seldom
// be collected in between. The collector empties a sync.Pool: nothing is held for evaluations
// that do not come.
var tapes = sync.Pool{New: func() any { return autograd.NewInference() }}

// takeTape returns a tape for predictions, which goes back to giveTape.
func takeTape() *autograd.Tape { return tapes.Get().(*autograd.Tape) }

func giveTape(t *autograd.Tape) {
	t.Reset() // an evaluation that panicked may have left something
	tapes.Put(t)
}
