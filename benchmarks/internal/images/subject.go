package images

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/internal/atomicfile"
	"autodropout/train"
)

// subject is what the experiment is about: a ConvNet on images.
type subject struct {
	*Settings
	Benchmark
	bad  func() []*data.BadImageError // see Images
	from string                       // Start of Images
	sets [2]Sets                      // of Final and Child
	nets [2]net
}

// net is what is to be known of a network.
type net struct {
	name   string
	blocks []int
	sites  []dropout.Site
}

// Check implements [experiment.Benchmark].
func (s *subject) Check(cli.Run) (sites []dropout.Site, err error) {
	if err := s.Benchmark.Check(); err != nil {
		return nil, err
	}
	for _, n := range []experiment.Network{experiment.Child, experiment.Final} {
		model, err := s.Model(n, 1, 0)
		if err != nil {
			return nil, usage.Errorf("%v", err)
		}
		s.nets[n] = net{model.String(), model.Blocks(), model.Sites()}
		sites = model.Sites()
	}
	return sites, nil
}

// Table implements [experiment.Benchmark].
func (s *subject) Table() []experiment.Row { return s.Benchmark.Table() }

// Open implements [experiment.Benchmark].
func (s *subject) Open(ctx context.Context, search bool, stderr io.Writer) (about string, err error) {
	found, err := s.Benchmark.Open(ctx, stderr)
	if err != nil {
		return "", err
	}
	fit, rest, err := AtMost(found.Train, s.TrainSize, "-train-size")
	if err != nil {
		return "", err
	}
	test, _, err := AtMost(found.Test, s.TestSize, "-test-size")
	if err != nil {
		return "", err
	}
	about, s.bad, s.from = found.About, found.Bad, found.Start
	if fit != found.Train || test != found.Test {
		about += fmt.Sprintf(" Of these, %d training and %d %s images are used.", fit.Len(), test.Len(), s.Benchmark.About().Split)
	}
	if rest == nil {
		rest = found.Spare
	}
	if s.sets[experiment.Final], s.sets[experiment.Child], err = s.Divide(fit, rest, test, search); err != nil {
		return "", err
	}
	if err := s.boundValid(&s.sets[experiment.Final]); err != nil {
		return "", err
	}
	if final := s.sets[experiment.Final]; final.Unlabelled != nil {
		about += fmt.Sprintf(" The labels of %d training images, chosen by -seed %d, are used.", final.Fit.Len(), s.Seed)
	}
	return about, nil
}

// boundValid leaves of the images that give validation curves as many as may be scored
// after every epoch.
func (s *subject) boundValid(sets *Sets) (err error) {
	if sets.Valid == nil {
		return nil
	}
	const least = 100
	all := sets.Valid.Len()
	bound := all
	for _, n := range []experiment.Network{experiment.Final, experiment.Varied} {
		bound = min(bound, experiment.PerEpoch(all, max(least, len(sets.Fit.Header().Classes)), s.scoring(n, all), s.epoch(n)))
	}
	sets.Valid, _, err = AtMost(sets.Valid, bound, "-train-size")
	return err
}

// epoch returns how many steps an epoch of a network has.
func (s *subject) epoch(n experiment.Network) float64 {
	return float64(s.of(n).Fit.Len()) / float64(s.Batch)
}

// scoring returns how many steps scoring a number of images takes as long as: a forward
// pass is about a third of a step.
func (s *subject) scoring(n experiment.Network, images int) float64 {
	return float64(images) / float64(s.Length(n).Images) / 3
}

// AtMost takes a balanced part of the images, always the same one; size 0 is all. What it
// leaves is nil where it is nothing.
func AtMost(images data.Source, size int, flag string) (part, rest data.Source, err error) {
	if size == 0 || size >= images.Len() {
		return images, nil, nil
	}
	return Take(images, 0, size, 1, flag)
}

// Take is [data.AtMost] for the value of a flag.
func Take(images data.Source, base uint64, size int, fraction float64, flag string) (taken, rest data.Source, err error) {
	if taken, rest, err = data.AtMost(images, base, size, fraction); err != nil {
		return nil, nil, usage.Errorf("%s %d: %v", flag, size, err)
	}
	return taken, rest, nil
}

// About implements [experiment.Subject].
func (s *subject) About() experiment.About {
	about, final, child := s.Benchmark.About(), s.of(experiment.Final), s.of(experiment.Child)
	header := final.Fit.Header()
	about.Dataset, about.Unit, about.Item = strings.TrimSuffix(header.Name, " training"), "%", "img"
	about.Metric = "error"
	if about.Higher {
		about.Metric = "top-1 accuracy"
	}
	if final.Unlabelled != nil {
		about.Task += fmt.Sprintf(" with %d labels", final.Fit.Len())
	}
	about.Curves = experiment.Curves{Metric: about.Metric, Unit: about.Unit, Why: "all training images are trained on: -train-size leaves some"}
	if final.Valid != nil {
		about.Curves.On = words.Count(final.Valid.Len(), "image", "images") + " that no network is trained on"
	}
	about.Side = cmp.Or(about.Side, header.Height)
	about.Model, about.Child = s.nets[experiment.Final].name, s.nets[experiment.Child].name
	about.Reads = func() string { return s.checksum(cmp.Or(final.Unlabelled, final.Fit), final.Score) }
	if child.Fit == nil {
		about.Trial = controller.Task{}
		return about
	}
	t, length := &about.Trial, s.Length(experiment.Child)
	t.Network, t.Data, t.Unit, t.Train, t.Batch = about.Child, about.Dataset, "images", child.Fit.Len(), s.Batch
	t.Epochs, t.Steps = length.Epochs, length.Steps
	t.Reward, t.Split, t.Valid = "accuracy", "held-out", child.Score.Len()
	about.Data = func() string { return s.checksum(child.Fit, child.Score) }
	if child.Unlabelled != nil {
		t.Unlabelled = child.Unlabelled.Len()
		about.Data = func() string { return s.checksum(child.Fit, child.Unlabelled, child.Score) }
	}
	about.Reward = sheet.Reward{
		Where: "held-out images", Shown: "accuracy", Unit: "%", Scale: func(reward float64) float64 { return 100 * reward },
		Show: func(reward float64) string { return fmt.Sprintf("%.2f %%", 100*reward) },
	}
	return about
}

// checksum returns one of images and of what networks begin with.
func (s *subject) checksum(images ...data.Source) string {
	sum := experiment.Checksum(images...)
	if s.from != "" {
		sum += "-" + s.from
	}
	return sum
}

// of returns the images of a network. Those of [experiment.Varied] are the final one's.
func (s *subject) of(n experiment.Network) Sets {
	if n == experiment.Child {
		return s.sets[n]
	}
	return s.sets[experiment.Final]
}

// ChildSites returns the dropout sites of the network that a search trains.
func (s *subject) ChildSites() []dropout.Site { return s.nets[experiment.Child].sites }

// Space implements [experiment.Subject].
func (s *subject) Space() (dropout.Space, error) {
	return dropout.ConvSpace(s.nets[experiment.Child].blocks), nil
}

// Decode implements [experiment.Subject].
func (s *subject) Decode(space dropout.Space, tokens []int, origin dropout.Origin) (*dropout.ConvPattern, error) {
	pattern, err := dropout.DecodeConv(space, tokens)
	if err != nil {
		return nil, err
	}
	pattern.Origin = origin
	return pattern, nil
}

// Steps implements [experiment.Subject].
func (s *subject) Steps(n experiment.Network) int {
	length, fit := s.Length(n), s.of(n).Fit
	if length.Steps > 0 || fit == nil { // nil: there is no search
		return length.Steps
	}
	return length.Epochs * ((fit.Len() + s.Batch - 1) / s.Batch)
}

// TestSteps implements [experiment.Subject].
func (s *subject) TestSteps(n experiment.Network) float64 {
	sets := s.of(n)
	steps := s.scoring(n, sets.Score.Len())
	if n != experiment.Child && sets.Valid != nil {
		steps += s.scoring(n, sets.Valid.Len()) * float64(s.Steps(n)) / s.epoch(n)
	}
	return steps
}

// Prepare implements [experiment.Subject].
func (s *subject) Prepare(o *experiment.Order[*dropout.ConvPattern]) (*experiment.Training, error) {
	n, common, sets := o.Network, o.Common, s.of(o.Network)
	model, err := s.Model(n, len(sets.Fit.Header().Classes), o.ModelSeed)
	if err != nil {
		return nil, err
	}
	if common.Policy, err = o.Policy(model.Sites(), (*dropout.ConvPattern).Policy); err != nil {
		return nil, err
	}
	if n != experiment.Child && sets.Valid != nil {
		common.Validate = func(ctx context.Context) (train.Validation, error) {
			result, err := train.Evaluate(ctx, model, sets.Valid)
			return train.Validation{Loss: result.Loss, Score: s.metric(result)}, err
		}
	}
	loop, scorer, err := s.Train(n, model, sets, s.Steps(n), common)
	if err != nil {
		return nil, err
	}
	return &experiment.Training{Runner: loop, Waited: scorer.Waited, Score: func(ctx context.Context) (runfolder.Score, error) {
		result, err := scorer.Evaluate(ctx, sets.Score)
		value := s.metric(result)
		if n == experiment.Child {
			value = result.Accuracy()
		}
		return runfolder.Score{Value: value, Loss: result.Loss}, err
	}}, nil
}

// metric returns what the table has of a score, in percent.
func (s *subject) metric(score train.Score) float64 {
	if s.Benchmark.About().Higher {
		return 100 * score.Accuracy()
	}
	return score.ErrorRate()
}

// Close implements a method of [experiment.Benchmark]: it says which images could not be
// used, the first of them on stdout and all in a file in the folder, if there is one.
func (s *subject) Close(folder runfolder.Folder, stdout io.Writer) error {
	if s.bad == nil || folder == "" || len(s.bad()) == 0 {
		return nil
	}
	const shown = 5
	bad := s.bad()
	fmt.Fprintf(stdout, "%s could not be used; %s lists them:\n", words.Count(len(bad), "image", "images"), runfolder.BadImages)
	var list bytes.Buffer
	for i, b := range bad {
		fmt.Fprintln(&list, b)
		if i < shown {
			fmt.Fprintln(stdout, " ", b)
		}
	}
	return atomicfile.WriteBytes(folder.Path(runfolder.BadImages), list.Bytes())
}
