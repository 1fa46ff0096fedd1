package experiment

import (
	"slices"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/dropout"
)

// checkReference returns what is wrong with the plan of a reference.
func (p *Plan) checkReference() error {
	switch {
	case p.Reference == "":
		return nil
	case p.TrialSeeds == 0:
		return usage.Errorf("-reference compares trainings with the same seed: give -trial-seeds too")
	case p.Async:
		return usage.Errorf("-reference needs results in order: leave -async out")
	case p.TrialSeeds >= p.Trials-repeats*p.Finalists:
		return usage.Errorf("-reference takes a training for each of -trial-seeds %d, which leaves nothing of -trials %d to search with: give more trials or fewer seeds", p.TrialSeeds, p.Trials)
	}
	return nil
}

// reference returns the point of a search that stands for the row that -reference names, where
// rates are those that rate returns; nil: the row's search has none.
func (s *trials[P]) reference(row Row, space dropout.Space, rate func(row *Row) float64) ([]int, error) {
	if s.plan.Reference == "" || !row.Kind.Searched() || row.AsPublished || row.Algorithm == controller.Coordinate {
		return nil, nil
	}
	of := s.referenceRow()
	if of == nil {
		return nil, usage.Errorf("-reference %s is not a hand-made row, nor none: name one of these", s.plan.Reference)
	}
	if of.Kind == sheet.Plain {
		none := make([]int, space.Decisions()) // the least values
		if where := s.where(space, none); where != nil && report.Mean(where) == 0 {
			return none, nil
		}
		return nil, usage.Errorf("-reference %s: no pattern of the %s space drops nothing: try -space wide, or leave -reference out", of.Key, space.Name)
	}
	if pattern, ok := of.pattern(rate(of), any(s.subject).(sited).ChildSites()); ok {
		if point, err := dropout.Encode(space, pattern); err == nil {
			return point, nil
		}
	}
	return nil, usage.Errorf("-reference %s: the %s space does not hold it: try -space wide, or -reference none", of.Key, space.Name)
}

// referenceRow returns the row that -reference names; nil: it is none that can be one.
func (s *trials[P]) referenceRow() *Row {
	at := slices.IndexFunc(s.table, func(r Row) bool {
		return r.Key == s.plan.Reference && r.Network == Final && (r.Kind == sheet.Plain || r.Kind == sheet.HandMade)
	})
	if at < 0 {
		return nil
	}
	return &s.table[at]
}

// given returns the rate that a row was given.
func given(row *Row) float64 { return row.Rated.Given }

// chosenRate returns the rate that the row's trials have chosen, or the one given.
func (s *searcher[P]) chosenRate(row *Row) float64 {
	for _, f := range s.findings() {
		if f.row.Key == row.Key && f.dropped.Rate != nil {
			return *f.dropped.Rate
		}
	}
	return given(row)
}
