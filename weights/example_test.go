package weights_test

import (
	"fmt"
	"log"

	"autodropout/models"
	"autodropout/weights"
)

// A checkpoint of PyTorch becomes a network for two classes of one's own. For torchvision's
// published weights, depth and channels are the usual ones and there is no prefix to
// choose.
func ExampleLoad() {
	model, err := models.NewResNet(models.ResNetConfig{Depth: 18, Channels: 4, Classes: 2})
	if err != nil {
		log.Fatal(err)
	}
	report, err := weights.Load("testdata/resnet.pth", model.Params(), weights.Options{
		Prefix: "state_dict.module.", // the file has an average of the weights beside them
		Keep:   []string{"fc."},      // classes of our own
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Loaded, "loaded,", report.Kept, "kept")
	// Output: 100 loaded, [fc.weight fc.bias] kept
}

// What is in a file.
func ExampleRead() {
	arrays, err := weights.Read("testdata/logits.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range arrays {
		fmt.Println(a.Name, a.Shape)
	}
	// Output:
	// images [2 64 64 3]
	// logits [2 5]
}
