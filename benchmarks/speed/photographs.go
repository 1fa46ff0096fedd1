package main

import (
	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/models"
)

// photographModel is a network for photographs of a thousand classes, or for small
// images of ten.
type photographModel struct {
	name    string
	size    int // of the images, in pixels
	classes int
	usual   int // images in a batch
	model   func() (layers.Model, error)
	convs   func(size int) (shapes []convShape, features int)
}

const photographClasses = 1000

// photographModels returns the networks of the published ImageNet experiments,
// ResNet-50 for the smaller images of their first epochs too, and a small one.
func photographModels() []photographModel {
	resNet := func() (layers.Model, error) {
		return models.NewResNet(models.ResNetConfig{Depth: 50, Classes: photographClasses})
	}
	efficientNet := func() (layers.Model, error) {
		return models.NewEfficientNet(models.EfficientNetConfig{Classes: photographClasses})
	}
	return []photographModel{
		{"resnet50-224", 224, photographClasses, 8, resNet, resNet50Convs},
		{"resnet50-160", 160, photographClasses, 8, resNet, resNet50Convs},
		{"efficientnet-b0-224", 224, photographClasses, 8, efficientNet, efficientNetB0Convs},
		{"cnn-64", 64, photographClasses, 8, newSmallNet, smallNetConvs},
		{"fastnet", 32, 10, 1000, fastNet(models.FastNetConfig{}), fastNetConvs(2, [3]int{64, 256, 256})},
		{"fastnet-96", 32, 10, 1000, fastNet(models.FastNetConfig{Widths: [3]int{128, 384, 512}, Residual: true}), fastNetConvs(3, [3]int{128, 384, 512})},
	}
}

func (m photographModel) String() string { return m.name }

func (m photographModel) batch() int { return m.usual }

func (m photographModel) items() (int, string) { return 1, "images" }

// flops counts as for the Wide ResNets.
func (m photographModel) flops(batch int) float64 {
	shapes, features := m.convs(m.size)
	total := 2 * float64(features*m.classes)
	for _, s := range shapes {
		total += s.flops()
	}
	return 3 * float64(batch) * total
}

func (m photographModel) step(batch int) (kernel, []*autograd.Tape, error) {
	model, err := m.model()
	if err != nil {
		return nil, nil, err
	}
	k, tapes := imageStep(model, m.size, m.classes, batch)
	return k, tapes, nil
}

// fastNet returns how a network of that kind is made, with a first layer from noise.
func fastNet(config models.FastNetConfig) func() (layers.Model, error) {
	return func() (layers.Model, error) {
		config.Classes = 10
		m, err := models.NewFastNet(config)
		if err != nil {
			return nil, err
		}
		return m, m.Whiten(autograd.FromSlice(uniform(100*8*8*3), 100, 8, 8, 3))
	}
}

// fastNetConvs does what resNet50Convs does for blocks of so many convolutions and channels.
func fastNetConvs(convs int, widths [3]int) func(size int) (shapes []convShape, features int) {
	return func(size int) (shapes []convShape, features int) {
		size, features = size-1, 24
		shapes = append(shapes, convShape{Size: size, In: 3, Out: features, Kernel: 2, Stride: 1})
		for _, out := range widths {
			shapes = append(shapes, convShape{Size: size, In: features, Out: out, Kernel: 3, Stride: 1})
			size, features = size/2, out
			for range convs - 1 {
				shapes = append(shapes, convShape{Size: size, In: out, Out: out, Kernel: 3, Stride: 1})
			}
		}
		return shapes, features
	}
}

// resNet50Convs returns the convolutions for images of that size, and the number
// of features behind them.
func resNet50Convs(size int) (shapes []convShape, features int) {
	in := 64
	shapes = append(shapes, convShape{Size: size, In: 3, Out: in, Kernel: 7, Stride: 2})
	size /= 4 // the pooling halves it too
	for stage, blocks := range []int{3, 4, 6, 3} {
		width, stride := 64<<stage, 1
		if stage > 0 {
			stride = 2
		}
		for block := range blocks {
			if block == 0 {
				shapes = append(shapes, convShape{Size: size, In: in, Out: 4 * width, Kernel: 1, Stride: stride})
			}
			shapes = append(shapes,
				convShape{Size: size, In: in, Out: width, Kernel: 1, Stride: 1},
				convShape{Size: size, In: width, Out: width, Kernel: 3, Stride: stride},
				convShape{Size: size / stride, In: width, Out: 4 * width, Kernel: 1, Stride: 1})
			size, in, stride = size/stride, 4*width, 1
		}
	}
	return shapes, in
}

// efficientNetB0Convs does the same for EfficientNet-B0. The gates' products are
// convolutions of one pixel.
func efficientNetB0Convs(size int) (shapes []convShape, features int) {
	in := 32
	shapes = append(shapes, convShape{Size: size, In: 3, Out: in, Kernel: 3, Stride: 2})
	size /= 2
	for _, stage := range [][5]int{ // widening, output, blocks, kernel, stride
		{1, 16, 1, 3, 1}, {6, 24, 2, 3, 2}, {6, 40, 2, 5, 2}, {6, 80, 3, 3, 2}, {6, 112, 3, 5, 1}, {6, 192, 4, 5, 2}, {6, 320, 1, 3, 1},
	} {
		out, stride := stage[1], stage[4]
		for range stage[2] {
			hidden := in * stage[0]
			if hidden != in {
				shapes = append(shapes, convShape{Size: size, In: in, Out: hidden, Kernel: 1, Stride: 1})
			}
			shapes = append(shapes,
				convShape{Size: size, In: hidden, Out: hidden, Kernel: stage[3], Stride: stride, Groups: hidden},
				convShape{Size: 1, In: hidden, Out: in / 4, Kernel: 1, Stride: 1},
				convShape{Size: 1, In: in / 4, Out: hidden, Kernel: 1, Stride: 1},
				convShape{Size: size / stride, In: hidden, Out: out, Kernel: 1, Stride: 1})
			size, in, stride = size/stride, out, 1
		}
	}
	features = 1280
	return append(shapes, convShape{Size: size, In: in, Out: features, Kernel: 1, Stride: 1}), features
}
