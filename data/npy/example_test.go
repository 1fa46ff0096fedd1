package npy_test

import (
	"fmt"
	"os"
	"path/filepath"

	"autodropout/data/npy"
)

// Logits for Python: numpy.load("logits.npy") reads them.
func Example() {
	folder, err := os.MkdirTemp("", "npy")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "logits.npy")
	if err := npy.WriteFile(path, npy.Array{Shape: []int{1, 3}, Data: []float32{0.5, -1, 2}}); err != nil {
		fmt.Println(err)
		return
	}
	a, err := npy.ReadFile(path)
	fmt.Println(a.Shape, a.Data, err)
	// Output: [1 3] [0.5 -1 2] <nil>
}
