package main

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/outside"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/dropout"
)

// reward is what searches maximise.
const reward = "reward"

// trainer is what all trainings have in common.
type trainer struct {
	config
	start  string      // the folder that relative files of commands are in
	worker bool        // trainings are those of a coordinator, which keeps copies of their folders
	slots  chan string // those that are free; empty where there are none
}

// subject is what the experiment is about: programs that take what a search chooses.
type subject[P experiment.Pattern] struct {
	trainer
	space  dropout.Space
	decode func(space dropout.Space, point []int, origin dropout.Origin) (P, error)
	load   func(path string) (P, error)
}

// About implements [experiment.Subject].
func (s *subject[P]) About() experiment.About {
	note := fmt.Sprintf("%s: %s", s.command.text, reward)
	if s.budget > 0 {
		note += fmt.Sprintf(" with budget %d", s.budget)
	}
	decimals := 4 // a reward is a share, such as of what is right
	if s.unit != "" {
		decimals = 2
	}
	return experiment.About{
		Name: "external", Task: "training by another program", Dataset: s.dataset,
		Split: "final", Metric: s.metric, Unit: s.unit, Higher: !s.lower, Decimals: decimals, Also: s.also,
		Model: s.title(), Child: s.title(), Item: "training", Side: 32, Outside: true,
		Trial:  controller.Task{Data: s.dataset, Reward: reward, Note: note},
		Data:   s.checksum,
		Curves: experiment.Curves{On: "the program's own validation data", Metric: "score"},
		Reward: sheet.Reward{
			Where: "program's own validation data", Shown: reward,
			Show: func(reward float64) string { return fmt.Sprintf("%.5g", reward) },
		},
	}
}

// title names the program: what is started, and its script.
func (t *trainer) title() string {
	var parts []string
	for i, w := range t.command.words {
		if _, file := outside.File(t.start, w); i == 0 || file {
			parts = append(parts, filepath.Base(w))
		}
	}
	return strings.Join(parts, " ")
}

// sentences say what is going to be started.
func (t *trainer) sentences() string {
	text := "Each training runs: " + words.Command(t.command.absolute...)
	if len(t.slots) > 0 {
		text += fmt.Sprintf(", in one of the slots %s", strings.Join(t.config.slots, ", "))
	}
	return text + "."
}

// checksum returns one of all files that commands name, as far as they can be read.
// Large ones, which are data, count by their size.
func (t *trainer) checksum() string {
	const large = 1 << 24
	sum := crc32.NewIEEE()
	commands := [][]string{t.command.words}
	for _, r := range t.rows {
		commands = append(commands, r.command.words)
	}
	for _, word := range slices.Concat(commands...) {
		fmt.Fprintf(sum, "%q\n", word)
		path, ok := outside.File(t.start, word)
		if !ok {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		fmt.Fprintln(sum, info.Size())
		if f, err := os.Open(path); err == nil && info.Size() < large {
			_, _ = io.Copy(sum, f)
			f.Close()
		}
	}
	return fmt.Sprintf("%08x", sum.Sum32())
}

// Space implements [experiment.Subject].
func (s *subject[P]) Space() (dropout.Space, error) { return s.space, nil }

// Decode implements [experiment.Subject].
func (s *subject[P]) Decode(space dropout.Space, point []int, origin dropout.Origin) (P, error) {
	return s.decode(space, point, origin)
}

// Value says what value i of a choice of a space of one's own is.
func (s *subject[P]) Value(choice, i int) (text string, ok bool) {
	own := s.config.space.own
	if own == nil {
		return "", false
	}
	return plain(own.Tokens[choice].Values[i]), true
}

// Steps implements [experiment.Subject]: nobody sees those of a program.
func (s *subject[P]) Steps(experiment.Network) int { return 1 }

// TestSteps implements [experiment.Subject]: the program tests.
func (s *subject[P]) TestSteps(experiment.Network) float64 { return 0 }

// Prepare implements [experiment.Subject].
func (s *subject[P]) Prepare(o *experiment.Order[P]) (*experiment.Training, error) {
	job, err := s.job(o)
	if err != nil {
		return nil, err
	}
	t := &training{trainer: &s.trainer, job: job, common: o.Common, final: o.Network != experiment.Child}
	return &experiment.Training{Runner: t, Score: t.score, Outside: t.outside}, nil
}

// job returns what a program is told of a training.
func (s *subject[P]) job(o *experiment.Order[P]) (*outside.Job, error) {
	const positive = 1<<31 - 1 // what takes 32 bits with a sign takes it
	j := &outside.Job{
		Start: s.start, Values: map[string]string{},
		Trial: outside.Trial{Kind: "trial", Row: o.Row, Index: o.Index, Seed: uint32(o.Common.Seed & positive), Budget: s.budget},
		Limit: s.limit, Grace: s.grace, Keep: s.keep, Notify: o.Common.Notify,
	}
	if o.Network != experiment.Child {
		j.Trial.Kind, j.Trial.Budget, j.Keep = "final", s.finalBudget, true
	}
	command := s.command
	if at := slices.IndexFunc(s.rows, func(r row) bool { return r.key == o.Row }); at >= 0 {
		command = s.rows[at].command
	}
	j.Program, j.Path = command.absolute, command.path
	if rate := o.Dropped.Rate; rate != nil {
		j.Values["rate"] = fmt.Sprint(*rate)
	}
	own := s.config.space.own
	if own != nil && own.Groups == 1 && o.Dropped.Pattern == nil {
		for _, t := range own.Tokens {
			j.Missing = append(j.Missing, t.Name)
		}
	}
	if o.Dropped.Pattern == nil {
		return j, nil
	}
	text, err := (*o.Dropped.Pattern).MarshalJSON()
	if err != nil {
		return nil, err
	}
	if own == nil {
		j.Pattern = text
		return j, nil
	}
	j.Choices = text
	if chosen, ok := any(*o.Dropped.Pattern).(*choices); ok && own.Groups == 1 {
		for i, v := range chosen.values(0) {
			j.Values[own.Tokens[i].Name] = plain(v)
		}
	}
	return j, nil
}

// value returns what an answer has by name, NaN where that is not finite.
func value(d *outside.Done, name string) (float64, error) {
	if name == reward {
		return d.Reward, nil
	}
	v, ok := d.Values[name]
	if !ok && slices.Contains(d.Infinite, name) {
		return math.NaN(), nil // the training has diverged
	}
	if !ok {
		known, _ := json.Marshal(d.Values)
		return 0, fmt.Errorf("the answer of the program has no value %q, which -metric or -also names; its values are %s", name, known)
	}
	return v, nil
}
