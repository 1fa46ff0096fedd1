package ops_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

func gatherProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	axis := rng.IntN(len(shape))
	target := slices.Clone(shape)
	target[axis] = 1 + rng.IntN(6)
	ids := randomIDs(rng, size(target), shape[axis])
	return property{
		about: fmt.Sprint(shape, axis, target), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Gather(in[0], axis-rng.IntN(2)*len(shape), ids) },
		want: func(in []array) array {
			y := newArray(target...)
			places(target, func(at int, place []int) {
				from := slices.Clone(place)
				from[axis] = ids[at]
				y.data[at] = in[0].at(from...)
			})
			return y
		},
	}
}

func selectProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	axis := rng.IntN(len(shape))
	target := slices.Clone(shape)
	target[axis] = rng.IntN(6)
	ids := randomIDs(rng, target[axis], shape[axis])
	return property{
		about: fmt.Sprint(shape, axis, ids), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Select(in[0], axis-rng.IntN(2)*len(shape), ids) },
		want: func(in []array) array {
			y := newArray(target...)
			places(target, func(at int, place []int) {
				from := slices.Clone(place)
				from[axis] = ids[place[axis]]
				y.data[at] = in[0].at(from...)
			})
			return y
		},
	}
}

func padProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 0, 4)
	target, sides := slices.Clone(shape), make([][2]int, rng.IntN(len(shape)+1))
	for i := range sides {
		sides[i] = [2]int{rng.IntN(4), rng.IntN(4)}
		target[i] += sides[i][0] + sides[i][1]
	}
	return property{
		about: fmt.Sprint(shape, sides), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Pad(in[0], -0.5, sides...) },
		want: func(in []array) array {
			y := newArray(target...)
			for i := range y.data {
				y.data[i] = -0.5
			}
			places(shape, func(from int, place []int) {
				to := 0
				for i, p := range place {
					if i < len(sides) {
						p += sides[i][0]
					}
					to = to*target[i] + p
				}
				y.data[to] = in[0].data[from]
			})
			return y
		},
	}
}

func pickProperty(rng *rand.Rand) property {
	n, c := 1+rng.IntN(40), 1+rng.IntN(30)
	ids := randomIDs(rng, n, c)
	return property{
		about: fmt.Sprint(n, c), inputs: tensors{normal(rng, n, c)},
		run: func(in tensors) *autograd.Tensor { return ops.Pick(in[0], ids) },
		want: func(in []array) array {
			y := newArray(n)
			for i, id := range ids {
				y.data[i] = in[0].data[i*c+id]
			}
			return y
		},
	}
}

func embeddingProperty(rng *rand.Rand, dropped bool) property {
	words, d, shape := 1+rng.IntN(300), 1+rng.IntN(70), randomShape(rng, 1, 3)
	for size(shape) > 1000 {
		shape = randomShape(rng, 1, 3)
	}
	ids := randomIDs(rng, size(shape), words)
	mask, factors := randomMask(rng, words*d)
	return property{
		about: fmt.Sprint(words, d, shape), inputs: tensors{normal(rng, words, d)},
		run: func(in tensors) *autograd.Tensor {
			if dropped {
				return ops.EmbeddingDropout(in[0], mask, ids, shape...)
			}
			return ops.Embedding(in[0], ids, shape...)
		},
		want: func(in []array) array {
			y := newArray(append(slices.Clone(shape), d)...)
			for i, id := range ids {
				for j := range d {
					y.data[i*d+j] = in[0].data[id*d+j]
					if dropped {
						y.data[i*d+j] *= factors[id*d+j]
					}
				}
			}
			return y
		},
	}
}

func reshapeProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	target := slices.Clone(shape)
	rng.Shuffle(len(target), func(i, j int) { target[i], target[j] = target[j], target[i] })
	given := slices.Clone(target)
	if rng.IntN(2) == 0 {
		given[rng.IntN(len(given))] = -1
	}
	return property{
		about: fmt.Sprint(shape, given), inputs: tensors{normal(rng, shape...)},
		run:  func(in tensors) *autograd.Tensor { return ops.Reshape(in[0], given...) },
		want: func(in []array) array { return array{target, in[0].data} },
	}
}

func transposeProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 5)
	perm := rng.Perm(len(shape))
	target := make([]int, len(shape))
	for i, p := range perm {
		target[i] = shape[p]
	}
	return property{
		about: fmt.Sprint(shape, perm), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Transpose(in[0], perm...) },
		want: func(in []array) array {
			y, from := newArray(target...), make([]int, len(shape))
			places(target, func(at int, place []int) {
				for i, p := range perm {
					from[p] = place[i]
				}
				y.data[at] = in[0].at(from...)
			})
			return y
		},
	}
}

func concatProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	axis := rng.IntN(len(shape))
	var inputs tensors
	total := slices.Clone(shape)
	total[axis] = 0
	for range 1 + rng.IntN(4) {
		part := slices.Clone(shape)
		part[axis] = rng.IntN(5)
		total[axis] += part[axis]
		inputs = append(inputs, normal(rng, part...))
	}
	return property{
		about: fmt.Sprint(total, axis, len(inputs)), inputs: inputs,
		run: func(in tensors) *autograd.Tensor { return ops.Concat(axis-rng.IntN(2)*len(shape), in...) },
		want: func(in []array) array {
			y := newArray(total...)
			places(total, func(at int, place []int) {
				from, k := slices.Clone(place), 0
				for from[axis] >= in[k].shape[axis] {
					from[axis] -= in[k].shape[axis]
					k++
				}
				y.data[at] = in[k].at(from...)
			})
			return y
		},
	}
}

func sliceProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	axis := rng.IntN(len(shape))
	lo := rng.IntN(shape[axis] + 1)
	hi := lo + rng.IntN(shape[axis]-lo+1)
	target := slices.Clone(shape)
	target[axis] = hi - lo
	return property{
		about: fmt.Sprint(shape, axis, lo, hi), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Slice(in[0], axis-rng.IntN(2)*len(shape), lo, hi) },
		want: func(in []array) array {
			y := newArray(target...)
			places(target, func(at int, place []int) {
				from := slices.Clone(place)
				from[axis] += lo
				y.data[at] = in[0].at(from...)
			})
			return y
		},
	}
}
