package models

import (
	"math"
	"math/bits"
	"strings"
	"testing"
)

// What cannot be held is an error, not a panic.
func TestTooLarge(t *testing.T) {
	for name, build := range map[string]func(n int) error{
		"WRN's width":            func(n int) error { _, err := NewWRN(WRNConfig{Depth: 10, Width: n, Classes: 1}); return err },
		"WRN's depth":            func(n int) error { _, err := NewWRN(WRNConfig{Depth: n/6*6 + 4, Width: 1, Classes: 1}); return err },
		"WRN's classes":          func(n int) error { _, err := NewWRN(WRNConfig{Depth: 10, Width: 1, Classes: n}); return err },
		"ResNet's classes":       func(n int) error { _, err := NewResNet(ResNetConfig{Depth: 50, Classes: n}); return err },
		"EfficientNet's classes": func(n int) error { _, err := NewEfficientNet(EfficientNetConfig{Classes: n}); return err },
		"ResNet's width":         func(n int) error { _, err := NewResNet(ResNetConfig{Depth: 18, Channels: n, Classes: 1}); return err },
		"Transformer-XL's layers": func(n int) error {
			_, err := NewTransformerXL(TransformerXLConfig{Vocab: 1, Layers: n, Width: 2, Heads: 1, HeadWidth: 2, Inner: 2})
			return err
		},
		"Transformer-XL's width": func(n int) error {
			_, err := NewTransformerXL(TransformerXLConfig{Vocab: 1, Layers: 1, Width: n, Heads: 1, HeadWidth: n / 2 * 2, Inner: 2})
			return err
		},
		"Transformer's words": func(n int) error {
			_, err := NewTransformer(TransformerConfig{SourceVocab: n, TargetVocab: n, Layers: 1, Width: 2, Heads: 1, Inner: 2})
			return err
		},
		"Transformer's inner width": func(n int) error {
			_, err := NewTransformer(TransformerConfig{SourceVocab: 1, TargetVocab: 1, Layers: 1, Width: 2, Heads: 1, Inner: n})
			return err
		},
	} {
		for _, n := range []int{maxParameters, math.MaxInt - 10} {
			if err := build(n); err == nil || !strings.Contains(err.Error(), "parameters") {
				t.Errorf("%s: %d gives error %v", name, n, err)
			}
		}
	}
	if bits.UintSize == 32 {
		if _, err := NewEfficientNet(EfficientNetConfig{Version: 7, Width: 8, Classes: 10}); err == nil {
			t.Error("an EfficientNet with 4 billion parameters is not refused on 32 bits")
		}
		if _, err := NewResNet(ResNetConfig{Depth: 101, Channels: 256, Classes: 10}); err == nil {
			t.Error("a ResNet with 680 million parameters is not refused on 32 bits")
		}
	}
}
