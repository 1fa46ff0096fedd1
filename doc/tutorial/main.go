// Tutorial is the program of doc/tutorial.md: it trains a ConvNet on a folder of
// images, saves it, and predicts with it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/train"
	"autodropout/weights"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, w io.Writer) error {
	flags := flag.NewFlagSet("tutorial", flag.ExitOnError)
	dir := flags.String("data", "", "folder with train/CLASS and val/CLASS")
	out := flags.String("out", "network", "folder of what is saved")
	epochs := flags.Int("epochs", 10, "times that the training sees every image")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "tutorial -data DIR trains; tutorial IMAGE... predicts")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir != "" {
		return learn(ctx, *dir, *out, *epochs, w)
	}
	return predict(ctx, *out, flags.Args(), w)
}

// small brings photographs to the form that the network sees: 64 x 64 pixels.
func small(photos data.Source) (data.Source, error) {
	const pixels = 64
	return data.Resized(photos, pixels, pixels*8/7, imaging.Bilinear)
}

// learn trains a network on a folder of images and saves it.
func learn(ctx context.Context, dir, out string, epochs int, w io.Writer) error {
	photos, held, err := data.LoadPhotos(dir)
	if err != nil {
		return err
	}
	fit, err := small(photos)
	if err != nil {
		return err
	}
	valid, err := small(held)
	if err != nil {
		return err
	}
	classes := photos.Header().Classes
	model := newNetwork(len(classes))

	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	checkpoint := filepath.Join(out, "checkpoint.safetensors")
	trainer, err := train.New(model, fit, train.Config{
		Epochs:  epochs,
		Batch:   32,
		Augment: data.Augment{Flip: true, Crop: 0.35},
		Common: train.Common{
			Checkpoint: checkpoint,
			OnStep: func(s train.Step) {
				if s.Step%20 == 0 {
					fmt.Fprintf(w, "epoch %d, step %d: loss %.3f\n", s.Epoch+1, s.Step+1, s.Loss)
				}
			},
		},
	})
	if err != nil {
		return err
	}

	found, err := trainer.Resume()
	if err != nil {
		return err
	}
	if found {
		fmt.Fprintf(w, "going on after %d of %d steps\n", trainer.Done(), trainer.Total())
	}
	if err := trainer.Run(ctx); err != nil {
		return fmt.Errorf("stopped after %d of %d steps (%w): the same command goes on from there", trainer.Done(), trainer.Total(), err)
	}

	score, err := trainer.Evaluate(ctx, valid)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d of %d validation images are recognised\n", score.Correct, score.Images)

	if err := trainer.SaveWeights(filepath.Join(out, "weights.safetensors")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "classes.txt"), []byte(strings.Join(classes, "\n")), 0o644)
}

// predict says what a saved network sees in image files.
func predict(ctx context.Context, out string, paths []string, w io.Writer) error {
	text, err := os.ReadFile(filepath.Join(out, "classes.txt"))
	if err != nil {
		return fmt.Errorf("there is no saved network in %s: train one with -data DIR first (%w)", out, err)
	}
	classes := strings.Split(string(text), "\n")
	model := newNetwork(len(classes))
	if _, err := weights.Load(filepath.Join(out, "weights.safetensors"), model.Params(), weights.Options{}); err != nil {
		return err
	}

	photos := data.OpenPhotos(paths...)
	views, err := small(photos)
	if err != nil {
		return err
	}
	loader, err := data.NewOrdered(views, 16)
	if err != nil {
		return err
	}
	for batch := range loader.Epoch(ctx, 0, 0) {
		logits := layers.Predict(model, autograd.FromSlice(batch.X, batch.Shape...))
		probabilities := ops.Softmax(logits).Data()
		for i, example := range batch.Examples {
			best, p := 0, probabilities[i*len(classes):][:len(classes)]
			for class := range p {
				if p[class] > p[best] {
					best = class
				}
			}
			fmt.Fprintf(w, "%s: %s (%.0f %%)\n", photos.Path(example), classes[best], 100*p[best])
		}
	}
	for _, bad := range photos.Bad() {
		fmt.Fprintln(w, bad)
	}
	return loader.Err()
}
