// Package sheet says what a run has found: the table, a paragraph in words, curves, and
// the page that shows all of it. Everything here is a function of [Facts], which are
// only read.
package sheet

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/train"
)

// Facts are what a run has found so far.
type Facts struct {
	Name      string            // of the program
	Result    *runfolder.Result // its Summary may be missing, which is made of the rest
	Higher    bool              // the higher the metric, the better
	Seeds     int               // of each row, when the run has ended
	Rows      []Row             // of the table, in its order, those too that have no training yet
	Searches  []Search
	Reward    Reward
	Reference string          // the title of the row that trials are compared with, seed by seed; "": none
	Training  float64         // seconds that a final training took on average; 0: none has finished
	Pattern   *report.Pattern // that the run stands for; nil: none
	Notes     []string        // what a reader should know about the data
	Scored    string          // what networks are scored on after every epoch
	Outside   bool            // programs outside of this process train, whose losses are not known
	Settings  string          // as a configuration file
	Outputs   []report.Fact   // what programs outside of this process printed last in final trainings
}

// Row is a row of the table.
type Row struct {
	Title  string
	Kind   Kind
	Varied bool                 // it is trained otherwise than others, which it is not compared with
	Losses []Losses             // of its trainings, by seed
	Epochs [][]train.Validation // what they were scored after their epochs, by seed
}

// Losses are those of a training, of so many steps in all.
type Losses struct {
	Total  int
	Values []float32
}

// Search is what the search of a row has done.
type Search struct {
	Row int // in Facts.Rows
	controller.Report
	Features []Feature // of its trials; nil: it has no choices to be told of
	Dropped  []float64 // the share that each trial drops on average; nil: not known
	Found    string    // what is dropped where by what it found so far, "" where that is not known
	Reward   float64   // of that, mean over its trials
}

// Reward describes the reward of searches to people.
type Reward struct {
	Name  string                       // "80/perplexity"
	Where string                       // "validation text"
	Shown string                       // what Show shows: "valid perplexity"
	Show  func(reward float64) string  // "93.20"
	Scale func(reward float64) float64 // the number of what Show says, for axes; nil: the reward
	Unit  string                       // of that: "%"; "" is none
}

// onAxis returns a reward as charts have it: the number of what Show says.
func (r Reward) onAxis(reward float64) float64 {
	if r.Scale == nil {
		return reward
	}
	return r.Scale(reward)
}

// scale makes rewards what charts have.
func (r Reward) scale(rewards []float64) {
	for i, v := range rewards {
		rewards[i] = r.onAxis(v)
	}
}

// axis says what an axis of rewards counts.
func (r Reward) axis() string {
	name := r.Name
	if r.Scale != nil {
		name = r.Shown
	}
	if r.Unit != "" {
		name += ", " + r.Unit + ","
	}
	return fmt.Sprintf("%s on the %s", name, r.Where)
}

// Kind is what a row of a table stands for.
type Kind int

// The kinds.
const (
	Plain    Kind = iota // nothing is dropped beyond what is in all rows
	HandMade             // hand-made dropout; -tune searches its rate
	Random               // the pattern that random search found
	Learned              // the pattern that the controller found
	Ablated              // the same, in a smaller space
	Given                // a pattern that was learned elsewhere
	Shuffled             // a control: the pattern that another row's search found, with its blocks or places in another order
)

// Searched reports whether a pattern is searched for a row of the kind.
func (k Kind) Searched() bool { return k == Random || k == Learned || k == Ablated || k == Shuffled }

// Controlled reports whether the pattern of such a row comes from a controller.
func (k Kind) Controlled() bool { return k == Learned || k == Ablated || k == Given }

// family returns which styles rows of the kind have.
func (k Kind) family() report.Family {
	switch {
	case k == Random:
		return report.Random
	case k.Controlled():
		return report.Learned
	}
	return report.Compared
}

// Styles returns how the rows of a table look: each like no other.
func Styles(kinds []Kind) []report.Style {
	count := map[report.Family]int{}
	styles := make([]report.Style, len(kinds))
	for i, k := range kinds {
		styles[i] = k.family().Style(count[k.family()])
		count[k.family()]++
	}
	return styles
}

func (f *Facts) styles() []report.Style {
	kinds := make([]Kind, len(f.Rows))
	for i, row := range f.Rows {
		kinds[i] = row.Kind
	}
	return Styles(kinds)
}

// Best returns the rows that have a mean, the best one first.
func Best(rows []runfolder.Row, higher bool) (scored []runfolder.Row) {
	for _, row := range rows {
		if row.Mean != nil {
			scored = append(scored, row)
		}
	}
	slices.SortStableFunc(scored, func(x, y runfolder.Row) int {
		if higher {
			x, y = y, x
		}
		return cmp.Compare(*x.Mean, *y.Mean)
	})
	return scored
}

// Metric is how values of a metric are written.
type Metric struct {
	Unit     string // "%"; "" is none
	Decimals int    // 0: two
}

// written returns how the metric of a result is written.
func written(r *runfolder.Result) Metric { return Metric{r.Unit, r.Decimals} }

// Amount writes a value: "4.50 %".
func (m Metric) Amount(value float64) string {
	return strings.TrimSpace(m.figure(value) + " " + m.Unit)
}

// figure writes a number with the decimals of the metric, and in powers of ten where it
// is as large as the perplexity of a model that has all but diverged.
func (m Metric) figure(value float64) string {
	decimals := cmp.Or(m.Decimals, 2)
	if math.Abs(value) >= 1e9 {
		return fmt.Sprintf("%.*e", decimals, value)
	}
	return fmt.Sprintf("%.*f", decimals, value)
}
