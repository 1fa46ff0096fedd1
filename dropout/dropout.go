// Package dropout drops parts of activations during training. For images:
// plain Dropout, SpatialDropout, DropBlock and stochastic depth. For sequences:
// plain, variational (locked), attention and word dropout, all of them
// [SequenceDropout]. For both: the patterns of AutoDropout.
//
// A model names the places where dropout may act ([Site]) and asks its policy
// for a [Mask] there; a [Policy] decides what happens. [Combine] lets several
// act at different sites. Policies are made from the sites of
// a model, are safe for concurrent use, and draw everything from the [Stream]:
// what an example loses depends on the seed, the step, the site and the index
// of the example, not on how a batch is split or on the number of cores.
//
// A policy acts only while training: at evaluation it is not called.
//
// Constructors take the probability that the paper of the method takes: [NewDropout],
// [NewSpatialDropout] and [NewSequenceDropout] that of dropping; [NewDropBlock] and
// [NewStochasticDepth] that of keeping, called keep. [Ramp] lets any policy begin gently.
//
// # Patterns
//
// AutoDropout (Pham and Le, arXiv 2101.01761) learns where to drop. Its code was not
// published; [BlockPattern] and [TokenPattern] document our reading of the paper. A
// [ConvPattern] holds one BlockPattern for every residual block of a ConvNet, a
// [SequencePattern] one TokenPattern for every place in the layers of a Transformer. Both
// are stored as small JSON files ([LoadPattern]). A [Space] lists the choices of a search;
// [DecodeConv] and [DecodeSequence] turn one of its points into a pattern.
package dropout

import "fmt"

// Stream places one call of a model in a training run. Masks depend on Seed,
// Step, the site and the index of the example only.
type Stream struct {
	Seed     uint64  // of the run
	Step     uint64  // of the optimizer
	Example  uint64  // index within the step of the batch's first example
	Progress float64 // share of the training that is done, from 0 to 1; at 0 [DropBlock], and what rises with it, drop nothing
}

// Kind says what a site is, and so which policies act there.
type Kind int

const (
	// Of images, (N, H, W, C).

	Norm     Kind = iota // the output of a batch normalisation, before the non-linearity
	Hidden               // between the two convolutions of a block, after the non-linearity
	Branch               // the end of the residual branch, before it is added
	Shortcut             // the shortcut, before it is added
	Features             // what the classifier takes, (N, C), outside the blocks

	// Of sequences, (N, T, C).

	Words       // the table of word vectors, (words, C): its rows are dropped, not examples
	Input       // the word vectors of a sequence, before the first layer
	Query       // the queries of attention, all heads side by side
	Key         // its keys
	Value       // its values
	Probability // its probabilities, (N, heads, queries, keys)
	Projection  // its output, before it is added
	Inner       // the hidden layer of the feed-forward part, after the non-linearity
	Output      // the end of the feed-forward part, before it is added
	Final       // the output of the last layer
)

var kindNames = [...]string{Norm: "norm", Hidden: "hidden", Branch: "branch", Shortcut: "shortcut", Features: "features",
	Words: "words", Input: "input", Query: "query", Key: "key", Value: "value", Probability: "probability",
	Projection: "projection", Inner: "inner", Output: "output", Final: "final"}

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// Site is a place in a model where dropout may act.
type Site struct {
	Name          string // unique within the model
	Kind          Kind
	Stage, Stages int // index of the stage, and how many there are
	Block, Blocks int // index of the block in its stage, and how many that has

	// The layers of a Transformer are the blocks of one stage, those of an encoder
	// and a decoder of two. A site outside
	// the blocks has Blocks 0; of these, policies act at Features, Words, Input
	// and Final only.
}

// Policy applies dropout at the sites of a model. It is safe for concurrent
// use. A nil Policy stands for no dropout.
type Policy interface {
	// Mask returns the mask of a tensor of the given shape at the named site,
	// nil where the policy does not act. The first axis is the batch, the last
	// one the channels; attention probabilities are (N, heads, queries, keys).
	Mask(site string, shape []int, s Stream) Mask

	// Describe returns everything but the stream that the masks depend on, as settings
	// separated by commas, on one line. Policies with equal descriptions draw equal masks:
	// a checkpoint keeps the description, so that a training continues with the same
	// dropout.
	Describe() string
}

// Mask sets the bits of keep, one for each element of a tensor in memory order,
// bit i mod 32 of word i/32 for element i: 1 keeps the element. It writes every
// word and returns the factor that the kept elements are multiplied by, which
// is never negative. It is what ops.Dropout takes.
type Mask = func(keep []uint32) (factor float32)
