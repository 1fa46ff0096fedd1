package layers

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/ops"
)

// Dropout is a site of dropout as a layer. In training the context's policy decides what is
// dropped there. If it has no mask for the site, every element is dropped with probability
// p, and the others are divided by 1-p (Srivastava et al. 2014).
type Dropout struct {
	site string
	own  dropout.Policy // nil: p is 0
}

// NewDropout returns the site of that name, which must be unique in the model: [Scope.Path]
// gives such names. p is from 0 to below 1; with 0 only the policy acts at the site.
func NewDropout(site string, p float64) *Dropout {
	own, err := dropout.NewDropout(p, []dropout.Site{{Name: site, Kind: dropout.Features}})
	if err != nil {
		panic(fmt.Sprintf("layers.NewDropout: %v", err))
	}
	l := &Dropout{site: site}
	if p > 0 {
		l.own = own
	}
	return l
}

// Site returns the name under which policies know the layer.
func (l *Dropout) Site() string { return l.site }

// Forward maps (N, ..., C) to the same shape.
func (l *Dropout) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	if mask := l.mask(c, x.Shape()...); mask != nil {
		return ops.Dropout(x, mask)
	}
	return x
}

// mask returns the mask for a tensor of that shape, nil where nothing is dropped.
func (l *Dropout) mask(c *Ctx, shape ...int) dropout.Mask {
	mask := c.Mask(l.site, shape...)
	if mask == nil && l.own != nil && c.Trains() {
		mask = l.own.Mask(l.site, shape, c.Stream)
	}
	return mask
}
