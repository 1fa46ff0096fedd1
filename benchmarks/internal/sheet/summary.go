package sheet

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/words"
)

// Summary says in a paragraph what a run has found out, and how sure it is.
func Summary(f *Facts) string {
	sentences := []string{f.ranking()}
	for _, row := range f.Rows {
		if row.Kind.Controlled() && !row.Varied {
			sentences = append(sentences, f.standing(row))
		}
	}
	if f.Pattern != nil {
		sentences = append(sentences, f.Pattern.Words)
	}
	sentences = append(sentences, f.cost(), f.compared())
	if f.Seeds > 1 && len(f.Result.Rows) > 1 {
		intervals := "The intervals of differences are of 95 %, paired by seed"
		if len(f.Searches) > 0 || slices.ContainsFunc(f.Rows, func(row Row) bool { return row.Kind.Searched() }) {
			intervals += "; they do not cover the luck of a search"
		}
		sentences = append(sentences, intervals+".")
	}
	return strings.Join(slices.DeleteFunc(sentences, isEmpty), " ")
}

func isEmpty(s string) bool { return s == "" }

// ranking says which row is best and whether the next one is really worse.
func (f *Facts) ranking() string {
	r := f.Result
	scored := Best(r.Rows, f.Higher)
	if len(scored) == 0 {
		return ""
	}
	best := scored[0]
	text := fmt.Sprintf("The best %s %s, %s, is that of “%s”.", r.Split, r.Metric, f.amountOf(best), best.Method)
	if diverged := len(r.Rows) - len(scored); diverged > 0 {
		text += fmt.Sprintf(" %s diverged.", words.Capital(words.Count(diverged, "row", "rows")))
	}
	if len(scored) > 1 {
		text += fmt.Sprintf(" Next comes “%s”, %s.", scored[1].Method, f.compare(scored[1], best, "worse"))
	}
	return text
}

// standing compares a learned pattern's row with no dropout, random search and the control
// that is shuffled.
func (f *Facts) standing(row Row) string {
	find := func(fits func(other Row) bool) *runfolder.Row {
		for _, other := range f.Rows {
			for i, r := range f.Result.Rows {
				if r.Method == other.Title && r.Mean != nil && !other.Varied && fits(other) {
					return &f.Result.Rows[i]
				}
			}
		}
		return nil
	}
	learned := find(func(other Row) bool { return other.Title == row.Title })
	if learned == nil {
		return ""
	}
	var parts []string
	for _, kind := range []Kind{Plain, Random, Shuffled} {
		if other := find(func(other Row) bool { return other.Kind == kind }); other != nil {
			parts = append(parts, f.compareTo(*learned, *other))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("“%s” has %s: %s.", row.Title, f.amountOf(*learned), strings.Join(parts, ", and "))
}

// amountOf writes a row's mean with its spread.
func (f *Facts) amountOf(r runfolder.Row) string {
	text := written(f.Result).Amount(*r.Mean)
	if r.Std == nil {
		return text + " with one seed"
	}
	return fmt.Sprintf("%s (mean of %d seeds, standard deviation %s)", text, len(r.Values), written(f.Result).figure(*r.Std))
}

// compareTo says how much better or worse a row is than another.
func (f *Facts) compareTo(row, other runfolder.Row) string {
	word := "better"
	if (*row.Mean < *other.Mean) == f.Higher {
		word = "worse"
	}
	return f.compare(row, other, fmt.Sprintf("%s than “%s”", word, other.Method))
}

// compare says how far two rows are apart, in the given words, and whether that
// may be chance. Seeds are paired, since they give two rows the same first weights
// and the same order of the data.
func (f *Facts) compare(row, other runfolder.Row, how string) string {
	unit := f.Result.Unit
	if unit == "%" {
		unit = "points"
	}
	distance := written(f.Result).figure(math.Abs(*row.Mean - *other.Mean))
	chance := "which one seed cannot tell from chance"
	if n := len(row.Values); n > 1 && n == len(other.Values) {
		differences := make([]float64, n)
		for i := range differences {
			differences[i] = row.Values[i] - other.Values[i]
		}
		mean, half := interval(differences)
		distance += " ± " + written(f.Result).figure(half)
		chance = "which may be chance"
		if math.Abs(mean) > half {
			chance = "which is hardly chance"
		}
	}
	return fmt.Sprintf("%s, %s", strings.Join(slices.DeleteFunc([]string{distance, unit, how}, isEmpty), " "), chance)
}

// compared says how much rewards vary with the reference of their seed, and without it.
func (f *Facts) compared() string {
	var sentences []string
	for _, s := range f.Searches {
		gains := s.Gains()
		var rewards, less []float64
		for i := s.References; i < len(gains); i++ {
			if !math.IsNaN(gains[i]) {
				rewards, less = append(rewards, s.Results[i].Reward), append(less, gains[i])
			}
		}
		if s.References == 0 || len(rewards) < 2 {
			continue
		}
		sentences = append(sentences, fmt.Sprintf("The rewards of the search for “%s” have a standard deviation of %.4g, and of %.4g less the reward of “%s” with the same seed (%s).",
			f.Rows[s.Row].Title, stat.StdDev(rewards, nil), stat.StdDev(less, nil), f.Reference, words.Count(s.References, "seed", "seeds")))
	}
	return strings.Join(sentences, " ")
}

// cost says what the searches took and found.
func (f *Facts) cost() string {
	var parts []string
	for _, s := range f.Searches {
		seconds, curve := 0.0, s.Curve()
		for _, t := range curve {
			seconds += t.Result.Seconds
		}
		if len(curve) == 0 || math.IsNaN(curve[len(curve)-1].Best) {
			continue
		}
		cost := words.Duration(seconds) + " of training"
		if f.Training > 0 {
			cost += fmt.Sprintf(" or %.1f final trainings", seconds/f.Training)
		}
		parts = append(parts, fmt.Sprintf("the search for “%s” took %s, %s, and reached %s %s on the %s",
			f.Rows[s.Row].Title, words.Count(len(curve), "trial", "trials"), cost, f.Reward.Shown, f.Reward.Show(curve[len(curve)-1].Best), f.Reward.Where))
	}
	if len(parts) == 0 {
		return ""
	}
	return words.Capital(strings.Join(parts, "; ")) + "."
}
