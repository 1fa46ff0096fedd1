package train

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"

	"autodropout/autograd"
	"autodropout/ops"
)

// What a checkpoint says of the training it belongs to, each under a key of its
// metadata. The configuration is JSON, the others are settings with commas
// between them.
const (
	configKey     = "config"
	modelKey      = "model"
	optimizerKey  = "optimizer"
	scheduleKey   = "schedule"
	policyKey     = "policy"
	arithmeticKey = "arithmetic"
	identityKey   = "identity" // where there is one
)

// ofTask stands behind the name of a field of the task's identity that a field of the
// configuration, with another value, has too.
const ofTask = " of the task"

// DataSettings are the names under which a [ChangedError] reports that a trainer of this
// package has other data than the checkpoint.
var DataSettings = []string{"Images", "Labelled", "Pairs", "Text", "Unlabelled"}

var identityKeys = []string{modelKey, optimizerKey, scheduleKey, policyKey, arithmeticKey}

// Change is a setting in which a training differs from that of a checkpoint.
type Change struct {
	Setting    string // a field of the configuration or of the task's identity, or "model", "optimizer", "schedule", "policy", "arithmetic" or "identity"
	Saved, Now string // the part that differs
}

// String says what it was and what it is.
func (c Change) String() string { return fmt.Sprintf("%s was %q and is %q", c.Setting, c.Saved, c.Now) }

// ChangedError reports a checkpoint of a training with other settings.
type ChangedError struct {
	Path    string
	Changes []Change
}

// Error names what differs, and what to do.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("the checkpoint %s is of a training with other settings: %s. Continue it with those that it was saved with, begin a new training, or list what may differ in AcceptChanges (%s)",
		e.Path, changesText(e.Changes), strings.Join(namesOf(e.Changes), ", "))
}

func changesText(changes []Change) string {
	var parts []string
	for _, c := range changes {
		parts = append(parts, c.String())
	}
	return strings.Join(parts, "; ")
}

func namesOf(changes []Change) []string {
	var names []string
	for _, c := range changes {
		names = append(names, fmt.Sprintf("%q", c.Setting))
	}
	return names
}

// settings returns all that two trainings must have in common for a checkpoint of
// one to continue the other exactly.
func (l *Loop) settings() map[string]string {
	config := fields(asJSON(l.task.Identity()))
	for name, value := range fields(asJSON(l.config)) {
		if own, ok := config[name]; ok && !bytes.Equal(own, value) {
			config[name+ofTask] = own
		}
		config[name] = value
	}
	settings := map[string]string{
		configKey:     asJSON(config),
		modelKey:      describeModel(l.params),
		optimizerKey:  l.config.Optimizer.Describe(),
		scheduleKey:   l.describeSchedule(),
		policyKey:     l.describePolicy(),
		arithmeticKey: ops.Arithmetic(),
	}
	if l.config.Identity != "" {
		settings[identityKey] = l.config.Identity
	}
	return settings
}

// asJSON returns the JSON form of what has one: newLoop has looked at the error.
func asJSON(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func (l *Loop) describePolicy() string {
	if l.config.Policy == nil {
		return "none"
	}
	return l.config.Policy.Describe()
}

func describeModel(params *autograd.Params) string {
	var parts []string
	for _, p := range params.All() {
		part := p.Name + " " + strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Shape()), " ", "x"), "[]")
		if p.NoDecay {
			part += " without decay"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// describeSchedule gives the learning rates of some steps, and a checksum of those
// of all, or of many where there are more than can be looked at in a moment.
func (l *Loop) describeSchedule() string {
	const (
		samples = 8
		most    = 1 << 20
	)
	var parts []string
	sum := fnv.New64a()
	stride := (l.total + most - 1) / most
	for step := 0; step < l.total; step += stride {
		sum.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(l.config.Schedule(step))))
	}
	add := func(step int) {
		parts = append(parts, fmt.Sprintf("%v at step %d", l.config.Schedule(step), step))
	}
	every := max(1, l.total/samples)
	for step := 0; step < l.total; step += every {
		add(step)
	}
	if last := l.total - 1; last >= 0 && last%every != 0 {
		add(last)
	}
	of := "all"
	if stride > 1 {
		of = fmt.Sprintf("each %dth of", stride)
	}
	return strings.Join(append(parts, fmt.Sprintf("checksum of %s %d steps %016x", of, l.total, sum.Sum64())), ", ")
}

// compare returns an error unless the metadata of a checkpoint are those of this
// training, but for what the configuration accepts.
func (l *Loop) compare(path string, saved map[string]string) error {
	if _, ok := saved[policyKey]; !ok {
		return fmt.Errorf("the checkpoint %s was saved by an earlier version, which did not note the settings of the dropout and the optimizer: continue it with that version, or load its weights with weights.Load", path)
	}
	changes := l.changes(saved)
	refused := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
		return slices.Contains(l.config.AcceptChanges, c.Setting) || c.Setting == identityKey && slices.Contains(l.config.Earlier, c.Saved)
	})
	if len(refused) > 0 {
		return &ChangedError{path, refused}
	}
	if len(changes) > 0 {
		l.config.notify("the checkpoint %s is continued with other settings: %s", path, changesText(changes))
	}
	return nil
}

// changes returns the settings in which this training differs from the saved one.
func (l *Loop) changes(saved map[string]string) []Change {
	var changes []Change
	now := l.settings()
	before, after := fields(saved[configKey]), fields(now[configKey])
	names := map[string]bool{}
	for _, m := range []map[string]json.RawMessage{before, after} {
		for name := range m {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if was, is := string(before[name]), string(after[name]); was != is {
			changes = append(changes, Change{name, shortened(was), shortened(is)})
		}
	}
	for _, key := range identityKeys {
		if saved[key] != now[key] {
			was, is := differing(saved[key], now[key])
			changes = append(changes, Change{key, was, is})
		}
	}
	if l.config.Identity != "" && saved[identityKey] != l.config.Identity {
		changes = append(changes, Change{identityKey, saved[identityKey], l.config.Identity})
	}
	return changes
}

// fields returns the fields of an object in JSON; what is none is called "task".
func fields(text string) map[string]json.RawMessage {
	values := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(text), &values) != nil {
		return map[string]json.RawMessage{"task": json.RawMessage(text)}
	}
	return values
}

// differing returns what two lists of settings do not begin or end with alike,
// shortened for people.
func differing(a, b string) (string, string) {
	x, y := strings.Split(a, ", "), strings.Split(b, ", ")
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return shortened(strings.Join(x, ", ")), shortened(strings.Join(y, ", "))
}

// shortened cuts a text of more than some 100 bytes between runes.
func shortened(text string) string {
	const most = 100
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
