package train

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"autodropout/data"
	"autodropout/data/text/bitext"
	"autodropout/dropout"
	"autodropout/internal/safetensors"
	"autodropout/models"
	"autodropout/optim"
)

// site lists places of dropout in a network of one block.
var site = []dropout.Site{{Name: "norm", Kind: dropout.Norm, Stages: 1, Blocks: 1}, {Name: "branch", Kind: dropout.Branch, Stages: 1, Blocks: 1}, {Name: "hidden", Kind: dropout.Hidden, Stages: 1, Blocks: 1}}

func block(t *testing.T, size int, keep float64) dropout.Policy {
	p, err := dropout.NewDropBlock(size, keep, site)
	return noError(t, p, err)
}

func noError[P dropout.Policy](t *testing.T, policy P, err error) dropout.Policy {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func pattern(t *testing.T, size float64) dropout.Policy {
	p, err := (&dropout.ConvPattern{Stages: [][]dropout.BlockPattern{{{Size: size, Stride: 0.5, Repeat: 2}}}}).Policy(site)
	return noError(t, p, err)
}

// What a training is made of is what it was: every other value is refused by
// name, and accepted where it is listed.
func TestSettingsAreThoseOfTheCheckpoint(t *testing.T) {
	sgd := func(c optim.SGDConfig) func(*Config, *network) {
		return func(config *Config, n *network) { config.Optimizer = optim.NewSGD(n.Params(), c) }
	}
	adam := func(c optim.AdamConfig) func(*Config, *network) {
		return func(config *Config, n *network) { config.Optimizer = optim.NewAdam(n.Params(), c) }
	}
	policy := func(p dropout.Policy) func(*Config, *network) {
		return func(config *Config, _ *network) { config.Policy = p }
	}
	plain := func(p float64) dropout.Policy {
		d, err := dropout.NewDropout(p, site)
		return noError(t, d, err)
	}
	depth := func(keep float64) dropout.Policy {
		d, err := dropout.NewStochasticDepth(keep, site)
		return noError(t, d, err)
	}
	for _, c := range []struct {
		name, setting string
		saved, now    func(*Config, *network)
		want          string
	}{
		{"momentum", "optimizer", sgd(optim.SGDConfig{Momentum: 0.9}), sgd(optim.SGDConfig{Momentum: 0.5}), `"momentum 0.9" and is "momentum 0.5"`},
		{"Nesterov", "optimizer", sgd(optim.SGDConfig{Momentum: 0.9, Nesterov: true}), sgd(optim.SGDConfig{Momentum: 0.9}), `"Nesterov true" and is "Nesterov false"`},
		{"decay", "optimizer", sgd(optim.SGDConfig{WeightDecay: 5e-4}), sgd(optim.SGDConfig{WeightDecay: 0.5}), `"weight decay 0.0005" and is "weight decay 0.5"`},
		{"beta", "optimizer", adam(optim.AdamConfig{}), adam(optim.AdamConfig{Beta2: 0.98}), `"beta2 0.999" and is "beta2 0.98"`},
		{"rate", "policy", policy(plain(0.25)), policy(plain(0.5)), `"p 16384/65536" and is "p 32768/65536"`},
		{"block", "policy", policy(block(t, 3, 0.8)), policy(block(t, 7, 0.8)), `"size 3" and is "size 7"`},
		{"keep", "policy", policy(block(t, 3, 0.8)), policy(block(t, 3, 0.7)), `"keep 0.8" and is "keep 0.7"`},
		{"depth", "policy", policy(depth(0.9)), policy(depth(0.5)), `"branch: 0.9" and is "branch: 0.5"`},
		{"pattern", "policy", policy(pattern(t, 0.5)), policy(pattern(t, 0.25)), "size 0.5"},
		{"half the rate", "schedule", func(c *Config, _ *network) { c.Schedule = optim.Constant(0.1) }, func(c *Config, _ *network) { c.Schedule = optim.Constant(0.05) }, `"0.1 at step 0`},
		{"one step", "schedule", func(c *Config, _ *network) { c.Schedule = optim.Constant(0.1) }, func(c *Config, _ *network) {
			c.Schedule = func(step int) float32 { return map[bool]float32{true: 0.2, false: 0.1}[step == 7] }
		}, "at step 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			build := func(change func(*Config, *network), accept ...string) (*Trainer, *string) {
				fit, _ := images(t)
				model, notice := newNetwork(8), new(string)
				config := Config{Epochs: 3, Batch: 12, Common: Common{AcceptChanges: accept, Notify: func(text string) { *notice += text }}}
				change(&config, model)
				trainer, err := New(model, fit, config)
				if err != nil {
					t.Fatal(err)
				}
				return trainer, notice
			}
			path := filepath.Join(t.TempDir(), "checkpoint")
			first, _ := build(c.saved)
			if err := first.Save(path); err != nil {
				t.Fatal(err)
			}
			same, notice := build(c.saved)
			if err := same.Load(path); err != nil || *notice != "" {
				t.Fatalf("with the same settings: %v, notice %q", err, *notice)
			}
			other, _ := build(c.now)
			var changed *ChangedError
			if err := other.Load(path); !errors.As(err, &changed) || len(changed.Changes) != 1 || changed.Changes[0].Setting != c.setting || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("the error is %v, want one of %s with %q", err, c.setting, c.want)
			}
			deliberate, notice := build(c.now, c.setting)
			if err := deliberate.Load(path); err != nil || !strings.Contains(*notice, c.setting) {
				t.Errorf("accepted: %v, notice %q", err, *notice)
			}
		})
	}
}

// TestIdentity: a checkpoint of another program, say, is refused, unless it is listed.
func TestIdentity(t *testing.T) {
	build := func(identity string, earlier ...string) *Trainer {
		return exercise(t, func(c *Config) { c.Identity, c.Earlier = identity, earlier })
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	for _, c := range []struct {
		saved, now string
		earlier    []string
		want       string
	}{
		{"a", "a", nil, ""},
		{"a", "b", nil, `identity was "a" and is "b"`},
		{"a", "b", []string{"a"}, ""},
		{"", "b", []string{"a"}, `identity was "" and is "b"`},
		{"", "b", []string{""}, ""},
		{"a", "", nil, ""},
	} {
		if err := build(c.saved).Save(path); err != nil {
			t.Fatal(err)
		}
		err := build(c.now, c.earlier...).Load(path)
		if changed := (*ChangedError)(nil); (c.want == "") != (err == nil) || err != nil && (!errors.As(err, &changed) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: the error is %v", c, err)
		}
	}
}

// TestDataSettings: the settings that tell data apart are all that tasks have beside
// their configurations.
func TestDataSettings(t *testing.T) {
	var found []string
	for _, task := range []Task{&imageTask{images: &data.Set{}}, &languageTask{}, &translationTask{pairs: &bitext.Dataset{}}, &udaTask{labelled: &data.Set{}, unlabelled: &data.Set{}}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(task.Identity())) {
			if len(field.Index) == 1 && !field.Anonymous {
				found = append(found, field.Name)
			}
		}
	}
	if slices.Sort(found); !slices.Equal(found, DataSettings) {
		t.Errorf("the tasks have %q, and DataSettings is %q", found, DataSettings)
	}
}

func TestCheckpointOfAnEarlierVersion(t *testing.T) {
	trainer := exercise(t, nil)
	file := trainer.checkpoint()
	for _, key := range identityKeys {
		delete(file.Metadata, key)
	}
	file.Metadata["fingerprint"] = "0123456789abcdef"
	if err := exercise(t, nil).accept("old", file); err == nil || !strings.Contains(err.Error(), "earlier version") {
		t.Errorf("the error is %v", err)
	}
}

// A memory that is not the model's is an error, not a panic in the next step.
func TestMemoryOfAnotherShape(t *testing.T) {
	build := func() *LanguageTrainer {
		model, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: 3, Layers: 2, Width: 4, Heads: 1, HeadWidth: 4, Inner: 2})
		if err != nil {
			t.Fatal(err)
		}
		trainer, err := NewLanguage(model, []int32{0, 1, 2, 0, 1, 2, 0, 1, 2, 1}, LanguageConfig{Batch: 2, Lengths: models.Lengths{Target: 3, Memory: 3}})
		if err != nil {
			t.Fatal(err)
		}
		return trainer
	}
	for _, c := range []struct {
		shape []int
		good  bool
	}{
		{[]int{2, 2, 3, 4}, true}, {[]int{2, 2, 1, 4}, true}, {[]int{1, 2, 3, 4}, false}, {[]int{3, 2, 3, 4}, false}, {[]int{2, 1, 3, 4}, false},
		{[]int{2, 2, 4, 4}, false}, {[]int{2, 2, 3, 2}, false}, {[]int{0, 2, 3, 4}, false}, {[]int{2, 2, 0, 4}, false}, {[]int{2, 2, 12}, false}, {[]int{2, 2, 3, 4, 1}, false},
	} {
		n := 1
		for _, d := range c.shape {
			n *= d
		}
		file := build().checkpoint()
		file.Tensors = append(file.Tensors, safetensors.Tensor{Name: taskPrefix + memoryName(0), Shape: c.shape, Data: make([]float32, n)})
		trainer := build()
		err := trainer.accept("memory", file)
		if (err == nil) != c.good {
			t.Errorf("a memory of shape %v: %v", c.shape, err)
		}
		if err == nil {
			if err := trainer.Run(t.Context()); err != nil {
				t.Errorf("a memory of shape %v: %v", c.shape, err)
			}
		}
	}
}
