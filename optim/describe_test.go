package optim

import (
	"reflect"
	"testing"

	"autodropout/autograd"
)

// differ changes every field of a config, one after another, and calls describe
// with each: all descriptions must be different.
func differ[C any](t *testing.T, config C, describe func(C) string) {
	t.Helper()
	seen := map[string]string{describe(config): "nothing"}
	for i := range reflect.TypeFor[C]().NumField() {
		changed, name := config, reflect.TypeFor[C]().Field(i).Name
		field := reflect.ValueOf(&changed).Elem().Field(i)
		switch field.Kind() {
		case reflect.Float32:
			field.SetFloat(0.0625)
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int:
			field.SetInt(3)
		case reflect.Struct:
			field.Set(reflect.ValueOf(SGDConfig{Momentum: 0.0625}))
		case reflect.Func:
			switch field.Interface().(type) {
			case func(p *autograd.Param) int:
				field.Set(reflect.ValueOf(func(p *autograd.Param) int { return map[string]int{"c": 2}[p.Name] }))
			case func(p *autograd.Param) bool:
				field.Set(reflect.ValueOf(func(p *autograd.Param) bool { return false }))
			default:
				field.Set(reflect.ValueOf(func(p *autograd.Param) float32 { return map[bool]float32{true: 2, false: 1}[p.Name == "c"] }))
			}
		default:
			t.Fatalf("the field %s is a %v, which this test does not know", name, field.Kind())
		}
		text := describe(changed)
		if other, ok := seen[text]; ok {
			t.Errorf("after a change of %s and of %s the description is %q", name, other, text)
		}
		seen[text] = name
	}
}

func TestDescriptionsHoldEverySetting(t *testing.T) {
	ps, _ := randomParams()
	differ(t, SGDConfig{}, func(c SGDConfig) string { return NewSGD(ps, c).Describe() })
	differ(t, AdamConfig{}, func(c AdamConfig) string { return NewAdam(ps, c).Describe() })
	differ(t, MuonConfig{}, func(c MuonConfig) string { return NewMuon(ps, c).Describe() })
	differ(t, RMSPropConfig{}, func(c RMSPropConfig) string { return NewRMSProp(ps, c).Describe() })
	if a, b := NewAdam(ps, AdamConfig{}).Describe(), NewAdam(ps, AdamConfig{Beta1: 0.9}).Describe(); a != b {
		t.Errorf("a default and its value are described as %q and %q", a, b)
	}
}
