package patterns

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"autodropout/dropout"
	"autodropout/internal/golden"
	"autodropout/internal/seed"
)

// vectors are masks that a sampler in another language must draw as well.
// doc/pattern-format.md describes them.
type vectors struct {
	Keys  []keyVector  `json:"keys,omitempty"`
	Masks []maskVector `json:"masks"`
}

// keyVector is the key of the random stream of a site.
type keyVector struct {
	Seed uint64 `json:"seed"`
	Step uint64 `json:"step"`
	Site string `json:"site"`
	Key  uint64 `json:"key"`
}

// maskVector is one mask. Keep has bit i mod 8 of byte i/8 for element i.
type maskVector struct {
	Pattern  map[string]any `json:"pattern"`
	Kind     string         `json:"kind"`
	Site     string         `json:"site"`
	Shape    []int          `json:"shape"`
	Seed     uint64         `json:"seed"`
	Step     uint64         `json:"step"`
	Example  uint64         `json:"example"`
	Progress float64        `json:"progress,omitempty"`
	Factor   float32        `json:"factor"`
	Keep     string         `json:"keep"`
}

// convCases are block patterns and shapes (N, H, W, C) that take every path of a sampler.
var convCases = []struct {
	block string
	shape []int
}{
	{`"size": 0.25, "stride": 0.25, "repeat": 8, "rotate": 0, "shear_x": 0, "shear_y": 0, "share_c": false`, []int{2, 8, 8, 3}},   // covers the map
	{`"size": 0.375, "stride": 0.125, "repeat": 1, "rotate": 0, "shear_x": 0, "shear_y": 0, "share_c": false`, []int{3, 8, 8, 5}}, // one block
	{`"size": 0.25, "stride": 0.125, "repeat": 2, "rotate": 0, "shear_x": 0, "shear_y": 0, "share_c": true`, []int{2, 9, 9, 4}},   // the same for all channels
	{`"size": 0.25, "stride": 0.25, "repeat": 8, "rotate": 30, "shear_x": 0.3, "shear_y": -0.2, "share_c": false`, []int{2, 8, 8, 3}},
	{`"size": 0.75, "stride": 0.375, "repeat": 4, "rotate": 75, "shear_x": 0.2, "shear_y": 0.3, "share_c": false`, []int{1, 7, 11, 2}}, // not square
	{`"size": 0.01, "stride": 0.01, "repeat": 64, "rotate": -45, "shear_x": 0, "shear_y": 1, "share_c": false`, []int{1, 5, 6, 33}},    // at least one cell; 33 channels
	{`"size": 0.5, "stride": 0.5, "repeat": 2, "rotate": 15, "shear_x": 0, "shear_y": 0, "share_c": true`, []int{2, 1, 1, 3}},
	{`"size": 1, "stride": 0.125, "repeat": 8, "rotate": 0, "shear_x": 0, "shear_y": 0, "share_c": false`, []int{1, 1, 1, 1}}, // nothing would be left
}

// sequenceCases are the same for sequences, (N, T, C) and (N, heads, queries, keys).
var sequenceCases = []struct {
	kind, place string
	shape       []int
}{
	{"query", `"size": 1, "stride": 0, "share_t": false, "share_c": false, "drop": 0.5`, []int{2, 3, 5}},
	{"key", `"size": 2, "stride": 3, "share_t": false, "share_c": false, "drop": 0.3`, []int{2, 7, 5}},
	{"value", `"size": 3, "stride": 1, "share_t": true, "share_c": false, "drop": 0.5`, []int{2, 8, 35}},
	{"projection", `"size": 2, "stride": 2, "share_t": false, "share_c": true, "drop": 0.5`, []int{2, 9, 3}},
	{"inner", `"size": 4, "stride": 2, "share_t": true, "share_c": true, "drop": 0.5`, []int{3, 20, 2}},
	{"output", `"size": 4096, "stride": 0, "share_t": true, "share_c": false, "drop": 0.2`, []int{2, 6, 40}},
	{"output", `"size": 1, "stride": 1, "share_t": true, "share_c": false, "drop": 0.95`, []int{1, 6, 8}},
	{"probability", `"size": 2, "stride": 1, "share_t": false, "share_c": false, "drop": 0.4`, []int{2, 2, 3, 5}},
	{"probability", `"size": 2, "stride": 3, "share_t": true, "share_c": false, "drop": 0.5`, []int{2, 2, 5, 11}},
	{"probability", `"size": 3, "stride": 1, "share_t": false, "share_c": true, "drop": 0.5`, []int{2, 2, 2, 9}},
}

// wideConvCases are block patterns of version 2: what comes before and after "place".
var wideConvCases = []struct {
	block    string
	shape    []int
	progress float64
}{
	{`"size": 1, "share_c": false, "place": "hidden", "cells": 1, "aspect": "1:1", "scatter": 0.2, "schedule": "constant"`, []int{2, 5, 7, 3}, 0},    // Dropout
	{`"size": 1, "share_c": false, "place": "features", "cells": 1, "aspect": "1:1", "scatter": 0.5, "schedule": "constant"`, []int{3, 37}, 0},       // of the features
	{`"size": 1, "share_c": false, "place": "norm", "cells": 0, "aspect": "1:1", "scatter": 0.3, "schedule": "constant"`, []int{2, 4, 3, 35}, 0},     // SpatialDropout
	{`"size": 1, "share_c": false, "place": "norm", "cells": 3, "aspect": "1:1", "scatter": 0.4, "schedule": "up"`, []int{2, 8, 9, 5}, 0.625},        // DropBlock
	{`"size": 1, "share_c": false, "place": "norm", "cells": 7, "aspect": "1:1", "scatter": 0.4, "schedule": "up"`, []int{2, 6, 9, 5}, 1},            // as large as the map
	{`"size": 1, "share_c": true, "place": "branch", "cells": 0, "aspect": "1:1", "scatter": 0.4, "schedule": "constant"`, []int{9, 3, 3, 4}, 0},     // stochastic depth
	{`"size": 0.25, "share_c": true, "place": "norm", "cells": 0, "aspect": "1:full", "scatter": 0.3, "schedule": "down"`, []int{4, 8, 8, 2}, 0.25},  // rows
	{`"size": 0.25, "share_c": false, "place": "norm", "cells": 0, "aspect": "full:1", "scatter": 0.3, "schedule": "off"`, []int{2, 7, 8, 3}, 0.7},   // columns
	{`"size": 0.25, "share_c": false, "place": "norm", "cells": 0, "aspect": "1:full", "scatter": 0, "schedule": "up"`, []int{6, 8, 8, 3}, 0.5},      // a grid of rows, of some examples
	{`"size": 0.25, "share_c": true, "place": "hidden", "cells": 2, "aspect": "full:1", "scatter": 0, "schedule": "constant"`, []int{2, 9, 8, 3}, 0}, // a grid of columns
	{`"size": 0.25, "share_c": false, "place": "norm", "cells": 20, "aspect": "1:1", "scatter": 0, "schedule": "down"`, []int{4, 6, 6, 3}, 0.25},     // larger than the map
}

// wideSequenceCases are the same for sequences.
var wideSequenceCases = []struct {
	kind, place string
	shape       []int
	progress    float64
}{
	{"words", `"size": 1, "stride": 0, "share_t": false, "share_c": false, "drop": 0.3, "schedule": "constant"`, []int{45, 3}, 0},
	{"input", `"size": 4096, "stride": 0, "share_t": true, "share_c": false, "drop": 0.4, "schedule": "down"`, []int{2, 6, 40}, 0.5},
	{"final", `"size": 2, "stride": 1, "share_t": false, "share_c": true, "drop": 0.5, "schedule": "up"`, []int{2, 9, 3}, 0.875},
	{"probability", `"size": 2, "stride": 1, "share_t": false, "share_c": false, "drop": 0.4, "schedule": "off"`, []int{2, 2, 3, 5}, 0.5},
}

const siteName = "block1.layer.0.bn1"

// draw fills a vector with the mask that the package dropout draws at a site, one of a
// network that has others beside it.
func draw(t *testing.T, file string, v maskVector, site dropout.Site, others ...dropout.Site) maskVector {
	t.Helper()
	pattern, err := dropout.ParsePattern([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	policy, err := pattern.Policy(append(others, site))
	if err != nil {
		t.Fatal(err)
	}
	elements := 1
	for _, n := range v.Shape {
		elements *= n
	}
	keep := make([]uint32, (elements+31)/32)
	v.Site, v.Kind = site.Name, site.Kind.String()
	v.Factor = policy.Mask(site.Name, v.Shape, dropout.Stream{Seed: v.Seed, Step: v.Step, Example: v.Example, Progress: v.Progress})(keep)
	var raw []byte
	for _, word := range keep {
		raw = binary.LittleEndian.AppendUint32(raw, word)
	}
	v.Keep = hex.EncodeToString(raw[:(elements+7)/8])
	return v
}

func object(t *testing.T, members string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte("{"+members+"}"), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// drawAll draws the vectors of a version.
func drawAll(t *testing.T, version int) vectors {
	t.Helper()
	if version == 2 {
		return vectors{Masks: append(drawWide(t), drawSequences(t, 2)...)}
	}
	var all vectors
	for _, k := range []keyVector{{Site: "a"}, {Seed: 1, Step: 2, Site: siteName}, {Seed: 1<<64 - 1, Step: 1 << 40, Site: "layers.3.attention.probability"}} {
		k.Key = seed.Derive(seed.Derive(k.Seed, "dropout"), k.Site, k.Step)
		all.Keys = append(all.Keys, k)
	}
	for i, c := range convCases {
		members := c.block + `, "residual": false`
		site := dropout.Site{Name: siteName, Kind: dropout.Norm, Stages: 1, Blocks: 1}
		v := maskVector{Pattern: object(t, members), Shape: c.shape, Seed: 3, Step: uint64(i), Example: 3 * uint64(i)}
		all.Masks = append(all.Masks, draw(t, fmt.Sprintf(`{"version": 1, "kind": "convnet", "stages": [[{%s}]]}`, members), v, site))
	}
	all.Masks = append(all.Masks, drawSequences(t, 1)...)
	return all
}

func drawWide(t *testing.T) (masks []maskVector) {
	t.Helper()
	for i, c := range wideConvCases {
		members := c.block + `, "stride": 0.25, "repeat": 2, "rotate": 15, "shear_x": 0.1, "shear_y": 0, "residual": false`
		site := dropout.Site{Name: siteName, Kind: dropout.Norm, Stages: 1, Blocks: 1}
		pattern := object(t, members)
		sites := []dropout.Site{site} // for the number of stages and blocks
		for _, k := range []dropout.Kind{dropout.Hidden, dropout.Branch, dropout.Features} {
			if k.String() == pattern["place"] {
				site.Name, site.Kind = "block1."+k.String(), k
			}
		}
		v := maskVector{Pattern: pattern, Shape: c.shape, Seed: 9, Step: 500 + uint64(i), Example: 1 << 33, Progress: c.progress}
		masks = append(masks, draw(t, fmt.Sprintf(`{"version": 2, "kind": "convnet", "stages": [[{%s}]]}`, members), v, site, sites...))
	}
	return masks
}

func drawSequences(t *testing.T, version int) (masks []maskVector) {
	t.Helper()
	kinds := map[string]dropout.Kind{}
	for _, k := range []dropout.Kind{dropout.Query, dropout.Key, dropout.Value, dropout.Probability, dropout.Projection, dropout.Inner, dropout.Output} {
		kinds[k.String()] = k
	}
	file := func(version int, of, pattern, none string) string {
		var places []string
		for kind := range kinds {
			members := none
			if kind == of {
				members = pattern
			}
			places = append(places, fmt.Sprintf("%q: {%s}", kind, members))
		}
		return fmt.Sprintf(`{"version": %d, "kind": "sequence", "places": {%s}}`, version, strings.Join(places, ", "))
	}
	const none = `"size": 1, "stride": 0, "share_t": false, "share_c": false, "drop": 0`
	if version == 2 {
		return drawWideSequences(t, kinds, file, none)
	}
	for i, c := range sequenceCases {
		site := dropout.Site{Name: "layers.0." + c.kind, Kind: kinds[c.kind], Stages: 1, Blocks: 1}
		v := maskVector{Pattern: object(t, c.place), Shape: c.shape, Seed: 1 << 63, Step: 1000 + uint64(i), Example: 1<<32 - 1}
		masks = append(masks, draw(t, file(1, c.kind, c.place, none), v, site))
	}
	return masks
}

func drawWideSequences(t *testing.T, kinds map[string]dropout.Kind, file func(version int, of, pattern, none string) string, none string) (masks []maskVector) {
	t.Helper()
	kinds["words"], kinds["input"], kinds["final"] = dropout.Words, dropout.Input, dropout.Final
	for i, c := range wideSequenceCases {
		site := dropout.Site{Name: "layers.0." + c.kind, Kind: kinds[c.kind], Stages: 1, Blocks: 1}
		v := maskVector{Pattern: object(t, c.place), Shape: c.shape, Seed: 4, Step: 2000 + uint64(i), Example: 5, Progress: c.progress}
		masks = append(masks, draw(t, file(2, c.kind, c.place, none+`, "schedule": "constant"`), v, site))
	}
	return masks
}

// TestVectors holds the vectors current that other samplers are tested with.
func TestVectors(t *testing.T) {
	for version, path := range map[int]string{1: "testdata/vectors.json", 2: "testdata/vectors2.json"} {
		got, err := json.MarshalIndent(drawAll(t, version), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		if !bytes.Equal(got, golden.Committed(t, path, got)) {
			t.Errorf("masks of version %d have changed: patterns mean something else than doc/pattern-format.md says, or, if that was intended, the format needs a new version and `go test ./patterns -update` new vectors", version)
		}
	}
}

// TestFiles: the files that the package for PyTorch must write as this one does, letter for
// letter, and read.
func TestFiles(t *testing.T) {
	wide := func(s dropout.Space, err error) dropout.Space {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	sites := []dropout.Site{{Kind: dropout.Features}}
	for _, kind := range []dropout.Kind{dropout.Norm, dropout.Hidden, dropout.Branch} {
		sites = append(sites, dropout.Site{Kind: kind, Stages: 2, Block: 1, Blocks: 2}, dropout.Site{Kind: kind, Stage: 1, Stages: 2, Blocks: 1})
	}
	origins := []dropout.Origin{{}, {Task: "Zeichen äöü ☃ <&>", Model: `a "quoted\" \ name`, Search: "two\nlines\tand a tab", Reward: 0.1 + 0.2, Date: "2026-11-29", Note: "-"}, {Reward: -3},
		{Note: "a line\u2028and a paragraph\u2029", Reward: -5e-8}, {Reward: 1.2345678901234567e20}, {Reward: 1e300}, {Reward: 2e-6}}
	var files []string
	for s, space := range []dropout.Space{dropout.ConvSpace([]int{2, 1}), dropout.SequenceSpace(), wide(dropout.WideSpace(sites)), wide(dropout.WideSpace(nil))} {
		for i, origin := range origins {
			rng := seed.New(1, "files", uint64(len(origins)*s+i))
			point := make([]int, space.Decisions())
			for j := range point {
				point[j] = rng.IntN(len(space.Choice(j).Values))
			}
			var pattern json.Marshaler
			if space.Stages != nil {
				conv, err := dropout.DecodeConv(space, point)
				if err != nil {
					t.Fatal(err)
				}
				conv.Origin, conv.Stages[0][0].ShearX = origin, 1e-5
				pattern = conv
			} else {
				sequence, err := dropout.DecodeSequence(space, point)
				if err != nil {
					t.Fatal(err)
				}
				sequence.Origin, sequence.Places[0].Drop = origin, 1.0/3
				pattern = sequence
			}
			text, err := pattern.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, string(text))
		}
	}
	got, err := json.MarshalIndent(files, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if !bytes.Equal(got, golden.Committed(t, "testdata/files.json", got)) {
		t.Error("patterns are written in another way: write the same in patterns/pytorch, and these files with `go test ./patterns -update`")
	}
}
