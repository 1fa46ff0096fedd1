// Package onnx writes networks to files of ONNX, which other runtimes serve, and reads
// such files as networks that can be trained further:
//
//	err := onnx.Of(model, 224, 224, 3).Save("model.onnx")
//	network, err := onnx.Open("model.onnx") // a layers.Model
//
// A network is written for prediction, from a recording of what it does with a batch. So
// everything built from package ops can be written, including a user's own layers and
// models. Images are (N, H, W, C) here and (N, C, H, W) in files; the axes are converted
// both ways.
//
// It reads the operations that both exporters of torch.onnx.export write for ConvNets,
// recurrent networks and Transformers.
package onnx
