package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/controller/cluster"
	"autodropout/dropout"
)

// throughput measures searches whose trials take no time, with different numbers
// of workers in turns. Server, coordinator and workers are in this process, but
// talk over the loopback interface, each worker by a connection of its own, and
// everything is on disk before it counts.
func (c *config) throughput(ctx context.Context, stdout io.Writer) error {
	const rounds = 3
	rates := map[int][]float64{}
	for range rounds {
		for _, workers := range c.workers {
			rate, err := c.rate(ctx, workers)
			if err != nil {
				return err
			}
			rates[workers] = append(rates[workers], rate)
		}
	}
	fmt.Fprintf(stdout, "%d trials without training, medians of %d rounds\n\n| workers | trials/s |\n|---|---|\n", c.trials, rounds)
	for _, workers := range c.workers {
		slices.Sort(rates[workers])
		fmt.Fprintf(stdout, "| %d | %.0f (%.0f to %.0f) |\n", workers, rates[workers][rounds/2], rates[workers][0], rates[workers][rounds-1])
	}
	return nil
}

// rate returns the trials that pass in a second.
func (c *config) rate(ctx context.Context, workers int) (rate float64, err error) {
	folder, err := os.MkdirTemp("", "autodropout-throughput-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	server, err := cluster.StartServer(cluster.ServerConfig{Folder: filepath.Join(folder, "nats"), Listen: "127.0.0.1:0"})
	if err != nil {
		return 0, err
	}
	defer server.Shutdown()
	connect := func() (*cluster.Connection, error) {
		return cluster.Connect(ctx, cluster.Address{URL: server.URL()}, func(string, ...any) {})
	}
	conn, err := connect()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	coordinator, err := cluster.Open(ctx, conn, "throughput", cluster.Job{Run: "throughput"}, time.Minute)
	if err != nil {
		return 0, err
	}
	group, working := errgroup.WithContext(ctx)
	for range workers {
		conn, err := connect()
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		worker, err := cluster.Join(ctx, conn, "throughput", cluster.Identity{})
		if err != nil {
			return 0, err
		}
		group.Go(func() error {
			return worker.Work(working, "", folder, 1, func(_ context.Context, t cluster.Assignment) (controller.Outcome, error) {
				return controller.Outcome{Reward: float64(t.Point[0])}, nil
			})
		})
	}
	began := time.Now()
	_, err = coordinator.Search(ctx, "random", controller.Config{
		Path: runfolder.Folder(folder).Path(runfolder.Trials), Trials: c.trials, InFlight: 64, Algorithm: controller.Random,
	}, dropout.ConvSpace([]int{1, 1, 1}))
	rate = float64(c.trials) / time.Since(began).Seconds()
	if err == nil {
		err = coordinator.Finish(ctx)
	}
	if err == nil {
		err = group.Wait()
	}
	return rate, err
}
