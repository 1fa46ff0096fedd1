package data

import (
	"fmt"
	"math"

	"autodropout/internal/seed"
)

// Take is [Set.Take] for any source. The parts are views, which copy no image.
func Take(s Source, base uint64, perClass int) (taken, rest Source, err error) {
	in, out, err := take(s, base, perClass)
	if err != nil {
		return nil, nil, err
	}
	return &part{s, s.Header(), in}, &part{s, s.Header(), out}, nil
}

// HoldOut is [Set.HoldOut] for any source. The parts are views, which copy no
// image.
func HoldOut(s Source, base uint64, fraction float64) (train, valid Source, err error) {
	in, out, err := holdOut(s, base, fraction)
	if err != nil {
		return nil, nil, err
	}
	return &part{s, s.Header(), in}, &part{s, s.Header(), out}, nil
}

// take lists perClass random images of every class, and all others.
func take(s Source, base uint64, perClass int) (taken, rest []int, err error) {
	header := s.Header()
	if perClass < 1 {
		return nil, nil, fmt.Errorf("data: cannot take %d images per class of %s: at least 1 is needed", perClass, header.Name)
	}
	byClass := byClass(s)
	for class, images := range byClass {
		if len(images) < perClass {
			return nil, nil, fmt.Errorf("data: cannot take %d images per class of %s: class %q has only %d",
				perClass, header.Name, header.Classes[class], len(images))
		}
	}
	taken, rest = split(s, base, byClass, func(int) int { return perClass })
	return taken, rest, nil
}

// holdOut lists a fraction of every class as valid, and all others.
func holdOut(s Source, base uint64, fraction float64) (train, valid []int, err error) {
	name := s.Header().Name
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("data: cannot hold out a fraction of %v of %s: it must lie between 0 and 1", fraction, name)
	}
	valid, train = split(s, base, byClass(s), func(n int) int { return int(math.Round(fraction * float64(n))) })
	if len(valid) == 0 || len(train) == 0 {
		return nil, nil, fmt.Errorf("data: holding out a fraction of %v of the %d images of %s leaves a part empty: choose a fraction nearer to a half", fraction, s.Len(), name)
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

// split picks count(n) random images of every class with n images. Both lists
// are in order.
func split(s Source, base uint64, byClass [][]int, count func(n int) int) (picked, rest []int) {
	isPicked := make([]bool, s.Len())
	for class, images := range byClass {
		order := seed.New(base, "split", uint64(class)).Perm(len(images))
		for _, j := range order[:count(len(images))] {
			isPicked[images[j]] = true
		}
	}
	for i, ok := range isPicked {
		if ok {
			picked = append(picked, i)
		} else {
			rest = append(rest, i)
		}
	}
	return picked, rest
}
