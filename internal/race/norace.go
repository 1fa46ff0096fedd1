//go:build !race

package race

// Enabled reports whether this is a build with -race, in which the functions of this
// package move what they are told of to the heap.
const Enabled = false

// Read records that the caller's assembly reads x.
func Read[T any](x []T) {}

// Write records that the caller's assembly writes x.
func Write[T any](x []T) {}

// ReadRows records reads of a matrix of rows x cols elements whose rows start
// stride elements apart.
func ReadRows[T any](x []T, rows, cols, stride int) {}

// WriteRows is ReadRows for writes.
func WriteRows[T any](x []T, rows, cols, stride int) {}

// ReadGroups is ReadRows for a number of matrices that start next elements
// apart.
func ReadGroups[T any](x []T, groups, next, rows, cols, stride int) {}

// WriteGroups is ReadGroups for writes.
func WriteGroups[T any](x []T, groups, next, rows, cols, stride int) {}
