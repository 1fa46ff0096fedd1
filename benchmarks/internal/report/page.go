package report

import (
	_ "embed" // for the page's text, style and script
	"html/template"
	"io"
	"regexp"
	"strings"
)

// Page is what a report shows. Empty parts are left out, or said to be missing.
type Page struct {
	Title    string // "WRN-28-10 on CIFAR-10"
	Subtitle string // what it is about, in a line
	Notes    []string
	Summary  string // what was learned; "" while it is not known
	State    string // why the run is not complete; "" when it is

	Table       Table
	Training    []Chart
	Seeds       []Chart // small ones, one for each row, with its band
	Gaps        Plain   // between training and validation
	Search      []Chart
	Waits       bool    // for a search that has not begun, where Search is empty
	Found       Plain   // what each search found
	Choices     []Plain // which choices mattered, a table for each search
	ChoicesNote string
	Trials      Plain    // of the searches, every one
	Outputs     []Fact   // what programs outside of the run's printed last, by training
	Pattern     *Pattern // nil: none was learned

	Command string // that began the run
	Setting string // the settings, as a configuration file
	Origin  []Fact // what it takes to repeat the run
	Live    bool   // the page belongs to a run that goes on
	Outside bool   // programs outside of the run's train, and there are no curves
}

// Fact is a line of a list of facts.
type Fact struct{ Name, Value string }

// Table is a table of results.
type Table struct {
	Header []string
	Rows   []Row
	Main   int    // the column whose numbers are the means of Values
	Note   string // below the table
}

// Row is a row of a table.
type Row struct {
	Cells  []string
	Style  Style
	Values []float64 // one for each seed
	Mean   float64   // of the values
}

// Plain is a table without pictures.
type Plain struct {
	Header []string
	Rows   [][]string
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"css": func() template.CSS { return template.CSS(pageCSS + rules()) },
	"js":  func() template.JS { return template.JS(pageJS) },
	// A line must not break between a number and its sign.
	"tight": func(text string) string {
		return strings.NewReplacer(" %", "\u00a0%", " ± ", "\u00a0±\u00a0").Replace(text)
	},
	"flags":   Flags,
	"command": func(text string) template.HTML { return unbroken(text, func(string) bool { return true }) },
}).Parse(pageHTML))

// Flags returns a text for a page in which no line breaks inside a flag of a command,
// such as -valid-size. The page needs the style whole.
func Flags(text string) template.HTML {
	return unbroken(text, func(word string) bool { return flagWord.MatchString(word) })
}

// flagWord is how a flag begins, perhaps in brackets.
var flagWord = regexp.MustCompile(`^\(?-[a-z]`)

// unbroken marks words inside which a line must not break, unless they are longer than it.
func unbroken(text string, whole func(word string) bool) template.HTML {
	words := strings.Split(text, " ")
	for i, word := range words {
		words[i] = template.HTMLEscapeString(word)
		if word != "" && whole(word) {
			words[i] = `<span class="whole">` + words[i] + `</span>`
		}
	}
	return template.HTML(strings.Join(words, " "))
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error { return page.Execute(w, p) }
