// Command picture draws the recorded training steps against PyTorch's, as bars, for
// the README: a bar is how many times as fast a step of ours is. It reads what
// peers/compare.py printed.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/usage"
	"autodropout/internal/atomicfile"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(_ context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(args, stdout), "picture", stderr)
}

func start(args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("picture", flag.ContinueOnError)
	out := fs.String("out", "doc/speed.svg", "the `file` to write")
	if err := cli.ParseFlags(fs, "Usage: picture [-out FILE] STEPS.jsonl ...\nPicture draws what peers/compare.py step -json has printed.\n\n", args, stdout); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return usage.Errorf("there is nothing to draw: name files of compare.py, such as benchmarks/results/speed/step-pytorch.jsonl")
	}
	steps, err := read(fs.Args())
	if err != nil {
		return err
	}
	picture, err := draw(steps)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(*out, picture); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, *out, "is written.")
	return err
}

// step is a line of compare.py: a training step of ours and of a peer.
type step struct {
	Name   string  `json:"name"`
	Ratio  float64 `json:"ratio"`        // items a second, ours by theirs
	Memory float64 `json:"memory_ratio"` // peak memory, ours by theirs
}

// title is the name of a step without what all have.
func (s step) title() string {
	if known, ok := titles[s.Name]; ok {
		return known
	}
	return s.Name
}

var titles = map[string]string{
	"step-wrn-28-10-b16":          "WRN-28-10, batch 16",
	"step-wrn-28-2-b64":           "WRN-28-2, batch 64",
	"step-wrn-16-4-b64":           "WRN-16-4, batch 64",
	"step-wrn-10-1-b50":           "WRN-10-1, batch 50",
	"step-txl-ptb-b10":            "Transformer-XL, Penn Treebank",
	"step-txl-wt2-b8":             "Transformer-XL, WikiText-2",
	"step-resnet50-160-b8":        "ResNet-50, 160 pixels",
	"step-resnet50-224-b8":        "ResNet-50, 224 pixels",
	"step-efficientnet-b0-224-b8": "EfficientNet-B0, 224 pixels",
	"step-mt-iwslt-b64":           "Transformer, IWSLT-14",
	"step-lstm-512-b20":           "LSTM, two layers of 512",
	"step-lstm-ptb-b20":           "LSTM, Penn Treebank",
}

// read returns the steps of the files, fastest first. Where a step was measured
// more than once the last one counts.
func read(paths []string) ([]step, error) {
	last := map[string]step{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("cannot read the measurements: %w", err)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		for line := 1; decoder.More(); line++ {
			var s step
			if err := decoder.Decode(&s); err != nil {
				return nil, fmt.Errorf("%s, entry %d: %w", path, line, err)
			}
			if s.Name == "" || !(s.Ratio > 0) || !(s.Memory > 0) {
				return nil, fmt.Errorf("%s, entry %d is no training step of compare.py: it needs a name, a ratio and a memory_ratio above 0", path, line)
			}
			last[s.Name] = s
		}
	}
	var steps []step
	for _, s := range last {
		steps = append(steps, s)
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Or(cmp.Compare(b.Ratio, a.Ratio), cmp.Compare(a.Name, b.Name)) })
	return steps, nil
}

// The sizes of the picture, in pixels.
const (
	barLeft   = 240 // where bars begin, right of their names
	unit      = 180 // the length of PyTorch's bar
	barHeight = 18
	rowHeight = 28
	top       = 34
)

// bar is a step as the picture has it.
type bar struct {
	Title, Label   string
	Y, Text, Width int
}

// draw returns the picture as SVG.
func draw(steps []step) ([]byte, error) {
	var bars []bar
	width := barLeft + unit
	for i, s := range steps {
		b := bar{Title: s.title(), Label: fmt.Sprintf("%.1f times, %.0f %% of its memory", s.Ratio, 100*s.Memory), Y: top + i*rowHeight, Width: int(unit*s.Ratio + 0.5)}
		b.Text = b.Y + barHeight - 4
		width = max(width, barLeft+b.Width)
		bars = append(bars, b)
	}
	var out bytes.Buffer
	err := page.Execute(&out, map[string]any{
		"Bars": bars, "Left": barLeft, "One": barLeft + unit, "Bar": barHeight,
		"Width": width + 220, "Height": top + len(bars)*rowHeight + 10, "Below": top + len(bars)*rowHeight,
	})
	return out.Bytes(), err
}

var page = template.Must(template.New("speed").Funcs(template.FuncMap{
	"sub": func(a, b int) int { return a - b }, "add": func(a, b int) int { return a + b },
}).Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{.Width}} {{.Height}}" width="{{.Width}}" height="{{.Height}}" font-family="sans-serif" font-size="13">
<title>Training steps: how many times as fast as PyTorch</title>
<rect width="100%" height="100%" fill="#fff"/>
{{range .Bars}}<text x="{{sub $.Left 8}}" y="{{.Text}}" text-anchor="end" fill="#222">{{.Title}}</text>
<rect x="{{$.Left}}" y="{{.Y}}" width="{{.Width}}" height="{{$.Bar}}" fill="#2a6f97"/>
<text x="{{add (add $.Left .Width) 6}}" y="{{.Text}}" fill="#222">{{.Label}}</text>
{{end}}<line x1="{{.One}}" x2="{{.One}}" y1="24" y2="{{.Below}}" stroke="#c1121f" stroke-width="2"/>
<text x="{{.One}}" y="17" text-anchor="middle" fill="#c1121f">PyTorch</text>
</svg>
`))
