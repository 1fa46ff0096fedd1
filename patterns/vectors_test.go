package patterns

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"autodropout/dropout"
	"autodropout/internal/seed"
)

var update = flag.Bool("update", false, "write the test vectors instead of comparing them")

// vectors are masks that a sampler in another language must draw as well.
// doc/pattern-format.md describes them.
type vectors struct {
	Keys  []keyVector  `json:"keys"`
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
	Pattern map[string]any `json:"pattern"`
	Kind    string         `json:"kind"`
	Site    string         `json:"site"`
	Shape   []int          `json:"shape"`
	Seed    uint64         `json:"seed"`
	Step    uint64         `json:"step"`
	Example uint64         `json:"example"`
	Factor  float32        `json:"factor"`
	Keep    string         `json:"keep"`
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

const siteName = "block1.layer.0.bn1"

// draw fills a vector with the mask that the package dropout draws.
func draw(t *testing.T, file string, site dropout.Site, v maskVector) maskVector {
	t.Helper()
	pattern, err := dropout.ParsePattern([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	policy, err := pattern.Policy([]dropout.Site{site})
	if err != nil {
		t.Fatal(err)
	}
	elements := 1
	for _, n := range v.Shape {
		elements *= n
	}
	keep := make([]uint32, (elements+31)/32)
	v.Site, v.Kind = site.Name, site.Kind.String()
	v.Factor = policy.Mask(site.Name, v.Shape, dropout.Stream{Seed: v.Seed, Step: v.Step, Example: v.Example})(keep)
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

func drawAll(t *testing.T) vectors {
	t.Helper()
	var all vectors
	for _, k := range []keyVector{{Site: "a"}, {Seed: 1, Step: 2, Site: siteName}, {Seed: 1<<64 - 1, Step: 1 << 40, Site: "layers.3.attention.probability"}} {
		k.Key = seed.Derive(seed.Derive(k.Seed, "dropout"), k.Site, k.Step)
		all.Keys = append(all.Keys, k)
	}
	for i, c := range convCases {
		members := c.block + `, "residual": false`
		site := dropout.Site{Name: siteName, Kind: dropout.Norm, Stages: 1, Blocks: 1}
		v := maskVector{Pattern: object(t, members), Shape: c.shape, Seed: 3, Step: uint64(i), Example: 3 * uint64(i)}
		all.Masks = append(all.Masks, draw(t, fmt.Sprintf(`{"version": 1, "kind": "convnet", "stages": [[{%s}]]}`, members), site, v))
	}
	kinds := map[string]dropout.Kind{}
	for _, k := range []dropout.Kind{dropout.Query, dropout.Key, dropout.Value, dropout.Probability, dropout.Projection, dropout.Inner, dropout.Output} {
		kinds[k.String()] = k
	}
	for i, c := range sequenceCases {
		var places []string
		for kind := range kinds {
			members := `"size": 1, "stride": 0, "share_t": false, "share_c": false, "drop": 0`
			if kind == c.kind {
				members = c.place
			}
			places = append(places, fmt.Sprintf("%q: {%s}", kind, members))
		}
		site := dropout.Site{Name: "layers.0." + c.kind, Kind: kinds[c.kind], Stages: 1, Blocks: 1}
		v := maskVector{Pattern: object(t, c.place), Shape: c.shape, Seed: 1 << 63, Step: 1000 + uint64(i), Example: 1<<32 - 1}
		all.Masks = append(all.Masks, draw(t, fmt.Sprintf(`{"version": 1, "kind": "sequence", "places": {%s}}`, strings.Join(places, ", ")), site, v))
	}
	return all
}

// TestVectors holds the vectors current that other samplers are tested with.
func TestVectors(t *testing.T) {
	const path = "testdata/vectors.json"
	got, err := json.MarshalIndent(drawAll(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("masks have changed: patterns mean something else than doc/pattern-format.md says, or, if that was intended, the format needs a new version and `go test ./patterns -update` new vectors")
	}
}
