package train

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/ops"
)

// Annealing is the schedule of training signal annealing (section 3.3 of UDA's paper).
// UDA's loss leaves out a labelled image if the model gives its label at least a bound of
// probability. Over a training the bound grows from 1/classes to 1.
type Annealing string

const (
	NoAnnealing  Annealing = ""       // all labelled images count
	LinearSignal Annealing = "linear" // evenly
	LogSignal    Annealing = "log"    // fast in the beginning
	ExpSignal    Annealing = "exp"    // fast in the end
)

// bound returns the probability above which a labelled image does not count
// when a share of the training is done.
func (a Annealing) bound(progress float64, classes int) float64 {
	switch a {
	case NoAnnealing:
		return math.Inf(1)
	case LogSignal:
		progress = 1 - math.Exp(-5*progress)
	case ExpSignal:
		progress = math.Exp(5 * (progress - 1))
	}
	first := 1 / float64(classes)
	return first + progress*(1-first)
}

// check returns an error unless a is one of the constants.
func (a Annealing) check() error {
	switch a {
	case NoAnnealing, LinearSignal, LogSignal, ExpSignal:
		return nil
	}
	return fmt.Errorf("train: the annealing %q is none of linear, log and exp", a)
}

// loss returns UDA's loss of logits (N, C). The first rows belong to the labels;
// the others are as many of original images as of the same images augmented.
// Confident counts the images whose original teaches.
//
// It is a cross-entropy between constant targets and the logits, plus a
// constant: an original's row has no target, and its prediction, sharpened, is
// the target of the augmented image.
func (c *UDAConfig) loss(logits *autograd.Tensor, labels []int, progress float64) (loss *autograd.Tensor, confident int) {
	logs := ops.LogSoftmax(logits)
	t := targets{logs: logs.Data(), values: make([]float32, logits.Len()), classes: logits.Dim(1)}
	t.supervise(labels, c.Smoothing, c.Annealing.bound(progress, t.classes))
	unlabelled := (logits.Dim(0) - len(labels)) / 2
	constant := 0.0
	for i := range unlabelled {
		original := len(labels) + i
		if t.probability(original) > float64(c.Threshold) {
			confident++
			constant += t.teach(original+unlabelled, original, float64(c.Temperature), float64(c.Weight)/float64(unlabelled))
		}
	}
	cross := ops.Sum(ops.Mul(logits.Tape().Input(t.values, logits.Shape()...), logs))
	return ops.AddScalar(ops.Neg(cross), float32(constant)), confident
}

// targets holds what a network should predict for a batch.
type targets struct {
	logs    []float32 // what it does predict, as logarithms, (N, classes)
	values  []float32 // (N, classes)
	classes int
}

func (t *targets) row(x []float32, i int) []float32 { return x[i*t.classes : (i+1)*t.classes] }

// probability returns that of the most probable class of row i, 0 when it is not
// a number.
func (t *targets) probability(i int) float64 {
	row := t.row(t.logs, i)
	class := best(row)
	if class < 0 {
		return 0
	}
	return math.Exp(float64(row[class]))
}

// supervise gives the first rows the labels, smoothed, as targets, except where
// the label's probability is above bound.
func (t *targets) supervise(labels []int, smoothing float32, bound float64) {
	var rows []int
	for i, label := range labels {
		if !(math.Exp(float64(t.row(t.logs, i)[label])) > bound) {
			rows = append(rows, i)
		}
	}
	weight := 1 / float32(max(len(rows), 1))
	for _, i := range rows {
		target := t.row(t.values, i)
		for j := range target {
			target[j] = weight * smoothing / float32(t.classes)
		}
		target[labels[i]] += weight * (1 - smoothing)
	}
}

// teach makes the distribution of row teacher, sharpened by a temperature and
// times weight, the target of row pupil. It returns the sum of that target times
// the distribution's logarithm, which makes a divergence of a cross-entropy.
func (t *targets) teach(pupil, teacher int, temperature, weight float64) (constant float64) {
	logs, target := t.row(t.logs, teacher), t.row(t.values, pupil)
	highest := float64(logs[best(logs)])
	sum := 0.0
	for _, l := range logs {
		sum += math.Exp((float64(l) - highest) / temperature)
	}
	for j, l := range logs {
		log := (float64(l)-highest)/temperature - math.Log(sum)
		p := weight * math.Exp(log)
		target[j] = float32(p)
		constant += p * log
	}
	return constant
}
