// Package bench holds what the benchmarks share: the command line with presets
// and a configuration file, the run folder with its finished units, progress,
// and the report (table, result.json, curves, drawn patterns).
package bench
