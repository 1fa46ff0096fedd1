// Package flops counts the floating-point operations of training steps: a
// forward pass, and as much again for each of the gradients of inputs and
// weights. Only matrix products and convolutions count, and convolutions as the
// direct algorithm computes them, however they are computed.
package flops

import "autodropout/models"

// Conv counts the forward pass of a convolution for one image, with the taps
// that meet padding. Side is that of the output, in is the number of channels
// that an output reads.
func Conv(side, kernel, in, out int) float64 {
	return 2 * float64(side*side) * float64(kernel*kernel*in) * float64(out)
}

// WRN counts a training step of a Wide ResNet for one colour image of
// size x size pixels.
func WRN(depth, width, size, classes int) float64 {
	in := 16
	total := Conv(size, 3, 3, in)
	for stage, base := range []int{16, 32, 64} {
		out := base * width
		for block := range (depth - 4) / 6 {
			halves := stage > 0 && block == 0
			if halves {
				size /= 2
			}
			total += Conv(size, 3, in, out) + Conv(size, 3, out, out)
			if in != out || halves {
				total += Conv(size, 1, in, out)
			}
			in = out
		}
	}
	return 3 * (total + 2*float64(in*classes))
}

// TransformerXL counts a training step on a segment of so many texts, with a full
// memory, whose states need no gradient, as positions need none. Of attention,
// what is not masked counts: contents and positions are compared, and values
// summed, for the keys that a query sees. What attention computes a second time
// does not count, nor do an adaptive softmax's clusters, in which few words are.
func TransformerXL(c models.TransformerXLConfig, l models.Lengths, texts int) float64 {
	inputs := float64(l.Extended + l.Target)
	seen := float64(l.Memory) + (inputs+1)/2 // keys of a query, on average
	all := float64(c.Heads * c.HeadWidth)
	projection := 2 * float64(c.Width) * all // of one hidden state
	word := 4*projection + 2*2*float64(c.Width*c.Inner) + 3*2*seen*all
	layer := 3*inputs*word + 2*float64(l.Memory)*2*projection
	head := c.Vocab
	if len(c.Cutoffs) > 0 {
		head = c.Cutoffs[0] + len(c.Cutoffs)
	}
	text := float64(c.Layers)*layer + 3*float64(l.Target)*2*float64(c.Width*head)
	return float64(texts)*text + float64(c.Layers)*2*(float64(l.Memory)+inputs)*projection
}
