package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/BurntSushi/toml"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/data"
	"autodropout/serve"
	"autodropout/weights"
)

// export prepares the best network of a run, by its score, for [serve.Open], or for other runtimes: its
// arguments are the folder of the run, and that of the network or a file of ONNX.
func export(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return usage.Errorf("-export takes the folder of a run and that of the network, or a file: -export runs/NAME served, -export runs/NAME model.onnx")
	}
	folder := runfolder.Folder(args[0])
	text, _, err := folder.Settings()
	if err != nil {
		return fmt.Errorf("cannot read a run: %w", err)
	}
	var s struct {
		Model, Weights, Data     string
		Channels, Pixels, Resize int
		Method                   []string
		Pattern, Scenes          string
		TrainSize                int `toml:"train-size"`
	}
	if _, err := toml.Decode(text, &s); err != nil {
		return fmt.Errorf("%s is not the configuration of a run of finetune: %w: give the folder of such a run", folder.Path(runfolder.Config), err)
	}
	c := config{model: s.Model, channels: s.Channels, weights: s.Weights, pixels: s.Pixels, resize: s.Resize}
	onnxFile := filepath.Ext(args[1]) == ".onnx"
	if s.Model == fromFile && !onnxFile {
		return usage.Errorf("the network of a file of ONNX is exported to such a file: -export %s model.onnx", args[0])
	}
	// How images are normalised follows, with built-in ones, from those that the run was trained on.
	found, err := images.OpenPhotos(ctx, &images.Settings{Data: s.Data, TrainSize: s.TrainSize, TestSize: 10, Scenes: s.Scenes})
	if err != nil {
		return err
	}
	header := found.Train.Header()
	model, err := c.network(len(header.Classes), 0)
	if err != nil {
		return fmt.Errorf("%s is not the configuration of a run of finetune: %w: give the folder of such a run", folder.Path(runfolder.Config), err)
	}
	if c.pixels == 0 {
		c.pixels = model.Pixels()
	}
	if c.resize == 0 {
		c.resize = data.ShorterSide(c.pixels)
	}
	header.Height, header.Width, header.Shorter, header.Filter = c.pixels, c.pixels, c.resize, c.filter()
	plan := experiment.Plan{Methods: s.Method, Pattern: s.Pattern}
	path, passed, err := folder.FindWeights(experiment.Keys(plan.Rows(c.Table())), func(a, b runfolder.Score) bool { return a.Value > b.Value })
	for _, sentence := range passed {
		fmt.Fprintln(stdout, sentence)
	}
	if err != nil {
		return err
	}
	if _, err := weights.Load(path, model.Params(), weights.Options{}); err != nil {
		return err
	}
	save := serve.Describe(s.Model, s.Channels, header).Save
	if onnxFile {
		save = serve.Describe(s.Model, s.Channels, header).SaveONNX
	}
	if err := save(args[1], model); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s is ready to be served: go run ./doc/server -network %s\n", path, args[1])
	return err
}
