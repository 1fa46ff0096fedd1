// Server answers questions over HTTP with a trained network: what is in this picture?
//
//	go run ./doc/server -network runs/NAME/served      or a file of ONNX: model.onnx
//	curl --data-binary @cat.jpg localhost:8080
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"autodropout/serve"
)

// What is accepted from strangers. A connection that sends nothing is closed, too.
var limits = serve.Limits{Bytes: 8 << 20, Uploads: 32, Patience: 10 * time.Second}

func main() {
	network, address := settings(os.Args[1:])
	predictor, err := serve.Open(network, serve.Config{Batch: 16, Wait: 2 * time.Millisecond, Queue: 64})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Addr: address, Handler: serve.Handler(predictor, limits), MaxHeaderBytes: 16 << 10,
		ReadTimeout: limits.Patience, WriteTimeout: 2 * limits.Patience, IdleTimeout: limits.Patience,
	}
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
	flags.StringVar(&network, "network", "network", "`folder` with network.json and weights.safetensors, or file of ONNX")
	flags.StringVar(&address, "listen", "localhost:8080", "`address` to listen at")
	flags.Parse(args)
	return network, address
}
