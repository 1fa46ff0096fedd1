package main

import (
	"context"
	"slices"
	"time"

	"autodropout/internal/parallel"
	"autodropout/internal/seed"
	"autodropout/simd"
)

// kernel does some work once and returns how long the part that counts took.
type kernel func() time.Duration

// speed is the median speed of a kernel, in floating-point operations a second,
// and that of the ceiling around it.
type speed struct {
	flops, ceiling float64
}

// warmUp runs k twice, which fills caches and free lists.
func (k kernel) warmUp() {
	k()
	k()
}

// measure runs k, which does flops operations a time, in rounds of at least the
// given length, and the ceiling before each round.
func measure(ctx context.Context, k kernel, flops float64, rounds int, length time.Duration) (speed, error) {
	var speeds, ceilings []float64
	for range rounds {
		ceilings = append(ceilings, ceiling())
		runs, spent := 0, time.Duration(0)
		for runs == 0 || spent < length {
			if err := ctx.Err(); err != nil {
				return speed{}, err
			}
			spent += k()
			runs++
		}
		speeds = append(speeds, flops*float64(runs)/spent.Seconds())
	}
	return speed{median(speeds), median(ceilings)}, nil
}

// ceiling returns how many floating-point operations a second all threads
// together reach when they only multiply and add on registers.
func ceiling() float64 {
	const tasks, iterations = 256, 10_000 // some milliseconds, in pieces of some tens of microseconds
	var flops [tasks]int
	start := time.Now()
	parallel.For(tasks, func(i int) { flops[i] = simd.FMALoop(iterations) })
	seconds := time.Since(start).Seconds()
	total := 0
	for _, n := range flops {
		total += n
	}
	return float64(total) / seconds
}

// median returns the middle of the values, which it sorts.
func median(values []float64) float64 {
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// uniform returns n numbers in [-0.5, 0.5), always the same.
func uniform(n int) []float32 {
	rng := seed.New(0, "speed")
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32() - 0.5
	}
	return x
}
