package data

import (
	"bytes"
	"fmt"
	"io"

	"autodropout/internal/torchfile"
)

// pickled fills images and labels with those of a pickle of the Python version: a
// dictionary with the images as rows of planes, and their labels.
func (r *cifarReader) pickled(src io.Reader, size int64, where string, images, labels []uint8) error {
	d, err := torchfile.ReadDictionary(src, size)
	if err != nil {
		return fmt.Errorf("data: %s: %w", where, err)
	}
	pixels, ok := d["data"].(torchfile.Bytes)
	if !ok || len(pixels.Data) != len(images) {
		return fmt.Errorf("data: %s has no array %q of %d images of %d bytes: it is not a batch of the %s Python version", where, "data", len(labels), cifarPixels, r.title)
	}
	classes, ok := d[r.labelsKey].([]any)
	if !ok || len(classes) != len(labels) {
		return fmt.Errorf("data: %s has no list %q of %d labels: it is not a batch of the %s Python version", where, r.labelsKey, len(labels), r.title)
	}
	for i, class := range classes {
		label, ok := class.(int)
		if !ok || label < 0 || label >= r.classes {
			return r.labelError(where, i, label)
		}
		labels[i] = uint8(label)
		interleave(images[i*cifarPixels:(i+1)*cifarPixels], pixels.Data[i*cifarPixels:(i+1)*cifarPixels])
	}
	return nil
}

// pickledNames returns the names of the classes in a pickle of the Python version.
func (r *cifarReader) pickledNames(text []byte, where string) ([]string, error) {
	d, err := torchfile.ReadDictionary(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", where, err)
	}
	list, _ := d[r.classesKey].([]any)
	var names []string
	for _, item := range list {
		if name, ok := item.(string); ok {
			names = append(names, name)
		}
	}
	return names, nil
}
