// Package glob finds files in folders that users name.
package glob

import (
	"io/fs"
	"os"
	"path/filepath"
)

// In returns the files in a folder whose paths from there match a pattern, which has slashes.
// The folder's own path is no pattern, as it would be for [filepath.Glob]: it may hold
// brackets. What cannot be read is left out.
func In(folder, pattern string) []string {
	found, err := fs.Glob(os.DirFS(folder), pattern)
	if err != nil {
		panic(err) // a pattern of this program that is none
	}
	for i, name := range found {
		found[i] = filepath.Join(folder, filepath.FromSlash(name))
	}
	return found
}
