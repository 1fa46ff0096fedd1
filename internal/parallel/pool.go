package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A job is one call of For, Range, ForScratch, Each or EachRange.
type job struct {
	n, size    int
	body       body
	grain, end int // of chunks
	state      any // of a method
}

// A body is the function that a job calls for every index. Functions and
// pointers fit into an interface as they are, so that a job allocates nothing.
type body interface {
	do(j job, i int, scratch []float32)
}

type (
	each               func(i int)
	chunk              func(lo, hi int)
	scratched          func(i int, scratch []float32)
	method[T any]      func(state *T, i int, scratch []float32)
	chunkMethod[T any] func(state *T, lo, hi int, scratch []float32)
)

func (f each) do(_ job, i int, _ []float32)            { f(i) }
func (f chunk) do(j job, i int, _ []float32)           { f(i*j.grain, min((i+1)*j.grain, j.end)) }
func (f scratched) do(_ job, i int, scratch []float32) { f(i, scratch) }
func (f method[T]) do(j job, i int, scratch []float32) { f(j.state.(*T), i, scratch) }
func (f chunkMethod[T]) do(j job, i int, scratch []float32) {
	f(j.state.(*T), i*j.grain, min((i+1)*j.grain, j.end), scratch)
}

// runAll does the whole job on the calling goroutine.
func (j *job) runAll() {
	scratch := takeScratch(0, j.size)
	defer giveScratch(0, scratch)
	for i := range j.n {
		j.body.do(*j, i, scratch)
	}
}

// The pool works on one job at a time. Whoever holds mu owns the other fields
// that are not synchronised themselves; helpers may read job and workers between
// receiving from their wake channel and calling done.Done.
//
// A job is cut into shares of consecutive indexes. Every worker begins with a share of
// its own, the same part of every job: what it wrote in one job, such as some of the
// images of a batch, it reads in the next, and cores that have no cache in common send
// each other little. Workers that are done go on with the others' shares.
var pool struct {
	mu      sync.Mutex
	job     job
	workers int // the caller, worker 0, and its helpers
	shares  [maxShares]share
	helpers []chan struct{}
	working atomic.Int64 // helpers that have been woken and are not done
	done    sync.WaitGroup

	failure atomic.Pointer[failure] // the first panic of a helper
}

// maxShares bounds what a worker looks through before it knows that a job is done. More
// workers begin some shares together.
const maxShares = 16

// A share has a cache line of its own.
type share struct {
	next atomic.Int64 // the next index to start
	_    [alignment - 8]byte
}

type failure struct{ value any }

// Cores returns how many cores a call made now would use: one inside a body.
// The answer may only decide how fast a result is reached, not which.
func Cores() int {
	procs := runtime.GOMAXPROCS(0)
	if procs == 1 || !pool.mu.TryLock() {
		return 1
	}
	pool.mu.Unlock()
	return procs
}

func dispatch(j job) {
	helpers := min(runtime.GOMAXPROCS(0), j.n) - 1
	if helpers <= 0 || !pool.mu.TryLock() {
		j.runAll()
		return
	}
	defer pool.mu.Unlock()
	pool.job, pool.workers = j, helpers+1
	for i := range shares() {
		pool.shares[i].next.Store(int64(begin(i)))
	}
	for len(pool.helpers) < helpers {
		wake := make(chan struct{}, 1)
		pool.helpers = append(pool.helpers, wake)
		go help(len(pool.helpers), wake)
	}
	pool.working.Store(int64(helpers))
	pool.done.Add(helpers)
	for _, wake := range pool.helpers[:helpers] {
		wake <- struct{}{}
	}
	defer finish(helpers)
	participate(0)
}

// shares returns how many shares the job has, and begin where share i begins.
func shares() int     { return min(pool.workers, maxShares) }
func begin(i int) int { return i * pool.job.n / shares() }

// stop leaves out the indexes that have not started.
func stop() {
	for i := range shares() {
		pool.shares[i].next.Store(int64(pool.job.n))
	}
}

// finish waits for the helpers and passes on a panic of theirs. It runs even
// when the caller's own share of the work panics, since helpers still use what
// the bodies refer to.
func finish(helpers int) {
	stop()
	for _, wake := range pool.helpers[:helpers] {
		select {
		case <-wake: // has not even noticed: nothing to wait for
			pool.working.Add(-1)
			pool.done.Done()
		default:
		}
	}
	for start := time.Now(); pool.working.Load() > 0 && time.Since(start) < moment; {
		runtime.Gosched()
	}
	pool.done.Wait()
	pool.job = job{} // let go of what the bodies refer to
	if f := pool.failure.Swap(nil); f != nil {
		panic(f.value)
	}
}

// moment is how long those who wait look again before they sleep. The operations of a step
// follow one another at once. To be woken takes longer than many of them, on a busy machine
// some milliseconds, and whoever is woken may find itself on the other's core.
const moment = 100 * time.Microsecond

// help runs on each goroutine of the pool.
func help(worker int, wake chan struct{}) {
	for {
		await(wake)
		helpOnce(worker)
	}
}

// await returns when it is woken.
func await(wake chan struct{}) {
	for start := time.Now(); time.Since(start) < moment; runtime.Gosched() {
		select {
		case <-wake:
			return
		default:
		}
	}
	<-wake
}

func helpOnce(worker int) {
	defer pool.done.Done()
	defer pool.working.Add(-1)
	defer func() {
		if value := recover(); value != nil {
			pool.failure.CompareAndSwap(nil, &failure{value})
			stop()
		}
	}()
	participate(worker)
}

// participate starts indexes of the pool's job until none is left.
func participate(worker int) {
	j, n := &pool.job, shares()
	home := worker % n
	scratch := takeScratch(home, j.size)
	defer giveScratch(home, scratch)
	for k := range n {
		at := (home + k) % n
		next, end := &pool.shares[at].next, int64(begin(at+1))
		for next.Load() < end { // which costs less than to add where nothing is left
			i := next.Add(1) - 1
			if i >= end {
				break
			}
			j.body.do(*j, int(i), scratch)
		}
	}
}
