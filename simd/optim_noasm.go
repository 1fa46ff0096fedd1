//go:build purego || !(amd64 || arm64)

package simd

func sgd(w, g []float32, lr, wd float32) { sgdGeneric(w, g, lr, wd) }
func sgdMomentum(w, g, m []float32, lr, momentum, wd float32) {
	sgdMomentumGeneric(w, g, m, lr, momentum, wd)
}
func sgdNesterov(w, g, m []float32, lr, momentum, wd float32) {
	sgdNesterovGeneric(w, g, m, lr, momentum, wd)
}
func adam(w, g, m, v []float32, k *adamFactors)       { adamGeneric(w, g, m, v, k) }
func rmsProp(w, g, v, m []float32, k *rmsPropFactors) { rmsPropGeneric(w, g, v, m, k) }
