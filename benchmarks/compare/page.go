package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/words"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// mostLines is how many lines a chart has; more cannot be told apart.
const mostLines = 10

// shown is a group as the page shows it.
type shown struct {
	*group
	Table    []cells
	Charts   []template.HTML
	Hints    []string
	Settings []settingsRow
}

// settingsRow are the settings of a run, those that differ.
type settingsRow struct {
	Run, Status string
	Values      []string
}

// settingNames returns the names of all settings of all runs.
func (c *comparison) settingNames() []string {
	names := map[string]bool{}
	for _, r := range c.runs {
		for name := range r.settings {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// writePage writes the page: one file that needs no other.
func (c *comparison) writePage(w io.Writer) error {
	var groups []shown
	for _, g := range c.Groups {
		s := shown{group: g}
		for _, e := range g.Entries {
			s.Table = append(s.Table, g.cells(e))
		}
		for _, r := range g.Runs {
			x := settingsRow{Run: r.name, Status: r.status()}
			for _, name := range g.Differs {
				x.Values = append(x.Values, r.settings[name])
			}
			s.Settings = append(s.Settings, x)
		}
		if err := s.draw(); err != nil {
			return err
		}
		groups = append(groups, s)
	}
	return page.Execute(w, map[string]any{"Groups": groups, "Skipped": c.Skipped,
		"About": fmt.Sprintf("%s of %s", words.Count(c.rows(), "row", "rows"), words.Count(len(c.runs), "run", "runs"))})
}

// draw draws the losses of the best rows, and the searches of the best rows that have one.
func (s *shown) draw() error {
	losses := report.Chart{Title: "Training loss", X: "step", Y: "loss"}
	rewards := report.Chart{Title: "Best reward so far", X: "trial", Y: "reward"}
	left := [2]int{}
	for _, e := range s.Entries {
		if len(losses.Lines) == mostLines {
			left[0]++
		} else {
			found, err := e.losses()
			if err != nil {
				return err
			}
			if line := sheet.LossLine(found, report.Compared.Style(len(losses.Lines))); len(line.X) > 0 {
				line.Low, line.High = nil, nil
				losses.Lines = append(losses.Lines, line)
			}
		}
		log, err := e.search()
		if err != nil {
			return err
		}
		if log == nil {
			continue
		}
		if len(rewards.Lines) == mostLines {
			left[1]++
			continue
		}
		_, best, _ := sheet.SearchLines(e.id(), report.Compared.Style(len(rewards.Lines)), log.Curve())
		if len(best.X) > 0 {
			rewards.Lines = append(rewards.Lines, best)
		}
	}
	for i, chart := range []report.Chart{losses, rewards} {
		if len(chart.Lines) == 0 {
			continue
		}
		s.Charts = append(s.Charts, template.HTML(chart.SVG())) // which escapes names
		if left[i] > 0 {
			s.Hints = append(s.Hints, fmt.Sprintf("%s: the best %d rows that have curves; %d more are not drawn: -methods and -where choose.", chart.Title, mostLines, left[i]))
		}
	}
	return nil
}
