// Package controller searches a space of choices for the dropout pattern that
// trains the best child network (Pham and Le, "AutoDropout", arXiv 2101.01761).
//
// The controller is a network, a small Transformer, that makes the choices of a pattern one
// after another as a language model emits tokens. In [Search] an [Evaluator] trains a child
// with each sampled pattern. The child's validation performance is the reward from which
// the controller learns: by REINFORCE weighted with importance ratios, or by its clipped
// variant, PPO. The algorithm [Random] is random search over the same space with the same
// budget and queue, so that the controller has something to beat. [Evolution], [Local] and
// [Coordinate] vary good points, [Grid] and [Rejects] try given ones: they have no network.
// The package knows neither models nor data.
//
// # Queue
//
// No worker waits for a batch. A constant number of trials, [Config.InFlight],
// is in flight; every finished one moves the controller by one step. By default
// trial i is sampled when exactly the results of trials 0 to i-InFlight have
// been applied, in that order. So a search depends on its seed only, never on the
// number of workers or on how long a child takes.
// [Config.Async] applies results in the order they come.
//
// # Learning
//
// The paper publishes neither its controller nor its hyper-parameters; these are
// our decisions. Every result is one step of Adam. A choice is credited with the
// reward's distance from a moving average, in moving standard deviations, 3 at
// most. So the unit of the reward does not matter, and one child that diverges
// cannot undo the rest. A trial that failed counts as the
// worst applied before it. The defaults were chosen on synthetic rewards, where
// the patterns tried are clearly better than random ones after 40 trials.
//
// # Log
//
// The log, trials.jsonl, is the whole state of a search. Its first line is the
// configuration; then every trial has a line when it is sampled and one when it
// has finished, on disk before anything depends on it. Running a search whose
// log exists resumes it: the network is rebuilt bit for bit, no finished trial
// is lost or run again, and those that were in flight run again with the same
// point and seed. In an asynchronous search the order of the lines is the
// order in which results were applied.
package controller
