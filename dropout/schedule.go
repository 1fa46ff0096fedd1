package dropout

import "fmt"

// Schedule says how strongly a pattern acts in the course of a training.
type Schedule int

// The schedules. At progress p of the training, from 0 to 1, a pattern acts with
// the strength that is given here.
const (
	Constant Schedule = iota // 1 all the time, as in the paper
	Up                       // p, as DropBlock does
	Down                     // 1-p
	Off                      // 1 for the first three quarters, then 0
)

var scheduleNames = [...]string{Constant: "constant", Up: "up", Down: "down", Off: "off"}

// offAt is the progress at which the schedule Off ends.
const offAt = 0.75

// String returns the schedule's name in files.
func (s Schedule) String() string {
	if s < 0 || int(s) >= len(scheduleNames) {
		return fmt.Sprintf("Schedule(%d)", int(s))
	}
	return scheduleNames[s]
}

// strength returns how strongly a pattern acts, from 0 to 1.
func (s Schedule) strength(progress float64) float64 {
	p := min(max(progress, 0), 1)
	switch s {
	case Up:
		return p
	case Down:
		return 1 - p
	case Off:
		return indicator(p < offAt)
	}
	return 1
}

// mean returns the mean strength over a training.
func (s Schedule) mean() (sum float64) {
	for _, part := range s.parts() {
		sum += part.p * part.value
	}
	return sum
}

// parts returns strengths and for how much of a training each stands, to average what
// does not grow in proportion to them.
func (s Schedule) parts() (all []weighted) {
	const parts = 8
	switch s {
	case Constant:
		return []weighted{{1, 1}}
	case Off:
		return []weighted{{1, offAt}}
	}
	for i := range parts {
		all = append(all, weighted{s.strength((float64(i) + 0.5) / parts), 1. / parts})
	}
	return all
}
