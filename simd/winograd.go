package simd

import "fmt"

// WinogradTransform is one of the linear maps of Winograd's convolution
// (Lavin and Gray 2016), which computes a tile of outputs of a 3x3 convolution
// from the tile of inputs that it sees, two pixels wider, as
//
//	Y = A' [(G K G') * (B' X B)] A
//
// where K is the kernel, * multiplies element by element and ' transposes. Its
// gradients are
//
//	dK = G' [(A dY A') * (B' X B)] G
//
// and, for X, the convolution of dY with K transposed and flipped. A map along
// both axes of a tile is a map along one followed by the same along the other.
//
// F(2x2,3x3), tiles of 2x2 outputs, needs 16 products where the definition has
// 36, F(4x4,3x3) 36 products for 144. Its points are 0, ±1 and infinity, and
// 0, ±5/8, ±3/2 and infinity. With the latter a sum has less than half the
// rounding error of that with the usual 0, ±1, ±2 and infinity.
//
// The last tile of a row or column may have fewer than four outputs. Its maps along that
// axis are those of F(3,3) and F(2,3) with the first of the same points and infinity: they
// give and take elements 0 to 3 and 5, or 0 to 2 and 5, of the six, and the products with
// the others fall away. What the points left out would have multiplied the kernels by,
// their maps of the inputs multiply those by.
type WinogradTransform int

// The maps of F(2x2,3x3), of F(4x4,3x3), and of the latter's last tiles.
const (
	WinogradInput2          WinogradTransform = iota // B': 4 elements to 4
	WinogradKernel2                                  // G: 3 to 4
	WinogradOutput2                                  // A': 4 to 2
	WinogradOutputGrad2                              // A: 2 to 4
	WinogradKernelGrad2                              // G': 4 to 3
	WinogradInput4                                   // B': 6 to 6
	WinogradKernel4                                  // G: 3 to 6
	WinogradOutput4                                  // A': 6 to 4
	WinogradOutputGrad4                              // A: 4 to 6
	WinogradKernelGrad4                              // G': 6 to 3
	WinogradInputLast3                               // 5 to elements 0 to 3 and 5 of 6
	WinogradOutputLast3                              // these to 3
	WinogradOutputGradLast3                          // 3 to these
	WinogradInputLast2                               // 4 to elements 0 to 2 and 5 of 6
	WinogradOutputLast2                              // these to 2
	WinogradOutputGradLast2                          // 2 to these
)

var winogradSizes = [...][2]int{{4, 4}, {3, 4}, {4, 2}, {2, 4}, {4, 3}, {6, 6}, {3, 6}, {6, 4}, {4, 6}, {6, 3}, {5, 6}, {6, 3}, {3, 6}, {4, 6}, {6, 2}, {2, 6}}

// Size returns the number of elements the map takes and gives, counting those that it
// leaves alone.
func (t WinogradTransform) Size() (in, out int) { return winogradSizes[t][0], winogradSizes[t][1] }

// Head returns how many elements of a transformed tile come before those that the map
// leaves alone; after these there is one more. It is 6 or 4 where there are none.
func (t WinogradTransform) Head() int {
	switch {
	case t >= WinogradInputLast2:
		return 3
	case t >= WinogradInputLast3:
		return 4
	}
	return max(t.Size())
}

// gives reports whether the map gives its element i.
func (t WinogradTransform) gives(i int) bool {
	_, out := t.Size()
	return out < 6 || i < t.Head() || i == 5
}

// Strided is rows of groups of vectors that lie in data: vector i of group g of
// row r starts at r*Row + g*Next + i*Step.
type Strided struct {
	Data            []float32
	Step, Next, Row int
}

// Winograd applies t to rows of count groups of vectors, each element by itself:
// it sets vector i of a group of dst, whose length is n, to the sum over k of
// element (i, k) of t's matrix times vector k of that group of src. dst must not
// overlap src. All tiers give the same bits.
func Winograd(t WinogradTransform, dst, src Strided, n, count, rows int) {
	if n <= 0 || count <= 0 || rows <= 0 {
		return
	}
	in, out := t.Size()
	dst.check("dst", n, out, count, rows)
	src.check("src", n, in, count, rows)
	size := n * (in + out)
	if size*count*rows <= maxCall {
		winograd(t, dst, src, n, count, rows)
		return
	}
	groups := min(count, max(1, maxCall/size))
	lines := max(1, maxCall/(size*groups))
	for r := 0; r < rows; r += lines {
		for g := 0; g < count; g += groups {
			winograd(t, dst.from(r, g), src.from(r, g), n, min(groups, count-g), min(lines, rows-r))
		}
	}
}

// from returns what follows from group g of row r on.
func (s Strided) from(r, g int) Strided {
	return Strided{s.Data[r*s.Row+g*s.Next:], s.Step, s.Next, s.Row}
}

func (s Strided) check(name string, n, vectors, groups, rows int) {
	if s.Step < 0 || s.Next < 0 || s.Row < 0 {
		panic(fmt.Sprintf("simd: Winograd: %s goes backwards", name))
	}
	if need := (rows-1)*s.Row + (groups-1)*s.Next + (vectors-1)*s.Step + n; len(s.Data) < need {
		panic(fmt.Sprintf("simd: Winograd: %s has %d elements, want %d", name, len(s.Data), need))
	}
}
