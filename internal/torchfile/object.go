package torchfile

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"autodropout/internal/safetensors"
)

type list struct{ items []any }

type dict struct{ keys, values []any }

// add adds keys and values, which alternate.
func (d *dict) add(items []any) {
	for i := 0; i+1 < len(items); i += 2 {
		d.keys, d.values = append(d.keys, items[i]), append(d.values, items[i+1])
	}
}

// without returns the entries that do not have one of some texts as key.
func (d *dict) without(keys []any) *dict {
	texts := map[string]bool{}
	for _, key := range keys {
		if text, ok := key.(string); ok {
			texts[text] = true
		}
	}
	rest := &dict{}
	for i, key := range d.keys {
		if text, ok := key.(string); !ok || !texts[text] {
			rest.add([]any{key, d.values[i]})
		}
	}
	return rest
}

// global is the name of a Python class or function.
type global struct{ module, name string }

func (g global) String() string { return g.module + "." + g.name }

// storage is the memory of one or more tensors.
type storage struct {
	key, dtype string // dtype as safetensors has it, "" where that is none
	class      string // the type as PyTorch has it
	width      int    // bytes of an element, 0 where that is not known
	base       int    // the element of the file's storage that is its first one
	bytes      int64  // what it is said to have
}

// tensor is a view of a storage.
type tensor struct {
	*storage
	dtype         string
	offset        int
	shape, stride []int // in elements
	negative      bool  // the elements are those of the storage times -1
}

// object is a Python object of any other class, and what its class was given.
type object struct {
	class any
	args  []any   // of the class, or of the function called class
	made  bool    // it is what a function returned
	state any     // its attributes, in most cases
	items []any   // where it is a list
	dict  dict    // where it is a dictionary
	held  *tensor // where it is one of PyTorch before 0.4
}

// dtypes maps types of PyTorch, as classes of storages and as elements, to those
// of safetensors.
var dtypes = map[string]string{
	"DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
	"LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8", "BoolStorage": "BOOL",
	"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
	"uint8": "U8", "bool": "BOOL", "uint16": "U16", "uint32": "U32", "uint64": "U64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
	"float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0",
}

// otherWidths has the bytes of an element of storages without a type of ours.
var otherWidths = map[string]int{
	"ComplexDoubleStorage": 16, "ComplexFloatStorage": 8, "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4,
	"QUInt4x2Storage": 1, "QUInt2x4Storage": 1, "UntypedStorage": 1, "_UntypedStorage": 1,
}

func newStorage(class global, key string) *storage {
	s := &storage{key: key, class: class.name, dtype: dtypes[class.name]}
	if s.width = safetensors.Size(s.dtype); s.width == 0 {
		s.width = otherWidths[class.name]
	}
	return s
}

// persistent replaces an id by what it stands for.
func (m *machine) persistent(op byte) error {
	var id any
	var err error
	if op == 'P' {
		id, err = m.line()
	} else {
		id, err = m.pop()
	}
	if err != nil {
		return err
	}
	v, err := m.resolve(id)
	if err != nil {
		return err
	}
	return m.push(v)
}

// storage returns the storage of ("storage", class, key, device, elements, view),
// where the view, of older versions, is nil or (key, offset, elements). A module
// of ("module", class, ...) comes with its source, and stands for its class.
func (m *machine) storage(v any) (any, error) {
	id, _ := v.([]any)
	if len(id) > 1 && id[0] == "module" {
		return id[1], nil
	}
	if len(id) < 5 || id[0] != "storage" {
		return nil, errors.New("it refers to something that is no storage of a tensor")
	}
	class, isClass := id[1].(global)
	key, isKey := id[2].(string)
	elements, isInt := id[4].(int)
	if !isClass || !isKey || !isInt || elements < 0 {
		return nil, errors.New("a storage in it has no type, key and size")
	}
	s := newStorage(class, key)
	s.bytes = int64(elements) * int64(s.width)
	if len(id) > 5 {
		if view, ok := id[5].([]any); ok && len(view) == 3 {
			if s.base, ok = view[1].(int); !ok || s.base < 0 {
				return nil, errors.New("a storage in it has no type, key and size")
			}
		}
	}
	m.widths[key] = s.width
	return s, m.budget.Keep(4*slot + int64(len(key)))
}

// construct pushes a class, or an object of one, or gives it attributes.
func (m *machine) construct(op byte) error {
	switch op {
	case 'c', 0x93:
		g, err := m.global(op)
		if err != nil {
			return err
		}
		return m.push(g)
	case 'b':
		return m.build()
	}
	class, args, err := m.operands(op)
	if err != nil {
		return err
	}
	v, err := call(class, args, op == 'R')
	if err != nil {
		return err
	}
	if err := m.budget.Keep(8*slot + slot*int64(len(args))); err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) global(op byte) (g global, err error) {
	if op == 0x93 {
		names, err := m.popN(2)
		if err != nil {
			return g, err
		}
		g.module, _ = names[0].(string)
		g.name, _ = names[1].(string)
		return g, nil
	}
	if g.module, err = m.line(); err == nil {
		g.name, err = m.line()
	}
	return g, err
}

// operands returns the class or function of a call, and what it is given.
func (m *machine) operands(op byte) (class any, args []any, err error) {
	var items []any
	switch op {
	case 'i':
		if class, err = m.global('c'); err == nil {
			items, err = m.popMark()
		}
		return class, slices.Clone(items), err
	case 'o':
		if items, err = m.popMark(); err != nil || len(items) == 0 {
			return nil, nil, errors.Join(err, errShort)
		}
		return items[0], slices.Clone(items[1:]), nil
	case 0x92:
		items, err = m.popN(3)
	default:
		items, err = m.popN(2)
	}
	if err != nil {
		return nil, nil, err
	}
	args, _ = items[1].([]any)
	return items[0], args, nil
}

// build gives the object on the stack its attributes. Those of a tensor and of a
// dictionary are of no interest.
func (m *machine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	o, ok := m.top().(*object)
	if !ok {
		return nil
	}
	o.state = state
	parts, _ := state.([]any)
	class, _ := o.class.(global)
	switch {
	case len(parts) == 4 && strings.HasSuffix(class.name, "Tensor"): // of PyTorch 0.1
		if t, err := view(parts, ""); err == nil {
			o.held = t
		}
	case len(parts) == 5 && isVariable(class):
		o.held = tensorOf(parts[0])
	}
	return nil
}

// isVariable reports whether a class is one that held a tensor before PyTorch 0.4.
func isVariable(g global) bool {
	return strings.HasPrefix(g.module, "torch.") && (g.name == "Variable" || g.name == "Parameter")
}

// tensorOf returns the tensor that v is or holds, nil where there is none.
func tensorOf(v any) *tensor {
	switch v := v.(type) {
	case *tensor:
		return v
	case *object:
		return v.held
	}
	return nil
}

// call returns what a class or function gives for arguments, for the few that
// tensors and containers are made of.
func call(class any, args []any, function bool) (any, error) {
	g, _ := class.(global)
	switch g.String() {
	case "collections.OrderedDict", "collections.defaultdict", "builtins.dict", "__builtin__.dict":
		return dictOf(args), nil
	case "builtins.list", "builtins.set", "builtins.frozenset", "builtins.tuple", "collections.deque",
		"__builtin__.list", "__builtin__.set", "__builtin__.frozenset", "__builtin__.tuple":
		if len(args) > 0 {
			return &list{itemsOf(args[0])}, nil
		}
		return &list{}, nil
	case "copyreg._reconstructor", "copy_reg._reconstructor": // of class, base and its value
		if len(args) == 3 {
			o := &object{class: args[0]}
			if base, _ := args[1].(global); base.name == "dict" {
				o.dict = *dictOf(args[2:])
			} else {
				o.items = itemsOf(args[2])
			}
			return o, nil
		}
	case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
		if len(args) > 0 {
			return args[0], nil
		}
	case "torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type", "torch.tensor._rebuild_from_type":
		if len(args) < 3 {
			break
		}
		if rebuild, _ := args[0].(global); rebuild.module == "torch._utils" {
			inner, _ := args[2].([]any)
			return call(args[0], inner, true)
		}
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		return view(args, "")
	case "torch._utils._rebuild_tensor_v3":
		if len(args) > 6 {
			dtype, _ := args[6].(global)
			return view(slices.Delete(slices.Clone(args), 6, 7), dtype.name)
		}
	}
	o := &object{class: class, args: args, made: function && !isClass(g)}
	if isVariable(g) && len(args) > 0 {
		o.held = tensorOf(args[0])
	}
	return o, nil
}

// isClass reports whether a name is one of a class, by Python's convention.
func isClass(g global) bool { return g.name != "" && g.name[0] >= 'A' && g.name[0] <= 'Z' }

// dictOf returns the dictionary of the first argument that has pairs or is one.
func dictOf(args []any) *dict {
	d := &dict{}
	for _, arg := range args {
		if other, ok := arg.(*dict); ok {
			d.keys, d.values = slices.Clone(other.keys), slices.Clone(other.values)
			return d
		}
		for _, pair := range itemsOf(arg) {
			if kv := itemsOf(pair); len(kv) == 2 {
				d.add(kv)
			}
		}
	}
	return d
}

// itemsOf returns the items of a list or a tuple.
func itemsOf(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case *list:
		return v.items
	}
	return nil
}

// view returns the tensor of (storage, offset, shape, strides, requires_grad, hooks,
// metadata). Dtype is that of a storage without one.
func view(args []any, dtype string) (*tensor, error) {
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
	t := &tensor{storage: s, dtype: s.dtype, offset: offset, shape: shape, stride: stride}
	if dtype != "" {
		typed := *s
		typed.class = dtype
		t.storage, t.dtype = &typed, dtypes[dtype]
	}
	if len(args) > 6 {
		if metadata, ok := args[6].(*dict); ok {
			at := slices.Index(metadata.keys, any("neg"))
			t.negative = at >= 0 && metadata.values[at] == true
		}
	}
	return t, nil
}

func ints(v any) ([]int, bool) {
	if o, ok := v.(*object); ok && len(o.args) == 1 { // torch.Size
		v = o.args[0]
	}
	tuple, ok := v.([]any)
	out := make([]int, len(tuple))
	for i, item := range tuple {
		n, isInt := item.(int)
		ok = ok && isInt
		out[i] = n
	}
	return out, ok
}

// keyText returns a key of a dictionary as part of a name, "" where it has none.
func keyText(key any) string {
	switch key := key.(type) {
	case string:
		return key
	case int:
		return strconv.Itoa(key)
	case long:
		return string(key)
	case nil:
		return "None"
	case bool:
		return map[bool]string{false: "False", true: "True"}[key]
	case float64:
		return strconv.FormatFloat(key, 'g', -1, 64)
	case []any:
		var parts []string
		for _, part := range key {
			if len(parts) == 8 {
				break
			}
			if _, nested := part.([]any); !nested {
				parts = append(parts, keyText(part))
			}
		}
		return strings.Join(parts, ",")
	}
	return ""
}
