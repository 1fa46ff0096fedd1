package torchfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What a pickle holds becomes nil, a bool, an int, a float64, a string, a []any
// (a tuple), a *list, a *dict, or one of the types below. Nothing is ever
// imported or called: what is none of these becomes an object without content.

type list struct{ items []any }

type dict struct{ keys, values []any }

func (d *dict) set(key, value any) {
	d.keys, d.values = append(d.keys, key), append(d.values, value)
}

// global is the name of a Python class or function.
type global struct{ module, name string }

func (g global) String() string { return g.module + "." + g.name }

// storage is the memory of one or more tensors.
type storage struct {
	key, dtype string // dtype as safetensors has it
	elements   int
}

// tensor is a view of a storage.
type tensor struct {
	*storage
	offset        int
	shape, stride []int // in elements
}

// object is a Python object of any other class.
type object struct{ class any }

// pickleReader reads pickles with the operations that torch.save and Python's
// usual protocols write for numbers, texts, containers and tensors.
type pickleReader struct {
	data  []byte // what is left
	stack []any
	marks []int
	memo  map[int]any
}

var errShort = errors.New("its list of tensors is cut short")

// read returns the object of the next pickle.
func (p *pickleReader) read() (any, error) {
	p.stack, p.marks, p.memo = nil, nil, map[int]any{}
	for {
		op, err := p.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			return p.pop()
		}
		if err := p.step(op[0]); err != nil {
			return nil, err
		}
	}
}

// step runs one operation.
func (p *pickleReader) step(op byte) error {
	switch op {
	case '}':
		p.push(&dict{})
	case ']':
		p.push(&list{})
	case '(':
		p.marks = append(p.marks, len(p.stack))
	case 'N':
		p.push(nil)
	case 0x88, 0x89:
		p.push(op == 0x88)
	case 'q', 'r', 0x94, 'h', 'j':
		return p.remember(op)
	case ')', 't', 0x85, 0x86, 0x87:
		return p.tuple(op)
	case 'c', 0x93:
		return p.global(op)
	case 'R', 0x81:
		return p.call()
	case 'b':
		_, err := p.pop() // attributes, such as those of a state_dict
		return err
	case 'Q':
		return p.persistent()
	case 'a', 'e':
		return p.append(op == 'e')
	case 's', 'u':
		return p.setItems(op == 'u')
	case 0x80:
		_, err := p.take(1) // the protocol
		return err
	case 0x95:
		_, err := p.take(8) // a frame
		return err
	default:
		return p.value(op)
	}
	return nil
}

// value pushes a number or a text.
func (p *pickleReader) value(op byte) error {
	switch op {
	case 'K', 'M', 'J', 0x8a:
		width := map[byte]int{'K': 1, 'M': 2, 'J': 4}[op]
		if op == 0x8a {
			n, err := p.take(1)
			if err != nil {
				return err
			}
			width = int(n[0])
		}
		raw, err := p.take(width)
		if err != nil {
			return err
		}
		p.push(integer(raw, op == 'J' || op == 0x8a))
	case 'G':
		raw, err := p.take(8)
		if err != nil {
			return err
		}
		p.push(math.Float64frombits(binary.BigEndian.Uint64(raw)))
	case 'X', 'T', 'B', 0x8c, 'U', 'C', 0x8d, 0x8e:
		width := map[byte]int{'X': 4, 'T': 4, 'B': 4, 0x8c: 1, 'U': 1, 'C': 1, 0x8d: 8, 0x8e: 8}[op]
		raw, err := p.take(width)
		if err != nil {
			return err
		}
		if raw, err = p.take(integer(raw, false)); err != nil {
			return err
		}
		p.push(string(raw))
	default:
		return fmt.Errorf("it has the pickle operation %#x, which torch.save does not write for tensors", op)
	}
	return nil
}

// integer decodes little-endian bytes; what does not fit an int becomes -1.
func integer(raw []byte, signed bool) int {
	if len(raw) > 8 {
		return -1
	}
	var word [8]byte
	if signed && len(raw) > 0 && raw[len(raw)-1] >= 0x80 {
		word = [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(word[:], raw)
	v := int64(binary.LittleEndian.Uint64(word[:]))
	if int64(int(v)) != v {
		return -1
	}
	return int(v)
}

// remember stores the top of the stack, or pushes what was stored.
func (p *pickleReader) remember(op byte) error {
	index := len(p.memo)
	if op != 0x94 {
		width := 1
		if op == 'r' || op == 'j' {
			width = 4
		}
		raw, err := p.take(width)
		if err != nil {
			return err
		}
		index = integer(raw, false)
	}
	if op == 'h' || op == 'j' {
		v, ok := p.memo[index]
		if !ok {
			return errors.New("its pickle refers to an object that is not there")
		}
		p.push(v)
		return nil
	}
	if len(p.stack) == 0 {
		return errShort
	}
	p.memo[index] = p.stack[len(p.stack)-1]
	return nil
}

func (p *pickleReader) tuple(op byte) error {
	var items []any
	var err error
	switch op {
	case ')':
	case 't':
		items, err = p.popMark()
	default:
		items, err = p.popN(int(op) - 0x84)
	}
	p.push(append([]any{}, items...))
	return err
}

func (p *pickleReader) global(op byte) error {
	if op == 0x93 {
		names, err := p.popN(2)
		if err != nil {
			return err
		}
		module, _ := names[0].(string)
		name, _ := names[1].(string)
		p.push(global{module, name})
		return nil
	}
	var names [2]string
	for i := range names {
		end := bytes.IndexByte(p.data, '\n')
		if end < 0 {
			return errShort
		}
		names[i], p.data = string(p.data[:end]), p.data[end+1:]
	}
	p.push(global{names[0], names[1]})
	return nil
}

// call pushes what a class or function would return for arguments, for the few
// that tensors are made of.
func (p *pickleReader) call() error {
	pair, err := p.popN(2)
	if err != nil {
		return err
	}
	args, _ := pair[1].([]any)
	switch pair[0] {
	case global{"collections", "OrderedDict"}:
		p.push(&dict{})
	case global{"torch._utils", "_rebuild_parameter"}:
		if len(args) == 0 {
			return errShort
		}
		p.push(args[0])
	case global{"torch._utils", "_rebuild_tensor_v2"}:
		t, err := view(args)
		if err != nil {
			return err
		}
		p.push(t)
	default:
		p.push(object{pair[0]})
	}
	return nil
}

// view returns the tensor for _rebuild_tensor_v2(storage, offset, size, stride, ...).
func view(args []any) (*tensor, error) {
	bad := errors.New("a tensor in it has no storage, offset, shape and strides")
	if len(args) < 4 {
		return nil, bad
	}
	s, isStorage := args[0].(*storage)
	offset, isInt := args[1].(int)
	shape, isShape := ints(args[2])
	stride, isStride := ints(args[3])
	if !isStorage || !isInt || !isShape || !isStride || len(shape) != len(stride) {
		return nil, bad
	}
	return &tensor{s, offset, shape, stride}, nil
}

func ints(v any) ([]int, bool) {
	tuple, ok := v.([]any)
	out := make([]int, len(tuple))
	for i, item := range tuple {
		n, isInt := item.(int)
		ok = ok && isInt
		out[i] = n
	}
	return out, ok
}

// persistent replaces ("storage", class, key, device, elements, ...) by a storage.
func (p *pickleReader) persistent() error {
	v, err := p.pop()
	if err != nil {
		return err
	}
	id, _ := v.([]any)
	if len(id) < 5 || id[0] != "storage" {
		return errors.New("it refers to something that is no storage of a tensor")
	}
	class, isClass := id[1].(global)
	key, isKey := id[2].(string)
	elements, isInt := id[4].(int)
	if !isClass || !isKey || !isInt || elements < 0 {
		return errors.New("a storage in it has no type, key and size")
	}
	p.push(&storage{key: key, dtype: dtypes[class], elements: elements})
	return nil
}

func (p *pickleReader) append(many bool) error {
	items, err := p.arguments(many, 1)
	if err != nil {
		return err
	}
	if l, ok := p.top().(*list); ok {
		l.items = append(l.items, items...)
	}
	return nil
}

func (p *pickleReader) setItems(many bool) error {
	items, err := p.arguments(many, 2)
	if err != nil {
		return err
	}
	if d, ok := p.top().(*dict); ok {
		for i := 0; i+1 < len(items); i += 2 {
			d.set(items[i], items[i+1])
		}
	}
	return nil
}

// arguments pops all objects above the mark, or n.
func (p *pickleReader) arguments(many bool, n int) ([]any, error) {
	if many {
		return p.popMark()
	}
	return p.popN(n)
}

func (p *pickleReader) push(v any) { p.stack = append(p.stack, v) }

// top returns the top of the stack, nil where there is none.
func (p *pickleReader) top() any {
	if len(p.stack) == 0 {
		return nil
	}
	return p.stack[len(p.stack)-1]
}

func (p *pickleReader) pop() (any, error) {
	items, err := p.popN(1)
	if err != nil {
		return nil, err
	}
	return items[0], nil
}

func (p *pickleReader) popN(n int) ([]any, error) {
	from := len(p.stack) - n
	if from < 0 {
		return nil, errShort
	}
	items := p.stack[from:]
	p.stack = p.stack[:from]
	return items, nil
}

func (p *pickleReader) popMark() ([]any, error) {
	if len(p.marks) == 0 {
		return nil, errShort
	}
	mark := p.marks[len(p.marks)-1]
	p.marks = p.marks[:len(p.marks)-1]
	return p.popN(len(p.stack) - min(mark, len(p.stack)))
}

// take returns the next n bytes.
func (p *pickleReader) take(n int) ([]byte, error) {
	if n < 0 || n > len(p.data) {
		return nil, errShort
	}
	raw := p.data[:n]
	p.data = p.data[n:]
	return raw, nil
}
