// Package dropout drops parts of activations during training: plain Dropout,
// SpatialDropout, DropBlock, stochastic depth, and the patterns of AutoDropout.
//
// A model names the places where dropout may act ([Site]) and calls its policy
// there; a [Policy] decides what happens. Policies are made from the sites of
// a model, are safe for concurrent use, and draw everything from the [Stream]:
// what an example loses depends on the seed, the step, the site and the index
// of the example, not on how a batch is split or on the number of cores.
//
// A policy acts only while training: at evaluation it is not called.
//
// # Patterns
//
// AutoDropout (Pham and Le, arXiv 2101.01761) learns where to drop. Its code
// was not published; the reading implemented here is the one of [BlockPattern].
// A [ConvPattern] holds one BlockPattern for every residual block of a ConvNet
// and is stored as a small JSON file ([LoadPattern], [ConvPattern.Save]). The
// choices a search has are a [Space]; [DecodeConv] turns its tokens into a
// pattern.
package dropout

import (
	"fmt"

	"autodropout/autograd"
)

// Stream places one call of a model in a training run. Masks depend on Seed,
// Step, the site and the index of the example only.
type Stream struct {
	Seed     uint64  // of the run
	Step     uint64  // of the optimizer
	Example  uint64  // index within the step of the batch's first example
	Progress float64 // share of the training that is done, from 0 to 1
}

// Kind says what a site is, and so which policies act there.
type Kind int

const (
	Norm     Kind = iota // the output of a batch normalisation, before the non-linearity
	Hidden               // between the two convolutions of a block, after the non-linearity
	Branch               // the end of the residual branch, before it is added
	Shortcut             // the shortcut, before it is added
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	names := [...]string{Norm: "norm", Hidden: "hidden", Branch: "branch", Shortcut: "shortcut"}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return names[k]
}

// Site is a place in a model where dropout may act.
type Site struct {
	Name          string // unique within the model
	Kind          Kind
	Stage, Stages int // index of the stage, and how many there are
	Block, Blocks int // index of the block in its stage, and how many that has

	// A site outside the residual blocks has Blocks 0, and no policy of this
	// package acts there.
}

// Policy applies dropout at the sites of a model. It is safe for concurrent
// use. A nil Policy stands for no dropout.
type Policy interface {
	// Apply returns x after dropout at the named site, or x itself where the
	// policy does not act. The first axis of x is the batch, the last one the
	// channels.
	Apply(site string, x *autograd.Tensor, s Stream) *autograd.Tensor
}
