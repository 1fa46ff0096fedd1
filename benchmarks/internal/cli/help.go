package cli

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"autodropout/benchmarks/internal/words"
)

// Topic is a part of the help: flags that belong together, in the order in which they
// are listed. One that a benchmark does not have is left out.
type Topic struct {
	Title string
	Flags []string
}

// ownTopics are those of the flags that every command has.
var ownTopics = []Topic{
	{"The run", []string{"preset", "config", "out", "resume", "accept-changes"}},
	{"Searches on many machines", clusterFlags},
}

// written says what every benchmark leaves.
const written = "Everything is written to the run's folder: report.html, result.json, best-pattern.json, weights, logs for other tools (see doc/logs.md) and more."

// help prints what -h asks for: the summary, the presets, and the flags by topic, of
// which those that no topic lists are the network and its training.
func (cmd *Command[C]) help(w io.Writer) {
	width := columns(os.Getenv("COLUMNS"))
	for paragraph := range strings.SplitSeq(strings.TrimSpace(cmd.Summary)+"\n\n"+written, "\n\n") {
		if !strings.HasPrefix(paragraph, " ") { // commands stay as they are
			paragraph = words.Wrap(paragraph, width)
		}
		fmt.Fprintf(w, "%s\n\n", paragraph)
	}
	fmt.Fprintln(w, "Presets:")
	longest := 0
	for _, p := range cmd.Presets {
		longest = max(longest, len(p.Name))
	}
	for _, p := range cmd.Presets {
		fmt.Fprintf(w, "  %-*s  %s\n", longest, p.Name, indent(p.Help, longest+4, width))
	}
	fmt.Fprintf(w, "\n%s\n", words.Wrap(fmt.Sprintf("Flags, with the values of the preset %s. They override the configuration file, which overrides the preset.", cmd.Presets[0].Name), width))
	config := cmd.Presets[0].Config
	s := newSource(cmd, &config)
	rest := Topic{Title: "The network and its training"}
	s.flags.VisitAll(func(f *flag.Flag) {
		listed := func(t Topic) bool { return slices.Contains(t.Flags, f.Name) }
		if !slices.ContainsFunc(cmd.Topics, listed) && !slices.ContainsFunc(ownTopics, listed) {
			rest.Flags = append(rest.Flags, f.Name)
		}
	})
	for _, t := range slices.Concat(cmd.Topics, []Topic{rest}, ownTopics) {
		title := "\n" + t.Title + ":\n"
		for _, name := range t.Flags {
			if f := s.flags.Lookup(name); f != nil {
				fmt.Fprint(w, title, describe(f, width))
				title = ""
			}
		}
	}
}

// columns returns how wide the help is: as the terminal says, which shells know as
// COLUMNS, from 60 to 120 letters.
func columns(terminal string) int {
	const usual, least, most = 100, 60, 120
	n, err := strconv.Atoi(terminal)
	if err != nil {
		return usual
	}
	return min(max(n, least), most)
}

// describe returns the lines of the help on a flag.
func describe(f *flag.Flag, width int) string {
	if strings.HasPrefix(f.Usage, alias) {
		return fmt.Sprintf("  -%s\n      %s\n", f.Name, f.Usage)
	}
	what, text := flag.UnquoteUsage(f)
	if list, ok := f.Value.(interface{ choices() []string }); ok {
		all := list.choices()
		if slices.ContainsFunc(all, func(word string) bool { return !strings.Contains(text, word) }) {
			text += ": " + words.Or(all)
		}
	}
	switch f.DefValue {
	case "", "0", "false":
	default:
		if !strings.Contains(text, "(default ") {
			text += " (default " + f.DefValue + ")"
		}
	}
	const margin = 6
	return fmt.Sprintf("  %s\n      %s\n", strings.TrimSpace("-"+f.Name+" "+what), indent(text, margin, width))
}

// indent wraps text to lines of a width whose first letters belong to a margin.
func indent(text string, margin, width int) string {
	return strings.ReplaceAll(words.Wrap(text, width-margin), "\n", "\n"+strings.Repeat(" ", margin))
}

// synonyms are what people call flags that have another name here.
var synonyms = [][]string{
	{"rate", "lr", "learning-rate"}, {"method", "methods", "rows", "row"}, {"weight-decay", "wd", "decay"},
	{"batch", "batch-size", "bs"}, {"epochs", "num-epochs"}, {"clip", "clip-norm", "grad-clip", "clipnorm"}, {"out", "output", "dir", "folder"},
	{"data", "dataset", "data-dir"}, {"model", "arch", "net", "network"}, {"workers", "jobs", "j"}, {"accumulate", "accum", "accumulation"},
	{"smoothing", "label-smoothing"}, {"train-size", "train"}, {"test-size", "test"}, {"warm-up", "warmup"}, {"trials", "budget"},
}

// alias begins what is said of a flag that is another name of one.
const alias = "another name of "

// aliases lets a rate be called -rate and -lr, whichever its benchmark calls it: in
// settings and configuration files it has the benchmark's name.
func aliases(fs *flag.FlagSet) {
	for _, pair := range [][2]string{{"rate", "lr"}, {"lr", "rate"}} {
		if f := fs.Lookup(pair[0]); f != nil && fs.Lookup(pair[1]) == nil {
			fs.Var(f.Value, pair[1], alias+"-"+f.Name)
			return
		}
	}
}

// near returns the word, of those there are, that someone who wrote another one meant;
// "" where that cannot be told.
func near(wrote string, there []string) string {
	wrote = strings.ToLower(wrote)
	for _, group := range synonyms {
		if !slices.Contains(group, wrote) {
			continue
		}
		for _, name := range group {
			if slices.Contains(there, name) {
				return name
			}
		}
	}
	best, least := "", len(wrote)/3+1 // mistakes that are one too many
	for _, word := range there {
		if d := distance(wrote, word); d < least || d == least && best != "" && len(word) < len(best) {
			best, least = word, d
		}
	}
	if best == "" && len(wrote) > 2 {
		for _, word := range there {
			if strings.HasPrefix(word, wrote) || strings.HasSuffix(word, "-"+wrote) {
				return word
			}
		}
	}
	return best
}

// meant returns a question to add to an error about a word, "" where there is none.
func meant(mark, wrote string, there []string) string {
	if word := near(wrote, there); word != "" {
		return fmt.Sprintf("; did you mean %s%s?", mark, word)
	}
	return ""
}

// distance returns how many letters have to be put in, left out, changed or swapped with
// their neighbours to make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			changed := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				changed++
			}
			rows[i][j] = min(changed, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
