package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/pages"
	"autodropout/layers"
)

// write saves images of stripes, by class.
func write(t *testing.T, dir string, each int) {
	t.Helper()
	for class, name := range []string{"down", "across"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			m := image.NewGray(image.Rect(0, 0, 72+i, 80))
			for y := range 80 {
				for x := range 72 + i {
					at := x
					if class == 1 {
						at = y
					}
					m.SetGray(x, y, color.Gray{uint8(255 * ((at + i) / 6 % 2))})
				}
			}
			f, err := os.Create(filepath.Join(dir, name, fmt.Sprintf("%d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, m); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// say runs the program and returns what it says.
func say(t *testing.T, ctx context.Context, args ...string) (string, error) {
	t.Helper()
	var said strings.Builder
	err := run(ctx, args, &said)
	return said.String(), err
}

// must is say of what succeeds and says so.
func must(t *testing.T, want string, args ...string) string {
	t.Helper()
	said, err := say(t, t.Context(), args...)
	if err != nil || !strings.Contains(said, want) {
		t.Fatalf("%v: error %v, without %q:\n%s", args, err, want, said)
	}
	return said
}

// ended returns a context that has been cancelled.
func ended(t *testing.T) context.Context {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	return ctx
}

// TestTutorial goes the reader's way: train, stop, go on, search, train with what was
// found, predict, serve.
func TestTutorial(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "train"), 20)
	write(t, filepath.Join(dir, "val"), 5)
	plain, found, network := filepath.Join(out, "plain"), filepath.Join(out, "found"), filepath.Join(out, "network")

	if _, err := say(t, ended(t), "-data", dir, "-epochs", "4", "-out", plain); err == nil || !strings.Contains(err.Error(), "the same command goes on") {
		t.Fatalf("a training that was stopped says %v", err)
	}
	must(t, "going on after 0 of 8 steps", "-data", dir, "-epochs", "4", "-out", plain)

	searching := []string{"-data", dir, "-search", "4", "-epochs", "1", "-out", found}
	if _, err := say(t, ended(t), searching...); err == nil || !strings.Contains(err.Error(), "the same command goes on") {
		t.Fatalf("a search that was stopped says %v", err)
	}
	must(t, " of 4 is the best", searching...)
	curves := must(t, "epoch  training  validation", "-data", dir, "-epochs", "6", "-dropout", filepath.Join(found, "pattern.json"), "-out", network)
	if lines := strings.Split(strings.TrimSpace(curves), "\n"); len(lines) != 7 || !strings.HasPrefix(lines[6], "    6   100.0 %     100.0 %  |") {
		t.Errorf("the curves are\n%s", curves)
	}

	broken, across := filepath.Join(dir, "broken.jpg"), filepath.Join(dir, "val", "across", "3.png")
	if err := os.WriteFile(broken, []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	said := must(t, across+": across (", "-out", network, across, broken)
	if !strings.Contains(said, broken+": this image cannot be used") {
		t.Errorf("of a file that is no image it says\n%s", said)
	}
	if _, err := say(t, t.Context(), "-out", filepath.Join(dir, "none"), across); err == nil || !strings.Contains(err.Error(), "train one with -data") {
		t.Errorf("without a network it says %v", err)
	}
	if _, err := say(t, t.Context()); err == nil || !strings.Contains(err.Error(), "give -data, -serve or images") {
		t.Errorf("without flags it says %v", err)
	}
	posted(t, network, across)
}

// posted sends an image to the server, and what is none.
func posted(t *testing.T, network, across string) {
	p, err := open(network)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	image, err := os.ReadFile(across)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler(p))
	defer server.Close()
	for body, want := range map[string]string{string(image): "across (", "no image": "this image cannot be used"} {
		r, err := server.Client().Post(server.URL, "image/png", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || !strings.HasPrefix(string(answer), want) || (r.StatusCode == http.StatusOK) != (want == "across (") {
			t.Errorf("the server answers %d, %q, error %v: want %q", r.StatusCode, answer, err, want)
		}
	}
}

// recorder notes the sites that are asked for.
type recorder map[string]bool

func (r recorder) Mask(site string, _ []int, _ dropout.Stream) dropout.Mask {
	r[site] = true
	return nil
}

func (r recorder) Describe() string { return "none" }

// TestDropoutActs wants every site to be reached, and dropout of every name to act there.
func TestDropoutActs(t *testing.T) {
	model, reached := newNetwork(2), recorder{}
	tape := autograd.NewTape(model.params)
	x := tape.Input(make([]float32, 2*pixels*pixels*3), 2, pixels, pixels, 3)
	model.Forward(&layers.Ctx{Tape: tape, Policy: reached}, x)
	for _, site := range model.sites() {
		if !reached[site.Name] {
			t.Errorf("nothing can be dropped at %s", site.Name)
		}
	}
	for name, want := range map[string]string{"none": "", "dropblock": "DropBlock", "cifar10-few-wrn-10-1": "pattern"} {
		policy, err := policyOf(name, model.sites())
		if err != nil {
			t.Fatal(err)
		}
		if (policy == nil) != (want == "") || policy != nil && !strings.Contains(policy.Describe(), want) {
			t.Errorf("%s is the policy %v", name, policy)
		}
	}
	if _, err := policyOf("dropblok", model.sites()); err == nil || !strings.Contains(err.Error(), "there is no learned pattern") {
		t.Errorf("of a name that is none it says %v", err)
	}
}

// TestPrintedCommands runs the commands of the text in the folder that it describes. They
// train for one epoch, and the one that serves is stopped at once, at any port.
func TestPrintedCommands(t *testing.T) {
	commands := pages.Printed(t, "doc/tutorial")
	t.Chdir(t.TempDir())
	write(t, filepath.Join("pets", "train"), 4)
	write(t, filepath.Join("pets", "val"), 2)
	if err := os.Rename(filepath.Join("pets", "val", "down", "1.png"), "holiday.jpg"); err != nil {
		t.Fatal(err)
	}
	for _, args := range commands {
		ctx := t.Context()
		if slices.Contains(args, "-data") {
			args = append(args, "-epochs", "1")
		}
		if i := slices.Index(args, "-serve"); i >= 0 {
			ctx, args[i+1] = ended(t), "localhost:0"
		}
		if said, err := say(t, ctx, args...); err != nil || said == "" {
			t.Errorf("%v: error %v\n%s", args, err, said)
		}
	}
}
