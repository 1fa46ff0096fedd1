package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/internal/atomicfile"
	"autodropout/models"
	"autodropout/weights"
)

// Network describes a network for photographs beside its weights: what a program needs to predict
// with it.
type Network struct {
	Model    string     `json:"model"`              // as [models.NewPhotographic] names it
	Channels int        `json:"channels,omitempty"` // 0: as published
	Classes  []string   `json:"classes"`
	Pixels   int        `json:"pixels"`  // height and width that it sees
	Shorter  int        `json:"shorter"` // length of the shorter side from whose middle they are cut
	Bicubic  bool       `json:"bicubic,omitempty"`
	Mean     [3]float32 `json:"mean"`
	Std      [3]float32 `json:"std"`
}

// The files of a network in a folder.
const (
	networkFile = "network.json"
	weightsFile = "weights.safetensors"
)

// Describe returns the description of a network that was trained on a source of photographs with this
// header.
func Describe(model string, channels int, h data.Header) Network {
	return Network{model, channels, h.Classes, h.Height, h.Shorter, h.Filter == imaging.Bicubic, h.Mean, h.Std}
}

// Save writes a network to a folder, from which [Open] reads it.
func (n Network) Save(dir string, model models.Photographic) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := weights.Save(filepath.Join(dir, weightsFile), model.Params()); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, networkFile), func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(n)
	})
}

// header returns how images are prepared, and the classes.
func (n Network) header() (data.Header, error) {
	filter := imaging.Bilinear
	if n.Bicubic {
		filter = imaging.Bicubic
	}
	h, err := data.PhotoHeader(n.Pixels, n.Shorter, filter)
	h.Classes, h.Mean, h.Std = n.Classes, n.Mean, n.Std
	return h, err
}

// Open reads a network from a folder that [Network.Save] made, or from a file of ONNX, whose name ends in
// .onnx, and returns a predictor with it. The only input of a network of ONNX must be pictures with the
// channels first, and its first output the logits of their classes. What the metadata of [Network.SaveONNX]
// do not say is as torchvision's networks have it, and classes without names have numbers.
func Open(path string, config Config) (*Predictor, error) {
	if filepath.Ext(path) == ".onnx" {
		return openONNX(path, config)
	}
	return openFolder(path, config)
}

func openFolder(dir string, config Config) (*Predictor, error) {
	const longest = 1 << 20
	file, err := os.Open(filepath.Join(dir, networkFile))
	if err != nil {
		return nil, fmt.Errorf("there is no network in %s: %w", dir, err)
	}
	defer file.Close()
	var n Network
	if err := json.NewDecoder(io.LimitReader(file, longest)).Decode(&n); err != nil {
		return nil, fmt.Errorf("%s does not describe a network: %w", file.Name(), err)
	}
	h, err := n.header()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	model, err := models.NewPhotographic(n.Model, n.Channels, len(n.Classes), 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	if _, err := weights.Load(filepath.Join(dir, weightsFile), model.Params(), weights.Options{}); err != nil {
		return nil, err
	}
	return New(model, h, config)
}
