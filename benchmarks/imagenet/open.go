package main

import (
	"bytes"
	"fmt"
	"io"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/internal/atomicfile"
)

// open finds the images, those of a search too where there is one, and returns
// the sentence that says which they are.
func (s *subject) open(search bool) (about string, err error) {
	train, test, about, err := s.find()
	if err != nil {
		return "", err
	}
	whole := [2]int{train.Len(), test.Len()}
	if train, err = shrink(train, s.trainSize, "-train-size"); err != nil {
		return "", err
	}
	if test, err = shrink(test, s.testSize, "-test-size"); err != nil {
		return "", err
	}
	if whole != [2]int{train.Len(), test.Len()} {
		about += fmt.Sprintf(" Of these, %d training and %d validation images are used.", train.Len(), test.Len())
	}
	filter := imaging.Bilinear
	if !s.isResNet() {
		filter = imaging.Bicubic // as EfficientNet's authors do
	}
	if s.train, err = data.Resized(train, s.pixels, s.resize, filter); err != nil {
		return "", err
	}
	if s.test, err = data.Resized(test, s.pixels, s.resize, filter); err != nil || !search {
		return about, err
	}
	return about, s.divide()
}

// find returns all images and says which they are.
func (s *subject) find() (train, test data.Source, about string, err error) {
	if s.data == builtIn {
		fit, valid, err := data.Synthetic(data.SyntheticConfig{Train: s.trainSize, Test: s.testSize, Detail: 2})
		if err != nil {
			return nil, nil, "", err
		}
		return fit, valid, fmt.Sprintf("The data is the built-in synthetic set, no photographs (%d training and %d validation images of 64x64 pixels); -data takes a folder of photographs.",
			fit.Len(), valid.Len()), nil
	}
	photos, valid, err := data.LoadPhotos(s.data)
	if err != nil {
		return nil, nil, "", err
	}
	s.photos = photos
	return photos, valid, fmt.Sprintf("The data is %d training and %d validation photographs of %d classes from %s.",
		photos.Len(), valid.Len(), len(photos.Header().Classes), s.data), nil
}

// divide takes the images of a search out of the training images.
func (s *subject) divide() (err error) {
	base := uint64(s.Seed)
	if s.searchValid == 0 {
		const heldOut = 0.1
		s.fit, s.valid, err = data.HoldOut(s.train, base, heldOut)
	} else {
		const half = 0.5 // the other half is trained on
		s.valid, s.fit, err = take(s.train, base, s.searchValid, half, "-search-valid")
	}
	if err == nil && s.searchTrain > 0 {
		s.fit, _, err = take(s.fit, base, s.searchTrain, 1, "-search-train")
	}
	return err
}

// shrink takes a balanced part of the images, always the same one; 0 is all.
func shrink(images data.Source, size int, flag string) (data.Source, error) {
	if size == 0 || size >= images.Len() {
		return images, nil
	}
	part, _, err := take(images, 0, size, 1, flag)
	return part, err
}

// take is [data.AtMost] for a flag.
func take(images data.Source, base uint64, size int, fraction float64, flag string) (taken, rest data.Source, err error) {
	if taken, rest, err = data.AtMost(images, base, size, fraction); err != nil {
		return nil, nil, usage.Errorf("%s %d: %v", flag, size, err)
	}
	return taken, rest, nil
}

// listBad says which images could not be used, the first of them on stdout and
// all in a file in the folder, if there is one.
func (s *subject) listBad(folder runfolder.Folder, stdout io.Writer) error {
	if s.photos == nil || len(s.photos.Bad()) == 0 {
		return nil
	}
	const shown = 5
	bad := s.photos.Bad()
	fmt.Fprintf(stdout, "%s could not be used; %s lists them:\n", words.Count(len(bad), "image", "images"), runfolder.BadImages)
	var list bytes.Buffer
	for i, b := range bad {
		fmt.Fprintln(&list, b)
		if i < shown {
			fmt.Fprintln(stdout, " ", b)
		}
	}
	return atomicfile.WriteBytes(folder.Path(runfolder.BadImages), list.Bytes())
}
