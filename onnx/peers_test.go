package onnx

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/safetensors"
	"autodropout/layers"
	"autodropout/models"
)

// TestPeers is the side of peers/compare.py that is written in Go. In the folder that the
// environment names it reads what PyTorch has written, and writes what onnxruntime is to
// read: networks, and beside each the inputs and the outputs of a batch.
func TestPeers(t *testing.T) {
	folder := os.Getenv("AUTODROPOUT_ONNX_PEERS")
	if folder == "" {
		t.Skip("it is for peers/compare.py")
	}
	files, err := filepath.Glob(filepath.Join(folder, "torch", "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("PyTorch has written nothing: %v", err)
	}
	for _, path := range files {
		file := readSafetensors(t, strings.TrimSuffix(path, ".onnx")+".safetensors")
		n, err := Open(path)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		tape := autograd.NewInference()
		x, want := file.Lookup("x"), file.Lookup("y")
		in := Array{Tensor: tape.Input(x.Data, x.Shape...)}
		if n.Inputs[0].Below > 0 {
			in = Array{Shape: x.Shape}
			for _, v := range x.Data {
				in.IDs = append(in.IDs, int(v))
			}
		}
		y, err := n.Run(&layers.Ctx{Tape: tape, Mode: layers.Prediction}, in)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		fmt.Printf("read %-24s differs from PyTorch by %.1e of the largest logit, %d parameters, %d notes\n",
			filepath.Base(path), difference(y[0].Data(), want.Data), n.Params().Len(), len(n.Notes()))
	}
	for name, e := range peers(t) {
		disturb(e.Params)
		base := filepath.Join(folder, "ours", name)
		if err := e.Save(base + ".onnx"); err != nil {
			t.Fatal(err)
		}
		few, err := e.trace(4)
		if err != nil {
			t.Fatal(err)
		}
		file := &safetensors.File{}
		for i, in := range few.inputs {
			a := safetensors.Tensor{Name: "in." + e.Inputs[i].Name, Shape: in.Shape}
			for _, id := range in.IDs {
				a.Data = append(a.Data, float32(id))
			}
			if in.IDs == nil {
				a.Shape, a.Data = in.Tensor.Shape(), in.Tensor.Data()
			}
			file.Tensors = append(file.Tensors, a)
		}
		for i, y := range few.results {
			file.Tensors = append(file.Tensors, safetensors.Tensor{Name: "out." + e.Outputs[i], Shape: y.Shape(), Data: y.Data()})
		}
		writeSafetensors(t, base+".safetensors", file)
	}
}

// peers are the networks that onnxruntime runs.
func peers(t *testing.T) map[string]*Export {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]*Export{}
	wrn, err := models.NewWRN(models.WRNConfig{Depth: 28, Width: 2, Classes: 10})
	must(err)
	all["wrn-28-2"] = Of(wrn, 32, 32, 3)
	for _, name := range []string{"resnet-18", "resnet-50", "efficientnet-b0"} {
		m, err := models.NewPhotographic(name, 0, 1000, 1)
		must(err)
		all[name] = Of(m, 64, 64, 3)
	}
	fast, err := models.NewFastNet(models.FastNetConfig{Widths: [3]int{16, 32, 32}, Residual: true, Classes: 10, Views: layers.FlipShiftViews()})
	must(err)
	all["fastnet"] = Of(fast, 32, 32, 3)
	for _, memory := range []int{0, 32} {
		m, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: 1000, Layers: 4, Width: 64, Heads: 4, HeadWidth: 16, Inner: 128, PositionProjection: true, Cutoffs: []int{200, 500}})
		must(err)
		all[fmt.Sprintf("transformer-xl-%d", memory)] = Language(m, 32, memory)
	}
	m, err := models.NewTransformer(models.TransformerConfig{SourceVocab: 500, TargetVocab: 600, Layers: 3, Width: 64, Heads: 4, Inner: 128, SharedOutput: true, End: 1})
	must(err)
	all["translation-encoder"], all["translation-decoder"] = Translation(m, 20, 16)
	for name, l := range layerCases() {
		s := layers.NewScope(1)
		all["layer-"+strings.ReplaceAll(name, " ", "-")] = Of(layers.NewModel(s, l.build(s.Sub("part"))), l.shape...)
	}
	for name, f := range operationCases() {
		s := layers.NewScope(1)
		conv := layers.NewConv2D(s, layers.Conv2DConfig{In: 4, Out: 4, Size: 1})
		all[name] = Of(layers.NewModel(s, layers.Sequential{conv, layers.Func(f)}), 3, 5, 4)
	}
	return all
}

func readSafetensors(t *testing.T, path string) *safetensors.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Read(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func writeSafetensors(t *testing.T, path string, file *safetensors.File) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := safetensors.Write(f, file); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
