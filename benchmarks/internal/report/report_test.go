package report

import (
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autodropout/dropout"
)

func sample(t *testing.T) *Page {
	t.Helper()
	line := func(name string, style Style, y ...float64) Line {
		l := Line{Name: name, Style: style, Y: y}
		for i, v := range y {
			l.X = append(l.X, float64(10*i))
			l.Low, l.High = append(l.Low, v-0.1), append(l.High, v+0.1)
		}
		return l
	}
	pattern := DrawPattern(&dropout.ConvPattern{Stages: [][]dropout.BlockPattern{
		{{}, {Size: 0.25, Stride: 0.25, Repeat: 8, Rotate: 30, Residual: true}},
		{{Size: 0.5, Stride: 0.125, Repeat: 1, ShareC: true}},
	}}, 32, dropout.Stream{})
	pattern.Title, pattern.JSON = "AutoDropout, best of 3 trials", `{"version": 1}`
	return &Page{
		Title: "WRN-10-1 on <synthetic>", Subtitle: "image classification, preset quick", Summary: "It was learned that 1 < 2.",
		Notes: []string{"A demonstration."},
		Table: Table{
			Main:   2,
			Header: []string{"method", "valid error, %", "test error, %", "seeds", "time", "paper"},
			Rows: []Row{
				{Cells: []string{"none", "4.40 ± 0.70", "4.50 ± 0.71", "2", "3s", "-"}, Style: 0, Values: []float64{4, 5}, Mean: 4.5},
				{Cells: []string{"AutoDropout", "diverged", "diverged", "0", "9s", "3.2 (as published)"}, Style: Learned.Style(0)},
			},
			Note: "Two seeds.",
		},
		Training: []Chart{{Title: "Loss", X: "step", Y: "cross-entropy", Lines: []Line{line("none", 0, 3, 2, 1.5), line("AutoDropout", Learned.Style(0), 3, 2.5, 2)}}},
		Search: []Chart{{Title: "Rewards", X: "trial", Y: "accuracy", Lines: []Line{
			{Name: "AutoDropout", Style: Learned.Style(0), X: []float64{1, 2}, Y: []float64{0.1, 0.2}, Points: true}}}},
		Trials:  Plain{Header: []string{"search", "trial"}, Rows: [][]string{{"AutoDropout", "1"}}},
		Pattern: pattern,
		Command: "go run ./benchmarks/cifar -out A&B",
		Setting: "epochs = 2\n",
		Origin:  []Fact{{"commit", "0123abc"}, {"processor", "some"}},
	}
}

// element is a start tag of a parsed page, with the text behind it.
type element struct {
	name  string
	attrs map[string]string
	text  string // up to the next tag
}

// parse reads a page as HTML that is also nearly XML, so that what is left open or
// closed twice is an error.
func parse(t *testing.T, page string) (all []element) {
	t.Helper()
	// Scripts and styles are not markup.
	page = regexp.MustCompile(`(?s)<(script|style)>.*?</(script|style)>`).ReplaceAllString(page, "")
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	depth := 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page does not parse: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			e := element{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			all = append(all, e)
		case xml.EndElement:
			depth--
		case xml.CharData:
			if len(all) > 0 {
				all[len(all)-1].text += string(token)
			}
		}
	}
	if depth != 0 {
		t.Errorf("%d elements are left open", depth)
	}
	return all
}

func render(t *testing.T, p *Page) string {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPage(t *testing.T) {
	page := render(t, sample(t))
	var sections, rows []string
	ids := map[string]string{}
	for _, e := range parse(t, page) {
		if id := e.attrs["id"]; id != "" {
			if ids[id] != "" {
				t.Errorf("two elements are called %q", id)
			}
			ids[id] = e.name
		}
		switch {
		case e.name == "section":
			sections = append(sections, e.attrs["id"])
		case e.name == "th" && e.attrs["scope"] == "row", e.name == "td" && e.attrs["class"] == "c2 main":
			rows = append(rows, strings.TrimSpace(e.text))
		case e.name == "h1" && strings.TrimSpace(e.text) != "WRN-10-1 on <synthetic>":
			t.Errorf("the title is %q", e.text)
		}
		if link := e.attrs["href"]; link != "" && link != "data:," && !strings.HasPrefix(link, "#") || e.attrs["src"] != "" {
			t.Errorf("the page needs %v", e)
		}
	}
	if want := []string{"results", "training", "search", "pattern", "origin"}; !slices.Equal(sections, want) {
		t.Errorf("the sections are %q, want %q", sections, want)
	}
	for _, want := range []string{"4.50 ± 0.71", "diverged"} {
		if !slices.Contains(rows, want) {
			t.Errorf("the table has no cell %q: %q", want, rows)
		}
	}
	for _, want := range []string{"It was learned that 1 &lt; 2.", "A demonstration.", "{&#34;version&#34;: 1}", "epochs = 2", "0123abc", "3.2 (as published)",
		"AutoDropout, best of 3 trials", "default-src &#39;none&#39;"} {
		if !strings.Contains(page, want) && !strings.Contains(page, html.UnescapeString(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if found := regexp.MustCompile(`https?:|url\(|@import|<(?:iframe|object|embed|img)`).FindString(page); found != "" {
		t.Errorf("the page is not self-contained: it has %q", found)
	}
}

func TestKeyboard(t *testing.T) {
	ids := map[string]element{}
	var labels, radios, buttons int
	all := parse(t, render(t, sample(t)))
	for _, e := range all {
		ids[e.attrs["id"]] = e
	}
	for _, e := range all {
		switch {
		case e.name == "label":
			labels++
			if ids[e.attrs["for"]].attrs["type"] != "radio" {
				t.Errorf("a layer's label is for %q", e.attrs["for"])
			}
		case e.attrs["type"] == "radio":
			radios++
			if _, checked := e.attrs["checked"]; checked != (e.attrs["id"] == "layer-1-2") {
				t.Errorf("the layer that is shown first is wrong: %v", e.attrs)
			}
			if e.attrs["name"] != "layer" || ids[e.attrs["value"]].name != "article" {
				t.Errorf("the choice %v shows nothing", e.attrs)
			}
		case e.name == "button":
			buttons++
			if e.attrs["aria-pressed"] != "false" {
				t.Errorf("the button %v does not tell its state", e.attrs)
			}
		case e.name == "svg" && e.attrs["aria-hidden"] != "true" && (e.attrs["role"] != "img" || e.attrs["aria-label"] == ""):
			t.Errorf("a picture has no text for those who do not see it: %v", e.attrs)
		}
	}
	if labels != 3 || radios != 3 || buttons != 2 { // the chart of one line needs no legend
		t.Errorf("there are %d labels, %d choices of a layer and %d buttons", labels, radios, buttons)
	}
	if skip := ids["results"]; skip.attrs["tabindex"] != "-1" {
		t.Error("the results cannot be skipped to")
	}
}

// TestUnbroken: no line breaks inside a word of a command, or a flag that a sentence names.
func TestUnbroken(t *testing.T) {
	p := sample(t)
	p.Summary = "It began with -start-share 0.1 (-valid-size 300), well-chosen."
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<span class="whole">./benchmarks/cifar</span> <span class="whole">-out</span> <span class="whole">A&amp;B</span>`,
		`It began with <span class="whole">-start-share</span> 0.1 <span class="whole">(-valid-size</span> 300), well-chosen.`,
		".whole { display: inline-block;",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestEmptyPage(t *testing.T) {
	page := render(t, &Page{Title: "nothing yet", Live: true})
	parse(t, page)
	for _, want := range []string{"No training has finished yet", "searched no pattern", "has no pattern", `id="status"`, "connect-src &#39;self&#39;"} {
		if !strings.Contains(page, want) && !strings.Contains(page, html.UnescapeString(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestStyles looks for two styles with the same colour, dashes and width, in any
// family.
func TestStyles(t *testing.T) {
	css := rules()
	seen := map[string]Style{}
	for _, family := range []Family{Compared, Random, Learned} {
		for n := range perFamily {
			style := family.Style(n)
			look := fmt.Sprint(style.colour(), style.dash(), style.width())
			if other, twice := seen[look]; twice {
				t.Errorf("styles %d and %d look alike: %s", style, other, look)
			}
			seen[look] = style
			if rule := fmt.Sprintf(".s%d { --c: var(--s%d); --dash: %s;", style, style.colour(), style.dash()); !strings.Contains(css, rule) {
				t.Errorf("the page has no %q", rule)
			}
			if colour := fmt.Sprintf("--s%d: %s;", style.colour(), colours[style.colour()]); !strings.Contains(pageCSS, colour) {
				t.Errorf("the page has no %q", colour)
			}
		}
	}
}
