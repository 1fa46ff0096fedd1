package dropout

import (
	"reflect"
	"testing"
)

// distinct reports descriptions that two policies have in common.
func distinct(t *testing.T, policies ...Policy) {
	t.Helper()
	seen := map[string]int{}
	for i, p := range policies {
		text := p.Describe()
		if other, ok := seen[text]; ok {
			t.Errorf("policies %d and %d are both described as %q", other, i, text)
		}
		seen[text] = i
	}
}

func TestDescriptionsHoldEverySetting(t *testing.T) {
	sites, fewer := testSites(2, 2), testSites(2, 1)
	made := func(p Policy, err error) Policy { t.Helper(); return must(t, p, err) }
	d := func(p float64, at []Site) Policy { d, err := NewDropout(p, at); return made(d, err) }
	s := func(p float64, at []Site) Policy { d, err := NewSpatialDropout(p, at); return made(d, err) }
	b := func(size int, keep float64, at []Site) Policy {
		d, err := NewDropBlock(size, keep, at)
		return made(d, err)
	}
	k := func(keep float64, at []Site) Policy { d, err := NewStochasticDepth(keep, at); return made(d, err) }
	distinct(t, d(0.1, sites), d(0.2, sites), d(0.1, fewer), s(0.1, sites), s(0.2, sites), s(0.1, fewer),
		b(3, 0.8, sites), b(5, 0.8, sites), b(3, 0.7, sites), b(3, 0.8, fewer), k(0.8, sites), k(0.7, sites), k(0.8, fewer),
		Combine(d(0.1, sites), b(3, 0.8, sites)), Combine(b(3, 0.8, sites), d(0.1, sites)))

	same := BlockPattern{Size: 0.5, Stride: 0.5, Repeat: 3}
	patterns := []Policy{}
	for i := -1; i < reflect.TypeFor[BlockPattern]().NumField(); i++ {
		p := same
		if i >= 0 {
			change(t, reflect.ValueOf(&p).Elem().Field(i))
		}
		policy, err := uniformPattern(p, 2, 2).Policy(sites)
		patterns = append(patterns, made(policy, err))
	}
	distinct(t, append(patterns, Ramp(patterns[0]))...)

	words := sequenceSites(2)
	var sequences []Policy
	for i := range reflect.TypeFor[SequenceRates]().NumField() {
		rates := SequenceRates{Attention: 0.1, Output: 0.1}
		change(t, reflect.ValueOf(&rates).Elem().Field(i))
		policy, err := NewSequenceDropout(rates, words)
		sequences = append(sequences, made(policy, err))
	}
	for i := -1; i < reflect.TypeFor[TokenPattern]().NumField(); i++ {
		pattern := &SequencePattern{}
		for i := range pattern.Places {
			pattern.Places[i].Size = 1
		}
		pattern.Places[2] = TokenPattern{Size: 3, Stride: 1, Drop: 0.25}
		if i >= 0 {
			change(t, reflect.ValueOf(&pattern.Places[2]).Elem().Field(i))
		}
		policy, err := pattern.Policy(words)
		sequences = append(sequences, made(policy, err))
	}
	distinct(t, sequences...)
}

// change gives a field another value.
func change(t *testing.T, field reflect.Value) {
	switch field.Kind() {
	case reflect.Float64:
		field.SetFloat(0.375)
	case reflect.Int:
		field.SetInt(2) // also a place, an aspect and a schedule
	case reflect.Bool:
		field.SetBool(!field.Bool())
	default:
		t.Fatalf("a field is a %v, which this test does not know", field.Kind())
	}
}
