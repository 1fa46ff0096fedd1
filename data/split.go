package data

import (
	"fmt"
	"math"

	"autodropout/internal/seed"
)

// Take picks perClass images of every class at random. It returns them as taken
// and all others as rest, both in the order of s: views, which copy no image. The
// choice depends on the seed alone. It is an error if a class has fewer images.
func Take(s Source, base uint64, perClass int) (taken, rest Source, err error) {
	header := s.Header()
	if perClass < 1 {
		return nil, nil, fmt.Errorf("data: cannot take %d images per class of %s: at least 1 is needed", perClass, header.Name)
	}
	classes := byClass(s)
	for class, images := range classes {
		if len(images) < perClass {
			return nil, nil, fmt.Errorf("data: cannot take %d images per class of %s: class %q has only %d",
				perClass, header.Name, header.Classes[class], len(images))
		}
	}
	taken, rest = split(s, base, classes, func(int) int { return perClass })
	return taken, rest, nil
}

// AtMost is [Take] for at most size images in all, size divided by the number of classes
// of each class. Where a class has no more images than that, the given fraction of them is
// taken, rounded down; it is above 0 and at most 1. It is an error if there are more classes
// than images are wanted, and if nothing is taken.
func AtMost(s Source, base uint64, size int, fraction float64) (taken, rest Source, err error) {
	header := s.Header()
	perClass := size / len(header.Classes)
	if perClass < 1 {
		return nil, nil, fmt.Errorf("data: cannot take %d images of %s, which has %d classes: at least one of each is needed", size, header.Name, len(header.Classes))
	}
	taken, rest = split(s, base, byClass(s), func(n int) int {
		if n > perClass {
			return perClass
		}
		return int(fraction * float64(n))
	})
	if taken.Len() == 0 {
		return nil, nil, fmt.Errorf("data: cannot take images of %s: its classes have too few", header.Name)
	}
	return taken, rest, nil
}

// HoldOut puts the given fraction of every class, rounded to whole images, aside
// for validation. It returns the others as train and the held-out ones as valid,
// both in the order of s: views, which copy no image. The choice depends on the seed
// alone. Fraction must be above 0 and below 1, and neither part may be left empty.
func HoldOut(s Source, base uint64, fraction float64) (train, valid Source, err error) {
	name := s.Header().Name
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("data: cannot hold out a fraction of %v of %s: it must lie between 0 and 1", fraction, name)
	}
	valid, train = split(s, base, byClass(s), func(n int) int { return int(math.Round(fraction * float64(n))) })
	if valid.Len() == 0 || train.Len() == 0 {
		return nil, nil, fmt.Errorf("data: holding out a fraction of %v of the %d images of %s leaves a part empty: take more images of a class, or a fraction nearer to a half", fraction, s.Len(), name)
	}
	return train, valid, nil
}

// byClass lists the images of every class in order.
func byClass(s Source) [][]int {
	images := make([][]int, len(s.Header().Classes))
	for i := range s.Len() {
		class := s.Label(i)
		images[class] = append(images[class], i)
	}
	return images
}

// split picks count(n) random images of every class with n images. Both parts
// are in order.
func split(s Source, base uint64, byClass [][]int, count func(n int) int) (picked, rest Source) {
	isPicked := make([]bool, s.Len())
	for class, images := range byClass {
		order := seed.New(base, "split", uint64(class)).Perm(len(images))
		for _, j := range order[:count(len(images))] {
			isPicked[images[j]] = true
		}
	}
	var in, out []int
	for i, ok := range isPicked {
		if ok {
			in = append(in, i)
		} else {
			out = append(out, i)
		}
	}
	return &part{s, s.Header(), in}, &part{s, s.Header(), out}
}
