package sheet

import (
	"cmp"
	"fmt"
	"math"
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

// textWidth is how long the lines of the text below a table are in a file.
const textWidth = 100

// Table writes the rows of a result beside the paper's numbers, in lines of at most so many
// letters where cells allow that; 0 is for a file, whose tables are as wide as they are. What
// the numbers are, and the notes, stand below.
func Table(r *runfolder.Result, width int) []byte {
	text := cmp.Or(width, textWidth)
	width = cmp.Or(width, math.MaxInt)
	lines := cells(r, paperValue)
	widths := fit(lines, width)
	narrow := tableWidth(widths) > width
	if narrow { // what the paper has stands below the table anyway
		for i, line := range lines {
			lines[i] = line[:len(line)-1]
		}
		widths = fit(lines, width)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", words.Wrap(fmt.Sprintf("%s on %s, %s, preset %s", r.Model, r.Dataset, r.Task, r.Preset), width))
	for i, line := range lines {
		if i == 1 {
			b.WriteString(rule(widths))
		}
		b.WriteString(tableLine(line, widths))
	}
	var below []string
	for _, row := range r.Rows {
		switch {
		case row.Paper == nil:
		case narrow:
			below = append(below, fmt.Sprintf("Paper, %s: %s is %s.", row.Method, paperValue(row.Paper), row.Paper.Setting))
		default:
			below = append(below, fmt.Sprintf("Paper: %s is %s.", paperValue(row.Paper), row.Paper.Setting))
		}
	}
	if r.Floor != 0 {
		below = append(below, floor(r))
	}
	for i, line := range append(below, r.Notes...) {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(words.Wrap(line, text) + "\n")
	}
	return []byte(b.String())
}

// fit returns how wide the columns of a table are. Where it would be wider than it may be,
// titles of columns, and then those of rows, go over several lines.
func fit(lines [][]string, width int) []int {
	body, titles, whole := make([]int, len(lines[0])), make([]int, len(lines[0])), make([]int, len(lines[0]))
	for i, title := range lines[0] {
		for _, word := range strings.Fields(title) {
			titles[i] = max(titles[i], utf8.RuneCountInString(word))
		}
		whole[i] = utf8.RuneCountInString(title)
		for _, line := range lines[1:] {
			body[i] = max(body[i], utf8.RuneCountInString(line[i]))
		}
		whole[i] = max(whole[i], body[i])
	}
	if tableWidth(whole) <= width {
		return whole
	}
	for i := range whole {
		whole[i] = max(body[i], titles[i])
	}
	const least = 14 // of rows' titles
	if over := tableWidth(whole) - width; over > 0 {
		whole[0] = min(whole[0], max(whole[0]-over, least))
	}
	return whole
}

// tableWidth returns how long the lines of a table are whose columns have these widths.
func tableWidth(widths []int) int {
	sum := 1
	for _, w := range widths {
		sum += w + 3 // a bar and two blanks
	}
	return sum
}

// tableLine writes a line of a table, over several where a cell is wider than its column.
func tableLine(cells []string, widths []int) string {
	wrapped := make([][]string, len(cells))
	height := 1
	for i, cell := range cells {
		wrapped[i] = strings.Split(words.Wrap(cell, widths[i]), "\n")
		height = max(height, len(wrapped[i]))
	}
	var b strings.Builder
	for y := range height {
		for i, lines := range wrapped {
			text := ""
			if y < len(lines) {
				text = lines[y]
			}
			fmt.Fprintf(&b, "| %s%s ", text, strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text))))
		}
		b.WriteString("|\n")
	}
	return b.String()
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
