package simd

import (
	"testing"
	"unsafe"
)

// Neither a kernel's last elements nor its bits may be read in pieces that end
// behind them: a page without access follows every argument, or goes before it.
func TestKernelGuardPages(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		for _, k := range kernels {
			for _, columns := range []int{1, 7, 8, 9, 16, 31, 40, 63} {
				for _, low := range []bool{false, true} {
					runGuarded(t, k, columns, low)
				}
			}
		}
		for n := 1; n < 70; n += 4 {
			for _, low := range []bool{false, true} {
				x, words := guarded(t, n, low), guarded(t, n, low)
				for _, r := range reductions {
					r.run(x, x)
				}
				SoftmaxRow(x, x)
				SoftmaxWeightsBackward(x, words, 0, 1, 0, nil, 0)
				bits := unsafe.Slice((*uint32)(unsafe.Pointer(&words[0])), n)
				PhiloxFill(bits, [4]uint32{}, [2]uint32{})
				SoftmaxWeights(x, bits, 32*n-n)
				SoftmaxWeightsBackward(x, x, 0, 1, 0, bits[:maskWords(n)], 0)
				BernoulliBits(bits, 32*n, 9, [2]uint32{}, [4]uint32{})
			}
		}
	})
}

func runGuarded(t *testing.T, k kernel, columns int, low bool) {
	a := arguments{rows: 3, columns: columns}
	if k.oneRow {
		a.rows = 1
	}
	n := a.rows * columns
	for range k.matrices {
		a.m = append(a.m, guarded(t, n, low))
	}
	for range k.vectors {
		a.v = append(a.v, guarded(t, columns, low))
	}
	words := maskWords(n)
	a.bits = unsafe.Slice((*uint32)(unsafe.Pointer(&guarded(t, words, low)[0])), words)
	a.run(k)
}

func TestWinogradGuardPages(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		for _, c := range stridedCases() {
			if c.n > 40 {
				continue
			}
			for _, low := range []bool{false, true} {
				in, out := c.t.Size()
				src, n := c.layout(in)
				src.Data = guarded(t, n, low)
				dst, n := c.layout(out)
				dst.Data = guarded(t, n, low)
				Winograd(c.t, dst, src, c.n, c.count, c.rows)
			}
		}
	})
}
