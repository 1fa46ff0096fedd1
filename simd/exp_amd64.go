//go:build !purego

package simd

import "autodropout/internal/race"

func exp(dst, x []float32) {
	if !useAVX2 {
		expGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		expAVX512(dst, x)
	} else {
		expAVX2(dst, x)
	}
}

func sigmoid(dst, x []float32) {
	if !useAVX2 {
		sigmoidGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		sigmoidAVX512(dst, x)
	} else {
		sigmoidAVX2(dst, x)
	}
}

func tanh(dst, x []float32) {
	if !useAVX2 {
		tanhGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		tanhAVX512(dst, x)
	} else {
		tanhAVX2(dst, x)
	}
}

func gelu(dst, x []float32) {
	if !useAVX2 {
		geluGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		geluAVX512(dst, x)
	} else {
		geluAVX2(dst, x)
	}
}

func geluGrad(dx, dy, x []float32) {
	if !useAVX2 {
		geluGradGeneric(dx, dy, x)
		return
	}
	race.Write(dx)
	race.Read(dy)
	race.Read(x)
	if useAVX512 {
		geluGradAVX512(dx, dy, x)
	} else {
		geluGradAVX2(dx, dy, x)
	}
}

func silu(dst, x []float32) {
	if !useAVX2 {
		siluGeneric(dst, x)
		return
	}
	race.Write(dst)
	race.Read(x)
	if useAVX512 {
		siluAVX512(dst, x)
	} else {
		siluAVX2(dst, x)
	}
}

func siluGrad(dx, dy, x []float32) {
	if !useAVX2 {
		siluGradGeneric(dx, dy, x)
		return
	}
	race.Write(dx)
	race.Read(dy)
	race.Read(x)
	if useAVX512 {
		siluGradAVX512(dx, dy, x)
	} else {
		siluGradAVX2(dx, dy, x)
	}
}

//go:noescape
func expAVX2(dst, x []float32)

//go:noescape
func expAVX512(dst, x []float32)

//go:noescape
func sigmoidAVX2(dst, x []float32)

//go:noescape
func sigmoidAVX512(dst, x []float32)

//go:noescape
func tanhAVX2(dst, x []float32)

//go:noescape
func tanhAVX512(dst, x []float32)

//go:noescape
func geluAVX2(dst, x []float32)

//go:noescape
func geluGradAVX2(dx, dy, x []float32)

//go:noescape
func geluAVX512(dst, x []float32)

//go:noescape
func geluGradAVX512(dx, dy, x []float32)

//go:noescape
func siluAVX2(dst, x []float32)

//go:noescape
func siluGradAVX2(dx, dy, x []float32)

//go:noescape
func siluAVX512(dst, x []float32)

//go:noescape
func siluGradAVX512(dx, dy, x []float32)
