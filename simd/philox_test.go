package simd

import (
	"math"
	mathbits "math/bits"
	"slices"
	"testing"
)

// The known answers are from the Random123 distribution (kat_vectors).
func TestPhiloxKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	for _, test := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := Philox(test.ctr, test.key); got != test.want {
			t.Errorf("Philox(%08x, %08x) = %08x, want %08x", test.ctr, test.key, got, test.want)
		}
	}
}

func TestPhiloxFill(t *testing.T) {
	ctr, key := [4]uint32{0xfffffffa, 1, 2, 3}, [2]uint32{4, 5} // the first word wraps around
	want := make([]uint32, maxCall+200)
	for i := range want {
		c := ctr
		c[0] += uint32(i / 4)
		want[i] = Philox(c, key)[i%4]
	}
	forEachTier(t, func(t *testing.T) {
		for _, n := range append(upTo(150), len(want)) {
			got := make([]uint32, n+1)
			PhiloxFill(got[:n], ctr, key)
			if got[n] != 0 || !slices.Equal(got[:n], want[:n]) {
				t.Fatalf("%d words differ from their blocks", n)
			}
		}
	})
}

func TestBernoulliBits(t *testing.T) {
	ctr, key := [4]uint32{0xfffffffa, 1, 2, 3}, [2]uint32{4, 5}
	const words = maxCall/16 + 5
	uniform := make([]uint32, 16*words)
	PhiloxFill(uniform, ctr, key)
	forEachTier(t, func(t *testing.T) {
		for _, threshold := range []uint16{0, 1, 0x4000, 0x8000, 0xc001, 0xffff} {
			for _, n := range append(upTo(150), 1000, 32*words) {
				bits := make([]uint32, maskWords(n)+1)
				for i := range bits {
					bits[i] = 0xdeadbeef
				}
				BernoulliBits(bits, n, threshold, key, ctr)
				if bits[maskWords(n)] != 0xdeadbeef {
					t.Fatalf("%d bits: wrote behind the last word", n)
				}
				for i := range 32 * maskWords(n) {
					keep := i < n && uint16(uniform[i/2]>>(i%2*16)) >= threshold
					if got := bits[i/32]>>(i%32)&1 != 0; got != keep {
						t.Fatalf("%d bits, threshold %d: bit %d is %t", n, threshold, i, got)
					}
				}
			}
		}
	})
}

func TestBernoulliBitsFrequency(t *testing.T) {
	const n = 1 << 20
	bits := make([]uint32, n/32)
	for _, drop := range []float64{0, 0.1, 0.5, 0.9} {
		BernoulliBits(bits, n, uint16(drop*65536), [2]uint32{1, 2}, [4]uint32{})
		kept := 0
		for _, w := range bits {
			kept += mathbits.OnesCount32(w)
		}
		deviation := math.Sqrt(n * drop * (1 - drop))
		if want := n * (1 - drop); math.Abs(float64(kept)-want) > 4*deviation+n/65536 {
			t.Errorf("kept %d of %d with drop probability %g", kept, n, drop)
		}
	}
}

func TestPhiloxDoesNotAllocate(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		words := make([]uint32, 70)
		if n := testing.AllocsPerRun(10, func() { PhiloxFill(words, [4]uint32{}, [2]uint32{}) }); n != 0 {
			t.Errorf("PhiloxFill allocates %g times", n)
		}
		if n := testing.AllocsPerRun(10, func() { BernoulliBits(words, 2100, 7, [2]uint32{}, [4]uint32{}) }); n != 0 {
			t.Errorf("BernoulliBits allocates %g times", n)
		}
	})
}

func upTo(n int) []int {
	var list []int
	for i := range n {
		list = append(list, i)
	}
	return list
}

func BenchmarkBernoulliBits(b *testing.B) {
	for _, tier := range supportedTiers() {
		b.Run("tier="+tier.String(), func(b *testing.B) {
			before := Active()
			defer setTier(before)
			setTier(tier)
			bits := make([]uint32, 1<<11)
			b.SetBytes(1 << 13)
			for b.Loop() {
				BernoulliBits(bits, 1<<16, 1<<14, [2]uint32{}, [4]uint32{})
			}
		})
	}
}
