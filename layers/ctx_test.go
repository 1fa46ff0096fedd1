package layers

import (
	"fmt"
	"strings"
	"testing"

	"autodropout/autograd"
)

// TestCtxWithoutTape wants to be told, by whatever layer is the first.
func TestCtxWithoutTape(t *testing.T) {
	s := NewScope(1)
	for name, layer := range map[string]Layer{
		"linear": NewLinear(s.Sub("linear"), LinearConfig{In: 3, Out: 2}),
		"conv":   NewConv2D(s.Sub("conv"), Conv2DConfig{In: 3, Out: 2, Size: 1}),
		"norm":   NewBatchNorm(s.Sub("norm"), BatchNormConfig{Channels: 3}),
	} {
		func() {
			defer func() {
				if said := fmt.Sprint(recover()); !strings.Contains(said, "there is no tape") || !strings.Contains(said, "layers.Ctx") {
					t.Errorf("%s: %s", name, said)
				}
			}()
			layer.Forward(&Ctx{}, autograd.New(2, 4, 4, 3))
		}()
	}
}

// TestLayerAddedAfterTape wants to be told about a layer that the tape does not
// know.
func TestLayerAddedAfterTape(t *testing.T) {
	s := NewScope(1)
	first := NewLinear(s.Sub("first"), LinearConfig{In: 3, Out: 2})
	c := &Ctx{Tape: autograd.NewTape(s.Params())}
	NewLinear(s.Sub("second"), LinearConfig{In: 2, Out: 2})
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, `"second.weight" was added after the tape was made`) {
			t.Error(said)
		}
	}()
	first.Forward(c, autograd.New(1, 3))
}
