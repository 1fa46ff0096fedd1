package cluster

import (
	"fmt"
	"regexp"
	"slices"
)

// protocol is the version of what coordinators and workers say to each other. It grows
// when those of different versions would misunderstand each other.
const protocol = 2

// Identity is what coordinator and workers must have in common, so that it does
// not matter who trains a trial.
type Identity struct {
	Program string `json:"program"` // the benchmark
	Version string `json:"version"` // of its code
	Tier    string `json:"tier"`    // the instruction set
	Data    string `json:"data"`    // a checksum of all that a trial reads
}

// Job is what a run's workers must know.
type Job struct {
	Identity
	Settings string `json:"settings"` // for the program, which knows how to read them
	AnyTier  bool   `json:"any_tier"` // the instruction set may be another

	// Run distinguishes this run from others of the same name, such as one with the same
	// settings that was begun in another folder. It takes what [CheckName] does.
	Run string `json:"run"`

	// Sum is the identity of the run, which every trial in the queue and every result
	// holds, see [controller.Config]. Trials and results may also hold one of the Earlier
	// identities.
	Sum     string   `json:"identity,omitempty"`
	Earlier []string `json:"earlier,omitempty"`
}

// record is a job in the store.
type record struct {
	Protocol int `json:"protocol"`
	Job
	Done bool `json:"done"` // there are no more trials
}

// RefusedError says why a worker cannot work on a run.
type RefusedError struct{ Reason string }

// Error returns the reason.
func (e *RefusedError) Error() string { return e.Reason }

func refuse(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// refuses returns why a worker must not take the trials of the run called name.
// Its data is looked at unless it is "", not known yet.
func (r *record) refuses(name string, worker Identity) error {
	switch {
	case r.Protocol != protocol:
		return refuse("the coordinator of %s speaks version %d of the cluster protocol, this worker version %d: build both from the same commit", name, r.Protocol, protocol)
	case r.Program != worker.Program:
		return refuse("the run %s is one of the program %s, this is %s", name, r.Program, worker.Program)
	case r.Version != worker.Version:
		return refuse("the coordinator of %s is built from %s, this worker from %s: build both from the same commit", name, r.Version, worker.Version)
	case r.Tier != worker.Tier && !r.AnyTier:
		return refuse("the coordinator of %s computes with %s, this worker with %s, which rounds differently: start all with the same AUTODROPOUT_SIMD and AUTODROPOUT_CONV, or search asynchronously", name, r.Tier, worker.Tier)
	case worker.Data != "" && r.Data != worker.Data:
		return refuse("the data of this worker (checksum %s) is not that of the coordinator of %s (%s): give it the same files", worker.Data, name, r.Data)
	}
	return nil
}

// foreign returns why a result cannot be taken: it is none of this run.
func (r *record) foreign(identity string) error {
	if identity == "" || r.Sum == "" || identity == r.Sum || slices.Contains(r.Earlier, identity) {
		return nil
	}
	return fmt.Errorf("its result on the server has the identity %s, and this run %s: it was computed with other data, settings or another program; use another name", identity, r.Sum)
}

// continues returns why a coordinator cannot go on with a run that another
// one began. Where it goes on in its own folder its code may be another: that is for
// the workers to have in common.
func (r *record) continues(job Job) error {
	what := ""
	switch {
	case r.Protocol != protocol:
		what = fmt.Sprintf("version %d of the cluster protocol", r.Protocol)
	case r.Program != job.Program:
		what = "the program " + r.Program
	case r.Settings != job.Settings:
		what = "other settings"
	case r.Data != job.Data:
		what = "other data"
	case r.Tier != job.Tier && !job.AnyTier:
		what = "the instruction set " + r.Tier
	case r.Run != job.Run && r.Version != job.Version:
		what = "the build " + r.Version + ", from another folder"
	default:
		return nil
	}
	return fmt.Errorf("it was begun with %s, and has not ended; use another name", what)
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// CheckName returns what is wrong with the name of a run.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%q is not a name: it takes 1 to 64 letters, digits, - and _", name)
	}
	return nil
}
