package pages

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	// figure is a number with a decimal point that is no version and no part of another word.
	figure  = regexp.MustCompile(`(?:\b([A-Za-z][A-Za-z0-9_-]*) |^|[^\w.:])(\d[\d,]*\.\d+)(?:[^\w.]|\.\s|\.$|$)`)
	number  = regexp.MustCompile(`\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?`)
	comment = regexp.MustCompile(`<!-- from: (.*?) -->`)
	// parts divides a page into paragraphs, tables and points of lists.
	parts = regexp.MustCompile(`\n\s*\n|\n(?:- |#)`)
)

// products are followed by their versions.
var products = []string{"Go", "PyTorch", "Optuna", "torch", "torchvision", "timm", "NATS"}

// generated are pages and pictures that commands make of results, which tests of theirs hold.
var generated = []string{"doc/study.md", "doc/search.md", "doc/claim.md", "doc/speed.svg"}

// unmeasured are pages whose numbers are no results, or that tests of their own hold to them
// (doc/study.md, doc/parity.md, patterns/README.md). Decisions are a diary.
var unmeasured = []string{"CHANGELOG.md", "CONTRIBUTING.md", "doc/study.md", "doc/search.md", "doc/claim.md", "doc/protocol.md", "doc/parity.md", "doc/pattern-format.md", "doc/pytorch.md", "doc/logs.md", "patterns/README.md"}

// TestFigures holds the figures of pages to results: a part of a page that has numbers with
// decimals names a file or folder, by a link to results in it or in the part before, or by a
// comment "from: PATHS" in it. Each number is the rounded value of one that stands there, in
// percent or in thousands too. What was computed says from which: "A / B of PATH", "A - B of PATH".
func TestFigures(t *testing.T) {
	checked := 0
	for _, path := range All(t) {
		page, err := filepath.Rel(Root(t), path)
		if err != nil {
			t.Fatal(err)
		}
		page = filepath.ToSlash(page)
		if slices.Contains(unmeasured, page) || strings.HasPrefix(page, "doc/decisions") {
			continue
		}
		text := block.ReplaceAllString(read(t, path), "")
		var before []string
		for _, part := range parts.Split(text, -1) {
			sources := sourcesOf(t, page, part)
			for _, found := range figures(part) {
				all := slices.Concat(sources, before)
				if len(all) == 0 {
					t.Errorf("%s: nothing says where %s is from in: %.80s", page, found, part)
					break
				}
				checked++
				if !slices.Contains(all, "the paper") && !slices.ContainsFunc(all, func(source string) bool { return stands(t, found, source) }) {
					t.Errorf("%s: %s does not stand in %v: %.80s", page, found, all, part)
				}
			}
			for _, source := range slices.Concat(sources, before) {
				printedTable(t, page, part, source)
			}
			before = sources
		}
	}
	if checked < 140 {
		t.Errorf("only %d figures were checked", checked)
	}
}

// TestResultsAreListed demands a row in the list of results for each folder.
func TestResultsAreListed(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(Root(t), "benchmarks", "results", "*", ""))
	if err != nil || len(folders) < 40 {
		t.Fatalf("%d folders of results were found, %v", len(folders), err)
	}
	list := read(t, filepath.Join(Root(t), "benchmarks", "results", "README.md"))
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && info.IsDir() && !strings.Contains(list, "`"+filepath.Base(folder)+"`") {
			t.Errorf("benchmarks/results/README.md does not say what %s is", filepath.Base(folder))
		}
	}
}

// figures returns the numbers with decimals of a part of a page, outside of code and links.
func figures(part string) (found []string) {
	part = comment.ReplaceAllString(span.ReplaceAllString(link.ReplaceAllString(part, "]"), ""), "")
	for {
		m := figure.FindStringSubmatchIndex(part)
		if m == nil {
			return found
		}
		if m[2] < 0 || !slices.Contains(products, part[m[2]:m[3]]) {
			found = append(found, part[m[4]:m[5]])
		}
		part = part[m[5]:]
	}
}

func sourcesOf(t *testing.T, page, part string) (sources []string) {
	for _, m := range comment.FindAllStringSubmatch(part, -1) {
		sources = append(sources, strings.Split(m[1], ", ")...)
	}
	for _, m := range link.FindAllStringSubmatch(part, -1) {
		at := filepath.ToSlash(filepath.Join(filepath.Dir(page), m[1]))
		if strings.HasPrefix(at, "benchmarks/results/") || slices.Contains(generated, at) {
			sources = append(sources, at)
		}
	}
	return sources
}

// printedTable demands that a table which begins as the one of a run goes on as it does.
func printedTable(t *testing.T, page, part, source string) {
	t.Helper()
	file := filepath.Join(Root(t), filepath.FromSlash(source), "table.txt")
	if _, err := os.Stat(file); err != nil {
		return
	}
	table := strings.Split(read(t, file), "\n")
	lines := strings.Split(strings.TrimSpace(part), "\n")
	if !slices.Contains(table, lines[0]) {
		return
	}
	for _, line := range lines {
		if !slices.Contains(table, line) {
			t.Errorf("%s: %s/table.txt does not have the line %s", page, source, line)
		}
	}
}

// computed takes a source apart that says how a figure was computed.
var computed = regexp.MustCompile(`^([\d.,]+) ([-/]) ([\d.,]+) of (.*)$`)

// summaries are the files of a run's folder in which figures are looked for: among thousands of
// numbers of its logs any figure would be found.
var summaries = []string{"table.txt", "result.json", "output.txt"}

// stands reports whether a number that rounds to the figure stands in a file, or in one that
// sums up a folder.
func stands(t *testing.T, figure, source string) bool {
	t.Helper()
	_, decimals, _ := strings.Cut(figure, ".")
	figure = strings.ReplaceAll(figure, ",", "")
	if m := computed.FindStringSubmatch(source); m != nil {
		a, _ := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
		b, _ := strconv.ParseFloat(strings.ReplaceAll(m[3], ",", ""), 64)
		value := a - b
		if m[2] == "/" {
			value = a / b
		}
		return rounds(value, figure, len(decimals)) && stands(t, m[1], m[4]) && stands(t, m[3], m[4])
	}
	found := false
	top := filepath.Join(Root(t), filepath.FromSlash(source))
	err := filepath.WalkDir(top, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || name != top && !slices.Contains(summaries, e.Name()) {
			return err
		}
		text, err := os.ReadFile(name)
		for _, raw := range number.FindAllString(string(text), -1) {
			value, err := strconv.ParseFloat(strings.ReplaceAll(raw, ",", ""), 64)
			for _, scale := range []float64{1, 100, 0.01, 0.001} {
				found = found || err == nil && rounds(scale*value, figure, len(decimals))
			}
		}
		return err
	})
	if err != nil {
		t.Errorf("%s is named as a source: %v", source, err)
	}
	return found
}

// rounds reports whether a value is written like this with so many decimals. A half
// may go either way, as values were rounded before they were printed.
func rounds(value float64, written string, decimals int) bool {
	want, err := strconv.ParseFloat(written, 64)
	return err == nil && math.Abs(value-want) <= 0.5001*math.Pow10(-decimals)
}
