// Package cluster runs the trials of a search on any number of machines. Its
// engine is NATS JetStream: a [Coordinator], which runs the search, puts trials
// into a queue on a server, each [Worker] takes one after another from it, and
// either may die at any time.
//
// # What is where
//
// A run has a name on its server. Under that name there are
//
//   - a stream, the queue: one message for each trial that waits or runs, which
//     goes only when the trial has a result;
//   - a key-value store with the description of the run ([Job]), the result of each trial,
//     how often it was tried in vain, and a mirror of each search's log;
//   - an object store with the checkpoints of trainings that have begun.
//
// All of it is on the server's disk before anybody depends on it. [StartServer]
// embeds a server in a program; an external one serves as well.
//
// # Exactly once
//
// The queue hands out a trial again when its worker has been silent for a while (a worker
// that trains says so all the time), so a trial may be trained twice. Its result is the
// first that anybody wrote: the store creates a key once, and later ones are dropped. The
// next worker continues the training from its last checkpoint. Trouble of a machine is not
// a result: the trial is given back. A trial that fails many times in a row without
// progress ends the search, which can be resumed later.
//
// The log of the search is the truth, as without a cluster. It is mirrored line by line,
// and a coordinator that starts without the log, perhaps on another machine, begins with
// the log of the mirror.
//
// # Simulation
//
// Server, network, disks and clock can be replaced, and TestSimulation replaces
// them: the code above them, this package and the search, runs thousands of
// schedules of faults in a minute (go test -run 'TestSimulation$' -schedules N, and
// -schedule K -v to look at one), each of which ends with the same search.
//
// # The same search
//
// A search that is not asynchronous has the same trials with the same rewards for any
// number of workers, however many of them die: [controller.Config] says why. Instruction
// sets round differently, so all workers of such a search must use the same one. The
// workers of an asynchronous search, which cannot be repeated anyway, need not; the note of
// each result names the instruction set. The order of results in the log, their seconds and
// their workers may differ.
package cluster
