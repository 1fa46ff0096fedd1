//go:build race

package sizedtest

const raceEnabled = true
