package data

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// LoadImages reads labelled images of one size, in any form in which such sets are
// published: CIFAR-10 and CIFAR-100, see [LoadCIFAR]; a file of NumPy, .npz; a folder
// of Parquet files, as Hugging Face has it.
//
// A .npz file has four arrays: images and labels to train on, and to test with, by the
// names x_train, y_train, x_test, y_test, or train_images, train_labels, test_images,
// test_labels. Images are whole numbers from 0 to 255, (N, H, W, 3), (N, 3, H, W), or
// (N, H, W) if they are grey; labels are the numbers of the classes from 0 on.
//
// Parquet files whose names begin with train and with test (or valid) have the parts.
// Images are files in a column of structs with bytes, labels a column of whole numbers
// called label or fine_label. The classes have the names that Hugging Face keeps in the
// files.
func LoadImages(path string) (train, test *Set, err error) {
	if strings.EqualFold(filepath.Ext(path), ".npz") {
		return loadNPZ(path)
	}
	files, err := parquetFiles(path)
	if err != nil {
		return nil, nil, err
	}
	if len(files) > 0 {
		return loadParquet(path, files)
	}
	return LoadCIFAR(path)
}

// newSets makes sets of two parts that were read.
func newSets(name string, train, test *Set) (*Set, *Set, error) {
	if train.Len() == 0 || test.Len() == 0 {
		return nil, nil, errors.New("there must be images to train on and to test with")
	}
	if train.Height != test.Height || train.Width != test.Width {
		return nil, nil, fmt.Errorf("training images have %d x %d pixels and test images %d x %d: all must have one size", train.Width, train.Height, test.Width, test.Height)
	}
	train.setMoments()
	test.Mean, test.Std = train.Mean, train.Std
	most := int(max(slices.Max(train.Labels), slices.Max(test.Labels)))
	if len(train.Classes) == 0 {
		train.Classes = numbered(most + 1)
	}
	if most >= len(train.Classes) {
		return nil, nil, fmt.Errorf("there is a label %d, and only the classes 0 to %d have names: name all classes, or correct the labels", most, len(train.Classes)-1)
	}
	test.Classes = train.Classes
	train.Name, test.Name = name+" training", name+" test"
	return train, test, nil
}

// nameOf names a set by its path, without its ending.
func nameOf(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}
