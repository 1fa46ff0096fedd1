package experiment

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// Row is a row of the table.
type Row struct {
	Key   string // after -method, and in the names of files
	Title string
	Kind  sheet.Kind
	Paper *runfolder.Paper

	// Policy makes the dropout of a row that searches nothing; nil: none, that of
	// the pattern of -pattern, or what a program outside of this process knows.
	Policy MakePolicy
	// Rated is hand-made dropout with one of several rates, or a given pattern with one of
	// several strengths, which trials may choose; nil: there is no such choice.
	Rated *Rated
	// Algorithm searches the pattern; "": the plan says which.
	Algorithm controller.Algorithm
	// Ablated takes something away from the space of the search; nil: nothing.
	Ablated func(space dropout.Space) dropout.Space
	// Near returns the point of the space that the controller begins near; nil: none.
	Near func(space dropout.Space) ([]int, error)
	// AsPublished searches the paper's space, with all patterns as likely at first,
	// whatever the plan says.
	AsPublished bool
	// PerPlace is dropout made by hand: the best of the table's rows, whose rate is tuned in
	// each block or place, in the wide space, with as many trials as a search.
	PerPlace bool
	// Shares is the key of the row whose search this one shares; "" is none.
	Shares string
	// Network is what the row trains: Final, or Varied.
	Network Network
}

// Rated is hand-made dropout with one of several rates, or a given pattern with one of
// several strengths.
type Rated struct {
	Rates  []float64
	Given  float64                       // where trials do not choose
	Policy func(rate float64) MakePolicy // nil: a program outside of this process knows, or it is that of -pattern
	point  bool                          // it is a pattern of a wide space
}

// HandMade is a row for hand-made dropout: with the given rate, or with -tune with
// the best of several.
func HandMade[D dropout.Policy](key, title string, rate float64, policy func(rate float64, sites []dropout.Site) (D, error), rates ...float64) Row {
	_, point := any(*new(D)).(dropout.HandMade)
	rated := Rated{rates, rate, func(rate float64) MakePolicy {
		return func(sites []dropout.Site) (dropout.Policy, error) { return policy(rate, sites) }
	}, point}
	return Row{Key: key, Title: title, Kind: sheet.HandMade, Policy: rated.Policy(rate), Rated: &rated}
}

// strengths are the factors of what a given pattern drops that -tune-pattern tries: those that
// -tune tries of variational dropout's rates.
var strengths = []float64{0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2}

// Transferred is a row for a pattern that comes with the program: as it is, or with
// -tune-pattern with the best of several strengths.
func Transferred(key, title string, policy func(strength float64, sites []dropout.Site) (dropout.Policy, error)) Row {
	row := HandMade(key, title, 1, policy, strengths...)
	row.Kind = sheet.Given
	return row
}

// searches reports whether the row needs a search, of a pattern, a rate or a strength.
func (r *Row) searches() bool { return r.Kind.Searched() || r.tuned() || r.PerPlace }

// Given is the key of the row of -pattern.
const Given = "pattern"

// tuned reports whether trials choose the row's rate or strength.
func (r *Row) tuned() bool { return r.Algorithm == controller.Grid }

// searchKey names the search of a row.
func (r *Row) searchKey() string { return cmp.Or(r.Shares, r.Key) }

// name is what the files of the final training with seed k are called.
func (r *Row) name(k int) string { return runfolder.Training(r.Key, k) }

// title is what people read about it.
func (r *Row) title(k int) string { return fmt.Sprintf("%s, seed %d", r.Title, k) }

// Keys returns the keys of a table's rows.
func Keys(table []Row) []string {
	var keys []string
	for _, m := range table {
		keys = append(keys, m.Key)
	}
	return keys
}

// Rows returns the rows of the table that were asked for, in its order. A given
// pattern takes the place of those that would have to be searched.
func (p *Plan) Rows(table []Row) []Row {
	var rows []Row
	for _, row := range table {
		if !slices.Contains(p.Methods, row.Key) || (row.Kind.Searched() || row.PerPlace) && p.Pattern != "" {
			continue
		}
		switch {
		case row.PerPlace:
			row.Algorithm = controller.Coordinate
		case row.Kind == sheet.Random:
			row.Algorithm = controller.Random
		case row.Kind.Searched():
			row.Algorithm = cmp.Or(row.Algorithm, controller.Algorithm(p.Algorithm))
		case row.Kind == sheet.HandMade && p.Tune && row.Rated != nil:
			row.Policy, row.Algorithm = nil, controller.Grid
		case row.Kind == sheet.Given:
			if p.Pattern != "" {
				row.Policy, row.Rated, row.Title = nil, &Rated{Rates: strengths, Given: 1}, row.Title+", "+filepath.Base(p.Pattern)
			}
			p.tunePattern(&row)
		}
		rows = append(rows, row)
	}
	if p.Pattern == "" || slices.ContainsFunc(rows, func(row Row) bool { return row.Kind == sheet.Given }) {
		return rows
	}
	title := "pattern " + filepath.Base(p.Pattern)
	given := Row{Key: Given, Title: title, Kind: sheet.Given, Rated: &Rated{Rates: strengths, Given: 1}}
	p.tunePattern(&given)
	rows = append(rows, given)
	for _, row := range table {
		if slices.Contains(p.Methods, row.Key) && row.Shares != "" && row.Kind != sheet.Shuffled {
			also := given
			also.Key, also.Title, also.Network, also.Shares = "pattern-"+row.Key, title+", as in "+row.Title, row.Network, given.Key
			rows = append(rows, also)
		}
	}
	return rows
}

// tunePattern lets trials choose the strength of a row's given pattern, where they are to.
func (p *Plan) tunePattern(row *Row) {
	if p.TunePattern && row.Rated != nil {
		row.Policy, row.Algorithm = nil, controller.Grid
	}
}
