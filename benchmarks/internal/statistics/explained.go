package statistics

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"
)

// shuffles is how often [Explained] shuffles values.
const shuffles = 999

// Explained returns which share of the variance of values their classes explain, less
// what as many classes explain by chance (adjusted R²), and how probable as large a share is
// where the classes mean nothing (by shuffling, always in the same way). Classes are
// numbered from 0. With fewer than two classes, or no value more than classes, it is 0,
// which is certain to be chance.
func Explained(classes []int, values []float64) (share, p float64) {
	n, k := len(values), 0
	for _, c := range classes {
		k = max(k, c+1)
	}
	total := 0.0
	mean := stat.Mean(values, nil)
	for _, v := range values {
		total += (v - mean) * (v - mean)
	}
	if k < 2 || n <= k || total == 0 {
		return 0, 1
	}
	sums, counts := make([]float64, k), make([]float64, k)
	between := func(values []float64) (sum float64) {
		clear(sums)
		clear(counts)
		for i, c := range classes {
			sums[c] += values[i] - mean
			counts[c]++
		}
		for c, s := range sums {
			if counts[c] > 0 {
				sum += s * s / counts[c]
			}
		}
		return sum
	}
	found := between(values)
	share = 1 - (1-found/total)*float64(n-1)/float64(n-k)
	shuffled, rng := append([]float64(nil), values...), rand.New(rand.NewPCG(1, 2))
	atLeast := 1
	for range shuffles {
		rng.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if between(shuffled) >= found*(1-1e-9) {
			atLeast++
		}
	}
	return share, float64(atLeast) / (shuffles + 1)
}
