package models

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/golden"
	"autodropout/layers"
	"autodropout/ops"
)

// TestPublishedSizes compares the numbers of parameters for 1,000 classes with
// those of torchvision and timm.
func TestPublishedSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("makes networks of up to 45 million weights")
	}
	for depth, want := range map[int]int{18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160} {
		m, err := NewResNet(ResNetConfig{Depth: depth, Classes: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Params().Len(); got != want {
			t.Errorf("%v has %d parameters, want %d", m, got, want)
		}
	}
	// B4 to B7 were seen to have theirs too; they take seconds to draw.
	for version, want := range []int{5_288_548, 7_794_184, 9_109_994, 12_233_232} {
		m, err := NewEfficientNet(EfficientNetConfig{Version: version, Classes: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Params().Len(); got != want {
			t.Errorf("%v has %d parameters, want %d", m, got, want)
		}
	}
}

// TestPhotographsAsPyTorch compares whole networks with torchvision's and timm's:
// logits, a loss, and two products of every gradient.
func TestPhotographsAsPyTorch(t *testing.T) {
	for name, c := range map[string]struct {
		create    func() (layers.Model, error)
		gradients float64 // tolerance: the formula's weights make deep networks amplify rounding
	}{
		"resnet-18":       {resNet(18, 64), 2e-3},
		"resnet-50":       {resNet(50, 64), 1e-1},
		"efficientnet-b0": {efficientNet(0, 1), 2e-3},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "resnet-50" && testing.Short() {
				t.Skip("-short leaves out the largest network")
			}
			file := golden.Load(t, "testdata/"+name+".safetensors")
			m, err := c.create()
			if err != nil {
				t.Fatal(err)
			}
			weigh(t, m)
			images := exampleImages(4, 64)
			file.Compare("logits", layers.Predict(m, images).Data(), 2e-4)
			tape := autograd.NewTape(m.Params())
			loss := ops.CrossEntropy(m.Forward(&layers.Ctx{Tape: tape}, tape.Input(images.Data(), images.Shape()...)), []int{3, 0, 9, 4}, ops.CrossEntropySpec{})
			file.Compare("loss", loss.Data(), 2e-4)
			compareProducts(t, file.Tensor("gradients"), m.Params(), tape.Backward(loss), c.gradients)
		})
	}
}

// compareProducts compares each gradient's norm and its products with the vectors
// of testdata/photographs.py, relative to the norm. want is (parameters, 3). Some
// gradients are 0 but for rounding: those of biases before a normalisation.
func compareProducts(t *testing.T, want *autograd.Tensor, ps *autograd.Params, grads []float32, tolerance float64) {
	t.Helper()
	copy(ps.Flat(), grads) // so that State orders axes as files do
	for i, a := range layers.State(ps)[:len(ps.All())] {
		var got [3]float64
		first, second := values(nameSeed(a.Name)+1, len(a.Data)).Data(), values(nameSeed(a.Name)+2, len(a.Data)).Data()
		for j, g := range a.Data {
			got[0] += float64(g) * float64(g)
			got[1] += float64(g) * float64(first[j])
			got[2] += float64(g) * float64(second[j])
		}
		got[0] = math.Sqrt(got[0])
		w := want.Data()[i*3 : i*3+3]
		for j, v := range got {
			if d := math.Abs(v - float64(w[j])); !(d <= 1e-4+tolerance*float64(w[0])) {
				t.Errorf("gradient of %s: product %d is %v, PyTorch's %v, its norm %v", a.Name, j, v, w[j], w[0])
			}
		}
	}
}

func TestPhotographConfigs(t *testing.T) {
	for want, create := range map[string]func() (layers.Model, error){
		"18, 34, 50 or 101":  resNet(20, 64),
		"at least 1 channel": resNet(18, -1),
		"B0 to B7, no B8":    efficientNet(8, 1),
		"at most 16":         efficientNet(0, 17),
	} {
		if _, err := create(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestPhotographSites demands that every site is visited with a tensor of images,
// and that all policies for images find places to act.
func TestPhotographSites(t *testing.T) {
	for _, create := range []func() (layers.Model, error){resNet(18, 8), resNet(50, 4), efficientNet(0, 0.25)} {
		model, err := create()
		if err != nil {
			t.Fatal(err)
		}
		m := model.(interface {
			layers.Model
			Sites() []dropout.Site
			Blocks() []int
		})
		visited := visits{}
		x := exampleImages(2, 40)
		tape := autograd.NewTape(m.Params())
		m.Forward(&layers.Ctx{Tape: tape, Policy: visited}, tape.Input(x.Data(), x.Shape()...))
		for _, s := range m.Sites() {
			shape, ok := visited[s.Name]
			if !ok || shape[0] != 2 || (len(shape) != 4) != (s.Kind == dropout.Features) {
				t.Errorf("%v: site %s was visited with shape %v", m, s.Name, shape)
			}
		}
		space := dropout.ConvSpace(m.Blocks())
		pattern, err := dropout.DecodeConv(space, ones(space.Decisions()))
		if err != nil {
			t.Fatal(err)
		}
		for name, create := range map[string]func() error{
			"Dropout":          func() error { _, err := dropout.NewDropout(0.2, m.Sites()); return err },
			"SpatialDropout":   func() error { _, err := dropout.NewSpatialDropout(0.1, m.Sites()); return err },
			"DropBlock":        func() error { _, err := dropout.NewDropBlock(7, 0.9, m.Sites()); return err },
			"stochastic depth": func() error { _, err := dropout.NewStochasticDepth(0.8, m.Sites()); return err },
			"a pattern":        func() error { _, err := pattern.Policy(m.Sites()); return err },
		} {
			if err := create(); err != nil {
				t.Errorf("%v: %s: %v", m, name, err)
			}
		}
	}
}

// ones returns n ones.
func ones(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = 1
	}
	return list
}

func TestNewPhotographic(t *testing.T) {
	for name, want := range map[string]string{
		"resnet-18": "ResNet-18 of 8 channels, 224 pixels", "resnet-50": "ResNet-50 of 8 channels, 224 pixels",
		"efficientnet-b0": "EfficientNet-B0 times 0.25, 224 pixels", "efficientnet-b3": "EfficientNet-B3 times 0.25, 300 pixels",
	} {
		m, err := NewPhotographic(name, 8, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%v, %d pixels", m, m.Pixels()); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"", "resnet-19", "efficientnet-b8", "efficientnet-b"} {
		if m, err := NewPhotographic(name, 8, 3, 1); err == nil || !strings.Contains(err.Error(), "take one of resnet-18") {
			t.Errorf("%q gives %v, error %v", name, m, err)
		}
	}
}
