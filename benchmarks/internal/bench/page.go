package bench

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/internal/atomicfile"
)

// page returns the report of what the run has so far. The state says why that is
// not all, and is "" when it is.
func (e *Experiment[P]) page(r *runfolder.Result, state string) *report.Page {
	_, pattern, _ := e.record.news()
	searches := e.record.searched()
	p := &report.Page{
		Title:    fmt.Sprintf("%s on %s", r.Model, r.Dataset),
		Subtitle: fmt.Sprintf("%s, benchmark %s, preset %s", r.Task, e.about.Name, r.Preset),
		Notes:    slices.Concat(e.notes, r.Notes),
		Summary:  r.Summary,
		State:    state,
		Table:    e.resultTable(r),
		Search:   searchCharts(searches, e.style, &e.about),
		Trials:   trialTable(searches, e.about.Reward),
		Pattern:  pattern,
		Origin: []report.Fact{
			{Name: "command", Value: r.Command}, {Name: "commit", Value: r.Commit}, {Name: "processor", Value: r.CPU},
			{Name: "instructions", Value: r.SIMD}, {Name: "most memory", Value: Memory(r.Memory)},
			{Name: "computing", Value: Duration(r.Seconds)}, {Name: "date", Value: r.Date}, {Name: "seed", Value: fmt.Sprint(r.Seed)},
		},
	}
	if text, err := e.Run.Settings.TOML(); err == nil {
		p.Setting = string(text)
	}
	var lines []report.Line
	for _, m := range e.Rows {
		if line := lossLine(m, e.style(m), e.record.curves(m)); len(line.X) > 0 {
			lines = append(lines, line)
		}
	}
	p.Training, p.Seeds = lossCharts(lines, e.Plan.Seeds)
	return p
}

// resultTable returns the table with each seed's values.
func (e *Experiment[P]) resultTable(r *runfolder.Result) report.Table {
	lines := cells(r)
	t := report.Table{Header: lines[0], Note: "Mean and standard deviation over the seeds.",
		Main: slices.IndexFunc(lines[0], func(title string) bool { return strings.HasPrefix(title, r.Split+" "+r.Metric) })}
	if r.Floor != 0 {
		t.Note += " " + floor(r)
	}
	for i, row := range r.Rows {
		line := report.Row{Cells: lines[i+1], Values: row.Values}
		for _, m := range e.Rows {
			if m.Title == row.Method {
				line.Style = e.style(m)
			}
		}
		if mean, _ := runfolder.MeanStd(row.Values); mean != nil {
			line.Mean = *mean
		}
		t.Rows = append(t.Rows, line)
	}
	return t
}

// style returns how the report shows a method.
func (e *Experiment[P]) style(m Method) report.Style {
	switch baselines, learned := 0, 0; {
	case m.Search == controller.Random:
		return report.Random
	default:
		for _, other := range e.Rows {
			if other.Key == m.Key {
				break
			}
			if other.learned() {
				learned++
			} else {
				baselines++
			}
		}
		if m.learned() {
			return report.Learned + report.Style(min(learned, 1))
		}
		return report.Style(baselines % report.Baselines)
	}
}

// writeReport writes the page to the run's folder.
func (e *Experiment[P]) writeReport(r *runfolder.Result, state string) error {
	return atomicfile.Write(e.folder.Path(runfolder.Report), func(w io.Writer) error { return e.page(r, state).Write(w) })
}

// dashboard shows the page while the run goes on, where a dashboard is wanted. What it
// returns ends that.
func (e *Experiment[P]) dashboard(l net.Listener) (stop func()) {
	if l == nil {
		return func() {}
	}
	fmt.Fprintf(e.Stdout, "The dashboard is at http://%s while the run goes on.\n", l.Addr())
	return report.Serve(l, e.livePage, e.status).Close
}

// listen takes the port of the dashboard; nil: there is none.
func (e *Experiment[P]) listen() (net.Listener, error) {
	if e.Plan.Dashboard == "" {
		return nil, nil
	}
	l, err := report.Listen(e.Plan.Dashboard)
	if err != nil {
		return nil, usage.Errorf("-dashboard %s: %v", e.Plan.Dashboard, err)
	}
	return l, nil
}

func (e *Experiment[P]) livePage() *report.Page {
	r := e.result()
	state := "The run goes on."
	if _, _, ended := e.record.news(); ended {
		state = ""
	}
	return e.page(&r, state)
}

// curvesEvery is how often the dashboard draws the curves of a training that
// goes on again.
const curvesEvery = 10 * time.Second

func (e *Experiment[P]) status() report.Status {
	version, _, _ := e.record.news()
	s := report.Status{Version: version + int(time.Since(e.started)/curvesEvery)}
	if p := e.progress.Load(); p != nil {
		s.Lines, s.Done = p.Now()
	} else {
		s.Lines = []string{"Measuring how long a step takes."}
	}
	return s
}
