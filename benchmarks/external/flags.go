package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
)

// line is a program with its arguments, written as one line.
type line struct {
	text  string
	words []string

	absolute []string // the same with absolute paths of files
	path     string   // the program's file; "": it is looked for when it is started
}

func (l *line) String() string { return l.text }

// Set implements flag.Value.
func (l *line) Set(text string) (err error) {
	l.text = text
	l.words, err = words.Split(text)
	return err
}

// Get implements flag.Getter.
func (l *line) Get() any { return l.text }

// row is a hand-made row: a program that does something else.
type row struct {
	key     string
	command line
}

// rated reports whether the row has rates.
func (r *row) rated() bool {
	return slices.ContainsFunc(r.command.words, func(w string) bool { return strings.Contains(w, "{rate}") })
}

// rows are given one after another, and in a configuration file line by line.
type rows []row

func (r *rows) String() string {
	var lines []string
	for _, row := range *r {
		lines = append(lines, row.key+"="+row.command.text)
	}
	return strings.Join(lines, "\n")
}

var key = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// Set implements flag.Value.
func (r *rows) Set(text string) error {
	for line := range strings.Lines(text) {
		name, command, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !found || !key.MatchString(name) {
			return fmt.Errorf("a row is KEY=PROGRAM ARGUMENTS, with a key of letters, digits, - and _")
		}
		added := row{key: name}
		if err := added.command.Set(command); err != nil {
			return err
		}
		*r = append(slices.Clip(*r), added)
	}
	return nil
}

// Get implements flag.Getter.
func (r *rows) Get() any { return r.String() }

// grid has the rates of a row, or of all that have no other.
type grid struct {
	key   string // "": all
	rates []float64
}

// grids are given one after another, and in a configuration file line by line.
type grids []grid

func (g *grids) String() string {
	var lines []string
	for _, grid := range *g {
		text := ""
		if grid.key != "" {
			text = grid.key + "="
		}
		for i, rate := range grid.rates {
			if i > 0 {
				text += ","
			}
			text += strconv.FormatFloat(rate, 'g', -1, 64)
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

// Set implements flag.Value.
func (g *grids) Set(text string) error {
	for line := range strings.Lines(text) {
		var added grid
		list := strings.TrimSuffix(line, "\n")
		if name, rest, found := strings.Cut(list, "="); found {
			added.key, list = name, rest
		}
		for part := range strings.SplitSeq(list, ",") {
			rate, err := strconv.ParseFloat(part, 64)
			if err != nil || rate-rate != 0 {
				return fmt.Errorf("%q is not a rate: give finite numbers with commas between them", part)
			}
			added.rates = append(added.rates, rate)
		}
		*g = append(slices.Clip(*g), added)
	}
	return nil
}

// Get implements flag.Getter.
func (g *grids) Get() any { return g.String() }

// of returns the rates of a row, none where it has no grid.
func (g grids) of(key string) []float64 {
	for _, name := range []string{key, ""} {
		for _, grid := range g {
			if grid.key == name {
				return grid.rates
			}
		}
	}
	return nil
}

// check returns an error for a row without the rates that it needs, and for rates
// without their row.
func (g grids) check(all rows) error {
	for _, r := range all {
		if r.rated() && g.of(r.key) == nil {
			return usage.Errorf("-row %s has {rate} and no -grid with rates", r.key)
		}
	}
	for _, grid := range g {
		if !slices.ContainsFunc(all, func(r row) bool { return r.rated() && (grid.key == "" || grid.key == r.key) }) {
			return usage.Errorf("-grid %s is for no -row with {rate}", (&grids{grid}).String())
		}
	}
	return nil
}

// names is a list of names with commas between them.
type names []string

func (n *names) String() string { return strings.Join(*n, ",") }

// Set implements flag.Value.
func (n *names) Set(text string) error {
	*n = nil
	if text == "" {
		return nil
	}
	*n = strings.Split(text, ",")
	if slices.Contains(*n, "") {
		return fmt.Errorf("a name in %q is empty: give names with commas between them", text)
	}
	return nil
}

// Get implements flag.Getter.
func (n *names) Get() any { return append([]string{}, *n...) }
