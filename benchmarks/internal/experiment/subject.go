package experiment

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
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
	// Apply returns the dropout of a pattern in a network with the given sites.
	Apply(pattern P, sites []dropout.Site) (dropout.Policy, error)

	// Steps returns how many steps a training of the network has, and TestSteps
	// how many of them scoring it takes as long as.
	Steps(n Network) int
	TestSteps(n Network) float64
	// Prepare makes a network with first weights from modelSeed, and a training
	// that is ready to run. A nil policy is none. What the subject has to say
	// about the optimizer, the schedule and clipping it adds to common; a
	// schedule that is set stays.
	Prepare(n Network, modelSeed uint64, policy MakePolicy, common train.Common) (*Training, error)
}

// Pattern is what a search finds.
type Pattern interface {
	dropout.Pattern
	json.Marshaler
}

// LoadPattern reads the pattern in a file and tries it on the sites of a network.
func LoadPattern[P Pattern](path string, sites []dropout.Site) (P, error) {
	var none P
	loaded, err := dropout.LoadPattern(path)
	if err != nil {
		return none, err
	}
	pattern, ok := loaded.(P)
	if !ok {
		return none, fmt.Errorf("pattern file %s: it is for another kind of network: ConvNets take patterns of kind convnet, language models those of kind sequence", path)
	}
	if _, err := pattern.Policy(sites); err != nil {
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

// Training is a training that is ready to run, and what scores its network: a
// final one on the test split, a child by its reward.
type Training struct {
	*train.Loop
	Score func(ctx context.Context) (runfolder.Score, error)
	// Waited returns how long the training has waited for data; nil: not at all.
	Waited func() time.Duration
}

// About describes an experiment for people.
type About struct {
	Name    string  // of the program: "cifar"
	Task    string  // "image classification"
	Dataset string  // "CIFAR-10"
	Split   string  // where the metric is taken: "test"
	Metric  string  // "error"
	Unit    string  // "%"; "" is none
	Floor   float64 // the least value to be expected of any model; 0: unknown
	Higher  bool    // the higher the metric, the better

	Also  []string // measures beside the metric: "valid BLEU"
	Notes []string // sentences for below the table

	Model string // "WRN-28-10"
	Child string // the network of a search, "WRN-28-2"
	Item  string // what the speed of a training counts: "img"
	Side  int    // of the maps in the first stage of a ConvNet, in cells

	Trial  controller.Task // what a trial of a search does
	Data   func() string   // a checksum of all that it reads; nil: there is none
	Reads  func() string   // a checksum of all that final trainings read and are scored on; nil: Data says it
	Reward sheet.Reward
}

// rewardNote says how the reward of a trial is taken, for the pattern's file.
func rewardNote(t controller.Task) string {
	length, unit := t.Steps, "steps"
	if t.Epochs > 0 {
		length, unit = t.Epochs, "epochs"
	}
	return fmt.Sprintf("reward: %s on %d %s %s after %d %s", t.Reward, t.Valid, t.Split, t.Unit, length, unit)
}

// Checksum returns a checksum of images for [About.Data].
func Checksum(images ...data.Source) string {
	var sums []string
	for _, s := range images {
		sums = append(sums, fmt.Sprintf("%08x", s.Checksum()))
	}
	return strings.Join(sums, "-")
}

// score writes what a final training reached.
func (a *About) score(s runfolder.Score) string {
	text := fmt.Sprintf("%s %s %s", a.Split, a.Metric, sheet.Amount(s.Value, a.Unit))
	if s.Valid != 0 {
		text = fmt.Sprintf("valid %s %s, %s", a.Metric, sheet.Amount(s.Valid, a.Unit), text)
	}
	for i, value := range s.Also {
		text += fmt.Sprintf(", %s %.2f", a.Also[i], value)
	}
	return text
}
