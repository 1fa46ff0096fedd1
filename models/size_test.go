package models

import (
	"math"
	"strings"
	"testing"
)

// What cannot be held is an error, not a panic.
func TestTooLarge(t *testing.T) {
	for name, build := range map[string]func(n int) error{
		"WRN's width":    func(n int) error { _, err := NewWRN(WRNConfig{Depth: 10, Width: n, Classes: 1}); return err },
		"WRN's depth":    func(n int) error { _, err := NewWRN(WRNConfig{Depth: n/6*6 + 4, Width: 1, Classes: 1}); return err },
		"ResNet's width": func(n int) error { _, err := NewResNet(ResNetConfig{Depth: 18, Channels: n, Classes: 1}); return err },
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
		for _, n := range []int{1 << 40, math.MaxInt - 10} {
			if err := build(n); err == nil || !strings.Contains(err.Error(), "parameters") {
				t.Errorf("%s: %d gives error %v", name, n, err)
			}
		}
	}
}
