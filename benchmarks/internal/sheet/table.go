package sheet

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/words"
)

// cells returns the table of a result beside the paper's numbers, line by line,
// the header first. about says what is told of these.
func cells(r *runfolder.Result, about func(p *runfolder.Paper) string) [][]string {
	metric := r.Metric
	if r.Unit != "" {
		metric += ", " + r.Unit
	}
	valid := slices.ContainsFunc(r.Rows, func(row runfolder.Row) bool { return row.Valid != nil })
	lines := [][]string{{"method", "valid " + metric, r.Split + " " + metric}}
	lines[0] = append(append(lines[0], r.Also...), "seeds", "time", "paper, in its own setting")
	for _, row := range r.Rows {
		m := written(r)
		line := []string{row.Method, m.score(&row, row.Valid), m.score(&row, row.Values)}
		for i := range r.Also {
			var values []float64
			if row.Also != nil {
				values = row.Also[i]
			}
			line = append(line, m.score(&row, values))
		}
		lines = append(lines, append(line, fmt.Sprint(len(row.Values)), words.Duration(row.Seconds), about(row.Paper)))
	}
	if !valid {
		for i, line := range lines {
			lines[i] = slices.Delete(line, 1, 2)
		}
	}
	return lines
}

// floor says what can be expected at best, where that is known.
func floor(r *runfolder.Result) string {
	return fmt.Sprintf("The least %s %s that can be expected of any model is %.2f.", r.Split, r.Metric, r.Floor)
}

// textWidth is how long lines below a table are at most.
const textWidth = 100

// Table writes the rows of a result beside the paper's numbers. What these are, and the
// notes, stand below it, so that lines fit a terminal.
func Table(r *runfolder.Result) []byte {
	lines := cells(r, paperValue)
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s, %s, preset %s\n\n", r.Model, r.Dataset, r.Task, r.Preset)
	for i, line := range lines {
		if i == 1 {
			b.WriteString(rule(widths))
		}
		b.WriteString(tableLine(line, widths))
	}
	var below []string
	for _, row := range r.Rows {
		if row.Paper != nil {
			below = append(below, fmt.Sprintf("Paper: %s is %s.", paperValue(row.Paper), row.Paper.Setting))
		}
	}
	if r.Floor != 0 {
		below = append(below, floor(r))
	}
	for i, text := range append(below, r.Notes...) {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(words.Wrap(text, textWidth) + "\n")
	}
	return []byte(b.String())
}

func tableLine(cells []string, widths []int) string {
	var b strings.Builder
	for i, cell := range cells {
		fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
	}
	return b.String() + "|\n"
}

func rule(widths []int) string {
	var b strings.Builder
	for _, w := range widths {
		b.WriteString("|" + strings.Repeat("-", w+2))
	}
	return b.String() + "|\n"
}

// score sums up values of the row, one for each seed.
func (m Metric) score(r *runfolder.Row, values []float64) string {
	mean, std := runfolder.MeanStd(values)
	switch {
	case r.Mean == nil || mean == nil:
		return "diverged"
	case std == nil:
		return m.figure(*mean)
	}
	return m.figure(*mean) + " ± " + m.figure(*std)
}

// paper returns the paper's number and what it is.
func paper(p *runfolder.Paper) string {
	if p == nil {
		return paperValue(p)
	}
	return fmt.Sprintf("%s (%s)", paperValue(p), p.Setting)
}

func paperValue(p *runfolder.Paper) string {
	switch {
	case p == nil:
		return "-"
	case p.Valid != 0:
		return fmt.Sprintf("%g / %g", p.Valid, p.Value)
	}
	return fmt.Sprint(p.Value)
}
