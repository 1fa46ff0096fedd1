package simd

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// forEachTier runs body as a subtest on every tier this machine has.
func forEachTier(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	before := Active()
	defer setTier(before)
	for _, tier := range supportedTiers() {
		setTier(tier)
		t.Run(tier.String(), body)
	}
}

// A silent fall-back to slower code must not pass for the real thing.
func TestActiveTier(t *testing.T) {
	tiers := supportedTiers()
	want := tiers[len(tiers)-1].String()
	if name := os.Getenv("AUTODROPOUT_SIMD"); name != "" {
		want = name
	}
	if got := Active().String(); got != want {
		t.Errorf("running on tier %s, want %s", got, want)
	}
	t.Logf("running on tier %s; this machine has %v", Active(), tiers)
}

func TestChooseTier(t *testing.T) {
	amd64 := []Tier{Generic, AVX2}
	for _, test := range []struct {
		name     string
		want     Tier
		complain string
	}{
		{"", AVX2, ""},
		{"avx2", AVX2, ""},
		{"generic", Generic, ""},
		{"avx512", AVX2, "not available"},
		{"neon", AVX2, "not available"},
		{"sse", AVX2, "none of generic"},
		{"AVX2", AVX2, "none of generic"},
	} {
		var message strings.Builder
		if got := chooseTier(test.name, amd64, &message); got != test.want {
			t.Errorf("chooseTier(%q) = %s, want %s", test.name, got, test.want)
		}
		if got := message.String(); (test.complain == "") != (got == "") || !strings.Contains(got, test.complain) {
			t.Errorf("chooseTier(%q) says %q, want it to say %q", test.name, got, test.complain)
		}
	}
}

func TestSetTierOrder(t *testing.T) {
	if tiers := supportedTiers(); !slices.IsSorted(tiers) || tiers[0] != Generic {
		t.Errorf("supported tiers %v do not ascend from generic", tiers)
	}
}
