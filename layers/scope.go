package layers

import (
	"autodropout/autograd"
	"autodropout/internal/seed"
)

// Scope creates the parameters and buffers of a model and names them by the
// path of scopes that leads to them, as in "block1.layer.0.conv1.weight".
type Scope struct {
	params *autograd.Params
	seed   uint64
	prefix string
}

// NewScope returns the root scope of a new model. Initial weights derive from the seed and
// the parameter's name alone, so adding or removing a layer does not change those of the
// others.
func NewScope(seed uint64) *Scope {
	return &Scope{params: &autograd.Params{}, seed: seed}
}

// Sub returns the scope of that name inside s.
func (s *Scope) Sub(name string) *Scope {
	return &Scope{params: s.params, seed: s.seed, prefix: s.Path(name) + "."}
}

// Path returns the full name of something that s calls name.
func (s *Scope) Path(name string) string { return s.prefix + name }

// Param creates a parameter. It panics when the scope has one of that name.
func (s *Scope) Param(name string, init Init, shape ...int) *autograd.Param {
	p := s.params.Add(s.Path(name), shape...)
	init(seed.New(s.seed, "init "+p.Name), p.Data())
	return p
}

// Buffer creates a buffer filled with value.
func (s *Scope) Buffer(name string, value float32, shape ...int) *autograd.Buffer {
	b := s.params.AddBuffer(s.Path(name), shape...)
	for i := range b.Data {
		b.Data[i] = value
	}
	return b
}

// Params returns the set of all parameters and buffers of the model, whichever
// of its scopes s is.
func (s *Scope) Params() *autograd.Params { return s.params }
