// Tutorial is the program of doc/tutorial.md: it trains a ConvNet on a folder of images
// without dropout, with DropBlock or with a dropout pattern, searches such a pattern, and
// predicts with what it has saved.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"autodropout/data"
	"autodropout/data/imaging"
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
	dir := flags.String("data", "", "train on this `folder` with train/CLASS and val/CLASS")
	out := flags.String("out", "network", "`folder` of what is saved")
	epochs := flags.Int("epochs", 30, "times that a training sees every image")
	drop := flags.String("dropout", "none", "none, dropblock, the `name` of a learned pattern, or its file")
	trials := flags.Int("search", 0, "search a pattern in so many `trainings` instead")
	address := flags.String("serve", "", "answer at this `address`")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "tutorial -data DIR trains; tutorial IMAGE... predicts; tutorial -serve ADDRESS answers over HTTP")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case *dir != "":
		photos, held, err := data.LoadPhotos(*dir)
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
		if err := os.MkdirAll(*out, 0o755); err != nil {
			return err
		}
		if *trials > 0 {
			return search(ctx, fit, *out, *trials, *epochs, w)
		}
		return learn(ctx, fit, valid, *drop, *out, *epochs, w)
	case *address != "":
		return answer(ctx, *out, *address, w)
	case flags.NArg() > 0:
		return predict(ctx, *out, flags.Args(), w)
	}
	flags.Usage()
	return errors.New("there is nothing to do: give -data, -serve or images")
}

// The network sees photographs as squares of so many pixels, cut out of the middle of
// images whose shorter side is a little longer.
const (
	pixels  = 64
	shorter = pixels * 8 / 7
)

// small brings photographs to the form that the network sees.
func small(photos data.Source) (data.Source, error) {
	return data.Resized(photos, pixels, shorter, imaging.Bilinear)
}
