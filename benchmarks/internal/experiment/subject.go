package experiment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/patterns"
	"autodropout/train"
)

// Subject is what an experiment is about: the data, the networks, and how they
// are trained and scored. The patterns that are searched are of type P.
type Subject[P Pattern] interface {
	// About describes the experiment for people.
	About() About

	// Space returns what a search chooses from.
	Space() (dropout.Space, error)
	// Decode returns the pattern that a point of the space stands for.
	Decode(space dropout.Space, tokens []int, origin dropout.Origin) (P, error)

	// Steps returns how many steps a training of the network has, and TestSteps
	// how many of them scoring it takes as long as.
	Steps(n Network) int
	TestSteps(n Network) float64
	// Prepare makes a network and a training of it that is ready to run. What the
	// subject has to say about the optimizer, the schedule and clipping it adds to
	// the order's Common; a schedule that is set stays.
	Prepare(o *Order[P]) (*Training, error)
}

// Pattern is what a search finds.
type Pattern interface {
	json.Marshaler
	// Save writes it to a file, which appears whole or not at all.
	Save(path string) error
	// String describes it for a person.
	String() string
}

// LoadPattern reads the pattern in a file, or of a name that package patterns knows.
func LoadPattern(path string) (dropout.Pattern, error) {
	loaded, err := dropout.LoadPattern(path)
	if err != nil && slices.Contains(patterns.Names(), path) {
		return patterns.Load(path)
	}
	return loaded, err
}

// loadPattern is [LoadPattern] for a pattern of one kind, which it tries on the sites of a
// network.
func loadPattern[P Pattern](path string, sites []dropout.Site) (P, error) {
	var none P
	loaded, err := LoadPattern(path)
	if err != nil {
		return none, err
	}
	pattern, ok := loaded.(P)
	if !ok {
		return none, fmt.Errorf("pattern file %s: it is for another kind of network: ConvNets take patterns of kind convnet, language models those of kind sequence", path)
	}
	if _, err := loaded.Policy(sites); err != nil {
		return none, fmt.Errorf("pattern file %s: %w", path, err)
	}
	return pattern, nil
}

// MakePolicy makes the dropout of a network with the given sites.
type MakePolicy = func(sites []dropout.Site) (dropout.Policy, error)

// Network says which network of an experiment is meant.
type Network int

const (
	Final  Network = iota // the one whose scores are in the table
	Child                 // the one that the trials of a search train
	Varied                // the final one, trained otherwise than in other rows: the subject knows how

	networks = iota
)

// Order is a training that a subject is to prepare.
type Order[P Pattern] struct {
	Network   Network
	Row       string // the key of the row that it belongs to
	Index     int    // of the trial in its search, or of the final training in its row
	ModelSeed uint64 // what first weights are from
	Dropped   Dropped[P]
	Common    train.Common // what all trainings have
}

// Dropped says what a training drops: what a learned pattern does, or what was made
// by hand. The zero value drops nothing.
type Dropped[P Pattern] struct {
	Pattern *P
	ByHand  MakePolicy
	Rate    *float64 // of what was made by hand; nil: it has none
}

// Policy returns the dropout of the training in a network with the given sites, nil
// where it is none. Learned patterns act as apply says.
func (o *Order[P]) Policy(sites []dropout.Site, apply func(pattern P, sites []dropout.Site) (dropout.Policy, error)) (dropout.Policy, error) {
	switch d := &o.Dropped; {
	case d.Pattern != nil:
		return apply(*d.Pattern, sites)
	case d.ByHand != nil:
		return d.ByHand(sites)
	}
	return nil, nil
}

// Runner runs a training: a [train.Loop], or a program outside of this process. Its
// methods are those of the loop.
type Runner interface {
	Resume() (found bool, err error)
	Run(ctx context.Context) error
	Done() int
	Total() int
	Losses() []float32
	SaveWeights(path string) error
}

// Training is a training that is ready to run, and what scores its network: a
// final one on the test split, a child by its reward.
type Training struct {
	Runner
	Score func(ctx context.Context) (runfolder.Score, error)
	// Waited returns how long the training has waited for data; nil: not at all.
	Waited func() time.Duration
	// Outside tells of a training that a program outside of this process does; nil:
	// it is done here.
	Outside func() Outside
}

// Outside is what a program has left that trains outside of this process.
type Outside struct {
	Seconds  float64            // that its attempts took
	Attempts int                // how often it was started
	Output   string             // what it printed last
	Epochs   []train.Validation // what it told of each, with one step; NaN: not told
}

// DivergedError says that a training outside of this process has failed by what it
// was told to drop, or to choose.
type DivergedError struct{ Why string }

// Error returns why.
func (e *DivergedError) Error() string { return e.Why }

// diverged reports whether a training has failed by what it does.
func diverged(err error) bool {
	return errors.As(err, new(*train.DivergedError)) || errors.As(err, new(*DivergedError))
}

// About describes an experiment for people.
type About struct {
	Name     string  // of the program: "cifar"
	Task     string  // "image classification"
	Dataset  string  // "CIFAR-10"
	Split    string  // where the metric is taken: "test"
	Metric   string  // "error"
	Unit     string  // "%"; "" is none
	Decimals int     // of the metric, as it is written; 0: two
	Floor    float64 // the least value to be expected of any model; 0: unknown
	Higher   bool    // the higher the metric, the better

	Also  []string // measures beside the metric: "valid BLEU"
	Notes []string // sentences for below the table

	Model string // "WRN-28-10"
	Child string // the network of a search, "WRN-28-2"
	Item  string // what the speed of a training counts: "img"
	Side  int    // of the maps in the first stage of a ConvNet, in cells

	Curves Curves // what trainings of the table show after every epoch

	// Outside says that programs outside of this process train: they are not timed
	// beforehand, each is one step, and any instruction set will do.
	Outside bool

	Trial  controller.Task // what a trial of a search does
	Data   func() string   // a checksum of all that it reads; nil: there is none
	Reads  func() string   // a checksum of all that final trainings read and are scored on; nil: Data says it
	Reward sheet.Reward
}

// Curves describes what a network of the table is scored on after every epoch of its
// training, which is never what the table's metric is taken on.
type Curves struct {
	On     string // "300 images that no network is trained on"; "": nothing
	Why    string // On is ""
	Metric string // that Validate of the training scores: "error"
	Unit   string // "%"; "" is none
}

// show writes what Validate of a training scored: "error 45.20 %".
func (c *Curves) show(score float64) string {
	return c.Metric + " " + sheet.Metric{Unit: c.Unit}.Amount(score)
}

// sentence says it to people.
func (c *Curves) sentence() string {
	if c.On == "" {
		return fmt.Sprintf("No validation curves: %s.", c.Why)
	}
	return fmt.Sprintf("After every epoch the networks of the table are scored on %s, for the curves.", c.On)
}

// PerEpoch returns on how many of n items a network is scored after every epoch: on as
// many as take a twentieth of the epoch's training, but on least, if there are so many.
// Scoring all of them takes as long as so many steps of training, and an epoch has steps.
func PerEpoch(n, least int, scoring, steps float64) int {
	const share = 1. / 20
	if scoring <= share*steps {
		return n
	}
	return min(n, max(least, int(float64(n)*share*steps/scoring)))
}

// reads returns a checksum of all that a run reads; "": it is not known.
func (a *About) reads() string {
	switch {
	case a.Reads != nil:
		return a.Reads()
	case a.Data != nil:
		return a.Data()
	}
	return ""
}

// rewardNote says how the reward of a trial is taken, for the pattern's file.
func rewardNote(t controller.Task) string {
	if t.Network == "" {
		return "reward: " + t.Note
	}
	length := words.Count(t.Steps, "step", "steps")
	if t.Epochs > 0 {
		length = words.Count(t.Epochs, "epoch", "epochs")
	}
	return fmt.Sprintf("reward: %s on %d %s %s after %s", t.Reward, t.Valid, t.Split, t.Unit, length)
}

// Checksum returns a checksum of images for [About.Data].
func Checksum(images ...data.Source) string {
	var sums []string
	for _, s := range images {
		sums = append(sums, fmt.Sprintf("%08x", s.Checksum()))
	}
	return strings.Join(sums, "-")
}

// metric returns how the metric is written.
func (a *About) metric() sheet.Metric { return sheet.Metric{Unit: a.Unit, Decimals: a.Decimals} }

// score writes what a final training reached.
func (a *About) score(s runfolder.Score) string {
	text := fmt.Sprintf("%s %s %s", a.Split, a.Metric, a.metric().Amount(s.Value))
	if s.Valid != 0 {
		text = fmt.Sprintf("valid %s %s, %s", a.Metric, a.metric().Amount(s.Valid), text)
	}
	for i, value := range s.Also {
		text += fmt.Sprintf(", %s %.2f", a.Also[i], value)
	}
	return text
}
