// Package parallel spreads loops over the processor's cores. It is the only
// place in this module that starts goroutines for computing.
//
// One pool of goroutines serves the whole program and stays alive between
// calls. The caller takes part in the work. While one call has the pool, calls
// made by its bodies, or by other goroutines, run on the goroutine that makes
// them: the cores are busy already. How many cores a call uses is GOMAXPROCS at
// that moment.
//
// The order in which indexes run, and the goroutine they run on, are not
// determined. Results are, as long as a body writes only what belongs to its
// index, and the loop is cut the same way whatever the number of cores.
package parallel

// For calls body(i) for every i in [0, n) and returns when all calls have.
// If a body panics, indexes that have not started are left out and For panics
// with the same value.
func For(n int, body func(i int)) {
	dispatch(job{n: n, body: each(body)})
}

// Range cuts [0, n) into chunks of grain indexes, the last one possibly
// shorter, and calls body(lo, hi) for every chunk [lo, hi), as For does for
// indexes. A result that depends on how the range is cut stays the same on any
// number of cores if grain does. Range panics if grain is not positive.
func Range(n, grain int, body func(lo, hi int)) {
	dispatch(job{n: chunks(n, grain), body: chunk(body), grain: grain, end: n})
}

// chunks returns into how many chunks of grain indexes [0, n) is cut.
func chunks(n, grain int) int {
	if grain <= 0 {
		panic("parallel: grain is not positive")
	}
	return (n + grain - 1) / grain
}

// ForScratch is For for bodies that need working memory: no two bodies that run
// at the same time share scratch, which has size elements, starts on a 64-byte
// boundary and holds anything.
func ForScratch(n, size int, body func(i int, scratch []float32)) {
	dispatch(job{n: n, body: scratched(body), size: size})
}

// Each is ForScratch for loops that allocate nothing: where a closure would be
// an object, body is a method expression, such as (*T).row, and gets state.
func Each[T any](n, size int, state *T, body func(state *T, i int, scratch []float32)) {
	dispatch(job{n: n, body: method[T](body), state: state, size: size})
}

// EachRange is Range for loops that allocate nothing, with working memory: it is
// to Range what [Each] is to [ForScratch].
func EachRange[T any](n, grain, size int, state *T, body func(state *T, lo, hi int, scratch []float32)) {
	dispatch(job{n: chunks(n, grain), body: chunkMethod[T](body), grain: grain, end: n, state: state, size: size})
}
