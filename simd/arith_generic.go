package simd

func addGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func subGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func mulGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func mulAddGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] += float32(a[i] * b[i])
	}
}

func maximumGeneric(dst, a, b []float32) {
	for i := range dst {
		x, y := a[i], b[i]
		if x > y || x != x {
			y = x
		}
		dst[i] = y
	}
}

func minimumGeneric(dst, a, b []float32) {
	for i := range dst {
		x, y := a[i], b[i]
		if x < y || x != x {
			y = x
		}
		dst[i] = y
	}
}

func scaleGeneric(dst, x []float32, c float32) {
	for i := range dst {
		dst[i] = c * x[i]
	}
}

func addScalarGeneric(dst, x []float32, c float32) {
	for i := range dst {
		dst[i] = x[i] + c
	}
}

func axpyGeneric(dst, x []float32, a float32) {
	for i := range dst {
		dst[i] += float32(a * x[i])
	}
}

func lerpGeneric(dst, x []float32, t float32) {
	for i := range dst {
		dst[i] += float32(t * (x[i] - dst[i]))
	}
}

func fillGeneric(dst []float32, c float32) {
	for i := range dst {
		dst[i] = c
	}
}
