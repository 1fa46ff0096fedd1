package torchfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"autodropout/internal/safetensors"
	"autodropout/internal/sized"
)

const (
	maxDepth = 1000 // of containers in each other, twice what Python can save
	maxAxes  = 64   // PyTorch's own limit
)

// collector finds the tensors in an object and reads their elements.
type collector struct {
	budget    *sized.Budget
	bigEndian bool
	open      func(s *storage) (r source, bytes int64, err error)

	path    []string     // keys that lead to what is looked at
	inside  map[any]bool // containers that do
	decoded map[memory][]float32
	copies  map[string][]float32 // views that are no part of a storage, by what they are
	found   safetensors.File
}

// memory is what a storage has decoded: the same bytes may have several types.
type memory struct {
	key, dtype string
	base       int
}

// collect returns the tensors in an object.
func (c *collector) collect(root any) (*safetensors.File, error) {
	c.inside, c.decoded, c.copies = map[any]bool{}, map[memory][]float32{}, map[string][]float32{}
	if err := c.walk(root); err != nil {
		return nil, err
	}
	if len(c.found.Tensors) == 0 {
		return nil, c.nothing(root)
	}
	return &c.found, nil
}

// nothing says why there is no tensor.
func (c *collector) nothing(root any) error {
	const advice = "save a model's weights with torch.save(model.state_dict(), ...)"
	if left := c.found.Left; len(left) > 0 {
		return fmt.Errorf("it holds no tensors that can be read (%s: %s): %s", left[0].Name, left[0].Why, advice)
	}
	if o, ok := root.(*object); ok {
		return fmt.Errorf("it holds a Python object (%v) without tensors: %s", o.class, advice)
	}
	return errors.New("it holds no tensors: " + advice)
}

// name returns the name of what is looked at.
func (c *collector) name() string {
	return strings.Join(slices.DeleteFunc(slices.Clone(c.path), func(part string) bool { return part == "" }), ".")
}

// leave notes that what is looked at is left out.
func (c *collector) leave(why string) error {
	name := c.name()
	c.found.Left = append(c.found.Left, safetensors.Left{Name: name, Why: why})
	return c.budget.Keep(int64(len(name)) + 2*slot)
}

// walk looks at an object and all below it.
func (c *collector) walk(v any) error {
	if err := c.budget.Work(1); err != nil {
		return err
	}
	switch v := v.(type) {
	case *tensor:
		return c.add(v)
	case *storage:
		return c.leave("it is a storage without a shape")
	case []any:
		return c.nested(nil, func() error { return c.walkItems(v) })
	case *list:
		return c.nested(v, func() error { return c.walkItems(v.items) })
	case *dict:
		return c.nested(v, func() error { return c.walkDict(v) })
	case *object:
		return c.nested(v, func() error { return c.walkObject(v) })
	}
	return nil
}

// nested calls look for what is in a container, unless that is inside itself. It
// has no identity where it is nil.
func (c *collector) nested(container any, look func() error) error {
	if container != nil {
		if c.inside[container] {
			return nil
		}
		c.inside[container] = true
		defer delete(c.inside, container)
	}
	if len(c.path) == maxDepth {
		return fmt.Errorf("its containers are nested more than %d deep", maxDepth)
	}
	return look()
}

// below looks at what a key leads to; "" adds nothing to the name.
func (c *collector) below(key string, v any) error {
	if err := c.budget.Work(int64(len(key))); err != nil {
		return err
	}
	c.path = append(c.path, key)
	err := c.walk(v)
	c.path = c.path[:len(c.path)-1]
	return err
}

func (c *collector) walkItems(items []any) error {
	for i, item := range items {
		if err := c.below(keyText(i), item); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) walkDict(d *dict) error {
	for i, key := range d.keys {
		if err := c.below(keyText(key), d.values[i]); err != nil {
			return err
		}
	}
	return nil
}

// walkObject looks at what an object was made of, at its items and attributes.
func (c *collector) walkObject(o *object) error {
	if o.held != nil {
		return c.add(o.held)
	}
	g, _ := o.class.(global)
	if o.made {
		if strings.HasPrefix(g.name, "_rebuild") || g.name == "_load_from_bytes" || g.name == "_reconstruct" || holdsTensor(o.args) {
			return c.leave(fmt.Sprintf("what %v makes is not read", g))
		}
		return nil
	}
	if err := c.walkItems(o.args); err != nil {
		return err
	}
	if err := c.walkItems(o.items); err != nil {
		return err
	}
	if err := c.walkDict(&o.dict); err != nil {
		return err
	}
	return c.walkAttributes(o.state)
}

// walkAttributes looks at the attributes of an object: a dictionary, or a pair of
// one and of another one for slots. Those of a module are its state_dict's.
func (c *collector) walkAttributes(state any) error {
	if pair, ok := state.([]any); ok && len(pair) == 2 {
		if err := c.walkAttributes(pair[0]); err != nil {
			return err
		}
		state = pair[1]
	}
	attributes, ok := state.(*dict)
	if !ok {
		return nil
	}
	parts := map[string]any{}
	for i, key := range attributes.keys {
		if text, ok := key.(string); ok {
			parts[text] = attributes.values[i]
		}
	}
	if _, isModule := parts["_modules"]; !isModule {
		if data, ok := parts["data"].(*dict); ok && len(parts) == 1 { // a collections.UserDict
			return c.below("", data)
		}
		return c.walkDict(attributes)
	}
	if err := c.below("", parts["_parameters"]); err != nil {
		return err
	}
	if buffers, ok := parts["_buffers"].(*dict); ok {
		if err := c.below("", buffers.without(itemsOf(parts["_non_persistent_buffers_set"]))); err != nil {
			return err
		}
	}
	return c.below("", parts["_modules"])
}

// holdsTensor reports whether arguments are, or lists of them hold, tensors.
func holdsTensor(args []any) bool {
	return slices.ContainsFunc(args, func(v any) bool {
		if _, isStorage := v.(*storage); isStorage || tensorOf(v) != nil {
			return true
		}
		return slices.ContainsFunc(itemsOf(v), func(v any) bool { return tensorOf(v) != nil })
	})
}

// add appends a tensor to those read, or leaves it out.
func (c *collector) add(t *tensor) error {
	if t.dtype == "" {
		return c.leave(fmt.Sprintf("its type %s is not supported", strings.TrimSuffix(t.class, "Storage")))
	}
	if len(t.shape) > maxAxes {
		return c.leave(fmt.Sprintf("it has %d axes, at most %d are supported", len(t.shape), maxAxes))
	}
	data, err := c.elements(t)
	if errors.Is(err, sized.ErrMemory) {
		return c.leave(sized.ErrMemory.Error())
	}
	if err != nil {
		return fmt.Errorf("tensor %q: %w", c.name(), err)
	}
	name := c.name()
	c.found.Tensors = append(c.found.Tensors, safetensors.Tensor{Name: name, Shape: t.shape, Data: data})
	return c.budget.Keep(int64(len(name)) + 4*slot)
}

// elements returns the elements of a tensor in row-major order.
func (c *collector) elements(t *tensor) ([]float32, error) {
	elements, last, ok := t.extent()
	available := (last + 1 + int64(t.base)) * int64(safetensors.Size(t.dtype))
	if !ok || elements > 0 && available > t.bytes {
		return nil, fmt.Errorf("shape %v and strides %v do not fit its storage of %d bytes", t.shape, t.stride, t.bytes)
	}
	if elements == 0 {
		return []float32{}, nil
	}
	all, err := c.decode(t)
	if err != nil {
		return nil, err
	}
	if int64(len(all)) <= last {
		return nil, fmt.Errorf("it needs %d elements of its storage, which has %d", last+1, len(all))
	}
	if t.contiguous() && !t.negative {
		return all[t.offset : last+1 : last+1], nil
	}
	what := fmt.Sprint(t.key, t.dtype, t.base, t.offset, t.shape, t.stride, t.negative)
	if data, ok := c.copies[what]; ok {
		return data, nil
	}
	if err := c.budget.Keep(4 * elements); err != nil {
		return nil, err
	}
	data := gather(make([]float32, 0, elements), all, t.offset, t.shape, t.stride)
	if t.negative {
		for i := range data {
			data[i] = -data[i]
		}
	}
	c.copies[what] = data
	return data, c.budget.Keep(int64(len(what)) + 4*slot)
}

// extent returns the number of elements, the place of the last one, and whether
// they are numbers that memory can have.
func (t *tensor) extent() (elements, last int64, ok bool) {
	const most = 1 << 40
	offset, base := int64(t.offset), int64(t.base)
	if slices.Min(slices.Concat([]int{t.offset, t.base}, t.shape, t.stride)) < 0 || offset > most || base > most {
		return 0, 0, false
	}
	if slices.Contains(t.shape, 0) {
		return 0, 0, true
	}
	elements, last = 1, offset
	for i := range t.shape {
		n, stride := int64(t.shape[i]), int64(t.stride[i])
		if n > most/elements || n > 1 && stride > most/(n-1) {
			return 0, 0, false
		}
		elements *= n
		last += (n - 1) * stride // maxAxes times 2^40 at most
	}
	return elements, last, last <= most
}

// contiguous reports whether the elements follow each other in memory.
func (t *tensor) contiguous() bool {
	step := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] > 1 && t.stride[i] != step {
			return false
		}
		step *= t.shape[i]
	}
	return true
}

// decode returns the elements of a tensor's storage, from the tensor's base on.
func (c *collector) decode(t *tensor) ([]float32, error) {
	at := memory{t.key, t.dtype, t.base}
	if data, ok := c.decoded[at]; ok {
		return data, nil
	}
	r, bytes, err := c.open(t.storage)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	n := bytes / int64(safetensors.Size(t.dtype))
	if err := c.budget.Keep(4 * n); err != nil {
		return nil, err
	}
	data, err := safetensors.Decode(r, t.dtype, int(n), c.bigEndian)
	if err == nil {
		err = r.finish()
	}
	if err != nil {
		return nil, err
	}
	data = data[min(t.base, len(data)):]
	c.decoded[at] = data
	return data, nil
}

// gather appends the elements of a view in row-major order.
func gather(dst, src []float32, offset int, shape, stride []int) []float32 {
	if len(shape) == 0 {
		return append(dst, src[offset])
	}
	if len(shape) == 1 && stride[0] == 1 {
		return append(dst, src[offset:offset+shape[0]]...)
	}
	for i := range shape[0] {
		dst = gather(dst, src, offset+i*stride[0], shape[1:], stride[1:])
	}
	return dst
}
