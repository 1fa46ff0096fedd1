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
	scratch := takeScratch(j.size)
	defer giveScratch(scratch)
	for i := range j.n {
		j.body.do(*j, i, scratch)
	}
}

// The pool works on one job at a time. Whoever holds mu owns the other fields
// that are not synchronised themselves; helpers may read job between receiving
// from their wake channel and calling done.Done.
var pool struct {
	mu      sync.Mutex
	job     job
	next    atomic.Int64 // the next index to start
	helpers []chan struct{}
	working atomic.Int64 // helpers that have been woken and are not done
	done    sync.WaitGroup

	failure atomic.Pointer[failure] // the first panic of a helper
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
	pool.job = j
	pool.next.Store(0)
	for len(pool.helpers) < helpers {
		wake := make(chan struct{}, 1)
		pool.helpers = append(pool.helpers, wake)
		go help(wake)
	}
	pool.working.Store(int64(helpers))
	pool.done.Add(helpers)
	for _, wake := range pool.helpers[:helpers] {
		wake <- struct{}{}
	}
	defer finish(helpers)
	participate()
}

// finish waits for the helpers and passes on a panic of theirs. It runs even
// when the caller's own share of the work panics, since helpers still use what
// the bodies refer to.
func finish(helpers int) {
	pool.next.Store(int64(pool.job.n))
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
// follow one another at once, and to be woken takes longer than many of them.
const moment = 30 * time.Microsecond

// help runs on each goroutine of the pool.
func help(wake chan struct{}) {
	for {
		await(wake)
		helpOnce()
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

func helpOnce() {
	defer pool.done.Done()
	defer pool.working.Add(-1)
	defer func() {
		if value := recover(); value != nil {
			pool.failure.CompareAndSwap(nil, &failure{value})
			pool.next.Store(int64(pool.job.n))
		}
	}()
	participate()
}

// participate starts indexes of the pool's job until none is left.
func participate() {
	j := &pool.job
	scratch := takeScratch(j.size)
	defer giveScratch(scratch)
	for {
		i := int(pool.next.Add(1)) - 1
		if i >= j.n {
			return
		}
		j.body.do(*j, i, scratch)
	}
}
