// Package weights saves the weights of models, and loads them, also those that other
// programs saved: files of safetensors, of PyTorch's torch.save (.pt, .pth, .bin) and of
// numpy.savez (.npz), in any precision. The content of a file, not its name, tells its
// kind. An array that cannot be read is named, and the others are read all the same.
//
// Parameters have the names and layouts of PyTorch, so that a file fits where the model is
// the same: doc/pytorch.md lists whose names each model has. Files often differ from a
// model in three ways: a prefix such as "module." or "model.", other names, and a
// classifier for other classes. Load finds a prefix by itself; [Options] name the others.
package weights

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"autodropout/autograd"
	"autodropout/internal/atomicfile"
	"autodropout/internal/safetensors"
	"autodropout/layers"
)

// trainState begins the names of what a checkpoint of package train holds
// besides weights.
const trainState = "train/"

// Options say how the arrays of a file belong to a model. The zero value serves
// files with the model's own names, also behind a prefix.
type Options struct {
	// Prefix is what the names of the model's weights begin with in the file,
	// such as "model_ema.". Where it is empty, the prefix under which most of the
	// model's names are is taken, and it is an error when two are equally good.
	Prefix string

	// Rename returns the model's name for a name in the file without its prefix,
	// and "" for an array to leave out. Nil keeps names.
	Rename func(name string) string

	// Keep lists parameters and buffers of the model that keep their values, by
	// name or, with a dot at the end, by how the name begins: "fc." keeps the
	// classifier that a model has for classes of its own. The file need not
	// have them, and may have others of these names.
	Keep []string
}

// Report says what [Load] did.
type Report struct {
	Prefix string   // of the names in the file
	Loaded int      // parameters and buffers that were loaded
	Kept   []string // those of the model that kept their values
	Unused []string // arrays of the file outside the prefix, left out by Rename, or kept instead
	Left   []Left   // arrays of the file that cannot be read
}

// String returns the report as one sentence.
func (r Report) String() string {
	text := fmt.Sprintf("%d parameters and buffers were loaded", r.Loaded)
	if r.Prefix != "" {
		text += fmt.Sprintf(" from those called %s*", r.Prefix)
	}
	if len(r.Kept) > 0 {
		text += fmt.Sprintf(", %s kept their values", someOf(r.Kept))
	}
	if len(r.Unused) > 0 {
		text += fmt.Sprintf(", and of the file %s were not used", someOf(r.Unused))
	}
	if len(r.Left) > 0 {
		text += fmt.Sprintf(", and %s cannot be read", someOf(leftNames(r.Left)))
	}
	return text + "."
}

func leftNames(left []Left) []string {
	names := make([]string, len(left))
	for i, l := range left {
		names[i] = fmt.Sprintf("%s (%s)", l.Name, l.Why)
	}
	return names
}

// someOf quotes the first of a list of names.
func someOf(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Load copies the arrays of a file into the parameters and buffers of a model,
// converted to float32 and to the model's layout. Each of these that is not kept must be
// there once, with its shape; arrays under the same prefix that the model does
// not have are an error, but for those called num_batches_tracked. On error the
// model is as it was.
func Load(path string, ps *autograd.Params, o Options) (Report, error) {
	arrays, left, err := ReadAll(path)
	if err != nil {
		return Report{}, err
	}
	report, err := load(arrays, left, ps, o)
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w", path, err)
	}
	return report, nil
}

// LoadArrays is [Load] of arrays that are read already, such as those of a file of ONNX.
func LoadArrays(arrays []layers.Array, ps *autograd.Params, o Options) (Report, error) {
	return load(arrays, nil, ps, o)
}

func load(arrays []layers.Array, left []Left, ps *autograd.Params, o Options) (Report, error) {
	state := layers.State(ps)
	m := matching{options: o, known: map[string]bool{}, report: Report{Left: left}}
	for i, a := range state {
		if m.kept(a.Name) {
			m.report.Kept = append(m.report.Kept, a.Name)
		} else {
			state[i].Data = nil // to be loaded
		}
		m.known[a.Name] = true
	}
	for _, name := range o.Keep {
		if !slices.ContainsFunc(m.report.Kept, func(kept string) bool { return matches(name, kept) }) {
			return Report{}, fmt.Errorf("the model has no %s to keep: correct Options.Keep", name)
		}
	}
	var err error
	if m.report.Prefix, err = m.prefix(arrays); err != nil {
		return Report{}, err
	}
	chosen := m.choose(arrays)
	for _, a := range state {
		if a.Data != nil {
			chosen = append(chosen, a)
		}
	}
	if err := layers.LoadState(ps, chosen); err != nil {
		return Report{}, fmt.Errorf("%w%s", err, m.wanted(left))
	}
	m.report.Loaded = len(state) - len(m.report.Kept)
	return m.report, nil
}

// Save writes the parameters and buffers of a model in PyTorch's names and layouts,
// as a file of safetensors with a checksum. The file appears whole or not at all.
func Save(path string, ps *autograd.Params) error {
	file := &safetensors.File{}
	for _, a := range layers.State(ps) {
		file.Tensors = append(file.Tensors, safetensors.Tensor(a))
	}
	return atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, file) })
}

// matching finds out which arrays are a model's.
type matching struct {
	options Options
	known   map[string]bool // names of the model
	report  Report
}

// kept reports whether a parameter keeps its value.
func (m *matching) kept(name string) bool {
	return slices.ContainsFunc(m.options.Keep, func(keep string) bool { return matches(keep, name) })
}

// matches reports whether an entry of Keep stands for a name.
func matches(keep, name string) bool {
	return name == keep || strings.HasSuffix(keep, ".") && strings.HasPrefix(name, keep)
}

// wanted says which of the arrays that cannot be read are of the model, as the end
// of a sentence.
func (m *matching) wanted(left []Left) string {
	var names []string
	for _, l := range left {
		name, ok := strings.CutPrefix(l.Name, m.report.Prefix)
		if ok && m.known[m.rename(name)] {
			names = append(names, fmt.Sprintf("%s (%s)", l.Name, l.Why))
		}
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf("; the file has %s, which cannot be read", someOf(names))
}

// rename returns the model's name for one in the file, "" for none.
func (m *matching) rename(name string) string {
	if m.options.Rename == nil {
		return name
	}
	return m.options.Rename(name)
}

// prefix returns what is in front of the model's names in the file.
func (m *matching) prefix(arrays []layers.Array) (string, error) {
	if m.options.Prefix != "" {
		return m.options.Prefix, nil
	}
	counts := map[string]int{}
	for _, a := range arrays {
		for at := 0; ; {
			if name := m.rename(a.Name[at:]); m.known[name] && !m.kept(name) {
				counts[a.Name[:at]]++
			}
			dot := strings.IndexByte(a.Name[at:], '.')
			if dot < 0 {
				break
			}
			at += dot + 1
		}
	}
	most := 0
	var best []string
	for prefix, n := range counts {
		if n > most {
			most, best = n, nil
		}
		if n == most {
			best = append(best, prefix)
		}
	}
	switch len(best) {
	case 0:
		return "", nil
	case 1:
		return best[0], nil
	}
	slices.Sort(best)
	for i := range best {
		best[i] = strconv.Quote(best[i])
	}
	return "", fmt.Errorf("the file holds weights of this model under the prefixes %s: say which in Options.Prefix", strings.Join(best, " and "))
}

// choose returns the arrays that are the model's, under the model's names, and
// reports the others.
func (m *matching) choose(arrays []layers.Array) []layers.Array {
	var chosen []layers.Array
	for _, a := range arrays {
		name, ok := strings.CutPrefix(a.Name, m.report.Prefix)
		if ok {
			name = m.rename(name)
		}
		if !ok || name == "" || strings.HasPrefix(name, trainState) || m.kept(name) {
			m.report.Unused = append(m.report.Unused, a.Name)
			continue
		}
		a.Name = name
		chosen = append(chosen, a)
	}
	return chosen
}
