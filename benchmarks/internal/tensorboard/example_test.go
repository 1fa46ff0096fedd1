package tensorboard_test

import (
	"bytes"
	"fmt"
	"log"

	"autodropout/benchmarks/internal/tensorboard"
)

func Example() {
	var file bytes.Buffer
	w, err := tensorboard.NewWriter(&file, 0)
	if err != nil {
		log.Fatal(err)
	}
	for step, loss := range []float32{2.3, 1.9, 1.7} {
		if err := w.Scalar(step, "loss", loss); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(file.Len(), "bytes")
	// Output: 193 bytes
}
