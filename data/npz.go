package data

import (
	"fmt"
	"slices"
	"strings"

	"autodropout/data/npy"
)

// npzNames lists how the four arrays are called: images and labels to train on, images
// and labels to test with.
var npzNames = [][4]string{
	{"x_train", "y_train", "x_test", "y_test"},
	{"X_train", "y_train", "X_test", "y_test"},
	{"train_images", "train_labels", "test_images", "test_labels"},
	{"images_train", "labels_train", "images_test", "labels_test"},
}

// loadNPZ reads a .npz file.
func loadNPZ(path string) (train, test *Set, err error) {
	wanted := map[string]bool{}
	for _, names := range npzNames {
		for _, name := range names {
			wanted[name] = true
		}
	}
	images, labels := map[string]*Set{}, map[string][]uint8{}
	var others []string
	err = npy.EachArray(path, func(a npy.Named, err error) error {
		if !wanted[a.Name] {
			others = append(others, a.Name)
			return nil
		}
		if err == nil {
			if strings.HasPrefix(a.Name, "y_") || strings.Contains(a.Name, "label") {
				labels[a.Name], err = npzLabels(a.Array)
			} else {
				images[a.Name], err = npzImages(a.Array)
			}
		}
		if err != nil {
			return fmt.Errorf("array %q: %w", a.Name, err)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("data: %s: %w", path, err)
	}
	for _, names := range npzNames {
		train, test := images[names[0]], images[names[2]]
		if train == nil || test == nil || labels[names[1]] == nil || labels[names[3]] == nil {
			continue
		}
		for i, s := range []*Set{train, test} {
			if s.Labels = labels[names[1+2*i]]; len(s.Labels)*s.imageSize() != len(s.Images) {
				return nil, nil, fmt.Errorf("data: %s has %d labels %s for %d images", path, len(s.Labels), names[1+2*i], len(s.Images)/s.imageSize())
			}
		}
		train, test, err := newSets(nameOf(path), train, test)
		if err != nil {
			return nil, nil, fmt.Errorf("data: %s: %w", path, err)
		}
		return train, test, nil
	}
	return nil, nil, fmt.Errorf("data: %s lacks images and labels, to train on and to test with: expected arrays called %s (it has %s)",
		path, strings.Join(npzNames[0][:], ", "), strings.Join(others, ", "))
}

// npzImages returns images without labels.
func npzImages(a npy.Array) (*Set, error) {
	shape := slices.Clone(a.Shape)
	if len(shape) == 3 {
		shape = append(shape, 1)
	}
	if len(shape) != 4 {
		return nil, fmt.Errorf("the shape %v is not one of images, such as (N, H, W, 3)", a.Shape)
	}
	colours, planes := shape[3], false
	if colours != 1 && colours != Channels && (shape[1] == 1 || shape[1] == Channels) {
		shape = []int{shape[0], shape[2], shape[3], shape[1]}
		colours, planes = shape[3], true
	}
	if colours != 1 && colours != Channels || shape[1] < 1 || shape[2] < 1 {
		return nil, fmt.Errorf("the shape %v is not one of images of 1 or 3 colours, such as (N, H, W, 3)", a.Shape)
	}
	s := &Set{Height: shape[1], Width: shape[2]}
	pixels := s.Height * s.Width
	s.Images = make([]uint8, shape[0]*pixels*Channels)
	for i := range shape[0] * pixels {
		for c := range Channels {
			from := i*colours + c%colours
			if planes {
				from = (i/pixels*colours+c%colours)*pixels + i%pixels
			}
			v := a.Data[from]
			if v < 0 || v > 255 || v != float32(uint8(v)) {
				return nil, fmt.Errorf("element %d, counted from 0, is %v: save pixels as whole numbers from 0 to 255", from, v)
			}
			s.Images[i*Channels+c] = uint8(v)
		}
	}
	return s, nil
}

// npzLabels returns classes, one for each image.
func npzLabels(a npy.Array) ([]uint8, error) {
	if len(a.Shape) == 0 || len(a.Data) != a.Shape[0] {
		return nil, fmt.Errorf("the shape %v is not one of labels, one for each image", a.Shape)
	}
	labels := make([]uint8, len(a.Data))
	for i, v := range a.Data {
		if v < 0 || v > 255 || v != float32(uint8(v)) {
			return nil, fmt.Errorf("label %d, counted from 0, is %v: labels are the numbers of classes, from 0 to 255", i, v)
		}
		labels[i] = uint8(v)
	}
	return labels, nil
}
