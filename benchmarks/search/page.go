package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/internal/atomicfile"
)

// text is the page with places for what the logs say.
//
//go:embed page.tmpl
var text string

// page is what the page says.
type page struct {
	*fitting
	curves  []curve
	Trained []*trained
	Images  *pairing // of the study's trainings on images
	Words   *pairing

	variants *compared
	varied   []outcome
	optuna   string
}

// writePage writes the page and its curves to a folder, from the logs in another.
func writePage(results, doc string) error {
	p, err := readPage(results)
	if err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	written, err := p.written()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(doc, "search"), 0o777); err != nil {
		return err
	}
	for name, content := range written {
		if err := atomicfile.WriteBytes(filepath.Join(doc, name), content); err != nil {
			return err
		}
	}
	return nil
}

func readPage(results string) (p *page, err error) {
	p = &page{}
	if p.fitting, p.curves, err = readSearches(filepath.Join(results, "search", "surrogate.jsonl")); err != nil {
		return nil, err
	}
	if p.variants, p.varied, err = readVariants(filepath.Join(results, "search", "variants.jsonl")); err != nil {
		return nil, err
	}
	if p.Trained, err = readTrained(filepath.Join(results, "search", "words")); err != nil {
		return nil, err
	}
	if p.Images, err = pairs(runfolder.Folder(filepath.Join(results, "study", "cifar"))); err != nil {
		return nil, err
	}
	if p.Words, err = pairs(runfolder.Folder(filepath.Join(results, "study", "ptb"))); err != nil {
		return nil, err
	}
	optuna, err := os.ReadFile(filepath.Join(results, "external", "optuna.txt"))
	p.optuna = string(optuna)
	return p, err
}

// written returns the files of the page.
func (p *page) written() (map[string][]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{
		"percent": func(x float64) string { return fmt.Sprintf("%.1f", 100*x) },
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if err := t.Execute(&b, p); err != nil {
		return nil, err
	}
	files := map[string][]byte{"search.md": []byte(b.String())}
	for name, of := range map[string]func(c *curve, i int) float64{
		"best": func(c *curve, i int) float64 { return c.Best[i] }, "late": func(c *curve, i int) float64 { return c.Late[i] },
	} {
		files["search/"+name+".svg"] = p.chart(name, of).SVG()
	}
	best, late := p.trainedCharts()
	files["search/trained-best.svg"], files["search/trained-late.svg"] = best.SVG(), late.SVG()
	return files, nil
}

// what says in words what a curve shows.
var what = map[string]string{"best": "worth of the pattern with the best reward so far", "late": "mean worth of the last third of the trials"}

// chart shows the searches that begin mildly, and the paper's controller.
func (p *page) chart(name string, of func(c *curve, i int) float64) report.Chart {
	c := report.Chart{Title: "On the surrogate: " + what[name], X: "trials", Y: "accuracy in percent"}
	learned, compared := 0, 0
	for _, k := range kinds() {
		if k.begins != "mild" && k != published {
			continue
		}
		line := report.Line{Name: k.String()}
		switch {
		case k.algorithm == experiment.Algorithm:
			line.Style = report.Learned.Style(learned)
			learned++
		default:
			line.Style = report.Compared.Style(compared)
			compared++
		}
		for i := range p.curves[0].Best {
			v := k.values(p.curves, func(c *curve) float64 { return of(c, i) })
			line.X = append(line.X, float64((i+1)*every))
			line.Y, line.Low, line.High = append(line.Y, 100*v.mean), append(line.Low, 100*(v.mean-v.err)), append(line.High, 100*(v.mean+v.err))
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}

// published is the paper's controller.
var published = kind{"reinforce", "uniform"}

func (k kind) String() string { return fmt.Sprintf("%s, %s", k.algorithm, k.begins) }

// trainedCharts show the searches on real trainings.
func (p *page) trainedCharts() (best, late report.Chart) {
	best = report.Chart{Title: "Trained: best reward so far", X: "trials", Y: "80 / perplexity"}
	late = report.Chart{Title: "Trained: mean reward of the last third of the trials", X: "trials", Y: "80 / perplexity"}
	for i, t := range p.Trained {
		style := report.Compared.Style(i)
		if strings.HasPrefix(t.title, string(experiment.Algorithm)) {
			style = report.Learned.Style(0)
		}
		x, b, l := t.curves()
		best.Lines = append(best.Lines, report.Line{Name: t.title, Style: style, X: x, Y: b})
		late.Lines = append(late.Lines, report.Line{Name: t.title, Style: style, X: x, Y: l})
	}
	return best, late
}

// Default is the algorithm that searches by default.
func (p *page) Default() string { return string(experiment.Algorithm) }

// Table is that of the searches on the surrogate.
func (p *page) Table() string {
	var b strings.Builder
	b.WriteString("| begins | algorithm |")
	for _, n := range p.Budgets {
		fmt.Fprintf(&b, " %d trials |", n)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(p.Budgets)) + "\n")
	for _, k := range kinds() {
		fmt.Fprintf(&b, "| %s | %s |", k.begins, k.algorithm)
		for i, n := range p.Budgets {
			chosen, late := k.values(p.curves, func(c *curve) float64 { return c.Chosen[i] }), k.values(p.curves, func(c *curve) float64 { return c.late(n) })
			fmt.Fprintf(&b, " %.1f ± %.1f / %.1f ± %.1f |", 100*chosen.mean, 100*chosen.err, 100*late.mean, 100*late.err)
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// TrainedTable is that of the searches on real trainings.
func (p *page) TrainedTable() string {
	var b strings.Builder
	b.WriteString("| search | best of all trials | last third | chosen, other seeds | test perplexity |\n|---|---|---|---|---|\n")
	for _, t := range p.Trained {
		_, best, late := t.curves()
		fmt.Fprintf(&b, "| %s | %.2f | %.2f | %s | %s |\n", t.title, best[len(best)-1], late[len(late)-1], listed(t.chosen, "%.2f"), listed(t.final, "%.1f"))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

var optunaRow = regexp.MustCompile(`(?m)^(\w+) +40 trials: chosen ([\d.]+) ± ([\d.]+), last third ([\d.]+) ± ([\d.]+) +100 trials: chosen ([\d.]+) ± ([\d.]+), last third ([\d.]+) ± ([\d.]+) +300 trials: chosen ([\d.]+) ± ([\d.]+), last third ([\d.]+) ± ([\d.]+)`)

// Optuna has the rows of Optuna's samplers.
func (p *page) Optuna() (rows string) {
	for _, m := range optunaRow.FindAllStringSubmatch(p.optuna, -1) {
		rows += fmt.Sprintf("| uniform | Optuna's %s |", m[1])
		for i := 2; i < len(m); i += 4 {
			v := make([]float64, 4)
			for j := range v {
				fmt.Sscan(m[i+j], &v[j])
			}
			rows += fmt.Sprintf(" %.1f ± %.1f / %.1f ± %.1f |", 100*v[0], 100*v[1], 100*v[2], 100*v[3])
		}
		rows += "\n"
	}
	return strings.TrimSuffix(rows, "\n")
}
