package sheet

import (
	"fmt"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/words"
)

// Page returns the report. The state says why it does not have all that the run is to
// find, and is "" when it does.
func Page(f *Facts, state string) *report.Page {
	r := f.Result
	p := &report.Page{
		Title:    fmt.Sprintf("%s on %s", r.Model, r.Dataset),
		Subtitle: fmt.Sprintf("%s, benchmark %s, preset %s", r.Task, f.Name, r.Preset),
		Notes:    slices.Concat(f.Notes, r.Notes),
		Summary:  Summary(f),
		State:    state,
		Table:    resultTable(f),
		Search:   searchCharts(f),
		Waits:    slices.ContainsFunc(f.Rows, func(row Row) bool { return row.Kind.Searched() }),
		Trials:   trialTable(f),
		Outputs:  slices.Concat(f.Outputs, trialOutputs(f)),
		Pattern:  f.Pattern,
		Command:  r.Command,
		Setting:  f.Settings,
		Outside:  f.Outside,
		Origin: []report.Fact{
			{Name: "commit", Value: r.Commit}, {Name: "processor", Value: r.CPU},
			{Name: "instructions", Value: r.SIMD}, {Name: "most memory", Value: words.Memory(r.Memory)},
			{Name: "computing", Value: words.Duration(r.Seconds)}, {Name: "date", Value: r.Date}, {Name: "seed", Value: fmt.Sprint(r.Seed)},
		},
	}
	p.Found = foundTable(f)
	p.Choices, p.ChoicesNote = importances(f)
	p.Training, p.Seeds = lossCharts(f)
	if all, each := validationCharts(f); all != nil {
		for i := range p.Training { // what is below is told of by the chart that follows
			p.Training[i].Caption = seedsOf(f)
		}
		p.Training, p.Seeds, p.Gaps = append(p.Training, *all), each, gaps(f)
	}
	return p
}

// resultTable returns the table with each seed's values.
func resultTable(f *Facts) report.Table {
	r, lines := f.Result, cells(f.Result, paper)
	t := report.Table{Header: lines[0], Note: "Mean and standard deviation over the seeds.",
		Main: slices.IndexFunc(lines[0], func(title string) bool { return strings.HasPrefix(title, r.Split+" "+r.Metric) })}
	if r.Floor != 0 {
		t.Note += " " + floor(r)
	}
	styles := f.styles()
	for i, row := range r.Rows {
		line := report.Row{Cells: lines[i+1], Values: row.Values}
		if at := slices.IndexFunc(f.Rows, func(other Row) bool { return other.Title == row.Method }); at >= 0 {
			line.Style = styles[at]
		}
		if mean, _ := runfolder.MeanStd(row.Values); mean != nil {
			line.Mean = *mean
		}
		t.Rows = append(t.Rows, line)
	}
	return t
}
