package torchfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"autodropout/internal/sized"
)

// machine reads pickles of every protocol. What they hold becomes nil, a bool, an
// int, a [long], a float64, a string, a []any (a tuple), or a pointer to one of the
// types of object.go. Nothing is ever imported or called: what is none of these
// becomes an object that only has a name and what it was given.
type machine struct {
	in     *bufio.Reader
	size   int64 // bytes of the input
	left   int64 // of them
	budget *sized.Budget

	stack []any
	marks []int
	memo  map[int]any

	resolve func(id any) (any, error) // what a persistent id stands for
	widths  map[string]int            // bytes of an element, of all storages so far
}

var errShort = errors.New("its list of tensors is cut short")

// newMachine returns a machine for an input of the given size in bytes. Until it
// is given another way, persistent ids are storages.
func newMachine(r io.Reader, size int64, budget *sized.Budget) *machine {
	m := &machine{in: bufio.NewReaderSize(r, 1<<16), size: size, left: size, budget: budget, widths: map[string]int{}}
	m.resolve = m.storage
	return m
}

// position returns how many bytes have been read.
func (m *machine) position() int64 { return m.size - m.left }

// read returns the object of the next pickle.
func (m *machine) read() (any, error) {
	m.stack, m.marks, m.memo = nil, nil, map[int]any{}
	for {
		op, err := m.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			return m.pop()
		}
		if err := m.step(op[0]); err != nil {
			return nil, err
		}
	}
}

// step runs one operation.
func (m *machine) step(op byte) error {
	switch op {
	case '}':
		return m.push(&dict{})
	case ']', 0x8f: // a set is read as a list
		return m.push(&list{})
	case '(':
		m.marks = append(m.marks, len(m.stack))
		return m.budget.Keep(slot)
	case 'N':
		return m.push(nil)
	case 0x88, 0x89:
		return m.push(op == 0x88)
	case 'q', 'r', 'p', 0x94:
		return m.put(op)
	case 'h', 'j', 'g':
		return m.get(op)
	case ')', 't', 0x85, 0x86, 0x87, 'l', 'd', 0x91:
		return m.container(op)
	case 'c', 0x93, 'i', 'o', 'R', 0x81, 0x92, 'b':
		return m.construct(op)
	case 'Q', 'P':
		return m.persistent(op)
	case 'a', 'e', 0x90, 's', 'u':
		return m.fill(op)
	case '0', '1', '2':
		return m.shuffle(op)
	case 0x80:
		_, err := m.take(1) // the protocol
		return err
	case 0x95:
		_, err := m.take(8) // a frame
		return err
	case 0x98: // a buffer becomes read-only
		return nil
	default:
		return m.value(op)
	}
}

// slot is what an object on the stack or in a container takes, in bytes, however
// small it is.
const slot = 32

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return m.budget.Keep(slot)
}

// top returns the top of the stack, nil where there is none.
func (m *machine) top() any {
	if len(m.stack) == 0 {
		return nil
	}
	return m.stack[len(m.stack)-1]
}

func (m *machine) pop() (any, error) {
	items, err := m.popN(1)
	if err != nil {
		return nil, err
	}
	return items[0], nil
}

func (m *machine) popN(n int) ([]any, error) {
	from := len(m.stack) - n
	if from < 0 {
		return nil, errShort
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	return items, nil
}

func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errShort
	}
	mark := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	return m.popN(len(m.stack) - min(mark, len(m.stack)))
}

// shuffle drops or doubles what is on the stack.
func (m *machine) shuffle(op byte) (err error) {
	switch {
	case op == '1':
		_, err = m.popMark()
	case op == '2' && len(m.stack) > 0:
		err = m.push(m.top())
	case op == '0' && len(m.marks) > 0 && m.marks[len(m.marks)-1] == len(m.stack):
		m.marks = m.marks[:len(m.marks)-1] // the mark is on top
	default:
		_, err = m.pop()
	}
	return err
}

// put stores the top of the stack.
func (m *machine) put(op byte) error {
	index := len(m.memo)
	if op != 0x94 {
		var err error
		if index, err = m.index(op); err != nil {
			return err
		}
	}
	if len(m.stack) == 0 {
		return errShort
	}
	m.memo[index] = m.top()
	return m.budget.Keep(4 * slot)
}

// get pushes what was stored.
func (m *machine) get(op byte) error {
	index, err := m.index(op)
	if err != nil {
		return err
	}
	v, ok := m.memo[index]
	if !ok {
		return errors.New("its pickle refers to an object that is not there")
	}
	return m.push(v)
}

// index reads the number of a stored object.
func (m *machine) index(op byte) (int, error) {
	switch op {
	case 'p', 'g':
		text, err := m.line()
		if err != nil {
			return 0, err
		}
		return decimal(text)
	case 'q', 'h':
		return m.unsigned(1)
	}
	return m.unsigned(4)
}

// container pushes a tuple, a list, a dictionary or a set of what is on the stack.
func (m *machine) container(op byte) error {
	var items []any
	var err error
	switch op {
	case ')':
	case 0x85, 0x86, 0x87:
		items, err = m.popN(int(op) - 0x84)
	default:
		items, err = m.popMark()
	}
	if err == nil {
		err = m.budget.Keep(slot * int64(len(items)+1))
	}
	if err != nil {
		return err
	}
	copied := append([]any{}, items...)
	switch op {
	case 'l', 0x91:
		return m.push(&list{copied})
	case 'd':
		d := &dict{}
		d.add(copied)
		return m.push(d)
	}
	return m.push(copied)
}

// fill adds to the container below what is on the stack. Python gives them to the
// container's methods, whatever its class is.
func (m *machine) fill(op byte) error {
	var items []any
	var err error
	switch op {
	case 'a':
		items, err = m.popN(1)
	case 's':
		items, err = m.popN(2)
	default:
		items, err = m.popMark()
	}
	if err == nil {
		err = m.budget.Keep(2 * slot * int64(len(items)))
	}
	if err != nil {
		return err
	}
	pairs := op == 's' || op == 'u'
	switch top := m.top().(type) {
	case *list:
		if !pairs {
			top.items = append(top.items, items...)
		}
	case *dict:
		if pairs {
			top.add(items)
		}
	case *object:
		if pairs {
			top.dict.add(items)
		} else {
			top.items = append(top.items, items...)
		}
	}
	return nil
}

// take returns the next n bytes, which are good until the next call.
func (m *machine) take(n int) ([]byte, error) {
	if n < 0 || int64(n) > m.left {
		return nil, errShort
	}
	m.left -= int64(n)
	if n <= m.in.Size() {
		raw, err := m.in.Peek(n)
		if err == nil {
			_, err = m.in.Discard(n)
		}
		return raw, m.failed(err)
	}
	if err := m.budget.Keep(int64(n)); err != nil {
		return nil, err
	}
	raw := make([]byte, n)
	_, err := io.ReadFull(m.in, raw)
	return raw, m.failed(err)
}

// line returns what is before the next end of a line.
func (m *machine) line() (string, error) {
	raw, err := m.in.ReadBytes('\n')
	m.left -= int64(len(raw))
	if err != nil || m.left < 0 {
		return "", m.failed(err)
	}
	return string(raw[:len(raw)-1]), m.budget.Keep(int64(2 * len(raw)))
}

// failed says why the input has failed, nil where it has not.
func (m *machine) failed(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errShort
	}
	return err
}

// skip passes over n bytes.
func (m *machine) skip(n int64) error {
	if n < 0 || n > m.left {
		return errShort
	}
	m.left -= n
	_, err := io.CopyN(io.Discard, m.in, n)
	return m.failed(err)
}

// unsigned reads a whole number of some bytes.
func (m *machine) unsigned(width int) (int, error) {
	raw, err := m.take(width)
	if err != nil {
		return 0, err
	}
	var word [8]byte
	copy(word[:], raw)
	n := binary.LittleEndian.Uint64(word[:])
	if n > math.MaxInt {
		return 0, fmt.Errorf("its pickle has the size %d", n)
	}
	return int(n), nil
}
