// Package experiment takes a [Subject], which knows data, networks and how they are
// trained, through searches and final trainings to a table: an [Experiment]. Each of
// its parts is a type of its own: searcher, finals, estimator, coordinator and worker
// of a cluster, reporter. What they share is in a setup, and what they have to show in
// a record.
package experiment
