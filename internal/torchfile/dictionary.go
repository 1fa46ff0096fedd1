package torchfile

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"autodropout/internal/sized"
)

// Bytes is a NumPy array of uint8, in row-major order.
type Bytes struct {
	Shape []int
	Data  string
}

// ReadDictionary reads a pickle of a dictionary of any protocol, written by Python 2
// or 3, in a file of the given size in bytes. Texts and bytes, as keys too, become string, whole
// numbers int, lists and tuples []any, and arrays of uint8 [Bytes]; all else is left out.
func ReadDictionary(r io.Reader, size int64) (map[string]any, error) {
	budget := sized.NewBudget(size)
	root, err := newMachine(r, size, budget).read()
	if errors.Is(err, errShort) {
		return nil, errors.New("its pickle is cut short")
	}
	if err != nil {
		return nil, err
	}
	d, ok := root.(*dict)
	if !ok {
		return nil, errors.New("its pickle is not one of a dictionary")
	}
	entries := make(map[string]any, len(d.keys))
	for i, key := range d.keys {
		name, ok := plain(key).(string)
		value := plain(d.values[i])
		if array, err := array(d.values[i], budget); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		} else if array != nil {
			value = *array
		}
		if ok && value != nil {
			entries[name] = value
		}
	}
	return entries, nil
}

// plain returns a text, a whole number or a list of them, nil for anything else.
func plain(v any) any {
	switch v := v.(type) {
	case string, int:
		return v
	case *list:
		return plain(v.items)
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			switch item := item.(type) {
			case string, int:
				items[i] = item
			case *object:
				items[i] = plain(item)
			}
		}
		return items
	case *object:
		if text, ok := encoded(v); ok {
			return text
		}
	}
	return nil
}

// encoded returns bytes as Python 3 writes them for Python 2: a text whose characters
// they are.
func encoded(o *object) (string, bool) {
	class, _ := o.class.(global)
	if class.String() == "__builtin__.bytes" && len(o.args) == 0 {
		return "", true
	}
	if class.String() != "_codecs.encode" || len(o.args) != 2 {
		return "", false
	}
	text, _ := o.args[0].(string)
	var b strings.Builder
	for _, r := range text {
		if r > 0xff {
			return "", false
		}
		b.WriteByte(byte(r))
	}
	return b.String(), true
}

// array returns a NumPy array of uint8, nil where v is none.
func array(v any, budget *sized.Budget) (*Bytes, error) {
	o, ok := v.(*object)
	if !ok {
		return nil, nil
	}
	class, _ := o.class.(global)
	var shape, dtype, data any
	columns := false
	switch class.String() {
	case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
		state, _ := o.state.([]any) // version, shape, type, column by column?, elements
		if len(state) != 5 {
			return nil, errors.New("an array has no shape, type and elements")
		}
		shape, dtype, data = state[1], state[2], state[4]
		columns = state[3] == true || state[3] == 1
	case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer":
		if len(o.args) != 4 {
			return nil, errors.New("an array has no shape, type and elements")
		}
		data, dtype, shape = o.args[0], o.args[1], o.args[2]
		columns = o.args[3] == "F"
	default:
		return nil, nil
	}
	if t, ok := dtype.(*object); !ok || len(t.args) == 0 || t.args[0] != "u1" {
		return nil, nil // of other elements
	}
	sizes, ok := ints(shape)
	if !ok {
		return nil, errors.New("an array has no shape")
	}
	text, ok := plain(data).(string)
	if !ok {
		return nil, errors.New("an array has no elements")
	}
	if err := budget.Keep(int64(len(text))); err != nil {
		return nil, err
	}
	n := 1
	for _, size := range sizes {
		if size < 0 || size > 0 && n > len(text)/size {
			n = -1
			break
		}
		n *= size
	}
	if n != len(text) {
		return nil, fmt.Errorf("an array of shape %v has %d elements", sizes, len(text))
	}
	if columns && len(sizes) > 1 {
		if len(sizes) != 2 {
			return nil, errors.New("an array of more than two axes is stored column by column")
		}
		text = transposed(text, sizes[0], sizes[1])
	}
	return &Bytes{Shape: sizes, Data: text}, nil
}

// transposed returns rows of an array that is stored column by column.
func transposed(text string, rows, columns int) string {
	b := make([]byte, len(text))
	for i := range rows {
		for j := range columns {
			b[i*columns+j] = text[j*rows+i]
		}
	}
	return string(b)
}
