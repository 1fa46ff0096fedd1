package simd

import (
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// The tests that use guarded end in GuardPages. qemu 7.2 faults on lanes that a
// mask leaves out, which processors do not touch: there, -skip GuardPages.

// guarded returns n elements of which the last ends where a page begins that
// nobody may touch. With low set, it is the first that begins where such a page
// ends.
func guarded(t *testing.T, n int, low bool) []float32 {
	t.Helper()
	page := os.Getpagesize()
	inner := (4*n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(memory) })
	for _, guard := range [][]byte{memory[:page], memory[page+inner:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	at := page + inner - 4*n
	if low {
		at = page
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&memory[at])), n)
}

// A read outside of a slice crashes this test even if its value has no effect.
func TestGemmGuardPages(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 5))
		s := gemmSizes()
		sizes := [][3]int{{s.mr + 1, s.nr + 1, 6}, {7, 9, 11}, {8, 8, 8}, {3, 17, 33}, {65, 97, 13}}
		for m := 1; m <= s.mr; m++ {
			for _, n := range []int{1, s.nr/2 - 1, s.nr / 2, s.nr/2 + 1, s.nr - 1, s.nr} {
				sizes = append(sizes, [3]int{m, n, 5})
			}
		}
		for _, size := range sizes {
			for _, low := range []bool{false, true} {
				forEachTransposition(func(transA, transB bool) {
					g := gemmCase{transA, transB, size[0], size[1], size[2], 0, 1, 1}
					a, b, c := g.operands(rng)
					x, y, z := guarded(t, g.m*g.k, low), guarded(t, g.k*g.n, low), guarded(t, g.m*g.n, low)
					work := guarded(t, GemmWork(g.m, g.n, g.k), low)
					copy(x, a.data())
					copy(y, b.data())
					Gemm(transA, transB, g.m, g.n, g.k, 1, x, a.ld, y, b.ld, 1, z, c.ld, work)
				})
			}
		}
	})
}

func TestTapsGuardPages(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 11))
		for i, c := range tapsCases() {
			c.call(rng, func(n int) []float32 { return guarded(t, n, i%2 == 0) }).run()
		}
	})
}
