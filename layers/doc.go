// Package layers builds networks from the operations of package ops. A layer
// is a struct with a constructor, which creates its parameters in a [Scope],
// and a Forward method, which takes a [Ctx]:
//
//	s := layers.NewScope(seed)
//	fc := layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: 64, Out: 10})
//	...
//	y := fc.Forward(c, x)
//
// Names of parameters and their shapes in files are those of the PyTorch module of the same
// purpose, so that weights can be exchanged with it ([State], [LoadState]). Initial weights
// default to those of that module, except that convolutions follow He's fan-out rule.
//
// A layer holds no state of a call: one model may run on several tapes at once.
// The exception is a [BatchNorm] that trains, which has running statistics.
package layers
