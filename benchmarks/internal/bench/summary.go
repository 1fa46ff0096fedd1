package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/controller"
)

// summarise says in a paragraph what a run has found out, and how sure it is.
func (e *Experiment[P]) summarise(r *Result) string {
	sentences := []string{e.ranking(r.Rows)}
	for _, m := range e.Rows {
		if m.learned() && m.Network == Final {
			sentences = append(sentences, e.standing(r.Rows, m.Title))
		}
	}
	if _, pattern := e.record.news(); pattern != nil {
		sentences = append(sentences, pattern.Words)
	}
	sentences = append(sentences, e.searchCost(r.Rows))
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}

// ranking says which row is best and whether the next one is really worse.
func (e *Experiment[P]) ranking(rows []Row) string {
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
		text += fmt.Sprintf(" Next comes “%s”, %s.", scored[1].Method, e.about.compare(scored[1], best))
	}
	return text
}

// sorted returns the rows that have a mean, the best one first.
func (a *About) sorted(rows []Row) (scored []Row) {
	for _, row := range rows {
		if row.Mean != nil {
			scored = append(scored, row)
		}
	}
	slices.SortStableFunc(scored, func(x, y Row) int {
		if a.Higher {
			x, y = y, x
		}
		return cmp.Compare(*x.Mean, *y.Mean)
	})
	return scored
}

// standing compares a learned pattern's row with no dropout and with random search.
func (e *Experiment[P]) standing(rows []Row, title string) string {
	find := func(fits func(m Method) bool) *Row {
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
		parts = append(parts, e.about.compare(*learned, *none))
	}
	if random := find(func(m Method) bool { return m.Search == controller.Random }); random != nil {
		parts = append(parts, e.about.compare(*learned, *random))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("“%s” has %s: %s.", title, e.amountOf(*learned), strings.Join(parts, ", and "))
}

// amountOf writes a row's mean with its spread.
func (e *Experiment[P]) amountOf(r Row) string {
	text := e.about.amount(*r.Mean)
	if r.Std == nil {
		return text + " with one seed"
	}
	return fmt.Sprintf("%s (mean of %d seeds, standard deviation %.2f)", text, len(r.Values), *r.Std)
}

// compare says how much better or worse a row is than another, and whether that
// may be chance: seeds are paired, since they give two rows the same first weights
// and the same order of the data.
func (a *About) compare(row, other Row) string {
	better := *row.Mean - *other.Mean
	if !a.Higher {
		better = -better
	}
	word := "better"
	if better < 0 {
		word = "worse"
	}
	text := fmt.Sprintf("%s %s than “%s”", a.distance(math.Abs(better)), word, other.Method)
	if len(row.Values) < 2 || len(row.Values) != len(other.Values) {
		return text + ", which one seed cannot tell from chance"
	}
	differences := make([]float64, len(row.Values))
	for i := range differences {
		differences[i] = row.Values[i] - other.Values[i]
	}
	mean, half := interval(differences)
	if math.Abs(mean) > half {
		return fmt.Sprintf("%s, more than the seeds' spread explains (95 %% interval ± %.2f)", text, half)
	}
	return fmt.Sprintf("%s, which may be chance (95 %% interval ± %.2f)", text, half)
}

// distance writes how far two values of the metric are apart.
func (a *About) distance(d float64) string {
	if a.Unit == "%" {
		return fmt.Sprintf("%.2f points", d)
	}
	return a.amount(d)
}

// searchCost says what the searches took and found.
func (e *Experiment[P]) searchCost(rows []Row) string {
	searches := e.record.searched()
	if len(searches) == 0 {
		return ""
	}
	training, trainings := 0.0, 0
	for _, u := range e.unitList() {
		training += u.Seconds
		trainings++
	}
	var parts []string
	for _, s := range searches {
		seconds, best := 0.0, math.Inf(-1)
		for _, t := range s.trials {
			seconds += t.Seconds
			if !t.Failed() {
				best = max(best, t.Reward)
			}
		}
		if math.IsInf(best, 0) {
			continue
		}
		cost := ""
		if trainings > 0 && training > 0 {
			cost = fmt.Sprintf(", as long as %.1f final trainings,", seconds*float64(trainings)/training)
		}
		parts = append(parts, fmt.Sprintf("the search for “%s” took %s and %s of training%s and reached %s %s on the %s",
			s.method.Title, Count(len(s.trials), "trial", "trials"), Duration(seconds), cost, e.about.Reward.Shown, e.about.Reward.Show(best), e.about.Reward.Where))
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
