package autograd

import (
	"sync"

	"autodropout/internal/parallel"
)

// Frozen serves predictions with parameters and buffers that no longer change. It keeps the
// forms that operations make of them, see [Form], so that each is made once. Any number of
// goroutines may use it, each with a tape of its own.
type Frozen struct {
	params map[*float32]bool // the first elements
	mu     sync.Mutex
	forms  map[formKey]*form
}

// A Form names an arrangement of a parameter's elements that an operation computes, such as
// a packed kernel. Equal forms of one parameter have equal elements.
type Form struct {
	Name  string
	Sizes [8]int
	With  [3]*float32 // the first elements of other arrays that do not change and that it is made of too
}

type formKey struct {
	of *float32
	Form
}

type form struct {
	once sync.Once
	data []float32
}

// NewFrozen returns an empty Frozen for the parameters of ps. No parameter may be added to
// ps afterwards.
func NewFrozen(ps *Params) *Frozen {
	ps.Flat() // from here on the parameters' data stays where it is
	f := &Frozen{params: map[*float32]bool{}, forms: map[formKey]*form{}}
	for _, p := range ps.params {
		if len(p.data) > 0 {
			f.params[&p.data[0]] = true
		}
	}
	return f
}

// NewInference returns an inference tape that shares the forms.
func (f *Frozen) NewInference() *Tape { return &Tape{frozen: f} }

// Bytes returns how much memory the forms take.
func (f *Frozen) Bytes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, form := range f.forms {
		n += 4 * len(form.data)
	}
	return n
}

// has reports whether x is the data of a parameter.
func (f *Frozen) has(x []float32) bool { return f != nil && len(x) > 0 && f.params[&x[0]] }

// get returns a form, which fill makes if there is none.
func (f *Frozen) get(of []float32, kind Form, n int, fill func(form []float32)) []float32 {
	f.mu.Lock()
	key := formKey{&of[0], kind}
	made := f.forms[key]
	if made == nil {
		made = &form{data: parallel.Aligned(n)}
		f.forms[key] = made
	}
	f.mu.Unlock()
	made.once.Do(func() { fill(made.data) })
	return made.data
}

// Keeps reports whether x is the data of a frozen parameter, so that [Output.Form] makes
// each form of it only once.
func (o *Output) Keeps(x []float32) bool { return o.lent.keeps(x) }

// Form returns a form of x of n elements, which fill makes in an uninitialised buffer.
// Where x is a parameter of a [Frozen], fill is called for the first of equal forms only.
// Any other form lives until Forward returns.
func (o *Output) Form(x []float32, kind Form, n int, fill func(form []float32)) []float32 {
	return o.lent.form(x, kind, n, fill)
}

// Keeps returns false: parameters that have gradients change.
func (g *Grad) Keeps(x []float32) bool { return g.lent.keeps(x) }

// Form is [Output.Form] for a backward pass.
func (g *Grad) Form(x []float32, kind Form, n int, fill func(form []float32)) []float32 {
	return g.lent.form(x, kind, n, fill)
}

func (l *lent) keeps(x []float32) bool { return l.tape != nil && l.tape.frozen.has(x) }

func (l *lent) form(x []float32, kind Form, n int, fill func(form []float32)) []float32 {
	if l.keeps(x) {
		return l.tape.frozen.get(x, kind, n, fill)
	}
	made := l.take(n)
	fill(made)
	return made
}
