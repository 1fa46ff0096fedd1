// Package optim updates parameters from gradients: [SGD], [Adam], [RMSProp], [Muon],
// learning-rate schedules, clipping by the global norm ([ClipNorm]) and averages of
// weights, among them the look-ahead ([Average]).
//
// An optimizer works on the flat parameters of a model ([autograd.Params.Flat])
// and the flat gradient that [autograd.Tape.Backward] returns, in one parallel
// pass. The learning rate is an argument of its step, and a [Schedule] is a
// pure function of the step, so that neither has anything to save.
//
// Results do not depend on the number of cores, and [State] restores an
// optimizer or an average bit for bit.
package optim
