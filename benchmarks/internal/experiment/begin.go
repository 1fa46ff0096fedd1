package experiment

import (
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/dropout"
)

// begin chooses what a search begins with, and says so.
func (s *searcher[P]) begin(row Row, space dropout.Space, config *controller.Config) (err error) {
	if config.Reference, err = s.reference(row, space, s.chosenRate); err != nil {
		return err
	}
	if _, isDropout := any(*new(P)).(dropout.Pattern); row.tuned() || config.Start != nil || !isDropout {
		s.logf("%s: searching the %v", row.Title, space)
		return nil
	}
	if row.PerPlace {
		config.Only = []string{space.Rate()}
	}
	if row.PerPlace || s.plan.Start == ByBest && row.Algorithm != controller.Random && !row.AsPublished {
		if config.Starts, err = s.starts(space); err != nil {
			return err
		}
		s.logf("%s: searching the %v; it begins with %s", row.Title, space, words.Count(len(config.Starts), "hand-made pattern", "hand-made patterns"))
		return nil
	}
	if s.plan.StartShare != 0 && !row.AsPublished {
		if config.StartProbs, err = dropout.Mild(space, s.plan.StartShare); err != nil {
			return err
		}
	}
	share, err := dropout.ExpectedShare(space, config.StartProbs)
	if err != nil {
		return err
	}
	s.logf("%s: searching the %v; at first a pattern drops %.1f %% of all elements on average", row.Title, space, 100*share)
	return nil
}

// starts returns the points of a space that are the table's hand-made rows, with the
// rates that their trials have chosen, or with those given.
func (s *searcher[P]) starts(space dropout.Space) (points [][]int, err error) {
	sites := any(s.subject).(sited).ChildSites()
	for _, row := range s.table {
		if row.Rated == nil {
			continue
		}
		pattern, ok := row.pattern(s.chosenRate(&row), sites)
		if !ok {
			continue
		}
		if point, err := dropout.Encode(space, pattern); err == nil {
			points = append(points, point)
		}
	}
	if points == nil {
		return nil, usage.Errorf("-start best begins with hand-made rows, of which the space of this search holds none")
	}
	return points, nil
}
