package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
)

// summarise says in a paragraph what a run has found out, and how sure it is.
func (e *Experiment[P]) summarise(r *runfolder.Result) string {
	sentences := []string{e.ranking(r.Rows)}
	for _, m := range e.Rows {
		if m.learned() && m.Network == Final {
			sentences = append(sentences, e.standing(r.Rows, m.Title))
		}
	}
	if _, pattern, _ := e.record.news(); pattern != nil {
		sentences = append(sentences, pattern.Words)
	}
	sentences = append(sentences, e.searchCost())
	if e.Plan.Seeds > 1 && len(r.Rows) > 1 {
		intervals := "The intervals of differences are of 95 %, paired by seed"
		if Searches(e.Rows) {
			intervals += "; they do not cover the luck of a search"
		}
		sentences = append(sentences, intervals+".")
	}
	return strings.Join(slices.DeleteFunc(sentences, isEmpty), " ")
}

// ranking says which row is best and whether the next one is really worse.
func (e *Experiment[P]) ranking(rows []runfolder.Row) string {
	scored := e.about.sorted(rows)
	if len(scored) == 0 {
		return ""
	}
	best := scored[0]
	text := fmt.Sprintf("The best %s %s, %s, is that of “%s”.", e.about.Split, e.about.Metric, e.amountOf(best), best.Method)
	if diverged := len(rows) - len(scored); diverged > 0 {
		text += fmt.Sprintf(" %s diverged.", capital(Count(diverged, "row", "rows")))
	}
	if len(scored) > 1 {
		text += fmt.Sprintf(" Next comes “%s”, %s.", scored[1].Method, e.about.compare(scored[1], best, "worse"))
	}
	return text
}

// sorted returns the rows that have a mean, the best one first.
func (a *About) sorted(rows []runfolder.Row) (scored []runfolder.Row) {
	for _, row := range rows {
		if row.Mean != nil {
			scored = append(scored, row)
		}
	}
	slices.SortStableFunc(scored, func(x, y runfolder.Row) int {
		if a.Higher {
			x, y = y, x
		}
		return cmp.Compare(*x.Mean, *y.Mean)
	})
	return scored
}

// standing compares a learned pattern's row with no dropout and with random search.
func (e *Experiment[P]) standing(rows []runfolder.Row, title string) string {
	find := func(fits func(m Method) bool) *runfolder.Row {
		for _, m := range e.Rows {
			for i := range rows {
				if rows[i].Method == m.Title && rows[i].Mean != nil && m.Network == Final && fits(m) {
					return &rows[i]
				}
			}
		}
		return nil
	}
	learned := find(func(m Method) bool { return m.Title == title })
	if learned == nil {
		return ""
	}
	var parts []string
	if none := find(func(m Method) bool { return m.Policy == nil && m.Search == "" && !m.Given }); none != nil {
		parts = append(parts, e.about.compareTo(*learned, *none))
	}
	if random := find(func(m Method) bool { return m.Search == controller.Random }); random != nil {
		parts = append(parts, e.about.compareTo(*learned, *random))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("“%s” has %s: %s.", title, e.amountOf(*learned), strings.Join(parts, ", and "))
}

// amountOf writes a row's mean with its spread.
func (e *Experiment[P]) amountOf(r runfolder.Row) string {
	text := e.about.amount(*r.Mean)
	if r.Std == nil {
		return text + " with one seed"
	}
	return fmt.Sprintf("%s (mean of %d seeds, standard deviation %.2f)", text, len(r.Values), *r.Std)
}

// compareTo says how much better or worse a row is than another.
func (a *About) compareTo(row, other runfolder.Row) string {
	word := "better"
	if (*row.Mean < *other.Mean) == a.Higher {
		word = "worse"
	}
	return a.compare(row, other, fmt.Sprintf("%s than “%s”", word, other.Method))
}

// compare says how far two rows are apart, in the given words, and whether that
// may be chance. Seeds are paired, since they give two rows the same first weights
// and the same order of the data.
func (a *About) compare(row, other runfolder.Row, words string) string {
	unit := a.Unit
	if unit == "%" {
		unit = "points"
	}
	distance := fmt.Sprintf("%.2f", math.Abs(*row.Mean-*other.Mean))
	chance := "which one seed cannot tell from chance"
	if n := len(row.Values); n > 1 && n == len(other.Values) {
		differences := make([]float64, n)
		for i := range differences {
			differences[i] = row.Values[i] - other.Values[i]
		}
		mean, half := interval(differences)
		distance += fmt.Sprintf(" ± %.2f", half)
		chance = "which may be chance"
		if math.Abs(mean) > half {
			chance = "which is hardly chance"
		}
	}
	return fmt.Sprintf("%s, %s", strings.Join(slices.DeleteFunc([]string{distance, unit, words}, isEmpty), " "), chance)
}

func isEmpty(s string) bool { return s == "" }

// searchCost says what the searches took and found.
func (e *Experiment[P]) searchCost() string {
	training, trainings := 0.0, e.folder.Finished()
	for _, u := range trainings {
		training += u.Seconds / float64(len(trainings))
	}
	var parts []string
	for _, s := range e.record.searched() {
		seconds, curve := 0.0, s.Curve()
		for _, p := range curve {
			seconds += p.Result.Seconds
		}
		if len(curve) == 0 || math.IsNaN(curve[len(curve)-1].Best) {
			continue
		}
		best := curve[len(curve)-1].Best
		cost := Duration(seconds) + " of training"
		if training > 0 {
			cost += fmt.Sprintf(" or %.1f final trainings", seconds/training)
		}
		parts = append(parts, fmt.Sprintf("the search for “%s” took %s, %s, and reached %s %s on the %s",
			s.method.Title, Count(len(curve), "trial", "trials"), cost, e.about.Reward.Shown, e.about.Reward.Show(best), e.about.Reward.Where))
	}
	if len(parts) == 0 {
		return ""
	}
	return capital(strings.Join(parts, "; ")) + "."
}

// capital returns text with a capital first letter.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// wrap breaks text into lines of at most width letters.
func wrap(text string, width int) string {
	var b strings.Builder
	length := 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case length == 0:
		case length+1+n > width:
			b.WriteByte('\n')
			length = 0
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += n
	}
	return b.String()
}
