package main

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"flags": report.Flags}).Parse(pageText))

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

// drawing is a chart of the best rows that have a curve.
type drawing struct {
	report.Chart
	left int // rows with a curve that are not drawn
}

// add draws the curve of a row, which line returns in a style, if the row has one: it has no
// band. Only those are read that are drawn.
func (d *drawing) add(there bool, line func(style report.Style) (report.Line, error)) error {
	n := len(d.Lines)
	switch {
	case !there:
		return nil
	case n == mostLines:
		d.left++
		return nil
	}
	l, err := line(report.Compared.Style(n))
	if err == nil && len(l.X) > 0 {
		l.Low, l.High = nil, nil
		d.Lines = append(d.Lines, l)
	}
	return err
}

// draw draws the losses of the best rows, at every step and after every epoch, and the
// searches of the best rows that have one.
func (s *shown) draw() error {
	losses := drawing{Chart: report.Chart{Title: "Training loss", X: "step", Y: "loss"}}
	valid := drawing{Chart: report.Chart{Title: "Validation loss", X: "epoch", Y: "loss"}}
	rewards := drawing{Chart: report.Chart{Title: "Best reward so far", X: "trial", Y: "reward"}}
	for _, e := range s.Entries {
		err := errors.Join(
			losses.add(e.hasLosses(), func(style report.Style) (report.Line, error) {
				found, err := e.losses()
				return sheet.LossLine(found, style), err
			}),
			valid.add(e.epochs != nil, func(style report.Style) (report.Line, error) {
				return sheet.ValidationLine(sheet.Row{Title: e.id(), Epochs: e.epochs}, style), nil
			}),
			rewards.add(e.searched(), func(style report.Style) (report.Line, error) {
				log, err := controller.ReadLog(e.trials())
				if errors.Is(err, controller.ErrEmptyLog) {
					return report.Line{}, nil
				}
				if err != nil {
					return report.Line{}, err
				}
				_, best, _ := sheet.SearchLines(e.id(), style, log.Curve())
				return best, nil
			}))
		if err != nil {
			return err
		}
	}
	for _, d := range []drawing{losses, valid, rewards} {
		if len(d.Lines) == 0 {
			continue
		}
		s.Charts = append(s.Charts, template.HTML(d.SVG())) // which escapes names
		if d.left > 0 {
			s.Hints = append(s.Hints, fmt.Sprintf("%s: the best %d rows that have curves; %d more are not drawn: -methods and -where choose.", d.Title, mostLines, d.left))
		}
	}
	return nil
}
