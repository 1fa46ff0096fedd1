package ops

import "autodropout/autograd"

// What operations put into Spec of [autograd.Op], for those who read a trace, besides
// the types that are part of their calls, to which those with a name that ends in Spec
// come as pointers:
//
//	Scale, AddScalar, Pow       float32
//	Clamp                       [2]float32, the bounds
//	LayerNorm, RMSNorm          *float32, what is added to the variance
//	Sum, Mean, Max              Axes that are gone
//	Transpose, Concat           Axes in their order; Axes{axis}
//	MaxPool2D, AvgPool2D        PoolSpec, with its stride
//	Where                       *autograd.Tensor, the condition
//
// and those of the same name below. Others have none.
type (
	// Axes are axes of a tensor, none of them negative.
	Axes []int

	// IDs are what [Embedding] looks up: the caller's slice, not a copy.
	IDs []int

	// GatherArgs are an axis and what [Gather] and [Select] look up along it.
	GatherArgs struct {
		Axis int
		IDs  []int
	}

	// SliceArgs are the part of an axis that [Slice] returns.
	SliceArgs struct{ Axis, Lo, Hi int }

	// PadArgs are what [Pad] surrounds its input with.
	PadArgs struct {
		Value float32
		Sides [][2]int
	}

	// AdaptivePoolArgs are the numbers of windows of [AdaptiveAvgPool2D] and
	// [AdaptiveMaxPool2D].
	AdaptivePoolArgs struct{ Height, Width int }

	// GroupNormArgs are the number of groups of [GroupNorm] and what it adds to the
	// variance.
	GroupNormArgs struct {
		Groups int
		Eps    float32
	}

	// BatchNormArgs are what [BatchNorm], [BatchNormReLU], [BatchNormSiLU], [BatchNormGELU] and
	// [BatchNormAddReLU] normalise with, as a pointer.
	BatchNormArgs struct {
		Running BatchNormStats
		Spec    BatchNormSpec
	}

	// ConvBatchNormArgs are what [ConvBatchNorm] does to its inputs x, weight, gamma,
	// beta and, if there is one, residual, as a pointer.
	ConvBatchNormArgs struct {
		BatchNormArgs
		Conv ConvSpec
		End  ConvEnd
	}

	// Conv2DMaxPoolArgs are what [Conv2DMaxPool] does to its inputs x and w, as a pointer.
	Conv2DMaxPoolArgs struct {
		Conv ConvSpec
		Pool PoolSpec // with its stride
	}

	// RecurrentArgs are what [LSTM] and [GRU] were called with besides x and w, as a
	// pointer. Bias and what Start holds may be nil; what is not is also an input.
	RecurrentArgs struct {
		RecurrentSpec
		Bias  *autograd.Tensor
		Start []*autograd.Tensor
	}
)
