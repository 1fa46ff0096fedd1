package parallel

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// withProcs runs body as a subtest for several values of GOMAXPROCS.
func withProcs(t *testing.T, body func(t *testing.T)) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 3, 7, 64, 2} {
		runtime.GOMAXPROCS(procs)
		t.Run(fmt.Sprintf("procs=%d", procs), body)
	}
}

// checkOnce checks that every index was run exactly once. The elements are written
// without synchronisation, so that the race detector checks that too.
func checkOnce(t *testing.T, counts []int) {
	t.Helper()
	for i, count := range counts {
		if count != 1 {
			t.Fatalf("index %d of %d ran %d times", i, len(counts), count)
		}
	}
}

func TestForRunsEveryIndexOnce(t *testing.T) {
	withProcs(t, func(t *testing.T) {
		for _, n := range []int{-1, 0, 1, 2, 3, 63, 64, 65, 1000} {
			counts := make([]int, max(n, 0))
			For(n, func(i int) { counts[i]++ })
			checkOnce(t, counts)
		}
	})
}

func TestRangeChunks(t *testing.T) {
	withProcs(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 7, 8, 9, 100} {
			for _, grain := range []int{1, 3, 8, 1000} {
				counts := make([]int, n)
				Range(n, grain, func(lo, hi int) {
					if lo%grain != 0 || hi != min(lo+grain, n) || lo >= hi {
						t.Errorf("n=%d grain=%d: chunk [%d, %d)", n, grain, lo, hi)
					}
					for i := lo; i < hi; i++ {
						counts[i]++
					}
				})
				checkOnce(t, counts)
			}
		}
	})
}

func TestRangeRejectsGrain(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Range with grain 0 did not panic")
		}
	}()
	Range(1, 0, func(lo, hi int) {})
}

func TestScratchIsPrivateAndAligned(t *testing.T) {
	withProcs(t, func(t *testing.T) {
		for _, size := range []int{0, 1, 15, 16, 17, 1000} {
			counts := make([]int, 100)
			ForScratch(len(counts), size, func(i int, scratch []float32) {
				counts[i]++
				if len(scratch) != size {
					t.Errorf("scratch of %d elements, want %d", len(scratch), size)
				}
				if size == 0 {
					return
				}
				if address := uintptr(unsafe.Pointer(&scratch[0])); address%64 != 0 {
					t.Errorf("scratch of %d elements starts at %#x, not on a cache line", size, address)
				}
				for k := range scratch {
					scratch[k] = float32(i)
				}
				runtime.Gosched()
				if slices.ContainsFunc(scratch, func(x float32) bool { return x != float32(i) }) {
					t.Errorf("index %d: another body wrote to this scratch", i)
				}
			})
			checkOnce(t, counts)
		}
	})
}

// tally counts how often each index ran.
type tally struct{ counts []int }

func (t *tally) count(i int, scratch []float32) {
	if len(scratch) == 3 {
		t.counts[i]++
	}
}

func TestEachRunsEveryIndexOnce(t *testing.T) {
	withProcs(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 65} {
			state := tally{make([]int, n)}
			Each(n, 3, &state, (*tally).count)
			checkOnce(t, state.counts)
		}
	})
}

// mark counts a range of indexes.
func (t *tally) mark(lo, hi int, scratch []float32) {
	if hi-lo <= 7 && len(scratch) == 3 {
		for i := lo; i < hi; i++ {
			t.counts[i]++
		}
	}
}

func TestEachRangeCoversEveryIndexOnce(t *testing.T) {
	withProcs(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 6, 7, 8, 65} {
			state := tally{make([]int, n)}
			EachRange(n, 7, 3, &state, (*tally).mark)
			checkOnce(t, state.counts)
		}
	})
}

func TestAllWorkersTakePart(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	// Every body waits for the three others: this ends only if four goroutines
	// work at once.
	var barrier sync.WaitGroup
	barrier.Add(4)
	For(4, func(int) {
		barrier.Done()
		barrier.Wait()
	})
}

// Workers begin with the same parts of every call, so that the caches of their cores have
// what they wrote in the last one.
func TestWorkersKeepTheirShares(t *testing.T) {
	const workers, share = 4, 3
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
	var last map[string]int
	for range 3 {
		var mu sync.Mutex
		var all sync.WaitGroup
		all.Add(workers)
		first := map[string]int{} // the index that each goroutine begins with
		For(workers*share, func(i int) {
			mu.Lock()
			_, began := first[goroutine()]
			if !began {
				first[goroutine()] = i
			}
			mu.Unlock()
			if !began {
				all.Done()
				all.Wait()
			}
		})
		begun := slices.Sorted(maps.Values(first))
		if want := []int{0, share, 2 * share, 3 * share}; !slices.Equal(begun, want) {
			t.Fatalf("workers begin with indexes %v, want %v", begun, want)
		}
		if last != nil && !maps.Equal(first, last) {
			t.Errorf("goroutines begin with indexes %v, and in the call before with %v", first, last)
		}
		last = first
	}
}

func TestNestedCallsRunInline(t *testing.T) {
	withProcs(t, func(t *testing.T) {
		const n = 20
		counts := make([]int, n*n)
		For(n, func(i int) {
			last := -1
			For(n, func(j int) {
				if j != last+1 {
					t.Errorf("nested index %d after %d", j, last)
				}
				last = j
				counts[i*n+j]++
			})
		})
		checkOnce(t, counts[:n*n])
	})
}

func TestConcurrentCalls(t *testing.T) {
	withProcs(t, func(t *testing.T) {
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				for range 50 {
					counts := make([]int, 30)
					For(len(counts), func(i int) { counts[i]++ })
					checkOnce(t, counts)
				}
			})
		}
		callers.Wait()
	})
}

func TestPanicReachesCaller(t *testing.T) {
	want := errors.New("body failed")
	withProcs(t, func(t *testing.T) {
		for bad := range 8 {
			var running atomic.Int32
			func() {
				defer func() {
					if got := recover(); got != want {
						t.Errorf("recovered %v, want %v", got, want)
					}
					if n := running.Load(); n != 0 {
						t.Errorf("%d bodies still run after For has panicked", n)
					}
				}()
				For(8, func(i int) {
					running.Add(1)
					defer running.Add(-1)
					runtime.Gosched()
					if i == bad {
						panic(want)
					}
				})
			}()
			counts := make([]int, 100)
			For(len(counts), func(i int) { counts[i]++ })
			checkOnce(t, counts) // the pool has survived
		}
	})
}

// A panic must come from a helper at least once, not only from the caller's own
// share of the work.
func TestPanicOfHelper(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	defer func() {
		if got := recover(); got != "helper" {
			t.Errorf("recovered %v, want helper", got)
		}
	}()
	caller := goroutine()
	both := make(chan struct{})
	For(2, func(int) {
		if goroutine() == caller {
			<-both
			return
		}
		close(both)
		panic("helper")
	})
	t.Error("For returned")
}

// goroutine returns the header of the stack trace, which names the goroutine.
func goroutine() string {
	var buffer [32]byte
	n := runtime.Stack(buffer[:], false)
	return string(buffer[:slices.Index(buffer[:n], '[')])
}

func TestSteadyStateAllocations(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var sink atomic.Int64
	each := func(i int) { sink.Add(int64(i)) }
	scratched := func(i int, scratch []float32) { sink.Add(int64(len(scratch))) }
	add := func(sink *atomic.Int64, i int, _ []float32) { sink.Add(int64(i)) }
	addRange := func(sink *atomic.Int64, lo, hi int, _ []float32) { sink.Add(int64(hi - lo)) }
	for _, procs := range []int{1, 2} {
		runtime.GOMAXPROCS(procs) // testing.AllocsPerRun would set it to 1
		const calls = 1000
		var before, after runtime.MemStats
		ForScratch(16, 1000, scratched)
		runtime.ReadMemStats(&before)
		for range calls {
			For(16, each)
			ForScratch(16, 1000, scratched)
			Each(16, 1000, &sink, add)
			EachRange(100, 7, 1000, &sink, addRange)
		}
		runtime.ReadMemStats(&after)
		if allocations := after.Mallocs - before.Mallocs; allocations > calls/10 {
			t.Errorf("procs=%d: %d allocations in %d calls, want next to none", procs, allocations, calls)
		}
	}
}

func ExampleRange() {
	// Each chunk has its own partial sum, and these are added in order: the
	// result does not depend on the number of cores.
	x := make([]float32, 1000)
	for i := range x {
		x[i] = 0.5
	}
	const grain = 256
	partial := make([]float32, (len(x)+grain-1)/grain)
	Range(len(x), grain, func(lo, hi int) {
		for _, v := range x[lo:hi] {
			partial[lo/grain] += v
		}
	})
	var sum float32
	for _, p := range partial {
		sum += p
	}
	fmt.Println(partial, sum)
	// Output: [128 128 128 116] 500
}

func BenchmarkFor(b *testing.B) {
	for _, n := range []int{1, 2, 64} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				For(n, func(int) {})
			}
		})
	}
}

func TestCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	if got := Cores(); got != 3 {
		t.Errorf("%d cores, want 3", got)
	}
	For(3, func(i int) {
		if got := Cores(); got != 1 {
			t.Errorf("%d cores in a body, want 1", got)
		}
	})
}
