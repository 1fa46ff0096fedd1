package images

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/usage"
	"autodropout/data"
	"autodropout/data/imaging"
)

// Images are those of a benchmark.
type Images struct {
	Train, Test data.Source
	About       string // the sentence that says which they are
	// Spare are of the same kind, for where -train-size leaves none; nil: there are none.
	Spare data.Source
	// Start is a checksum of what networks begin with; "": with random weights.
	Start string
	// Bad returns the images that could not be used so far; nil: all can be.
	Bad func() []*data.BadImageError
}

// Resize makes all images squares of so many pixels: those in the middle once the shorter
// side has shorter pixels.
func (i *Images) Resize(pixels, shorter int) (err error) {
	for _, part := range []*data.Source{&i.Train, &i.Test, &i.Spare} {
		if *part == nil {
			continue
		}
		if *part, err = data.Resized(*part, pixels, shorter, imaging.Bilinear); err != nil {
			return usage.Errorf("-pixels %d: %v", pixels, err)
		}
	}
	return nil
}

// PixelsFlag declares the flag of the size that [OpenSmall] resizes images to.
func PixelsFlag(fs *flag.FlagSet, pixels *int) {
	cli.Whole(fs, pixels, "pixels", 0, "resize images to squares with a side of this many `pixels`; 0: as they are")
}

// SmallHelp is the help of -data for [OpenSmall].
var SmallHelp = "auto (CIFAR-10 if it is in the cache, else the built-in set), synthetic (the built-in set), " + strings.Join(data.ImageNames(), " or ") + " (downloads it if need be), or a `path` to CIFAR-10 or -100 (archive or folder, binary or Python version), a .npz file, or a folder of Parquet files"

// The built-in images: with all that is hard about pictures, or with wrong labels alone.
const (
	Cluttered = "cluttered"
	Plain     = "plain"
)

// synthetic returns which built-in images the settings ask for.
func (s *Settings) synthetic() data.SyntheticConfig {
	c := data.SyntheticConfig{Train: s.TrainSize, Test: s.TestSize}
	if s.Scenes == Plain {
		c.Difficulty = data.PlainDifficulty()
	}
	return c
}

// OpenSmall opens images of 32x32 pixels, see [data.Open], and resizes them to pixels,
// where that is not 0: of the built-in ones as many as the settings say, and more of those
// to train on.
func OpenSmall(ctx context.Context, s *Settings, more, pixels int, stderr io.Writer) (Images, error) {
	config := s.synthetic()
	config.Train += more
	fit, score, about, err := data.Open(ctx, s.Data, data.OpenConfig{
		Synthetic: config,
		Download:  data.DownloadConfig{Flag: "-data", Progress: progress.Download(stderr, "images")},
	})
	if err != nil {
		return Images{}, err
	}
	found := Images{Train: fit, Test: score, About: about}
	if builtIn := s.Data == BuiltIn || s.Data == "auto"; builtIn && strings.HasPrefix(fit.Name, "synthetic") {
		if found.Spare, err = spare(fit, config); err != nil {
			return Images{}, err
		}
	}
	if pixels == 0 {
		return found, nil
	}
	found.About += fmt.Sprintf(" They are resized to %[1]dx%[1]d pixels.", pixels)
	return found, found.Resize(pixels, pixels)
}

// spare draws images that the built-in training set does not have.
func spare(fit *data.Set, config data.SyntheticConfig) (data.Source, error) {
	config.Seed, config.Train, config.Test = 1<<32, len(fit.Classes), 300
	_, drawn, err := data.Synthetic(config)
	if err != nil {
		return nil, err
	}
	drawn.Mean, drawn.Std = fit.Mean, fit.Std
	return drawn, nil
}

// BuiltIn is the name of the images for [OpenPhotos] that need no files, as of all
// built-in data; runs of before 2026-11-29 call them oldBuiltIn.
const (
	BuiltIn    = "synthetic"
	oldBuiltIn = "builtin"
)

// OpenPhotos opens a folder of photographs, or the built-in images in their place, as
// the settings say.
func OpenPhotos(ctx context.Context, s *Settings) (Images, error) {
	name := s.Data
	if name == BuiltIn || name == oldBuiltIn {
		config := s.synthetic()
		config.Detail = 2
		fit, valid, err := data.Synthetic(config)
		if err != nil {
			return Images{}, err
		}
		others, err := spare(fit, config)
		if err != nil {
			return Images{}, err
		}
		return Images{Train: fit, Test: valid, Spare: others, About: fmt.Sprintf("The data is the built-in synthetic set, no photographs (%d training and %d validation images of 64x64 pixels); -data takes a folder of photographs.",
			fit.Len(), valid.Len())}, nil
	}
	photos, valid, err := data.LoadPhotos(name)
	if err != nil {
		return Images{}, err
	}
	if s.contents {
		if err := errors.Join(photos.ReadContents(ctx), valid.ReadContents(ctx)); err != nil {
			return Images{}, context.Cause(ctx)
		}
	}
	return Images{Train: photos, Test: valid, Bad: photos.Bad, About: fmt.Sprintf("The data is %d training and %d validation photographs of %d classes from %s.",
		photos.Len(), valid.Len(), len(photos.Header().Classes), name)}, nil
}
