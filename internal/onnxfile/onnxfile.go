// Package onnxfile reads and writes files of ONNX, the Open Neural Network Exchange: a
// graph of named values, of nodes that compute some from others, and of tensors. It
// knows the format (onnx.proto of ONNX 1.23, by protocol buffers), not what nodes mean.
//
// Files come from strangers: what they claim is checked against what is there before
// memory is taken for it, and what is kept has a budget.
package onnxfile

import "fmt"

// Model is the content of a file.
type Model struct {
	IR       int64  // version of the format
	Opset    int64  // version of the operations of ONNX itself; 0: none is named
	Producer string // program that wrote the file, with its version
	Version  string
	Graph    Graph
	Metadata []Entry
}

// Entry is a key with its value.
type Entry struct{ Key, Value string }

// Graph is a network.
type Graph struct {
	Name         string
	Nodes        []Node // each behind those whose outputs it reads
	Initializers []Tensor
	Inputs       []Value
	Outputs      []Value
}

// Node is an operation. An input or an output that is not there has the name "".
type Node struct {
	Name, Op, Domain string
	Inputs, Outputs  []string
	Attributes       []Attribute
}

// String names a node for messages.
func (n *Node) String() string {
	name := n.Name
	if name == "" && len(n.Outputs) > 0 {
		name = n.Outputs[0]
	}
	op := n.Op
	if n.Domain != "" {
		op = n.Domain + "." + op
	}
	return fmt.Sprintf("node %q (%s)", name, op)
}

// Attribute is a setting of a node. Which of the values it has follows from Kind.
type Attribute struct {
	Name    string
	Kind    Kind
	Float   float32
	Int     int64
	String  string
	Tensor  *Tensor
	Floats  []float32
	Ints    []int64
	Strings []string
}

// Kind is what an attribute holds, in the numbers of the format.
type Kind int

// Kinds of attributes; others are read as of no value.
const (
	Float      Kind = 1
	Int        Kind = 2
	String     Kind = 3
	TensorKind Kind = 4
	Floats     Kind = 6
	Ints       Kind = 7
	Strings    Kind = 8
)

// Type is an element type, in the numbers of the format.
type Type int

// The types that are read. Real numbers become float32, whole ones and truth values int64.
const (
	Float32  Type = 1
	Uint8    Type = 2
	Int8     Type = 3
	Int32    Type = 6
	Int64    Type = 7
	Bool     Type = 9
	Float16  Type = 10
	Float64  Type = 11
	BFloat16 Type = 16
)

// elementTypes are the types' names, and their sizes in bytes.
var elementTypes = map[Type]struct {
	name string
	size int
}{
	Float32: {"F32", 4}, Uint8: {"U8", 1}, Int8: {"I8", 1}, Int32: {"I32", 4}, Int64: {"I64", 8},
	Bool: {"BOOL", 1}, Float16: {"F16", 2}, Float64: {"F64", 8}, BFloat16: {"BF16", 2},
}

// Real reports whether values of the type become float32.
func (t Type) Real() bool {
	return t == Float32 || t == Float16 || t == Float64 || t == BFloat16
}

// Tensor is an array, row-major: of Floats where its type is real, and of Ints where not.
type Tensor struct {
	Name   string
	Type   Type // of the elements in the file
	Shape  []int
	Floats []float32
	Ints   []int64
}

// Value is an input or an output of a network.
type Value struct {
	Name  string
	Type  Type
	Shape []Dim // nil where the file has none, or no axes
}

// Dim is the length of an axis.
type Dim struct {
	Size int    // 0 where it is not known before the network runs
	Name string // of a length that is not known
}

// MaxRank is the largest number of axes of a tensor in a file.
const MaxRank = 16
