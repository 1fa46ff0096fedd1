//go:build race

package race

import (
	"runtime"
	"unsafe"
)

// Enabled reports whether this is a build with -race, in which the functions of this
// package move what they are told of to the heap.
const Enabled = true

// Read records that the caller's assembly reads x.
func Read[T any](x []T) {
	if len(x) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&x[0]), len(x)*int(unsafe.Sizeof(x[0])))
	}
}

// Write records that the caller's assembly writes x.
func Write[T any](x []T) {
	if len(x) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&x[0]), len(x)*int(unsafe.Sizeof(x[0])))
	}
}

// ReadRows records reads of a matrix of rows x cols elements whose rows start
// stride elements apart.
func ReadRows[T any](x []T, rows, cols, stride int) {
	for i := range rows {
		Read(x[i*stride : i*stride+cols])
	}
}

// WriteRows is ReadRows for writes.
func WriteRows[T any](x []T, rows, cols, stride int) {
	for i := range rows {
		Write(x[i*stride : i*stride+cols])
	}
}

// ReadGroups is ReadRows for a number of matrices that start next elements
// apart.
func ReadGroups[T any](x []T, groups, next, rows, cols, stride int) {
	for g := range groups {
		ReadRows(x[g*next:], rows, cols, stride)
	}
}

// WriteGroups is ReadGroups for writes.
func WriteGroups[T any](x []T, groups, next, rows, cols, stride int) {
	for g := range groups {
		WriteRows(x[g*next:], rows, cols, stride)
	}
}
