// Server answers questions over HTTP with a trained network: what is in this picture?
//
//	go run ./doc/server -network runs/NAME/served
//	curl --data-binary @cat.jpg localhost:8080
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"autodropout/serve"
)

// What is accepted from strangers.
const (
	largest  = 8 << 20          // bytes of a picture
	uploads  = 32               // pictures that are sent at a time
	patience = 10 * time.Second // for a picture to come, and for its answer
)

func main() {
	network, address := settings(os.Args[1:])
	predictor, err := serve.Open(network, serve.Config{Wait: 2 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: address, Handler: handler(predictor), ReadTimeout: patience, WriteTimeout: 2 * patience, IdleTimeout: patience, MaxHeaderBytes: 16 << 10}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	answered := make(chan error)
	context.AfterFunc(ctx, func() { answered <- server.Shutdown(context.Background()) })
	fmt.Println("listening at", address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	if err := <-answered; err != nil {
		log.Fatal(err)
	}
}

// settings returns what the flags say.
func settings(args []string) (network, address string) {
	flags := flag.NewFlagSet("server", flag.ExitOnError)
	flags.StringVar(&network, "network", "network", "`folder` with network.json and weights.safetensors")
	flags.StringVar(&address, "listen", "localhost:8080", "`address` to listen at")
	flags.Parse(args)
	return network, address
}

// handler answers a picture that is sent by POST with the probability of every class.
func handler(p *serve.Predictor) http.Handler {
	sending := make(chan struct{}, uploads)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		select {
		case sending <- struct{}{}:
			defer func() { <-sending }()
		default:
			fail(w, serve.ErrBusy)
			return
		}
		picture, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
		if err != nil {
			fail(w, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		scores, err := p.Predict(ctx, picture)
		if err != nil {
			fail(w, err)
			return
		}
		answer := map[string]float32{}
		for i, class := range p.Classes() {
			answer[class] = scores[i]
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
	})
	return mux
}

// fail says what went wrong, and whose fault it is.
func fail(w http.ResponseWriter, err error) {
	code := http.StatusServiceUnavailable
	var large *http.MaxBytesError
	var bad *serve.BadImageError
	switch {
	case errors.As(err, &large):
		code = http.StatusRequestEntityTooLarge
	case errors.As(err, &bad):
		code = http.StatusUnsupportedMediaType
	}
	http.Error(w, err.Error(), code)
}
