package ops

import (
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/simd"
)

func TestChooseRoute(t *testing.T) {
	for _, test := range []struct {
		name     string
		want     convRoute
		complain string
	}{
		{"", measuredRoute, ""},
		{"direct", directRoute, ""},
		{"winograd", winogradRoute, ""},
		{"Winograd", measuredRoute, "neither direct nor winograd"},
	} {
		var message strings.Builder
		if got := chooseRoute(test.name, &message); got != test.want {
			t.Errorf("chooseRoute(%q) = %d, want %d", test.name, got, test.want)
		}
		if got := message.String(); (test.complain == "") != (got == "") || !strings.Contains(got, test.complain) {
			t.Errorf("chooseRoute(%q) says %q, want it to say %q", test.name, got, test.complain)
		}
	}
}

// The convolutions of a residual network take the fast route on every tier,
// whatever the batch, and what tiles cannot do does not.
func TestMeasuredRoute(t *testing.T) {
	ForceConvRoute(t, "")
	route := func(n, size, c, oc, k int, spec ConvSpec) *winograd {
		s := newConv("ops.Conv2D", autograd.New(n, size, size, c), autograd.New(k, k, c/max(1, spec.Groups), oc), spec)
		return s.winograd()
	}
	pad := ConvSpec{Pad: 1}
	for _, n := range []int{1, 64} {
		if w := route(n, 32, 32, 32, 3, pad); w == nil || w.tile != 4 {
			t.Errorf("%d images of 32x32x32 give %+v, want tiles of 4x4", n, w)
		}
	}
	tile := 4 // and then 2
	if simd.Active() == simd.NEON {
		tile = 2
	}
	if w := route(1, 6, 32, 32, 3, pad); w == nil || w.tile != tile || w.down.last.tile != 2 || w.across.last.tile != 2 {
		t.Errorf("images of 6x6 give %+v, want tiles of %dx%d that end with 2x2", w, tile, tile)
	}
	if w := route(1, 32, 8, 16, 3, pad); (w != nil) != (simd.Active() != simd.Generic) {
		t.Errorf("eight channels give %+v on %s", w, simd.Active())
	}
	// Maps of few pixels are worth it with more channels, and with assembly for x86.
	small := simd.Active() == simd.AVX2 || simd.Active() == simd.AVX512
	if w := route(1, 3, 32, 32, 3, pad); (w != nil) != small || small && w.tile != 4 {
		t.Errorf("images of 3x3 give %+v on %s", w, simd.Active())
	}
	for name, w := range map[string]*winograd{
		"stride":   route(1, 8, 32, 32, 3, ConvSpec{Stride: 2}),
		"dilation": route(1, 8, 32, 32, 3, ConvSpec{Dilation: 2}),
		"groups":   route(1, 8, 32, 32, 3, ConvSpec{Groups: 2}),
		"1x1":      route(1, 8, 32, 32, 1, ConvSpec{}),
		"5x5":      route(1, 8, 32, 32, 5, ConvSpec{}),
		"colours":  route(1, 32, 3, 16, 3, pad),
		"3 pixels": route(1, 3, 16, 32, 3, pad),
		"1 pixel":  route(1, 1, 32, 32, 3, pad),
		"empty":    route(0, 8, 32, 32, 3, pad),
	} {
		if w != nil {
			t.Errorf("%s: took the route of Winograd", name)
		}
	}
	ForceConvRoute(t, "direct")
	if route(1, 32, 32, 32, 3, pad) != nil {
		t.Error("direct was not obeyed")
	}
}

// Wide convolutions with strides gather their inputs, whatever the batch.
func TestGathers(t *testing.T) {
	for _, test := range []struct {
		n, c, oc, k int
		spec        ConvSpec
		want        bool
	}{
		{1, 160, 320, 3, ConvSpec{Stride: 2, Pad: 1}, true},
		{64, 160, 320, 3, ConvSpec{Stride: 2, Pad: 1}, true},
		{1, 320, 64, 3, ConvSpec{Stride: 2, Pad: 1}, false},
		{1, 3, 320, 7, ConvSpec{Stride: 2, Pad: 3}, false},
		{1, 160, 160, 3, ConvSpec{Pad: 1}, false},
		{1, 320, 320, 3, ConvSpec{Stride: 2, Groups: 2}, false},
		{0, 160, 160, 3, ConvSpec{Stride: 2}, false},
	} {
		s := newConv("ops.Conv2D", autograd.New(test.n, 8, 8, test.c), autograd.New(test.k, test.k, test.c/max(1, test.spec.Groups), test.oc), test.spec)
		if s.gathers() != test.want {
			t.Errorf("%d images of %d channels, %d kernels of %dx%d, %+v: gathered is %v", test.n, test.c, test.oc, test.k, test.k, test.spec, !test.want)
		}
	}
}
