package onnxfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"autodropout/internal/atomicfile"
)

// mostInline is how many bytes a message may have: 2 GB, as all readers of protocol
// buffers have it, less what surrounds tensors. Beyond, tensors go to a file of their own.
const mostInline = 2<<30 - 1<<24

// WriteFile writes a model to a file. Where its tensors are too large for one message
// they go to a second file, whose name is that of the first with ".data" behind it. Each
// file appears whole or not at all.
func WriteFile(path string, m *Model) error { return writeFile(path, m, mostInline) }

func writeFile(path string, m *Model, most int64) error {
	bytes := int64(0)
	for _, t := range m.Graph.Initializers {
		bytes += t.bytes()
	}
	data := path + ".data"
	w := &writer{}
	if bytes > most {
		w.location = filepath.Base(data)
		err := atomicfile.Write(data, func(to io.Writer) error {
			for _, t := range m.Graph.Initializers {
				if t.large() {
					if err := t.writeTo(to); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	content := w.model(m)
	if err := atomicfile.Write(path, func(to io.Writer) error { return content.writeTo(to) }); err != nil || w.location != "" {
		return err
	}
	// Only now does nothing need the weights of a network that was there before.
	if err := os.Remove(data); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("the network is in %s, but the weights of the one that was there before cannot be removed: %w", path, err)
	}
	return nil
}

// Write writes a model as one message.
func Write(to io.Writer, m *Model) error {
	w := &writer{}
	content := w.model(m)
	return content.writeTo(to)
}

// message is a message that is put together: bytes, and between them tensors, which are
// not copied.
type message struct {
	pieces []piece
	size   int
}

// piece are bytes, or the elements of a tensor.
type piece struct {
	bytes  []byte
	tensor *Tensor
}

func (m *message) writeTo(to io.Writer) error {
	w := bufio.NewWriter(to)
	for _, p := range m.pieces {
		if p.tensor != nil {
			if err := p.tensor.writeTo(w); err != nil {
				return err
			}
		} else if _, err := w.Write(p.bytes); err != nil {
			return err
		}
	}
	return w.Flush()
}

// add appends bytes.
func (m *message) add(b []byte) {
	if last := len(m.pieces) - 1; last >= 0 && m.pieces[last].tensor == nil {
		m.pieces[last].bytes = append(m.pieces[last].bytes, b...)
	} else {
		m.pieces = append(m.pieces, piece{bytes: b})
	}
	m.size += len(b)
}

func (m *message) number(field protowire.Number, v int64) {
	m.add(protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), uint64(v)))
}

func (m *message) float(field protowire.Number, v float32) {
	m.add(protowire.AppendFixed32(protowire.AppendTag(nil, field, protowire.Fixed32Type), math.Float32bits(v)))
}

func (m *message) text(field protowire.Number, s string) {
	m.add(protowire.AppendString(protowire.AppendTag(nil, field, protowire.BytesType), s))
}

// nest adds a message as a field.
func (m *message) nest(field protowire.Number, inner message) {
	m.add(protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.BytesType), uint64(inner.size)))
	for _, p := range inner.pieces {
		if p.tensor != nil {
			m.elements(p.tensor)
		} else {
			m.add(p.bytes)
		}
	}
}

// elements adds those of a tensor.
func (m *message) elements(t *Tensor) {
	m.pieces = append(m.pieces, piece{tensor: t})
	m.size += int(t.bytes())
}

// writer makes messages of a model.
type writer struct {
	location string // the file of large tensors; "": they are part of the message
	offset   int64  // in that file
}

func (w *writer) model(m *Model) message {
	var out message
	out.number(1, m.IR)
	out.text(2, m.Producer)
	out.text(3, m.Version)
	out.nest(7, w.graph(&m.Graph))
	var opset message
	opset.text(1, "")
	opset.number(2, m.Opset)
	out.nest(8, opset)
	for _, e := range m.Metadata {
		out.nest(14, entry(e.Key, e.Value))
	}
	return out
}

func entry(key, value string) (out message) {
	out.text(1, key)
	out.text(2, value)
	return out
}

func (w *writer) graph(g *Graph) (out message) {
	for i := range g.Nodes {
		out.nest(1, w.node(&g.Nodes[i]))
	}
	out.text(2, g.Name)
	for i := range g.Initializers {
		out.nest(5, w.tensor(&g.Initializers[i]))
	}
	for i := range g.Inputs {
		out.nest(11, value(&g.Inputs[i]))
	}
	for i := range g.Outputs {
		out.nest(12, value(&g.Outputs[i]))
	}
	return out
}

func (w *writer) node(n *Node) (out message) {
	for _, name := range n.Inputs {
		out.text(1, name)
	}
	for _, name := range n.Outputs {
		out.text(2, name)
	}
	out.text(3, n.Name)
	out.text(4, n.Op)
	for i := range n.Attributes {
		out.nest(5, w.attribute(&n.Attributes[i]))
	}
	if n.Domain != "" {
		out.text(7, n.Domain)
	}
	return out
}

func (w *writer) attribute(a *Attribute) (out message) {
	out.text(1, a.Name)
	switch a.Kind {
	case Float:
		out.float(2, a.Float)
	case Int:
		out.number(3, a.Int)
	case String:
		out.text(4, a.String)
	case TensorKind:
		out.nest(5, w.tensor(a.Tensor))
	case Floats:
		for _, v := range a.Floats {
			out.float(7, v)
		}
	case Ints:
		for _, v := range a.Ints {
			out.number(8, v)
		}
	case Strings:
		for _, v := range a.Strings {
			out.text(9, v)
		}
	}
	out.number(20, int64(a.Kind))
	return out
}

func (w *writer) tensor(t *Tensor) (out message) {
	for _, d := range t.Shape {
		out.number(1, int64(d))
	}
	out.number(2, int64(t.Type))
	out.text(8, t.Name)
	if w.location != "" && t.large() {
		out.nest(13, entry("location", w.location))
		out.nest(13, entry("offset", strconv.FormatInt(w.offset, 10)))
		out.nest(13, entry("length", strconv.FormatInt(t.bytes(), 10)))
		out.number(14, 1)
		w.offset += t.bytes()
		return out
	}
	out.add(protowire.AppendVarint(protowire.AppendTag(nil, 9, protowire.BytesType), uint64(t.bytes())))
	out.elements(t)
	return out
}

func value(v *Value) (out message) {
	var shape, tensor, kind message
	for _, d := range v.Shape {
		var dim message
		if d.Name != "" {
			dim.text(2, d.Name)
		} else {
			dim.number(1, int64(d.Size))
		}
		shape.nest(1, dim)
	}
	tensor.number(1, int64(v.Type))
	tensor.nest(2, shape)
	kind.nest(1, tensor)
	out.text(1, v.Name)
	out.nest(2, kind)
	return out
}

// large reports whether a tensor is worth a place in another file.
func (t *Tensor) large() bool { return t.bytes() > 1024 }

// bytes is the size of the elements in a file.
func (t *Tensor) bytes() int64 {
	return int64(len(t.Floats)+len(t.Ints)) * int64(elementTypes[t.Type].size)
}

// writeTo writes the elements of a tensor of float32, int32 or int64.
func (t *Tensor) writeTo(w io.Writer) error {
	const most = 1 << 12
	buffer := make([]byte, 0, 8*most)
	for lo := 0; lo < max(len(t.Floats), len(t.Ints)); lo += most {
		b := buffer
		for _, v := range t.Floats[min(lo, len(t.Floats)):min(lo+most, len(t.Floats))] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		for _, v := range t.Ints[min(lo, len(t.Ints)):min(lo+most, len(t.Ints))] {
			if t.Type == Int32 {
				b = binary.LittleEndian.AppendUint32(b, uint32(v))
			} else {
				b = binary.LittleEndian.AppendUint64(b, uint64(v))
			}
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}
