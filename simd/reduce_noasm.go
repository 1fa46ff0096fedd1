//go:build purego || !(amd64 || arm64)

package simd

func sum(p *partials, x []float32)    { sumGeneric(p, x) }
func dot(p *partials, a, b []float32) { dotGeneric(p, a, b) }
