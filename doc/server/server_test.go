package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/internal/pages"
	"autodropout/models"
	"autodropout/serve"
)

// save puts a network of narrow layers in a folder, or in a file of ONNX.
func save(t *testing.T, path string) {
	t.Helper()
	h, err := data.PhotoHeader(32, 36, imaging.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	h.Classes = []string{"cat", "dog", "fish"}
	model, err := models.NewPhotographic("resnet-18", 4, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	n := serve.Describe("resnet-18", 4, h)
	write := n.Save
	if filepath.Ext(path) == ".onnx" {
		write = n.SaveONNX
	}
	if err := write(path, model); err != nil {
		t.Fatal(err)
	}
}

// start serves a network that is in a folder or file of this name.
func start(t *testing.T, name string, limits serve.Limits) (*serve.Predictor, *httptest.Server) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	save(t, path)
	p, err := serve.Open(path, serve.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(serve.Handler(p, limits))
	t.Cleanup(func() { server.Close(); p.Close() })
	return p, server
}

// photo is a JPEG file of its own for every number.
func photo(i int) []byte {
	m := image.NewGray(image.Rect(0, 0, 60+i%30, 50))
	for y := range 50 {
		for x := range m.Rect.Dx() {
			m.SetGray(x, y, color.Gray{uint8(x*(i+1) + y)})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func post(url string, body io.Reader) (code int, answer []byte, err error) {
	response, err := http.Post(url, "", body)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// TestPrinted: what the pages print opens a network where they say that one is, at the
// address that they send pictures to.
func TestPrinted(t *testing.T) {
	commands := pages.Printed(t, "doc/server")
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"served", "model.onnx"} {
		save(t, filepath.Join(dir, name))
	}
	for _, args := range commands {
		network, address := settings(args)
		if address != "localhost:8080" {
			t.Errorf("%v listens at %s", args, address)
		}
		p, err := serve.Open(network, serve.Config{})
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		p.Close()
	}
}

// predict is the piece of Go in serving.md.
func predict(ctx context.Context, file []byte) ([]float32, error) {
	predictor, err := serve.Open("served", serve.Config{})
	if err != nil {
		return nil, err
	}
	defer predictor.Close()
	return predictor.Predict(ctx, file) // from any number of goroutines
}

func TestPage(t *testing.T) {
	t.Chdir(t.TempDir())
	save(t, "served")
	if scores, err := predict(t.Context(), photo(1)); err != nil || len(scores) != 3 {
		t.Errorf("scores %v, error %v", scores, err)
	}
}

// TestAnswer wants the probability of each class, and from a file of ONNX those of the network that it was
// written from.
func TestAnswer(t *testing.T) {
	p, ours := start(t, "served", limits)
	want, err := p.Predict(t.Context(), photo(3))
	if err != nil {
		t.Fatal(err)
	}
	_, imported := start(t, "model.onnx", limits)
	for server, tolerance := range map[*httptest.Server]float64{ours: 0, imported: 1e-5} {
		code, text, err := post(server.URL, bytes.NewReader(photo(3)))
		var answer map[string]float32
		if err == nil {
			err = json.Unmarshal(text, &answer)
		}
		if err != nil || code != 200 || len(answer) != 3 {
			t.Fatalf("code %d, error %v, answer %s", code, err, text)
		}
		for i, class := range []string{"cat", "dog", "fish"} {
			if math.Abs(float64(answer[class]-want[i])) > tolerance {
				t.Errorf("answer %s, want %v to %g", text, want, tolerance)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	_, server := start(t, "served", limits)
	for _, c := range []struct {
		what string
		body io.Reader
		code int
	}{
		{"no picture", strings.NewReader("hello"), http.StatusUnsupportedMediaType},
		{"nothing", strings.NewReader(""), http.StatusUnsupportedMediaType},
		{"a claim of many pixels", strings.NewReader("P6 60000 60000 255\n"), http.StatusUnsupportedMediaType},
		{"a picture that is too large", io.LimitReader(zeros{}, limits.Bytes+1), http.StatusRequestEntityTooLarge},
	} {
		if code, text, err := post(server.URL, c.body); err != nil || code != c.code || bytes.Count(text, []byte("\n")) != 1 {
			t.Errorf("%s: code %d, error %v, %q, want code %d and a sentence", c.what, code, err, text, c.code)
		}
	}
	if response, err := http.Get(server.URL); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v, error %v", response, err)
	}
}

// zeros are bytes without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestLoad wants an answer to every request of sixteen visitors at a time, and memory that does not grow.
// AUTODROPOUT_LOAD says how many requests.
func TestLoad(t *testing.T) {
	const visitors = 16
	requests := 320
	if text := os.Getenv("AUTODROPOUT_LOAD"); text != "" {
		var err error
		if requests, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	patient := limits
	patient.Patience = 10 * time.Minute // on a machine that is short of time, too
	_, server := start(t, "served", patient)
	round := func(n int) (took []time.Duration) {
		var mu sync.Mutex
		var group sync.WaitGroup
		for i := range visitors {
			group.Go(func() {
				file := photo(i)
				for range n / visitors {
					began := time.Now()
					code, text, err := post(server.URL, bytes.NewReader(file))
					if err != nil || code != 200 {
						t.Errorf("code %d, error %v, %s", code, err, text)
						return
					}
					mu.Lock()
					took = append(took, time.Since(began))
					mu.Unlock()
				}
			})
		}
		group.Wait()
		slices.Sort(took)
		return took
	}
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	round(10 * visitors)
	before, began := heap(), time.Now()
	took := round(requests)
	elapsed := time.Since(began)
	after := heap()
	// A core takes its memory, 1 MB, when it first has work.
	if len(took) != requests/visitors*visitors || after > before+2<<20 {
		t.Errorf("%d answers, and %d bytes in use after %d", len(took), after, before)
	}
	fmt.Printf("%d requests, %.0f a second, p50 %v, p99 %v, heap %d KB before and %d KB after\n", len(took), float64(len(took))/elapsed.Seconds(),
		took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond), before>>10, after>>10)
}
