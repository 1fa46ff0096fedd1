package simd

// SGDStep takes one step of stochastic gradient descent with momentum, as
// torch.optim.SGD with dampening 0 does:
//
//	g' = g + wd*w
//	m  = momentum*m + g'
//	w -= lr*m                if nesterov is false
//	w -= lr*(g'+momentum*m)  if it is true
//
// Start with m all zero. Values of m below 2**-100 in magnitude become 0. With momentum 0 it is plain gradient descent, and m is
// left alone and may be nil.
func SGDStep(w, g, m []float32, lr, momentum, wd float32, nesterov bool) {
	g = g[:len(w)]
	if momentum == 0 {
		for len(w) > 0 {
			n := min(len(w), maxCall)
			sgd(w[:n], g[:n], lr, wd)
			w, g = w[n:], g[n:]
		}
		return
	}
	m = m[:len(w)]
	for len(w) > 0 {
		n := min(len(w), maxCall)
		if nesterov {
			sgdNesterov(w[:n], g[:n], m[:n], lr, momentum, wd)
		} else {
			sgdMomentum(w[:n], g[:n], m[:n], lr, momentum, wd)
		}
		w, g, m = w[n:], g[n:], m[n:]
	}
}

// AdamStep takes one step of Adam (Kingma and Ba, 2015), as torch.optim.Adam
// does:
//
//	g' = g + wd*w
//	m += (1-beta1)*(g'-m)
//	v  = beta2*v + (1-beta2)*g'*g'
//	w -= lr/c1 * m / (sqrt(v)/sqrt(c2) + eps)
//
// where c1 = 1-beta1**t and c2 = 1-beta2**t correct the bias of step t = 1, 2,
// ... Start with m and v all zero. Values of theirs below 2**-100 in magnitude
// become 0.
func AdamStep(w, g, m, v []float32, lr, beta1, beta2, eps, wd, c1, c2 float32) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	k := newAdamFactors(lr, beta1, beta2, eps, wd, c1, c2)
	for len(w) > 0 {
		n := min(len(w), maxCall)
		adam(w[:n], g[:n], m[:n], v[:n], &k)
		w, g, m, v = w[n:], g[n:], m[n:], v[n:]
	}
}

// RMSPropStep takes one step of RMSProp (Hinton, 2012) as TensorFlow does, with
// eps inside the root and momentum outside:
//
//	g' = g + wd*w
//	v  = rho*v + (1-rho)*g'*g'
//	m  = momentum*m + lr*g'/sqrt(v+eps)
//	w -= m
//
// Start with v all one and m all zero. Values of theirs below 2**-100 in
// magnitude become 0.
func RMSPropStep(w, g, v, m []float32, lr, rho, momentum, eps, wd float32) {
	g, v, m = g[:len(w)], v[:len(w)], m[:len(w)]
	k := rmsPropFactors{wd: wd, rho: rho, oneRho: 1 - rho, momentum: momentum, eps: eps, lr: lr}
	for len(w) > 0 {
		n := min(len(w), maxCall)
		rmsProp(w[:n], g[:n], v[:n], m[:n], &k)
		w, g, v, m = w[n:], g[n:], v[n:], m[n:]
	}
}
