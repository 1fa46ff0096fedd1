package simd_test

import (
	"fmt"

	"autodropout/simd"
)

// The bits that ReLU leaves are all that its gradient needs.
func ExampleReLUBits() {
	x := []float32{1, -2, 3, -4}
	y, bits := make([]float32, len(x)), make([]uint32, 1)
	simd.ReLUBits(y, x, bits)

	dy := []float32{10, 20, 30, 40}
	dx := make([]float32, len(x))
	simd.MaskScale(dx, dy, bits, 1)
	fmt.Printf("%v %04b %v\n", y, bits[0], dx)
	// Output: [1 0 3 0] 0101 [10 0 30 0]
}

// A dropout mask is a function of key and counter: the same ones give the same
// mask, on every machine.
func ExampleBernoulliBits() {
	const p = 0.25 // of dropping
	bits := make([]uint32, 1)
	simd.BernoulliBits(bits, 32, p*65536, [2]uint32{2024, 7}, [4]uint32{})
	fmt.Printf("%032b\n", bits[0])
	// Output: 11011101011111111111110110100111
}

func ExampleScaleShiftRows() {
	x := []float32{
		1, 2,
		3, 4,
		5, 6,
	}
	simd.ScaleShiftRows(x, x, []float32{1, 10}, []float32{0.5, 0}, 3)
	fmt.Println(x)
	// Output: [1.5 20 3.5 40 5.5 60]
}
