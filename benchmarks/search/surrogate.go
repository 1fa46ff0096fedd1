package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/glob"
)

// surrogate tells what a training would reach with a pattern, after the trainings
// that logs have: each stage of a ConvNet adds what the share that it drops is
// worth, and a few choices more or less.
type surrogate struct {
	space  dropout.Space
	weight []float64 // of the features
	noise  float64   // standard deviation of a trial about what its pattern is worth
	shared float64   // share of its variance that is common to all trials with one seed
	trials int       // that it was fitted to
	fit    float64   // share of the variance of rewards that it explains
	misfit float64   // standard deviation of the trials about it
}

// firstSide is the side of the maps of a ConvNet's first stage; it halves from stage
// to stage.
const firstSide = 32

// knots are the shares between which what a stage adds is a straight line.
var knots = []float64{0, 0.03, 0.06, 0.12, 0.25, 0.5, 1}

// bend returns the coordinates of a share between the knots, but for the first: the
// pattern that drops nothing is where everything begins.
func bend(share float64) []float64 {
	x := make([]float64, len(knots)-1)
	for i := range x {
		lo, hi := knots[i], knots[i+1]
		x[i] = min(max((share-lo)/(hi-lo), 0), 1)
	}
	return x
}

// features returns what a pattern's reward is a linear function of: for each stage
// the share dropped, bent at the knots, whether all channels lose the same, whether
// the shortcut loses something, and whether the pattern is turned.
func features(p *dropout.ConvPattern) []float64 {
	x := []float64{1}
	for s, stage := range p.Stages {
		side := max(4, firstSide>>s)
		var share, shared, shortcut, turned float64
		for _, b := range stage {
			if b.Size == 0 {
				continue
			}
			n := float64(len(stage))
			share += b.Share(side, side) / n
			shared += indicator(b.ShareC) / n
			shortcut += indicator(b.Residual) / n
			turned += indicator(b.Rotate != 0) / n
		}
		x = append(append(x, bend(share)...), shared, shortcut, turned)
	}
	return x
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// sample is a training that a surrogate is fitted to.
type sample struct {
	pattern *dropout.ConvPattern
	reward  float64
}

// read returns the trials of logs of searches of one space that did not fail, the
// space, and the standard deviation of trials of one pattern about their mean, where
// there are such.
func read(paths []string) (samples []sample, space dropout.Space, noise float64, err error) {
	var squares, free float64
	for _, path := range paths {
		log, err := controller.ReadLog(path)
		if err != nil {
			return nil, space, 0, err
		}
		if next := dropout.ConvSpace(log.Space.Stages); samples == nil {
			space = next
		} else if !slices.Equal(next.Stages, space.Stages) {
			return nil, space, 0, fmt.Errorf("%s is of a search for %v blocks, the logs before for %v: give logs of one network", path, next.Stages, space.Stages)
		}
		of := map[string][]float64{}
		for i, r := range log.Results {
			if r == nil || r.Failed() {
				continue
			}
			pattern, err := dropout.DecodeConv(log.Space, log.Trials[i].Point)
			if err != nil {
				return nil, space, 0, fmt.Errorf("%s: %w", path, err)
			}
			samples = append(samples, sample{pattern, r.Reward})
			point := fmt.Sprint(log.Trials[i].Point)
			of[point] = append(of[point], r.Reward)
		}
		for _, rewards := range of {
			mean := stat.Mean(rewards, nil)
			for _, r := range rewards {
				squares += (r - mean) * (r - mean)
			}
			free += float64(len(rewards) - 1)
		}
	}
	if free > 0 {
		noise = math.Sqrt(squares / free)
	}
	return samples, space, noise, nil
}

// fit fits a surrogate to samples by least squares, with a little weight decay: not
// every log has every choice. What drops much counts little: it only has to be bad.
func fit(samples []sample, space dropout.Space, noise float64) (*surrogate, error) {
	s := &surrogate{space: space, trials: len(samples), noise: noise}
	if s.trials == 0 {
		return nil, errors.New("the logs have no trial that succeeded: give the folders of finished searches")
	}
	columns := len(features(samples[0].pattern))
	if s.trials < 2*columns {
		return nil, fmt.Errorf("%d trials are too few for a surrogate of %d numbers: give more logs", s.trials, columns)
	}
	var rows, rewards, weights []float64
	for _, t := range samples {
		const moderate = 0.1 // share
		w := math.Sqrt(moderate / (moderate + share(t.pattern)))
		for _, x := range features(t.pattern) {
			rows = append(rows, w*x)
		}
		rewards, weights = append(rewards, w*t.reward), append(weights, w*w)
	}
	x, y := mat.NewDense(s.trials, columns, rows), mat.NewVecDense(s.trials, rewards)
	var normal mat.Dense
	normal.Mul(x.T(), x)
	const decay = 3e-4
	for i := 1; i < columns; i++ {
		normal.Set(i, i, normal.At(i, i)+decay*float64(s.trials))
	}
	var right, weight, fitted mat.VecDense
	right.MulVec(x.T(), y)
	if err := weight.SolveVec(&normal, &right); err != nil {
		return nil, fmt.Errorf("no surrogate fits the logs: %w", err)
	}
	s.weight = weight.RawVector().Data
	fitted.MulVec(x, &weight)
	var left, all, mean, sum float64
	for i, t := range samples {
		mean, sum = mean+weights[i]*t.reward, sum+weights[i]
	}
	for i, t := range samples {
		miss := rewards[i] - fitted.AtVec(i)
		left += miss * miss
		all += weights[i] * (t.reward - mean/sum) * (t.reward - mean/sum)
	}
	s.fit, s.misfit = 1-left/all, math.Sqrt(left/sum)
	return s, nil
}

// share returns the share of elements that a pattern drops, averaged over its blocks.
func share(p *dropout.ConvPattern) float64 {
	sum, blocks := 0.0, 0
	for s, stage := range p.Stages {
		for _, b := range stage {
			side := max(4, firstSide>>s)
			sum += b.Share(side, side)
			blocks++
		}
	}
	return sum / float64(blocks)
}

// value returns what a pattern is worth.
func (s *surrogate) value(p *dropout.ConvPattern) float64 {
	sum := 0.0
	for i, x := range features(p) {
		sum += s.weight[i] * x
	}
	return sum
}

// at returns what a point of the space is worth. It panics where it is none.
func (s *surrogate) at(point []int) float64 {
	p, err := dropout.DecodeConv(s.space, point)
	if err != nil {
		panic(err)
	}
	return s.value(p)
}

// without returns the final trainings of the row without dropout in the folder of a
// run, whose metric is the error in percent, as samples.
func without(folder runfolder.Folder, space dropout.Space) (samples []sample, err error) {
	units, err := folder.Units()
	if err != nil {
		return nil, err
	}
	none, err := dropout.DecodeConv(space, make([]int, space.Decisions()))
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		if u.Method == "none" && !u.Diverged {
			samples = append(samples, sample{none, 1 - u.Value/100})
		}
	}
	return samples, nil
}

// logs lists those of the searches for patterns in the folder of a run, with those
// that try the best patterns again.
func logs(folder runfolder.Folder) (paths []string, err error) {
	for _, path := range glob.In(string(folder), "*/*.jsonl") {
		log, err := controller.ReadLog(path)
		if err != nil {
			return nil, err
		}
		if log.Space.Name == "convnet" {
			paths = append(paths, path)
		}
	}
	if paths == nil {
		return nil, fmt.Errorf("%s has no log of a search for patterns of a ConvNet in the paper's space: give a folder with runs of cifar or imagenet", folder)
	}
	return paths, nil
}
