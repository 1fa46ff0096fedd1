package weights_test

import (
	"flag"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/internal/golden"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/weights"
)

var whole = flag.String("whole", "", "folder that testdata/whole.py has written")

// TestWholeNetworks compares logits of whole networks with those of torchvision
// and timm, from files of each kind.
func TestWholeNetworks(t *testing.T) {
	if *whole == "" {
		t.Skip("needs -whole with files of 800 MB, which are too large to commit; TestTorchCheckpoint has a narrow network")
	}
	file := golden.Load(t, filepath.Join(*whole, "logits.safetensors"))
	for _, name := range file.Names() {
		if name == "images" {
			continue
		}
		for _, ending := range []string{".pth", "-old.pth", ".safetensors"} {
			var m layers.Model
			var options weights.Options
			var err error
			if depth, isResNet := map[string]int{"resnet18": 18, "resnet50": 50}[name[strings.Index(name, "-")+1:]]; isResNet {
				m, err = models.NewResNet(models.ResNetConfig{Depth: depth, Classes: 10})
			} else {
				m, err = models.NewEfficientNet(models.EfficientNetConfig{Classes: 10})
			}
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, "torchvision-efficientnet") {
				options.Rename = models.TorchvisionEfficientNet
			}
			report, err := weights.Load(filepath.Join(*whole, name+ending), m.Params(), options)
			if err != nil {
				t.Error(err)
				continue
			}
			largest, worst := 0.0, 0.0
			got := layers.Predict(m, file.Tensor("images")).Data()
			for i, want := range file.Tensor(name).Data() {
				largest = max(largest, math.Abs(float64(want)))
				worst = max(worst, math.Abs(float64(want-got[i])))
			}
			t.Logf("%s%s: %v Logits differ by %.2g of the largest.", name, ending, report, worst/largest)
			if !(worst <= 1e-5*largest) {
				t.Errorf("%s%s: logits differ by %g, the largest is %g", name, ending, worst, largest)
			}
		}
	}
}
