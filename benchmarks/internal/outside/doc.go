// Package outside has programs train: it starts one in the folder of a training, by the
// external protocol (doc/external-protocol.md), watches it, and reads its answer. It
// knows neither searches nor patterns.
package outside
