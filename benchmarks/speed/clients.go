package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/words"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/layers"
	"autodropout/serve"
)

// clientFacts is what the callers of a predictor found.
type clientFacts struct {
	Name           string  `json:"name"`
	Clients        int     `json:"clients"`
	Batch          int     `json:"batch"` // most images that are computed together
	Threads        int     `json:"threads"`
	ItemsPerSecond float64 `json:"items_per_s"`
	Median         float64 `json:"p50_ms"` // of the time that a caller waits
	Percentile99   float64 `json:"p99_ms"`
	PeakRSS        float64 `json:"peak_rss_mb"` // as in stepFacts
	CPU            float64 `json:"cpu_ms"`      // of all threads, for an image; 0: unknown
}

// measureClients has callers ask a predictor for the classes of images that are decoded and of the
// right size, each for -steps of them after one that is not measured.
func (c *config) measureClients(ctx context.Context, p *printer, m photographModel, model layers.Model) error {
	h, err := data.PhotoHeader(m.size, m.size, imaging.Bilinear)
	if err != nil {
		return err
	}
	for i := range photographClasses {
		h.Classes = append(h.Classes, strconv.Itoa(i))
	}
	f := clientFacts{Name: "clients-" + m.name, Clients: c.clients, Batch: max(c.batch, 1), Threads: c.threads}
	predictor, err := serve.New(model, h, serve.Config{Batch: f.Batch, Queue: c.clients})
	if err != nil {
		return err
	}
	defer predictor.Close()
	if _, _, err := ask(ctx, predictor, m.size, c.clients, 1); err != nil {
		return err
	}
	used := machine.CPUTime()
	waited, took, err := ask(ctx, predictor, m.size, c.clients, c.steps)
	if err != nil {
		return err
	}
	slices.Sort(waited)
	milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	peak := machine.PeakMemory()
	f.ItemsPerSecond, f.PeakRSS = float64(len(waited))/took.Seconds(), float64(peak)/1e6
	f.Median, f.Percentile99 = milliseconds(waited[len(waited)/2]), milliseconds(waited[len(waited)*99/100])
	f.CPU = milliseconds(machine.CPUTime()-used) / float64(len(waited))
	if p.json {
		return json.NewEncoder(p.w).Encode(f)
	}
	p.title("Callers of a predictor, and how long they wait", "%-20s %7s %9s %9s %9s %9s", "model", "callers", "images/s", "p50 ms", "p99 ms", "peak")
	_, err = fmt.Fprintf(p.w, "%-20s %7d %9.2f %9.1f %9.1f %9s\n", m.name, f.Clients, f.ItemsPerSecond, f.Median, f.Percentile99, words.Memory(peak))
	return err
}

// ask has callers classify so many images each. It returns how long each image took, and all together.
func ask(ctx context.Context, p *serve.Predictor, size, clients, each int) (waited []time.Duration, took time.Duration, err error) {
	var mu sync.Mutex
	var group sync.WaitGroup
	began := time.Now()
	for range clients {
		group.Go(func() {
			image := imaging.New(size, size)
			for range each {
				start := time.Now()
				_, problem := p.PredictImage(ctx, image)
				mu.Lock()
				waited = append(waited, time.Since(start))
				if problem != nil && err == nil {
					err = problem
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return waited, time.Since(began), err
}
