package onnx_test

import (
	"testing"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/onnx"
)

// TestPage has the pieces of doc/onnx.md.
func TestPage(t *testing.T) {
	t.Chdir(t.TempDir())
	model, err := models.NewResNet(models.ResNetConfig{Depth: 18, Channels: 2, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	save := func() error {
		err := onnx.Of(model, 224, 224, 3).Save("model.onnx") // any layers.Model, for images of that size
		return err
	}
	if err := save(); err != nil {
		t.Fatal(err)
	}
	network, err := onnx.Open("model.onnx") // a layers.Model that predicts and trains
	if err != nil {
		t.Fatal(err)
	}
	if y := layers.Predict(network, autograd.New(2, 64, 64, 3)); y.Dim(0) != 2 || y.Dim(1) != 3 || network.String() != "ResNet-18 of 2 channels" {
		t.Errorf("%v gives %v for smaller pictures", network, y)
	}
}
