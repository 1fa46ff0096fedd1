package serve

import (
	"encoding/json"
	"fmt"
	"strconv"

	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/models"
	"autodropout/onnx"
)

// entry is a part of a description in the metadata of a file of ONNX, as JSON.
type entry struct {
	key   string
	value any // pointer
}

// filters are the names that files have for what images are resized with.
var filters = map[bool]string{false: "bilinear", true: "bicubic"}

// entries lists what a description has beside the network itself, to be written or read.
func (n *Network) entries(filter *string) []entry {
	return []entry{{"classes", &n.Classes}, {"mean", &n.Mean}, {"std", &n.Std}, {"shorter", &n.Shorter}, {"filter", filter}}
}

// SaveONNX writes a network to a file of ONNX, for any runtime, and from which [Open] reads it. The metadata
// of the file have the rest of the description, each entry as JSON: the names of the classes, the mean and
// the std of the channels, the length of the shorter side, and the filter, "bilinear" or "bicubic".
func (n Network) SaveONNX(path string, model models.Photographic) error {
	file := onnx.Of(model, n.Pixels, n.Pixels, data.Channels)
	file.Metadata = map[string]string{}
	filter := filters[n.Bicubic]
	for _, e := range n.entries(&filter) {
		text, err := json.Marshal(e.value)
		if err != nil {
			return err
		}
		file.Metadata[e.key] = string(text)
	}
	return file.Save(path)
}

// openONNX returns a predictor with the network of a file.
func openONNX(path string, config Config) (*Predictor, error) {
	model, err := onnx.Open(path)
	if err != nil {
		return nil, err
	}
	h, err := header(model)
	if err != nil {
		return nil, fmt.Errorf("the network of %s cannot be served: %w", path, err)
	}
	p, err := New(model, h, config)
	if err != nil {
		return nil, fmt.Errorf("the network of %s cannot be served: %w", path, err)
	}
	return p, nil
}

// header returns how images are prepared for a network, and its classes. What the metadata of its file lack
// is as torchvision has it, and classes are numbers.
func header(model *onnx.Network) (data.Header, error) {
	if err := model.Pictures(data.Channels); err != nil {
		return data.Header{}, err
	}
	height, width := model.Size()
	pixels := max(height, width)
	n := Network{Pixels: pixels, Shorter: data.ShorterSide(pixels)}
	usual, err := data.PhotoHeader(pixels, n.Shorter, imaging.Bilinear)
	if err != nil {
		return usual, err
	}
	n.Mean, n.Std = usual.Mean, usual.Std
	filter := filters[false]
	for _, e := range n.entries(&filter) {
		text, there := model.Metadata[e.key]
		if !there {
			continue
		}
		if err := json.Unmarshal([]byte(text), e.value); err != nil {
			return usual, fmt.Errorf("its metadata have %q as %s: %w", text, e.key, err)
		}
	}
	n.Bicubic = filter == filters[true]
	if filter != filters[n.Bicubic] {
		return usual, fmt.Errorf("its metadata have %q as filter: it must be %s or %s", filter, filters[false], filters[true])
	}
	outputs, err := model.Width(height, width, data.Channels)
	if err != nil {
		return usual, err
	}
	if n.Classes == nil {
		for i := range outputs {
			n.Classes = append(n.Classes, strconv.Itoa(i))
		}
	}
	h, err := n.header()
	h.Height, h.Width = height, width
	return h, err
}
