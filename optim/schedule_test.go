package optim

import (
	"math"
	"testing"
)

func TestSchedules(t *testing.T) {
	decades := MultiStep(0.1, 0.1, 10, 20)
	for _, c := range []struct {
		name     string
		schedule Schedule
		step     int
		want     float64
	}{
		{"constant", Constant(0.3), 1000, 0.3},
		{"cosine start", Cosine(0.1, 200), 0, 0.1},
		{"cosine half", Cosine(0.1, 200), 100, 0.05},
		{"cosine third", Cosine(0.2, 300), 100, 0.15},
		{"cosine last", Cosine(0.1, 200), 199, 0.05 * (1 + math.Cos(math.Pi*199/200))},
		{"cosine end", Cosine(0.1, 200), 200, 0},
		{"cosine after", Cosine(0.1, 200), 300, 0},
		{"cosine of nothing", Cosine(0.1, 0), 0, 0},
		{"cosine to a rate, third", CosineTo(0.3, 0.1, 300), 100, 0.25},
		{"cosine to a rate, end", CosineTo(0.3, 0.1, 300), 300, 0.1},
		{"part of a cosine, start", PartialCosine(0.3, 200), 0, 0.3},
		{"part of a cosine, half", PartialCosine(0.3, 200), 100, 0.3 * math.Cos(7*math.Pi/32)},
		{"part of a cosine, end", PartialCosine(0.3, 200), 200, 0.3 * 0.19509032201612825},
		{"part of a cosine, after", PartialCosine(0.3, 200), 300, 0.3 * 0.19509032201612825},
		{"part of a cosine of nothing", PartialCosine(0.3, 0), 0, 0.3 * 0.19509032201612825},
		{"triangle, start", Triangle(0.2, 1, 0.1, 23, 100), 0, 0.2},
		{"triangle, rising", Triangle(0.2, 1, 0.1, 20, 100), 5, 0.4},
		{"triangle, top", Triangle(0.2, 1, 0.1, 23, 100), 23, 1},
		{"triangle, falling", Triangle(0.2, 1, 0.1, 20, 100), 60, 0.55},
		{"triangle, end", Triangle(0.2, 1, 0.1, 23, 100), 100, 0.1},
		{"triangle without a rise", Triangle(0.2, 1, 0.1, 0, 100), 0, 1},
		{"steps down at every step", Exponential(0.2, 0.5, 0), 3, 0.025},
		{"first decade", decades, 9, 0.1},
		{"second decade", decades, 10, 0.01},
		{"third decade", decades, 20, 0.001},
		{"before the first step down", Exponential(0.2, 0.5, 10), 9, 0.2},
		{"after the third step down", Exponential(0.2, 0.5, 10), 30, 0.025},
		{"warm-up start", WarmUp(5, Constant(1)), 0, 0.2},
		{"warm-up end", WarmUp(5, Constant(1)), 4, 1},
		{"after warm-up", WarmUp(5, Constant(1)), 5, 1},
		{"warm-up of a cosine", WarmUp(200, Cosine(1, 300)), 99, 0.5 * (1 + math.Cos(math.Pi*99/300)) / 2},
		{"no warm-up", WarmUp(0, Constant(1)), 0, 1},
	} {
		if got := float64(c.schedule(c.step)); !(math.Abs(got-c.want) <= 1e-7) {
			t.Errorf("%s: step %d has rate %v, want %v", c.name, c.step, got, c.want)
		}
	}
}
