#!/usr/bin/env bash
# github.com/gomlx/gomlx v0.26.0, its backend in Go.
#
# layers.DropPath sets whole examples to 0 in training and leaves the others as they
# are. With a rate of 0.3 a residual branch has a mean of 0.70 in training and of 1 in
# evaluation. layers.Dropout, beside it, divides by 0.7 "to preserve the mean"; the
# paper on stochastic depth multiplies by 0.7 in evaluation. DropPath does neither, and
# its comment does not say so.
#
# What follows: a network that trained with it evaluates with larger branches than it
# knows. dropout.NewStochasticDepth divides and says so in its comment; it takes the
# probability of keeping.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cat > main.go <<'GO'
package main

import (
	"fmt"

	"github.com/gomlx/gomlx/backends"
	_ "github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/ml/layers"
)

func main() {
	backend := backends.MustNew()
	for _, layer := range []struct {
		name  string
		apply func(*context.Context, *graph.Node, *graph.Node) *graph.Node
	}{{"Dropout", layers.Dropout}, {"DropPath", layers.DropPath}} {
		for _, mode := range []struct {
			name     string
			training bool
		}{{"training", true}, {"evaluation", false}} {
			ctx := context.New()
			ctx.SetRNGStateFromSeed(1)
			seen := context.MustNewExec(backend, ctx, func(ctx *context.Context, g *graph.Graph) (*graph.Node, *graph.Node) {
				ctx.SetTraining(g, mode.training)
				ones := graph.Ones(g, shapes.Make(dtypes.Float32, 200_000, 1))
				y := layer.apply(ctx, ones, graph.Scalar(g, dtypes.Float32, 0.3))
				return graph.ReduceAllMean(y), graph.ReduceAllMax(y)
			}).MustExec()
			fmt.Printf("%s in %s: mean %.2f, largest %.2f\n", layer.name, mode.name, seen[0].Value(), seen[1].Value())
		}
	}
}
GO
go_packages github.com/gomlx/gomlx@v0.26.0
GOMLX_BACKEND=go go run . | same 'Dropout in training: mean 1.00, largest 1.43
Dropout in evaluation: mean 1.00, largest 1.00
DropPath in training: mean 0.70, largest 1.00
DropPath in evaluation: mean 1.00, largest 1.00'
