// Package onnx writes networks to files of ONNX, which other runtimes serve, and reads
// such files as networks that can be trained further:
//
//	err := onnx.Of(model, 224, 224, 3).Save("model.onnx")
//	network, err := onnx.Open("model.onnx") // a layers.Model
//
// A network is written as it predicts, from what it does with a batch: whatever is built
// of package ops can be, layers and models of one's own as well. Images are (N, H, W, C)
// here and (N, C, H, W) in files; both ways the axes are put in order.
//
// What is read are the operations that torch.onnx.export writes, of both its exporters,
// for networks of convolutions, for recurrent ones and for Transformers.
package onnx
