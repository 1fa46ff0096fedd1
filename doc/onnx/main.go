// Onnx is the program of doc/onnx.md: it trains the network of a file of ONNX further, on
// photographs of other classes, and writes what came of it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/layers"
	"autodropout/onnx"
	"autodropout/optim"
	"autodropout/train"
)

type config struct {
	network, data, out string
	pixels, epochs     int
}

func main() {
	var c config
	flag.StringVar(&c.network, "network", "", "the `file` of the network to go on with")
	flag.StringVar(&c.data, "data", "", "a `folder` with train/CLASS/*.jpg and val/CLASS/*.jpg")
	flag.StringVar(&c.out, "out", "tuned.onnx", "the `file` to write")
	flag.IntVar(&c.pixels, "pixels", 224, "height and width of what the network sees")
	flag.IntVar(&c.epochs, "epochs", 5, "how often the network sees every photograph")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := tune(ctx, c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tune(ctx context.Context, c config, w io.Writer) error {
	fit, valid, err := data.LoadPhotos(c.data)
	if err != nil {
		return err
	}
	images, err := data.Resized(fit, c.pixels, c.pixels*8/7, imaging.Bilinear)
	if err != nil {
		return err
	}
	others, err := data.Resized(valid, c.pixels, c.pixels*8/7, imaging.Bilinear)
	if err != nil {
		return err
	}

	s := layers.NewScope(1)
	body, err := onnx.Body(s.Sub("body"), c.network)
	if err != nil {
		return err
	}
	for _, note := range body.Notes() {
		fmt.Fprintln(w, note+".")
	}
	if err := body.Pictures(data.Channels); err != nil {
		return err
	}
	width, err := body.Width(c.pixels, c.pixels)
	if err != nil {
		return err
	}
	head := layers.NewLinear(s.Sub("head"), layers.LinearConfig{In: width, Out: len(images.Header().Classes)})
	model := layers.NewModel(s, layers.Sequential{body, head})

	trainer, err := train.New(model, images, train.Config{Epochs: c.epochs, Batch: 16, Augment: data.Augment{Flip: true},
		Common: train.Common{Optimizer: optim.NewAdam(s.Params(), optim.AdamConfig{}), Schedule: optim.Cosine(1e-3, c.epochs*((images.Len()+15)/16))}})
	if err != nil {
		return err
	}
	if err := trainer.Run(ctx); err != nil {
		return err
	}
	result, err := trainer.Evaluate(ctx, others)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%.1f %% of %d other photographs are recognised\n", 100*result.Accuracy(), others.Len())
	return onnx.Of(model, c.pixels, c.pixels, 3).Save(c.out)
}
