package models_test

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/models"
)

func ExampleNewWRN() {
	m, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	images := autograd.New(2, 32, 32, 3)
	logits := layers.Predict(m, images)
	fmt.Println(m, "has", m.Params().Len(), "parameters; logits", logits.Shape())

	_, err = models.NewWRN(models.WRNConfig{Depth: 27, Width: 10, Classes: 10})
	fmt.Println(err)
	// Output:
	// WRN-10-1 has 77850 parameters; logits [2 10]
	// a WRN has depth 10, 16, 22, 28, ... (6n+4), not 27
}
