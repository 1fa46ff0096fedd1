#!/usr/bin/env bash
# The way of somebody new, from the README alone: run, look, train on images of
# one's own without dropout, with it and with a pattern that was searched, stop and
# resume, use a pattern, call the library from a new module.
# Prints each command, what it said and how long it took. Small settings stand for the
# quick preset where only the way matters.
#
#   doc/newcomer.sh PHOTOS FOLDER
#
# PHOTOS has train/CLASS and val/CLASS; in FOLDER, which must not exist, a clone
# and everything else is made. Needs git and Go.
set -euo pipefail

photos=$(realpath "$1")
origin=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
mkdir "$2"
cd "$2"

# step runs a command, shows the end of what it says, and its time.
step() {
  local start=$EPOCHREALTIME said status=0
  printf '\n$ %s\n' "$*" | sed "s|$photos|PHOTOS|g; s|$origin|ORIGIN|g"
  said=$("$@" 2>&1) || status=$?
  printf '%s\n' "$said" | tail -"${lines:-6}" | sed "s|$photos|PHOTOS|g"
  [ $status = 0 ] || printf 'exit status %d\n' $status
  [ $status = "${expect:-$status}" ] && [ $status = 0 -o "${expect:-}" ] || exit 1
  awk "BEGIN { printf \"[%.1f s]\n\", $EPOCHREALTIME - $start }"
}

step git clone -q "$origin" autodropout
cd autodropout

tiny=(-train-size 200 -test-size 100 -trials 2 -finalists 0 -search-epochs 1 -epochs 2 -seeds 1 -method none,dropblock,autodropout)
lines=14 step go run ./benchmarks/cifar -data synthetic "${tiny[@]}" -out runs/first
lines=30 step ls runs/first

lines=40 step go run ./doc/tutorial -data "$photos" -out plain
step go run ./doc/tutorial -data "$photos" -dropout dropblock -out dropblock
step go run ./doc/tutorial -data "$photos" -search 4 -epochs 5 -out found
step go run ./doc/tutorial -data "$photos" -dropout found/pattern.json -out network
step go run ./doc/tutorial -out network "$(find "$photos/val" -type f | sort | head -1)"

lines=12 step go run ./benchmarks/imagenet -data "$photos" -model resnet-18 -channels 8 -pixels 32 -resize 36 -train-size 0 -test-size 0 -epochs 2 -seeds 1 -method none,dropblock -out runs/photos

expect=124 step timeout -s INT 4 go run ./benchmarks/cifar -data synthetic -method none -epochs 8 -seeds 1 -out runs/stopped
lines=8 step go run ./benchmarks/cifar -resume -out runs/stopped

lines=8 step go run ./benchmarks/cifar -data synthetic -train-size 200 -test-size 100 -epochs 2 -seeds 1 -method none,autodropout -pattern runs/first/best-pattern.json -depth 16 -out runs/pattern
lines=8 step go run ./benchmarks/cifar -data synthetic -train-size 200 -test-size 100 -epochs 2 -seeds 1 -method autodropout -pattern patterns/cifar10-few-wrn-10-1.json -out runs/learned

mkdir ../mine
cd ../mine
cat > main.go <<'GO'
package main

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/patterns"
)

func main() {
	model, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10})
	if err != nil {
		panic(err)
	}
	pattern, err := patterns.Load("cifar10-few-wrn-10-1")
	if err != nil {
		panic(err)
	}
	if _, err := pattern.Policy(model.Sites()); err != nil {
		panic(err)
	}
	fmt.Println(model, layers.Predict(model, autograd.New(2, 32, 32, 3)).Shape())
}
GO
step go mod init example.com/mine
step go mod edit -require autodropout@v0.0.0 -replace autodropout=../autodropout
step go mod tidy
step go run .
