//go:build !purego

package simd

import "autodropout/internal/race"

func sgd(w, g []float32, lr, wd float32) {
	if !useAVX2 {
		sgdGeneric(w, g, lr, wd)
		return
	}
	race.Write(w)
	race.Read(g)
	sgdAVX2(w, g, lr, wd)
}

func sgdMomentum(w, g, m []float32, lr, momentum, wd float32) {
	if !useAVX2 {
		sgdMomentumGeneric(w, g, m, lr, momentum, wd)
		return
	}
	race.Write(w)
	race.Read(g)
	race.Write(m)
	sgdMomentumAVX2(w, g, m, lr, momentum, wd)
}

func sgdNesterov(w, g, m []float32, lr, momentum, wd float32) {
	if !useAVX2 {
		sgdNesterovGeneric(w, g, m, lr, momentum, wd)
		return
	}
	race.Write(w)
	race.Read(g)
	race.Write(m)
	sgdNesterovAVX2(w, g, m, lr, momentum, wd)
}

func adam(w, g, m, v []float32, k *adamFactors) {
	if !useAVX2 {
		adamGeneric(w, g, m, v, k)
		return
	}
	race.Write(w)
	race.Read(g)
	race.Write(m)
	race.Write(v)
	adamAVX2(w, g, m, v, k)
}

func rmsProp(w, g, v, m []float32, k *rmsPropFactors) {
	if !useAVX2 {
		rmsPropGeneric(w, g, v, m, k)
		return
	}
	race.Write(w)
	race.Read(g)
	race.Write(v)
	race.Write(m)
	rmsPropAVX2(w, g, v, m, k)
}

//go:noescape
func sgdAVX2(w, g []float32, lr, wd float32)

//go:noescape
func sgdMomentumAVX2(w, g, m []float32, lr, momentum, wd float32)

//go:noescape
func sgdNesterovAVX2(w, g, m []float32, lr, momentum, wd float32)

//go:noescape
func adamAVX2(w, g, m, v []float32, k *adamFactors)

//go:noescape
func rmsPropAVX2(w, g, v, m []float32, k *rmsPropFactors)
