// Package models holds complete networks built from package layers. Each is a
// config, a constructor that returns an error for a config it cannot build, and
// a Forward method. The names of parameters are listed with each model; weights
// are exchanged with [layers.State] and [layers.LoadState].
//
// A model names the places where dropout may act (Sites) and calls
// [layers.Ctx.Drop] there; it knows no kind of dropout.
package models
