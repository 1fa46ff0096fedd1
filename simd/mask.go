package simd

// Bit masks hold one bit an element, least significant bit first: element i is
// bit i mod 32 of word i/32.

// maskWords returns the number of words that hold n bits.
func maskWords(n int) int { return (n + 31) / 32 }

// ReLU sets dst[i] = x[i] where it is positive and 0 elsewhere. NaN stays NaN.
func ReLU(dst, x []float32) {
	x = x[:len(dst)]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		relu(dst[:n], x[:n])
		dst, x = dst[n:], x[n:]
	}
}

// ReLUBits is ReLU, and sets bit i where x[i] is positive or NaN: where the
// gradient passes. It writes ceil(len(dst)/32) words of bits; bits behind the
// last element become 0.
func ReLUBits(dst, x []float32, bits []uint32) {
	x, bits = x[:len(dst)], bits[:maskWords(len(dst))]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		words := maskWords(n)
		clear(bits[n/32 : words]) // the assembly may write bytes, up to the last that is needed
		reluBits(dst[:n], x[:n], bits[:words])
		dst, x, bits = dst[n:], x[n:], bits[words:]
	}
}

// MaskScale sets dst[i] = c*x[i] where bit i is set and 0 elsewhere, whatever
// x[i] is there.
func MaskScale(dst, x []float32, bits []uint32, c float32) {
	x, bits = x[:len(dst)], bits[:maskWords(len(dst))]
	for len(dst) > 0 {
		n := min(len(dst), maxCall)
		words := maskWords(n)
		maskScale(dst[:n], x[:n], bits[:words], c)
		dst, x, bits = dst[n:], x[n:], bits[words:]
	}
}
