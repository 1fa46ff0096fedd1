// Package race tells the race detector which memory assembly touches, since it
// cannot see into assembly. Without -race its functions are empty.
package race
