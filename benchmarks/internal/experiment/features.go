package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// spoken are a [Subject] whose choices are not numbers.
type spoken interface {
	// Value says what value i of a choice is; not ok: it is a number.
	Value(choice, i int) (text string, ok bool)
}

// describe adds to a search what its trials chose and dropped, and what it has found.
func (s *trials[P]) describe(row Row, search *sheet.Search) {
	space, err := s.space(row)
	if err != nil || row.tuned() {
		return
	}
	parts := make([][]report.Part, len(search.Trials))
	for i, t := range search.Trials {
		if t.Point != nil {
			parts[i] = s.where(space, t.Point)
		}
	}
	search.Features = s.choices(space, search.Trials)
	if features, dropped := shares(parts); features != nil {
		search.Features, search.Dropped = append(features, search.Features...), dropped
	}
	if point, reward := chosen(&search.Report); point != nil {
		search.Reward = reward
		if found := s.where(space, point); found != nil {
			search.Found = report.WhereWords(found)
		}
	}
}

// where returns what the pattern of a point drops; nil: it is none of dropout.
func (s *trials[P]) where(space dropout.Space, point []int) []report.Part {
	pattern, err := s.subject.Decode(space, point, dropout.Origin{})
	if err != nil {
		return nil
	}
	const side = 32 // shares of larger maps are the same but for rounding
	return report.Where(pattern, min(s.about.Side, side))
}

// shares returns what trials drop: on average, and where.
func shares(parts [][]report.Part) (features []sheet.Feature, dropped []float64) {
	at := slices.IndexFunc(parts, func(p []report.Part) bool { return p != nil })
	if at < 0 {
		return nil, nil
	}
	percent := func(low, high float64) string {
		if low == high {
			return fmt.Sprintf("%.3g %%", 100*low)
		}
		return fmt.Sprintf("%.2g to %.2g %%", 100*low, 100*high)
	}
	of := func(name string, share func(p []report.Part) float64) []float64 {
		f := sheet.Feature{Name: name, Label: percent}
		for _, p := range parts {
			value := math.NaN()
			if p != nil {
				value = share(p)
			}
			f.Values = append(f.Values, value)
		}
		features = append(features, f)
		return f.Values
	}
	dropped = of("share dropped, in all", report.Mean)
	for _, part := range parts[at] {
		of("share of the "+part.Name, func(p []report.Part) float64 {
			for _, other := range p {
				if other.Name == part.Name {
					return other.Share
				}
			}
			return 0
		})
	}
	return features, dropped
}

// choices returns the choices of a space as features of trials: of those that are amounts
// the mean over the groups where they count, of others the one that most groups have.
func (s *trials[P]) choices(space dropout.Space, trials []controller.Trial) (features []sheet.Feature) {
	for j, c := range space.Choices {
		f := sheet.Feature{Name: strings.ReplaceAll(c.Name, "_", " "), Label: s.label(c, j)}
		_, f.Apart = kinds[c.Name]
		if subject, ok := any(s.subject).(spoken); ok {
			_, own := subject.Value(j, 0)
			f.Apart = f.Apart || own
		}
		for _, t := range trials {
			f.Values = append(f.Values, chosenValue(space, t.Point, j, f.Apart))
		}
		features = append(features, f)
	}
	return features
}

// chosenValue returns the value of choice j of a point, NaN where it counts in no group.
func chosenValue(space dropout.Space, point []int, j int, apart bool) float64 {
	if point == nil {
		return math.NaN()
	}
	values, count := space.Choices[j].Values, map[int]int{}
	sum, n := 0.0, 0
	for g := range space.Groups {
		at := g*len(space.Choices) + j
		if !counts(space, point, at) {
			continue
		}
		sum += values[point[at]]
		count[point[at]]++
		n++
	}
	if n == 0 {
		return math.NaN()
	}
	if !apart {
		return sum / float64(n)
	}
	most := 0
	for i := range values {
		if count[i] > count[most] {
			most = i
		}
	}
	return values[most]
}

// counts reports whether the pattern of a point depends on one of its choices.
func counts(space dropout.Space, point []int, at int) bool {
	canonical := space.Canonical(point)
	for i := range space.Choice(at).Values {
		other := slices.Clone(point)
		other[at] = i
		if !slices.Equal(space.Canonical(other), canonical) {
			return true
		}
	}
	return len(space.Choice(at).Values) == 1
}

// kinds says what the values of those choices of patterns are that are no amounts.
var kinds = map[string]func(v float64) string{
	"place":    func(v float64) string { return dropout.Kind(v).String() },
	"aspect":   func(v float64) string { return dropout.Aspect(v).String() },
	"schedule": func(v float64) string { return dropout.Schedule(v).String() },
}

// label returns how ranges of a choice's values are written.
func (s *trials[P]) label(c dropout.Choice, j int) func(low, high float64) string {
	if kind, ok := kinds[c.Name]; ok {
		return func(low, _ float64) string { return kind(low) }
	}
	if subject, ok := any(s.subject).(spoken); ok {
		if _, own := subject.Value(j, 0); own {
			return func(low, _ float64) string {
				text, _ := subject.Value(j, slices.Index(c.Values, low))
				return text
			}
		}
	}
	return func(low, high float64) string {
		if low == high {
			return fmt.Sprintf("%.3g", low)
		}
		return fmt.Sprintf("%.3g to %.3g", low, high)
	}
}
