package autograd

// Output is the tensor that an [Op]'s Forward fills, uninitialised before, with
// the memory it may ask for. Once Forward has returned, the engine uses the Output for
// the next operation: Forward may keep its Tensor, but not the Output.
type Output struct {
	*Tensor
	node *node // nil: not recorded
	lent lent
}

// output returns y, which n records, if not nil, as the operation sees it that
// fills it.
func (t *Tape) output(y *Tensor, n *node) *Output {
	var o *Output
	if t != nil && t.out.Tensor == nil {
		o = &t.out
	} else { // no tape, or this is in the Forward of another operation
		o = new(Output)
	}
	o.Tensor, o.node, o.lent.tape = y, n, t
	return o
}

// end ends the time of the output.
func (o *Output) end() {
	o.lent.release()
	o.Tensor, o.node = nil, nil
}

// Keep returns an uninitialised buffer of n elements for the forward pass to
// fill and the backward pass to read. It lives until the operation's gradient
// has been computed.
func (o *Output) Keep(n int) []float32 {
	if o.node == nil {
		return o.lent.take(n)
	}
	s := o.tape.allocate(n)
	o.node.saved = append(o.node.saved, s)
	return s.data
}

// KeepBits is [Output.Keep] for n bits, in words of 32 with the first bit
// lowest. The words are uninitialised.
func (o *Output) KeepBits(n int) []uint32 { return o.KeepWords((n + 31) / 32) }

// KeepWords is [Output.Keep] for n words of 32 bits.
func (o *Output) KeepWords(n int) []uint32 { return asBits(o.Keep(n)) }

// KeepBytes is [Output.Keep] for n bytes.
func (o *Output) KeepBytes(n int) []byte { return asBytes(o.Keep((n + 3) / 4))[:n] }

// Scratch returns an uninitialised buffer of n elements that lives until
// Forward returns.
func (o *Output) Scratch(n int) []float32 { return o.lent.take(n) }

// Retain returns an uninitialised buffer of n elements that lives until
// [Tape.Reset], for what a deferred side effect reads.
func (o *Output) Retain(n int) []float32 {
	s := o.tape.allocate(n)
	if o.tape != nil {
		o.tape.retained = append(o.tape.retained, s)
	}
	return s.data
}

// Defer queues a side effect of the operation with [Tape.Defer]. Without a tape it is
// applied at once.
func (o *Output) Defer(f func()) {
	if o.tape == nil {
		f()
		return
	}
	o.tape.Defer(f)
}

// lent is the memory that a pass of an operation has until it ends.
type lent struct {
	tape    *Tape
	buffers []*storage
}

func (l *lent) take(n int) []float32 {
	s := l.tape.allocate(n)
	l.buffers = append(l.buffers, s)
	return s.data
}

func (l *lent) release() {
	if l.tape != nil {
		for _, s := range l.buffers {
			l.tape.pool.release(s)
		}
	}
	clear(l.buffers)
	l.buffers = l.buffers[:0]
}
