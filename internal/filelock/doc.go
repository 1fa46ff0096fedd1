// Package filelock holds files for one process at a time. The system gives a file
// free when its holder ends, in whatever way.
package filelock
