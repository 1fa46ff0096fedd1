package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/serve"
	"autodropout/weights"
)

// open returns a predictor with the network that is saved in a folder.
func open(out string) (*serve.Predictor, error) {
	text, err := os.ReadFile(filepath.Join(out, "classes.txt"))
	if err != nil {
		return nil, fmt.Errorf("there is no saved network in %s: train one with -data DIR first (%w)", out, err)
	}
	form, err := data.PhotoHeader(pixels, shorter, imaging.Bilinear)
	if err != nil {
		return nil, err
	}
	form.Classes = strings.Split(string(text), "\n")
	model := newNetwork(len(form.Classes))
	if _, err := weights.Load(filepath.Join(out, "weights.safetensors"), model.Params(), weights.Options{}); err != nil {
		return nil, err
	}
	return serve.New(model, form, serve.Config{})
}

// recognise says what a predictor sees in an image.
func recognise(ctx context.Context, p *serve.Predictor, image []byte) (string, error) {
	scores, err := p.Predict(ctx, image)
	if err != nil {
		return "", err
	}
	best := slices.Max(scores)
	return fmt.Sprintf("%s (%.0f %%)", p.Classes()[slices.Index(scores, best)], 100*best), nil
}

// predict says what a saved network sees in image files.
func predict(ctx context.Context, out string, paths []string, w io.Writer) error {
	p, err := open(out)
	if err != nil {
		return err
	}
	defer p.Close()
	for _, path := range paths {
		image, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		what, err := recognise(ctx, p, image)
		if err != nil {
			what = err.Error()
		}
		fmt.Fprintf(w, "%s: %s\n", path, what)
	}
	return nil
}

// answer says over HTTP what a saved network sees in images, until ctx is cancelled.
func answer(ctx context.Context, out, address string, w io.Writer) error {
	p, err := open(out)
	if err != nil {
		return err
	}
	defer p.Close()
	server := &http.Server{Addr: address, Handler: handler(p), ReadTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	fmt.Fprintln(w, "listening at", address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler answers an image that is sent by POST.
func handler(p *serve.Predictor) http.Handler {
	const largest = 8 << 20 // bytes of an image
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		image, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		what, err := recognise(r.Context(), p, image)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		fmt.Fprintln(w, what)
	})
	return mux
}
