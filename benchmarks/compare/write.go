package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"autodropout/benchmarks/internal/sheet"
)

// cells are a row of the table as people read it.
type cells struct {
	Row, Value, Seeds, Gain, Chance, Verdict string
}

func (g *group) cells(e *entry) cells {
	c := cells{Row: e.id(), Value: "-", Seeds: strconv.Itoa(len(e.scores)), Gain: "", Chance: "", Verdict: g.verdict(e)}
	if e.Mean.N > 0 {
		c.Value = sheet.Metric{Unit: g.Unit, Decimals: g.decimals}.Amount(e.Mean.Value)
		if !math.IsNaN(e.Mean.Low) {
			c.Value = fmt.Sprintf("%s ± %.*f", c.Value, g.decimals, (e.Mean.High-e.Mean.Low)/2)
		}
	}
	if e.Gain.N > 0 {
		signed := func(v float64) string { return fmt.Sprintf("%+.*f", g.decimals, v) }
		c.Gain = signed(e.Gain.Value)
		low, high := signed(e.Gain.Low), signed(e.Gain.High)
		switch {
		case math.IsNaN(e.Gain.Low):
		case low == high:
			c.Gain += ", no spread"
		default:
			c.Gain += fmt.Sprintf(" (%s to %s)", low, high)
		}
		if !e.Paired {
			c.Gain += " unpaired"
		}
	}
	switch p := e.Gain.Corrected; {
	case e == g.Against, math.IsNaN(p):
	case p < 0.001:
		c.Chance = "<0.001"
	default:
		c.Chance = fmt.Sprintf("%.3f", p)
	}
	return c
}

// Title says what the rows of a group have in common.
func (g *group) Title() string {
	parts := []string{g.Metric}
	if g.Split != "" {
		parts = append(parts, "on the "+g.Split+" split of "+g.Dataset)
	} else if g.Dataset != "" {
		parts = append(parts, "on "+g.Dataset)
	}
	return strings.Join(parts, " ")
}

// About says how a group is compared.
func (g *group) About() string {
	if g.Against == nil {
		return "No final training has finished."
	}
	text := fmt.Sprintf("Gains are over %s", g.Against.id())
	if !g.Chosen {
		text += ", the best mean of several seeds where there is one, which luck has helped to be the best: -against takes the row that was to be beaten"
	}
	return text + ". Intervals have 95 %; p-values are corrected for all comparisons of the table (Holm). Rows of runs with the same setting seed are compared seed by seed, others as samples of their own (Welch)."
}

// writeTable prints the table for terminals.
func (c *comparison) writeTable(w io.Writer) {
	for i, g := range c.Groups {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\n", g.Title())
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "row\tmean, 95 %\tseeds\tgain\tp, corrected\t")
		for _, e := range g.Entries {
			x := g.cells(e)
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Row, x.Value, x.Seeds, x.Gain, x.Chance, x.Verdict)
		}
		t.Flush()
		fmt.Fprintln(w, g.About())
		if len(g.Differs) > 0 {
			fmt.Fprintf(w, "Settings that differ: %s.\n", strings.Join(g.Differs, ", "))
		}
	}
	for _, s := range c.Skipped {
		fmt.Fprintln(w, s)
	}
}

// number writes a number for programs, nothing where there is none.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// writeCSV writes a line for each row, with the settings of its run in columns of their own.
func (c *comparison) writeCSV(w io.Writer) error {
	names := c.settingNames()
	out := csv.NewWriter(w)
	head := []string{"dataset", "split", "metric", "unit", "run", "method", "title", "seeds", "mean", "low", "high", "diverged", "seconds", "against", "gain", "gain_low", "gain_high", "p", "p_corrected", "paired", "verdict"}
	for _, name := range names {
		head = append(head, "setting."+name)
	}
	out.Write(head)
	for _, g := range c.Groups {
		against := ""
		if g.Against != nil {
			against = g.Against.id()
		}
		for _, e := range g.Entries {
			line := []string{g.Dataset, g.Split, g.Metric, g.Unit, e.run.name, e.method, e.title, strconv.Itoa(len(e.scores)),
				number(e.Mean.Value), number(e.Mean.Low), number(e.Mean.High), strconv.Itoa(e.diverged), number(e.seconds), against}
			line = append(line, number(e.Gain.Value), number(e.Gain.Low), number(e.Gain.High), number(e.Gain.P), number(e.Gain.Corrected),
				strconv.FormatBool(e.Paired), g.verdict(e))
			for _, name := range names {
				line = append(line, e.run.settings[name])
			}
			out.Write(line)
		}
	}
	out.Flush()
	return out.Error()
}

// writeEpochs writes a line for each epoch of each training whose network was scored after
// it.
func (c *comparison) writeEpochs(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"run", "method", "seed", "epoch", "steps", "train_loss", "valid_loss", "valid_score"})
	for _, g := range c.Groups {
		for _, e := range g.Entries {
			for seed, epochs := range e.epochs {
				for _, v := range epochs {
					out.Write([]string{e.run.name, e.method, strconv.Itoa(seed), strconv.Itoa(v.Epoch), strconv.Itoa(v.Steps), number(v.Train), number(v.Loss), number(v.Score)})
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}
