package dropout_test

import (
	"fmt"
	"os"
	"path/filepath"

	"autodropout/autograd"
	"autodropout/dropout"
)

// A pattern comes from a file and becomes a policy for a model's sites.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "pattern.json")
	learned := &dropout.ConvPattern{Stages: [][]dropout.BlockPattern{
		{{Size: 0.5, Stride: 0.5, Repeat: 2, ShareC: true}},
	}}
	if err := learned.Save(path); err != nil {
		fmt.Println(err)
		return
	}

	pattern, err := dropout.LoadPattern(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	sites := []dropout.Site{{Name: "block1.bn1", Kind: dropout.Norm, Stages: 1, Blocks: 1}}
	policy, err := dropout.NewConvPattern(pattern, sites)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := autograd.FromSlice([]float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 1, 4, 4, 1)
	y := policy.Apply("block1.bn1", x, dropout.Stream{Seed: 1})
	fmt.Println(pattern)
	for row := range 4 {
		fmt.Printf("%.2f\n", y.Data()[4*row:4*row+4])
	}
	fmt.Printf("kept %.2f\n", policy.Stats().KeepFraction())
	// Output:
	// pattern for [1] blocks
	// 1.1  size 0.5 stride 0.5 repeat 2 share_c
	// [1.33 1.33 0.00 0.00]
	// [1.33 1.33 0.00 0.00]
	// [1.33 1.33 1.33 1.33]
	// [1.33 1.33 1.33 1.33]
	// kept 0.75
}

func ExampleConvSpace() {
	space := dropout.ConvSpace([]int{4, 4, 4}) // WRN-28
	fmt.Println(space)
	pattern, err := dropout.DecodeConv(space, make([]int, space.Decisions()))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pattern.Stages[0][0])
	// Output:
	// convnet space: 12 groups of 8 tokens (size 9, stride 8, repeat 8, rotate 6, shear_x 7, shear_y 7, share_c 2, residual 2), 9.33e+69 patterns
	// none
}

func ExampleConvPattern_Resize() {
	found := &dropout.ConvPattern{Stages: [][]dropout.BlockPattern{
		{{}, {Size: 0.25, Stride: 0.5, Repeat: 1}},
	}}
	deeper, err := found.Resize([]int{4})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(deeper)
	// Output:
	// pattern for [4] blocks
	// 1.1  none
	// 1.2  none
	// 1.3  size 0.25 stride 0.5 repeat 1
	// 1.4  size 0.25 stride 0.5 repeat 1
}

func ExampleBlockPattern_Sample() {
	pattern := dropout.BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 8, Rotate: 45}
	for _, row := range pattern.Sample(12, 24, 0, dropout.Stream{Seed: 1}) {
		for _, kept := range row {
			if kept {
				fmt.Print(".")
			} else {
				fmt.Print("#")
			}
		}
		fmt.Println()
	}
	// Output:
	// ..#........#.......#....
	// .......#.......#........
	// ......###.....###......#
	// .....####.....###.....##
	// ......##.......#.......#
	// ...........#............
	// ..##......###......##...
	// .####....####.....####..
	// ..##......##.......##...
	// ........................
	// ......##.......##......#
	// #....####.....####....##
}
