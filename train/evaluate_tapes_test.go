package train

import (
	"runtime"
	"runtime/debug"
	"testing"
	"weak"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/internal/race"
	"autodropout/models"
)

func TestEvaluationsReuseMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("a sync.Pool forgets things at random under the race detector")
	}
	_, images, err := data.Synthetic(data.SyntheticConfig{Train: 10, Test: 100})
	if err != nil {
		t.Fatal(err)
	}
	model, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which empties a sync.Pool too
	runtime.GC()
	runtime.GC()
	evaluate := func() (Score, uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		score, err := Evaluate(t.Context(), model, images)
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return score, after.TotalAlloc - before.TotalAlloc
	}
	first, made := evaluate()
	second, more := evaluate()
	if first != second {
		t.Errorf("evaluated again, %+v is %+v", first, second)
	}
	if more > made/2 {
		t.Errorf("a second evaluation allocates %d bytes, the first one %d", more, made)
	}
}

// TestEndedTrainingHoldsNoTape: what evaluates its model has the memory.
func TestEndedTrainingHoldsNoTape(t *testing.T) {
	var tape weak.Pointer[autograd.Tape]
	var trainer *Trainer
	trainer = exercise(t, func(c *Config) {
		c.OnStep = func(s Step) { tape = weak.Make(trainer.workers[0].tape) }
	})
	mustRun(t, trainer)
	if tape.Value() != nil {
		t.Error("the tape is there after the last step")
	}
	mustRun(t, trainer) // which has nothing to do
}
