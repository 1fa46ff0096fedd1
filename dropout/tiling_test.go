package dropout

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"autodropout/simd"
)

// pick returns a draw that below maps to k of n.
func pick(k, n int) uint32 { return uint32((uint64(k)<<32 + uint64(n) - 1) / uint64(n)) }

// naiveAxis says whether cell u of one axis is covered, in the words of the
// method: the pitch repeats without end where its span covers the map.
func naiveAxis(b BlockPattern, unit, extent, u int, draw uint32) bool {
	size := max(1, int(math.Round(b.Size*float64(unit))))
	pitch := size + max(1, int(math.Round(b.Stride*float64(unit))))
	span := b.Repeat * pitch
	if span >= extent {
		u -= int(uint64(draw) * uint64(pitch) >> 32)
		return (u%pitch+pitch)%pitch < size
	}
	u -= int(uint64(draw)*uint64(span+extent-1)>>32) - (span - 1)
	return u >= 0 && u < span && u%pitch < size
}

// naiveLookup undoes rotation, shear along y and shear along x, one after the
// other. ok is false where rounding is too close to call.
func naiveLookup(b BlockPattern, h, w, y, x int) (v, u int, ok bool) {
	cy, cx := float64(h-1)/2, float64(w-1)/2
	py, px := float64(y)-cy, float64(x)-cx
	angle := b.Rotate * math.Pi / 180
	px, py = px*math.Cos(angle)+py*math.Sin(angle), py*math.Cos(angle)-px*math.Sin(angle)
	py -= b.ShearY * px
	px -= b.ShearX * py
	py, px = py+cy, px+cx
	exact := b.Rotate == 0 && b.ShearX == 0 && b.ShearY == 0
	tie := func(f float64) bool { return math.Abs(f-math.Floor(f)-0.5) < 1e-4 }
	return int(math.Round(py)), int(math.Round(px)), exact || !tie(py) && !tie(px)
}

func TestTilingMatchesDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	shapes := [][3]int{{32, 32, 32}, {8, 8, 128}, {16, 16, 16}, {7, 7, 3}, {5, 9, 37}, {1, 1, 1}, {12, 4, 65}, {33, 2, 48}}
	space := ConvSpace([]int{1})
	checked, skipped := 0, 0
	for trial := range 120 {
		h, w, c := shapes[trial%len(shapes)][0], shapes[trial%len(shapes)][1], shapes[trial%len(shapes)][2]
		point := make([]int, space.Decisions())
		for i := range point {
			point[i] = rng.IntN(len(space.Choice(i).Values))
		}
		if trial%3 == 0 {
			point[3], point[4], point[5] = 0, 3, 3 // axis-aligned
		}
		b := decode(t, space, point).Stages[0][0]
		if b.Size == 0 {
			b.Size = 0.2
		}
		const n, first = 3, 1 << 33
		key := [2]uint32{uint32(trial), 7}
		keep := make([]uint32, (n*h*w*c+31)/32)
		tiling := newTiling(b, h, w)
		fill(keep, n, h*w*c, Stream{Example: first}, func(keep []uint32, pos int, ctr [4]uint32) {
			tiling.drop(keep, pos, c, ctr, key)
		})
		for i := range n * h * w * c {
			channel, x, y, example := i%c, i/c%w, i/c/w%h, i/c/w/h
			if b.ShareC {
				channel = 0
			}
			v, u, ok := naiveLookup(b, h, w, y, x)
			if !ok {
				skipped++
				continue
			}
			checked++
			block := simd.Philox([4]uint32{uint32(channel / 2), 0, uint32(example), 2}, key)
			drawY, drawX := block[channel%2*2], block[channel%2*2+1]
			dropped := naiveAxis(b, min(h, w), h, v, drawY) && naiveAxis(b, min(h, w), w, u, drawX)
			if kept := keep[i/32]>>(i%32)&1 == 1; kept == dropped {
				t.Fatalf("%v on (%d, %d, %d): element (%d, %d, %d, %d) is kept: %v", b, h, w, c, example, y, x, i%c, kept)
			}
		}
	}
	if skipped*20 > checked {
		t.Errorf("%d cells were too close to call, of %d", skipped, checked+skipped)
	}
}

// Over all positions, an axis without geometry covers every cell equally
// often, whether its span covers the map or not.
func TestPlacementIsUniform(t *testing.T) {
	for _, b := range []BlockPattern{
		{Size: 0.25, Stride: 0.125, Repeat: 1},
		{Size: 0.25, Stride: 0.125, Repeat: 2},
		{Size: 0.125, Stride: 0.5, Repeat: 8},
		{Size: 1, Stride: 1, Repeat: 1},
		{Size: 0.3, Stride: 0.2, Repeat: 3},
	} {
		for _, shape := range [][2]int{{32, 32}, {7, 7}, {8, 20}, {1, 1}} {
			tiling := newTiling(b, shape[0], shape[1])
			for _, a := range []axis{tiling.y, tiling.x} {
				positions := a.pitch
				if a.span > 0 {
					positions = a.span + a.extent - 1
				}
				counts := make([]int, a.extent)
				for k := range positions {
					line := make([]uint32, a.length)
					a.place(line, pick(k, positions), 1)
					for i, v := range line {
						counts[i] += int(v)
					}
				}
				want := a.size
				if a.span > 0 {
					want = b.Repeat * a.size
				}
				if slices.Min(counts) != want || slices.Max(counts) != want {
					t.Errorf("%v on %v: cells are covered %v times in %d positions, want %d", b, shape, counts, positions, want)
				}
			}
		}
	}
}

func TestCoveringTilingKeeps(t *testing.T) {
	for _, b := range []BlockPattern{
		{Size: 0.25, Stride: 0.25, Repeat: 8},
		{Size: 0.5, Stride: 0.125, Repeat: 4},
		{Size: 0.125, Stride: 0.375, Repeat: 8, Rotate: 30, ShearX: 0.2, ShearY: -0.1},
	} {
		const n, side, c = 64, 16, 32
		tiling := newTiling(b, side, side)
		kept := fill(make([]uint32, n*side*side*c/32), n, side*side*c, Stream{}, func(keep []uint32, pos int, ctr [4]uint32) {
			tiling.drop(keep, pos, c, ctr, [2]uint32{5})
		})
		size, pitch := b.Size*side, (b.Size+b.Stride)*side
		got, want := float64(kept)/(n*side*side*c), 1-size*size/pitch/pitch
		if math.Abs(got-want) > 0.01 {
			t.Errorf("%v keeps %g, want %g", b, got, want)
		}
	}
}

// Repeat 1 drops at most one block, cut off where it leaves the map.
func TestRepeatOneIsOneBlock(t *testing.T) {
	const side, size = 16, 5
	whole := 0
	for example := range uint64(400) {
		mask := BlockPattern{Size: size / 16., Stride: 0.25, Repeat: 1}.Sample(side, side, 1, Stream{Seed: 3, Example: example})
		top, bottom, left, right, count := side, -1, side, -1, 0
		for y, row := range mask {
			for x, kept := range row {
				if !kept {
					top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
					count++
				}
			}
		}
		if count == 0 {
			continue
		}
		h, w := bottom-top+1, right-left+1
		if count != h*w || h > size || w > size || h < size && top > 0 && bottom < side-1 || w < size && left > 0 && right < side-1 {
			t.Fatalf("example %d drops %d cells in rows %d-%d and columns %d-%d", example, count, top, bottom, left, right)
		}
		if count == size*size {
			whole++
		}
	}
	if whole < 50 {
		t.Errorf("only %d of 400 maps lose a whole block", whole)
	}
}

func TestShareC(t *testing.T) {
	b := BlockPattern{Size: 0.25, Stride: 0.5, Repeat: 2, Rotate: 15}
	const side, c = 8, 45
	differ := func(shared bool) (n int) {
		b.ShareC = shared
		tiling := newTiling(b, side, side)
		keep := make([]uint32, (side*side*c+31)/32)
		fill(keep, 1, side*side*c, Stream{}, func(keep []uint32, pos int, ctr [4]uint32) {
			tiling.drop(keep, pos, c, ctr, [2]uint32{1})
		})
		bit := func(i int) uint32 { return keep[i/32] >> (i % 32) & 1 }
		for i := range side * side * c {
			if bit(i) != bit(i/c*c) {
				n++
			}
		}
		return n
	}
	if n := differ(true); n != 0 {
		t.Errorf("%d elements differ from channel 0 although the pattern is shared", n)
	}
	if n := differ(false); n < 100 {
		t.Errorf("only %d elements differ from channel 0 although every channel has its own placement", n)
	}
}

// A quarter turn maps rows to columns exactly, and a shear along x moves row y
// by ShearX cells for each cell from the centre.
func TestGeometryByHand(t *testing.T) {
	turn := newTiling(BlockPattern{Size: 0.5, Stride: 0.5, Repeat: 1, Rotate: 90}, 5, 5)
	for i, at := range turn.cells {
		if y, x := i/5, i%5; int(at.y) != 4-x || int(at.x) != y {
			t.Errorf("after a quarter turn cell (%d, %d) looks at (%d, %d)", y, x, at.y, at.x)
		}
	}
	shear := newTiling(BlockPattern{Size: 0.5, Stride: 0.5, Repeat: 1, ShearX: 1}, 5, 5)
	for i, at := range shear.cells {
		if y, x := i/5, i%5; int(at.y) != y || int(at.x)+shear.x.low != x-(y-2) {
			t.Errorf("after a shear along x cell (%d, %d) looks at (%d, %d)", y, x, at.y, int(at.x)+shear.x.low)
		}
	}
}

func TestLargeMapsWithGeometry(t *testing.T) {
	// The lines are longer than the buffer on the stack.
	b := BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 1, Rotate: 45, ShearX: 1, ShearY: 1}
	mask := b.Sample(300, 300, 0, Stream{Example: 3})
	dropped := 0
	for _, row := range mask {
		for _, kept := range row {
			if !kept {
				dropped++
			}
		}
	}
	if dropped == 300*300 {
		t.Error("everything is dropped")
	}
}

func TestDescribe(t *testing.T) {
	p := uniformPattern(BlockPattern{}, 1, 1)
	p.Stages[1][0] = BlockPattern{Size: 0.25, Stride: 0.5, Repeat: 2, Rotate: 30, ShearX: 0.1, ShareC: true, Residual: true}
	want := "pattern for [1 1] blocks\n1.1  none\n2.1  size 0.25 stride 0.5 repeat 2 rotate 30 shear 0.1,0 share_c residual"
	if got := fmt.Sprint(p); got != want {
		t.Errorf("String is %q, want %q", got, want)
	}
}

func TestImage(t *testing.T) {
	p := uniformPattern(BlockPattern{Size: 0.5, Stride: 0.5, Repeat: 2}, 1, 1)
	p.Stages[0][0].Size = 0
	p.Stages[1][0].ShareC = true
	img := p.Image(8, 2, 4, Stream{Seed: 1})
	if b := img.Bounds(); b.Dx() != 4*(16+imageGap)+imageGap || b.Dy() != 2*(16+imageGap)+imageGap {
		t.Fatalf("bounds are %v", b)
	}
	dark := func(lo, hi int) (n int) {
		for y := lo; y < hi; y++ {
			for x := range img.Bounds().Dx() {
				if img.ColorIndexAt(x, y) == 2 {
					n++
				}
			}
		}
		return n
	}
	middle := img.Bounds().Dy() / 2
	if dark(0, middle) != 0 {
		t.Error("a block without dropout has dark cells")
	}
	if n := dark(middle, 2*middle); n == 0 || n%16 != 0 {
		t.Errorf("%d dark pixels, want whole cells of 4x4", n)
	}
	column := func(i int) (pixels []byte) {
		for y := middle; y < 2*middle; y++ {
			for x := range 16 {
				pixels = append(pixels, img.ColorIndexAt(imageGap+i*(16+imageGap)+x, y))
			}
		}
		return pixels
	}
	if !slices.Equal(column(0), column(1)) || slices.Equal(column(1), column(2)) {
		t.Error("two channels of an example should share their cells, two examples should not")
	}
}
