package onnxfile

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"autodropout/internal/sized"
)

// ReadFile reads a file, with the files beside it that hold its large tensors.
func ReadFile(path string) (*Model, error) {
	return sized.ReadFile(path, func(f *os.File, size int64) (*Model, error) {
		if err := sized.Check(size); err != nil {
			return nil, err
		}
		content := make([]byte, size)
		if _, err := f.ReadAt(content, 0); err != nil {
			return nil, err
		}
		folder, err := os.OpenRoot(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		defer folder.Close()
		return Read(content, folder)
	})
}

// Read reads the content of a file. Tensors that lie in other files are looked for in
// the folder, and nowhere outside of it; without one they are an error.
func Read(content []byte, folder *os.Root) (*Model, error) {
	r := &reader{budget: sized.NewBudget(int64(len(content))), external: &external{folder: folder}}
	defer r.external.close()
	m := &Model{}
	graphs := 0
	err := r.each(content, func(f field) (err error) {
		switch f.number {
		case 1:
			m.IR = int64(f.value)
		case 2:
			m.Producer, err = r.text(f)
		case 3:
			m.Version, err = r.text(f)
		case 7:
			if graphs++; graphs > 1 {
				return errCut
			}
			err = r.graph(f.bytes, &m.Graph)
		case 8:
			err = r.opset(f.bytes, m)
		case 14:
			var e Entry
			if e, err = r.entry(f.bytes); err == nil {
				m.Metadata = append(m.Metadata, e)
			}
		}
		return err
	})
	if err == nil && graphs == 0 {
		err = errCut
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// keep takes the memory of one more element of a list out of the budget. A list that
// grows has room for as many again, and was copied from one of half its size.
func keep[T any](r *reader, list []T, err error) ([]T, *T, error) {
	var one T
	if err == nil {
		err = r.budget.Keep(4 * int64(unsafe.Sizeof(one)))
	}
	if err != nil {
		return nil, nil, err
	}
	list = append(list, one)
	return list, &list[len(list)-1], nil
}

func (r *reader) opset(b []byte, m *Model) error {
	domain, version := "", int64(0)
	err := r.each(b, func(f field) (err error) {
		switch f.number {
		case 1:
			domain, err = r.text(f)
		case 2:
			version = int64(f.value)
		}
		return err
	})
	if domain == "" || domain == "ai.onnx" {
		m.Opset = version
	}
	return err
}

func (r *reader) entry(b []byte) (e Entry, err error) {
	if err := r.budget.Keep(4 * int64(unsafe.Sizeof(e))); err != nil {
		return e, err
	}
	err = r.each(b, func(f field) (err error) {
		switch f.number {
		case 1:
			e.Key, err = r.text(f)
		case 2:
			e.Value, err = r.text(f)
		}
		return err
	})
	return e, err
}

func (r *reader) graph(b []byte, g *Graph) error {
	return r.each(b, func(f field) (err error) {
		switch f.number {
		case 1:
			var n *Node
			if g.Nodes, n, err = keep(r, g.Nodes, nil); err == nil {
				err = r.node(f.bytes, n)
			}
		case 2:
			g.Name, err = r.text(f)
		case 5:
			var t *Tensor
			if g.Initializers, t, err = keep(r, g.Initializers, nil); err == nil {
				err = r.tensor(f.bytes, t)
			}
		case 11, 12:
			list := &g.Inputs
			if f.number == 12 {
				list = &g.Outputs
			}
			var v *Value
			if *list, v, err = keep(r, *list, nil); err == nil {
				err = r.value(f.bytes, v)
			}
		case 15:
			err = fmt.Errorf("it holds sparse tensors, which are not read: make them dense before they are exported")
		}
		return err
	})
}

func (r *reader) node(b []byte, n *Node) error {
	err := r.each(b, func(f field) (err error) {
		switch f.number {
		case 1, 2:
			list := &n.Inputs
			if f.number == 2 {
				list = &n.Outputs
			}
			var name *string
			if *list, name, err = keep(r, *list, nil); err == nil {
				*name, err = r.text(f)
			}
		case 3:
			n.Name, err = r.text(f)
		case 4:
			n.Op, err = r.text(f)
		case 5:
			var a *Attribute
			if n.Attributes, a, err = keep(r, n.Attributes, nil); err == nil {
				err = r.attribute(f.bytes, a)
			}
		case 7:
			n.Domain, err = r.text(f)
		}
		return err
	})
	if n.Domain == "ai.onnx" {
		n.Domain = ""
	}
	if err == errCut {
		return err
	}
	return named(err, "%s", n)
}

func (r *reader) attribute(b []byte, a *Attribute) error {
	return r.each(b, func(f field) (err error) {
		switch f.number {
		case 1:
			a.Name, err = r.text(f)
		case 2:
			a.Float = toFloat32(f.value)
		case 3:
			a.Int = int64(f.value)
		case 4:
			a.String, err = r.text(f)
		case 5:
			if err = r.budget.Keep(int64(unsafe.Sizeof(Tensor{}))); err == nil {
				a.Tensor = &Tensor{}
				err = r.tensor(f.bytes, a.Tensor)
			}
		case 7:
			a.Floats, err = numbers(r, a.Floats, f, protowire.Fixed32Type, 4, toFloat32)
		case 8:
			a.Ints, err = numbers(r, a.Ints, f, protowire.VarintType, 8, toInt64)
		case 9:
			var s *string
			if a.Strings, s, err = keep(r, a.Strings, nil); err == nil {
				*s, err = r.text(f)
			}
		case 20:
			a.Kind = Kind(f.value)
		}
		return err
	})
}

func (r *reader) value(b []byte, v *Value) error {
	return r.each(b, func(f field) (err error) {
		switch f.number {
		case 1:
			v.Name, err = r.text(f)
		case 2:
			err = r.each(f.bytes, func(f field) error { // TypeProto
				if f.number != 1 {
					return nil
				}
				return r.each(f.bytes, func(f field) error { // its tensor_type
					switch f.number {
					case 1:
						v.Type = Type(f.value)
					case 2:
						return r.shape(f.bytes, v)
					}
					return nil
				})
			})
		}
		return err
	})
}

func (r *reader) shape(b []byte, v *Value) error {
	return r.each(b, func(f field) error {
		if f.number != 1 {
			return nil
		}
		if len(v.Shape) == MaxRank {
			return fmt.Errorf("the value %q has more than %d axes", v.Name, MaxRank)
		}
		var d Dim
		err := r.each(f.bytes, func(f field) (err error) {
			switch f.number {
			case 1:
				if d.Size = int(f.value); d.Size < 0 || int64(d.Size) != int64(f.value) {
					err = fmt.Errorf("the value %q has an axis of length %d", v.Name, int64(f.value))
				}
			case 2:
				d.Name, err = r.text(f)
			}
			return err
		})
		v.Shape = append(v.Shape, d)
		return err
	})
}
