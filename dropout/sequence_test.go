package dropout

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/sizedtest"
	"autodropout/simd"
)

// sequenceSites returns the sites of a Transformer, named like "0.query".
func sequenceSites(layers int) []Site {
	sites := []Site{{Name: "words", Kind: Words}, {Name: "input", Kind: Input}, {Name: "final", Kind: Final}}
	for b := range layers {
		for _, kind := range places[:inLayers] {
			sites = append(sites, Site{Name: fmt.Sprintf("%d.%v", b, kind), Kind: kind, Stages: 1, Block: b, Blocks: layers})
		}
	}
	return sites
}

// everywhere returns the pattern that is b at all places.
func everywhere(b TokenPattern) *SequencePattern {
	p := &SequencePattern{}
	for i := range p.Places {
		p.Places[i] = b
	}
	return p
}

func sequencePolicy(t testing.TB, b TokenPattern) *SequencePolicy {
	t.Helper()
	p, err := everywhere(b).Policy(sequenceSites(2))
	return must(t, p, err).(*SequencePolicy)
}

// naiveToken says whether an element is kept, in the words of the method. The
// noise of a tensor is that of the package: see tokenMask.
func naiveToken(b TokenPattern, keys bool, rows, tokens, channels int, ctr [4]uint32, key [2]uint32) []bool {
	phase := 0
	if b.Stride > 0 {
		c := ctr
		c[1] = 1
		phase = int(uint64(simd.Philox(c, key)[0]) * uint64(b.Size+b.Stride) >> 32)
	}
	streams := map[int][]uint32{}
	noise := func(stream, n, i int) bool { // bit i of n in the stream-th block of noise
		bits := streams[stream]
		if bits == nil {
			bits = make([]uint32, (n+31)/32)
			c := ctr
			c[0] += uint32(4 * len(bits) * stream)
			simd.BernoulliBits(bits, n, uint16(math.Round(b.Drop*65536)), key, c)
			streams[stream] = bits
		}
		return bits[i/32]>>(i%32)&1 == 1
	}
	blocks := 0 // that begin before the last key
	for lo := -phase; lo < tokens; lo += b.Size + b.Stride {
		blocks++
	}
	kept := make([]bool, tokens*channels)
	for t := range tokens {
		for c := range channels {
			at, element := t*channels+c, t*channels+c
			if keys {
				at, element = c*tokens+t, c*tokens+t
			}
			block := (t + phase) / (b.Size + b.Stride)
			switch {
			case (t+phase)%(b.Size+b.Stride) >= b.Size:
				kept[at] = true
			case b.ShareC && b.ShareT:
				kept[at] = noise(0, tokens, block)
			case b.ShareC:
				kept[at] = noise(0, tokens, t)
			case b.ShareT && b.Size > 1 && keys:
				kept[at] = noise(0, channels*blocks, c*blocks+block)
			case b.ShareT && b.Size > 1:
				kept[at] = noise(block, channels, c)
			default:
				kept[at] = noise(0, tokens*channels, element)
			}
		}
	}
	return kept
}

func TestTokenMaskMatchesDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	shapes := [][2]int{{7, 5}, {12, 32}, {33, 3}, {1, 40}, {16, 64}, {9, 38}, {64, 1}, {9, 1300}, {3, 2100}}
	for trial := range 400 {
		tokens, channels := shapes[trial%len(shapes)][0], shapes[trial%len(shapes)][1]
		b := TokenPattern{
			Size: []int{1, 2, 3, 8, maxTokens}[rng.IntN(5)], Stride: []int{0, 1, 2, 5, 40}[rng.IntN(5)],
			ShareT: rng.IntN(2) == 0, ShareC: rng.IntN(2) == 0, Drop: 0.5,
		}
		s := Stream{Seed: rng.Uint64(), Step: uint64(trial), Example: rng.Uint64N(100)}
		policy := sequencePolicy(t, b)
		const n = 3
		for _, site := range []string{"0.inner", "1.probability"} {
			shape, keys := []int{n, tokens, channels}, false
			if site == "1.probability" {
				shape, keys = []int{n, 1, channels, tokens}, true
			}
			got := kept(policy, site, s, shape...)
			var want []bool
			for i := range n {
				want = append(want, naiveToken(b, keys, channels, tokens, channels, counter(s.Example+uint64(i)), streamKey(site, s))...)
			}
			if !slices.Contains(want, true) {
				continue // an empty mask is not applied
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v of %d tokens and %d channels at %s differs from its definition", b, tokens, channels, site)
			}
		}
	}
}

// The policies of a Transformer, one of each kind.
func sequencePolicies(t testing.TB) map[string]Policy {
	policies := map[string]Policy{}
	for _, shareT := range []bool{false, true} {
		for _, shareC := range []bool{false, true} {
			for _, stride := range []int{0, 3} {
				b := TokenPattern{Size: 4, Stride: stride, ShareT: shareT, ShareC: shareC, Drop: 0.4}
				policies[b.String()] = sequencePolicy(t, b)
			}
		}
	}
	rates := SequenceRates{Input: 0.3, Attention: 0.3, Probability: 0.3, Inner: 0.3, Output: 0.3, Final: 0.3}
	locked, err := NewSequenceDropout(rates, sequenceSites(2))
	policies["locked"] = must(t, locked, err)
	rates.Plain = true
	plain, err := NewSequenceDropout(rates, sequenceSites(2))
	policies["plain"] = must(t, plain, err)
	return policies
}

func TestSequenceMaskDependsOnExampleOnly(t *testing.T) {
	for name, policy := range sequencePolicies(t) {
		for site, shape := range map[string][]int{
			"0.query": {11, 38}, "1.output": {8, 64}, "0.value": {5, 3}, "0.probability": {2, 5, 7}, "1.probability": {3, 4, 32},
		} {
			s := Stream{Seed: 5, Step: 9, Example: 1000}
			size := 1
			for _, extent := range shape {
				size *= extent
			}
			const n = 37
			want := kept(policy, site, s, append([]int{n}, shape...)...)
			for what, other := range map[string]Stream{
				"seed": {Seed: 6, Step: 9, Example: 1000}, "step": {Seed: 5, Step: 10, Example: 1000}, "example": {Seed: 5, Step: 9, Example: 2000},
			} {
				if slices.Equal(kept(policy, site, other, append([]int{n}, shape...)...), want) {
					t.Errorf("%s at %s: another %s gives the same mask", name, site, what)
				}
			}
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
			for _, procs := range []int{1, 2, 8} {
				runtime.GOMAXPROCS(procs)
				var parts []bool
				for _, count := range []int{1, 20, 0, 3, 13} {
					part := s
					part.Example += uint64(len(parts) / size)
					parts = append(parts, kept(policy, site, part, append([]int{count}, shape...)...)...)
				}
				if !slices.Equal(parts, want) {
					t.Errorf("%s at %s, GOMAXPROCS %d: split batches give another mask than the whole one", name, site, procs)
				}
			}
		}
	}
}

// Every token and every channel is as likely to be dropped as any other, with
// probability Drop·Size/(Size+Stride), and the factor makes the mean 1.
func TestTokenMaskFrequency(t *testing.T) {
	const n, tokens, channels = 3000, 9, 5
	for name, policy := range sequencePolicies(t) {
		for site, shape := range map[string][]int{"0.key": {n, tokens, channels}, "0.probability": {n, 1, channels, tokens}} {
			y := apply(policy, site, Stream{}, shape...)
			want := 0.4
			if strings.Contains(name, "stride 3") {
				want *= 4. / 7
			}
			if name == "locked" || name == "plain" {
				want = 0.3
			} else if m := mean(y); math.Abs(m-1) > 1e-5 {
				t.Errorf("%s at %s: the mean of the rescaled mask is %g", name, site, m)
			}
			for cell := range tokens * channels {
				dropped := 0
				for i := cell; i < len(y); i += tokens * channels {
					if y[i] == 0 {
						dropped++
					}
				}
				near(t, fmt.Sprintf("%s at %s: share of drops at %d", name, site, cell), float64(dropped)/n, want, n)
			}
		}
	}
}

// A block as long as the sequence, shared along time, is variational dropout; a
// block of one token with nothing shared is plain dropout: the same bits, and a
// factor that is the realised share instead of the expected one.
func TestPatternsGeneraliseDropout(t *testing.T) {
	shapes := map[string][]int{"0.query": {40, 30, 38}, "1.inner": {40, 30, 64}}
	rates := SequenceRates{Attention: 0.3, Inner: 0.3, Probability: 0.3}
	locked, err := NewSequenceDropout(rates, sequenceSites(2))
	locked = must(t, locked, err)
	rates.Plain = true
	plain, err := NewSequenceDropout(rates, sequenceSites(2))
	plain = must(t, plain, err)
	for _, size := range []int{30, 64, maxTokens} {
		pattern := sequencePolicy(t, TokenPattern{Size: size, ShareT: true, Drop: 0.3})
		for site, shape := range shapes {
			got := kept(pattern, site, Stream{Step: 1}, shape...)
			if !slices.Equal(got, kept(locked, site, Stream{Step: 1}, shape...)) {
				t.Errorf("size %d, share_t at %s is not locked dropout", size, site)
			}
			tokens, channels := shape[1], shape[2]
			for i, k := range got {
				if first := i/(tokens*channels)*tokens*channels + i%channels; k != got[first] {
					t.Fatalf("size %d, share_t at %s changes along time at element %d", size, site, i)
				}
			}
		}
	}
	shapes["0.probability"] = []int{40, 2, 9, 11}
	for _, b := range []TokenPattern{{Size: 1, Drop: 0.3}, {Size: 8, Drop: 0.3}, {Size: 1, ShareT: true, Drop: 0.3}} {
		pattern := sequencePolicy(t, b)
		for site, shape := range shapes {
			if !slices.Equal(kept(pattern, site, Stream{Step: 1}, shape...), kept(plain, site, Stream{Step: 1}, shape...)) {
				t.Errorf("%v at %s is not plain dropout", b, site)
			}
		}
	}
	if site := "0.probability"; !slices.Equal(kept(locked, site, Stream{}, 2, 3, 4, 5), kept(plain, site, Stream{}, 2, 3, 4, 5)) {
		t.Error("attention probabilities are not dropped one by one")
	}
	y := apply(locked, "0.query", Stream{}, 4, 3, 8)
	p := math.Round(0.3*65536) / 65536
	for _, v := range y {
		if v != 0 && v != float32(1/(1-p)) {
			t.Fatalf("locked dropout gives %g", v)
		}
	}
}

// Without stride the pattern begins with the first token, whatever the example.
func TestNoStrideNoPhase(t *testing.T) {
	policy := sequencePolicy(t, TokenPattern{Size: 3, ShareT: true, Drop: 0.5})
	const n, tokens, channels = 8, 10, 16
	got := kept(policy, "0.key", Stream{}, n, tokens, channels)
	row := func(i, t int) []bool { return got[(i*tokens+t)*channels : (i*tokens+t+1)*channels] }
	for i := range n {
		for tok := 1; tok < tokens; tok++ {
			if same := slices.Equal(row(i, tok), row(i, tok-1)); same != (tok%3 != 0) {
				t.Errorf("example %d: token %d equals the one before it: %v", i, tok, same)
			}
		}
	}
}

// Dropped words are the same for all shards of a batch and widths of the table.
func TestWordDropout(t *testing.T) {
	const words, p = 10007, 0.2
	d, err := NewSequenceDropout(SequenceRates{Words: p}, sequenceSites(1))
	d = must(t, d, err)
	rows := kept(d, "words", Stream{Step: 3}, words, 1)
	dropped := 0
	for _, c := range []int{3, 32} {
		got := kept(d, "words", Stream{Step: 3, Example: 40}, words, c)
		for i, k := range got {
			if k != rows[i/c] {
				t.Fatalf("element %d of a table of %d columns is kept: %v", i, c, k)
			}
		}
	}
	for _, k := range rows {
		if !k {
			dropped++
		}
	}
	near(t, "share of words dropped", float64(dropped)/words, p, words)
	if slices.Equal(rows, kept(d, "words", Stream{Step: 4}, words, 1)) {
		t.Error("the next step drops the same words")
	}
}

func TestSequenceDropoutSites(t *testing.T) {
	for name, c := range map[string]struct {
		rates SequenceRates
		want  string
	}{
		"words":       {SequenceRates{Words: 0.1}, "words"},
		"input":       {SequenceRates{Input: 0.1}, "input"},
		"attention":   {SequenceRates{Attention: 0.1}, "query key value projection"},
		"projection":  {SequenceRates{Projection: 0.1}, "projection"},
		"probability": {SequenceRates{Probability: 0.1}, "probability"},
		"inner":       {SequenceRates{Inner: 0.1}, "inner"},
		"output":      {SequenceRates{Output: 0.1}, "output"},
		"final":       {SequenceRates{Final: 0.1}, "final"},
		"none":        {SequenceRates{}, ""},
	} {
		d, err := NewSequenceDropout(c.rates, sequenceSites(1))
		d = must(t, d, err)
		var at []string
		for _, site := range sequenceSites(1) {
			shape := []int{2, 3, 4}
			switch site.Kind {
			case Words:
				shape = shape[:2]
			case Probability:
				shape = append(shape, 5)
			}
			if acts(d, site.Name, Stream{}, shape...) {
				at = append(at, strings.TrimPrefix(site.Name, "0."))
			}
		}
		if got := strings.Join(at, " "); got != c.want {
			t.Errorf("%s acts at %s", name, got)
		}
	}
	for _, p := range []float64{-0.1, 1, math.NaN()} {
		if _, err := NewSequenceDropout(SequenceRates{Final: p}, sequenceSites(1)); err == nil {
			t.Errorf("the rate %g was taken", p)
		}
	}
	if _, err := NewSequenceDropout(SequenceRates{Inner: 0.1}, testSites(1)); err == nil || !strings.Contains(err.Error(), "no inner dropout sites") {
		t.Errorf("a ConvNet was taken: %v", err)
	}
}

func TestCombine(t *testing.T) {
	pattern := &SequencePattern{}
	for i := range pattern.Places {
		pattern.Places[i] = TokenPattern{Size: 1}
	}
	pattern.Places[0].Drop = 0.5
	first, err1 := pattern.Policy(sequenceSites(1))
	second, err2 := NewSequenceDropout(SequenceRates{Attention: 0.1, Input: 0.3}, sequenceSites(1))
	both := Combine(must(t, first, err1), must(t, second, err2))
	for site, want := range map[string]Policy{"0.query": first, "0.key": second, "input": second} {
		if !slices.Equal(kept(both, site, Stream{}, 8, 9, 10), kept(want, site, Stream{}, 8, 9, 10)) {
			t.Errorf("at %s another policy acts than %T", site, want)
		}
	}
	if acts(both, "final", Stream{}, 8, 9, 10) {
		t.Error("it acts where none of its parts does")
	}
}

// TestNoPolicy: a nil policy stands for no dropout, alone and beside others.
func TestNoPolicy(t *testing.T) {
	policy := sequencePolicy(t, TokenPattern{Size: 1, Drop: 0.5})
	both := Combine(nil, policy, nil)
	if !slices.Equal(kept(both, "0.query", Stream{}, 8, 9, 10), kept(policy, "0.query", Stream{}, 8, 9, 10)) || both.Describe() != policy.Describe() {
		t.Errorf("beside no policy there is %q, want %q", both.Describe(), policy.Describe())
	}
	if none := Combine(nil); none.Mask("0.query", []int{8, 9, 10}, Stream{}) != nil {
		t.Error("no policy acts")
	}
	if Ramp(nil) != nil {
		t.Error("a ramp of no policy is one")
	}
}

func TestSequenceShapeErrors(t *testing.T) {
	policy := sequencePolicy(t, TokenPattern{Size: 1, Drop: 0.5})
	words, err := NewSequenceDropout(SequenceRates{Words: 0.5}, sequenceSites(1))
	for _, c := range []struct {
		policy Policy
		site   string
		shape  []int
	}{{policy, "0.query", []int{2, 3}}, {policy, "0.probability", []int{2, 3, 4}}, {must(t, words, err), "words", []int{2, 3, 4}}} {
		func() {
			defer func() {
				if _, ok := recover().(*autograd.ShapeError); !ok {
					t.Errorf("%v at %s did not panic with a ShapeError", c.shape, c.site)
				}
			}()
			c.policy.Mask(c.site, c.shape, Stream{})
		}()
	}
}

const goodSequence = `{
  "version": 1,
  "kind": "sequence",
  "origin": {"task":"ptb","reward":1.25},
  "places": {
    "query": {"size": 4, "stride": 8, "share_t": true, "share_c": false, "drop": 0.2},
    "key": {"size": 1, "stride": 0, "share_t": false, "share_c": false, "drop": 0},
    "value": {"size": 4096, "stride": 0, "share_t": true, "share_c": false, "drop": 0.15},
    "probability": {"size": 2, "stride": 1, "share_t": false, "share_c": true, "drop": 0.7},
    "projection": {"size": 3, "stride": 0, "share_t": true, "share_c": true, "drop": 0.1},
    "inner": {"size": 1, "stride": 0, "share_t": false, "share_c": false, "drop": 0.5},
    "output": {"size": 64, "stride": 64, "share_t": false, "share_c": false, "drop": 0.3}
  }
}
`

func TestSequenceFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.json")
	if err := os.WriteFile(path, []byte(goodSequence), 0o644); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadPattern(path)
	p := must(t, loaded, err).(*SequencePattern)
	if p.Origin != (Origin{Task: "ptb", Reward: 1.25}) || p.Places[0] != (TokenPattern{Size: 4, Stride: 8, ShareT: true, Drop: 0.2}) ||
		p.Places[3] != (TokenPattern{Size: 2, Stride: 1, ShareC: true, Drop: 0.7}) || p.Places[6].Size != 64 {
		t.Errorf("LoadPattern = %+v", p)
	}
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != goodSequence {
		t.Errorf("saved %s (%v), want what was loaded", data, err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"places"`, `"stages"`, "stages is not a known field"},
		{`"inner"`, `"middle"`, "places.middle is not a known field"},
		{`"size": 64`, `"size": 0`, "places.output.size must be a whole number from 1 to 4096, not 0"},
		{`"size": 64`, `"size": 1.5`, "places.output.size must be a whole number"},
		{`"stride": 8`, `"stride": -1`, "places.query.stride must be a whole number from 0 to 4096, not -1"},
		{`"drop": 0.7`, `"drop": 1`, "places.probability.drop must be a number from 0 to 0.95, not 1"},
		{`"share_t": true`, `"share_t": 1`, "places.query.share_t must be true or false, not 1"},
		{`, "drop": 0.5`, ``, "places.inner.drop is missing"},
		{`"version": 1`, `"version": 3`, "version is 3, and this program reads versions 1 to 2"},
	} {
		text := strings.Replace(goodSequence, c.old, c.new, 1)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadPattern(path); err == nil || !strings.Contains(err.Error(), c.want) || text == goodSequence {
			t.Errorf("%s -> %s: %v, want %q", c.old, c.new, err, c.want)
		}
	}
	if err := new(ConvPattern).UnmarshalJSON([]byte(goodSequence)); err == nil || !strings.Contains(err.Error(), `this kind of pattern has kind "convnet"`) {
		t.Errorf("a ConvNet pattern from a sequence file: %v", err)
	}
	p.Origin.Reward = math.NaN()
	if err := p.Save(path); err == nil {
		t.Error("a reward that is no number was saved")
	}
}

func TestFuzzCorpusUnderALimit(t *testing.T) { sizedtest.Corpus(t) }

func FuzzUnmarshalSequence(f *testing.F) {
	f.Add([]byte(goodSequence))
	f.Add([]byte(`{"version": 1, "kind": "sequence", "places": {}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		sizedtest.Within(t, data, func() {
			p := new(SequencePattern)
			if p.UnmarshalJSON(data) != nil {
				return
			}
			again, err := p.MarshalJSON()
			if err != nil {
				t.Fatalf("%s was read but cannot be written: %v", data, err)
			}
			q := new(SequencePattern)
			if err := q.UnmarshalJSON(again); err != nil || !reflect.DeepEqual(p, q) {
				t.Fatalf("%s was written as %s (%v)", data, again, err)
			}
		})
	})
}

func TestSequenceSpace(t *testing.T) {
	space := SequenceSpace()
	if space.Decisions() != 35 || space.Choice(5).Name != "size" || space.Choice(9).Name != "drop" {
		t.Errorf("the space is %v", space)
	}
	tokens := make([]int, 35)
	copy(tokens[5:], []int{7, 0, 1, 0, 3})
	p, err := DecodeSequence(space, tokens)
	p = must(t, p, err)
	if p.Places[0] != (TokenPattern{Size: 1}) || p.Places[1] != (TokenPattern{Size: maxTokens, ShareT: true, Drop: 0.3}) {
		t.Errorf("decoded %+v", p)
	}
	if back, err := EncodeSequence(space, p); err != nil || !slices.Equal(back, tokens) {
		t.Errorf("EncodeSequence = %v, %v, want %v", back, err, tokens)
	}
	odd := *p
	odd.Places[1].Drop = 0.15
	if _, err := EncodeSequence(space, &odd); err == nil || !strings.Contains(err.Error(), "places.key.drop is 0.15, which is not on the grid") {
		t.Errorf("EncodeSequence of a value off the grid: %v", err)
	}
	if _, err := EncodeSequence(ConvSpace([]int{7}), p); err == nil {
		t.Error("EncodeSequence took a space of ConvNets")
	}
	if policy, err := p.Policy(sequenceSites(1)); err != nil || acts(policy, "0.query", Stream{}, 1, 2, 3) || !acts(policy, "0.key", Stream{}, 1, 2, 3) {
		t.Errorf("the policy acts elsewhere (%v)", err)
	}
	for _, f := range sequenceFields {
		for _, v := range append(slices.Clone(f.paper), f.wide...) {
			if err := f.check(v); err != nil {
				t.Errorf("%s: the grid has %g: %v", f.name, v, err)
			}
		}
	}
	if _, err := DecodeSequence(ConvSpace([]int{7}), tokens); err == nil {
		t.Error("DecodeSequence took a space of ConvNets")
	}
	if _, err := DecodeSequence(space, tokens[1:]); err == nil {
		t.Error("DecodeSequence took too few tokens")
	}
	if _, err := DecodeConv(space, tokens); err == nil {
		t.Error("DecodeConv took a space of sequences")
	}
}

func TestSequencePatternPolicyRefuses(t *testing.T) {
	good := everywhere(TokenPattern{Size: 1, Drop: 0.1})
	for _, c := range []struct {
		pattern *SequencePattern
		sites   []Site
		want    string
	}{
		{&SequencePattern{}, sequenceSites(1), "places.query.size must be a whole number from 1 to 4096, not 0"},
		{everywhere(TokenPattern{Size: 1, Drop: math.NaN()}), sequenceSites(1), "places.query.drop must be a number"},
		{good, testSites(1), "no query dropout sites"},
	} {
		if p, err := c.pattern.Policy(c.sites); err == nil || !strings.Contains(err.Error(), c.want) || p != nil {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestSequenceImage(t *testing.T) {
	p := everywhere(TokenPattern{Size: 1, Drop: 0})
	p.Places[1] = TokenPattern{Size: 2, Stride: 2, ShareT: true, ShareC: true, Drop: 0.95}
	const tokens, channels, scale, columns = 12, 5, 3, 4
	img := p.Image(tokens, channels, scale, columns, Stream{Seed: 1})
	if got := img.Bounds().Size(); got.X != columns*(tokens*scale+imageGap)+imageGap || got.Y != inLayers*(channels*scale+imageGap)+imageGap {
		t.Errorf("the image is %v", got)
	}
	dark := make([]int, inLayers)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if img.ColorIndexAt(x, y) == 2 {
				dark[(y-imageGap)/(channels*scale+imageGap)]++
			}
		}
	}
	for row, n := range dark {
		if row == 1 && (n%(scale*scale*channels) != 0 || n < tokens*channels*scale*scale) || row != 1 && n != 0 {
			t.Errorf("row %d has %d dark pixels", row, n)
		}
	}
}

// TestPatternOfALanguageModel: a translator, which has no sites of words, takes a pattern
// that drops some, and no other place may be missing.
func TestPatternOfALanguageModel(t *testing.T) {
	pattern := everywhere(TokenPattern{Size: 1, Drop: 0.5})
	pattern.Outside = true
	sites := sequenceSites(2)[1:]
	policy, err := pattern.Policy(sites)
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range sites {
		if policy.Mask(site.Name, []int{2, 4, 4, 4}[:3+min(1, strings.Count(site.Name, "prob"))], Stream{}) == nil {
			t.Errorf("nothing is dropped at %s", site.Name)
		}
	}
	if _, err := pattern.Policy(sites[1:]); err == nil || !strings.Contains(err.Error(), "no input dropout sites") {
		t.Errorf("without input sites the error is %v", err)
	}
}
