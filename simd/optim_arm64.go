//go:build !purego

package simd

import "autodropout/internal/race"

// The assembly works on whole groups of four weights, Go on the rest.

func sgd(w, g []float32, lr, wd float32) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		sgdNEON(w, g, lr, wd)
		whole := len(w) &^ 3
		w, g = w[whole:], g[whole:]
	}
	sgdGeneric(w, g, lr, wd)
}

func sgdMomentum(w, g, m []float32, lr, momentum, wd float32) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		sgdMomentumNEON(w, g, m, lr, momentum, wd)
		whole := len(w) &^ 3
		w, g, m = w[whole:], g[whole:], m[whole:]
	}
	sgdMomentumGeneric(w, g, m, lr, momentum, wd)
}

func sgdNesterov(w, g, m []float32, lr, momentum, wd float32) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		sgdNesterovNEON(w, g, m, lr, momentum, wd)
		whole := len(w) &^ 3
		w, g, m = w[whole:], g[whole:], m[whole:]
	}
	sgdNesterovGeneric(w, g, m, lr, momentum, wd)
}

func adam(w, g, m, v []float32, k *adamFactors) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		race.Write(m)
		race.Write(v)
		adamNEON(w, g, m, v, k)
		whole := len(w) &^ 3
		w, g, m, v = w[whole:], g[whole:], m[whole:], v[whole:]
	}
	adamGeneric(w, g, m, v, k)
}

func rmsProp(w, g, v, m []float32, k *rmsPropFactors) {
	if useNEON {
		race.Write(w)
		race.Read(g)
		race.Write(v)
		race.Write(m)
		rmsPropNEON(w, g, v, m, k)
		whole := len(w) &^ 3
		w, g, v, m = w[whole:], g[whole:], v[whole:], m[whole:]
	}
	rmsPropGeneric(w, g, v, m, k)
}

//go:noescape
func sgdNEON(w, g []float32, lr, wd float32)

//go:noescape
func sgdMomentumNEON(w, g, m []float32, lr, momentum, wd float32)

//go:noescape
func sgdNesterovNEON(w, g, m []float32, lr, momentum, wd float32)

//go:noescape
func adamNEON(w, g, m, v []float32, k *adamFactors)

//go:noescape
func rmsPropNEON(w, g, v, m []float32, k *rmsPropFactors)
