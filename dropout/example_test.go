package dropout_test

import (
	"fmt"
	"os"
	"path/filepath"

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
	policy, err := pattern.Policy(sites)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Models say c.Drop("block1.bn1", x); ops.Dropout applies the mask to x.
	mask := policy.Mask("block1.bn1", []int{1, 4, 4, 1}, dropout.Stream{Seed: 1})
	keep := make([]uint32, 1) // a bit for each of 16 elements
	factor := mask(keep)
	fmt.Println(pattern)
	for row := range 4 {
		for column := range 4 {
			fmt.Print(keep[0] >> (4*row + column) & 1)
		}
		fmt.Println()
	}
	fmt.Printf("factor %.2f\n", factor)
	// Output:
	// pattern for [1] blocks
	// 1.1  size 0.5 stride 0.5 repeat 2 share_c
	// 1100
	// 1100
	// 1111
	// 1111
	// factor 1.33
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
	// convnet space: 12 groups of 8 choices (size 9, stride 8, repeat 8, rotate 6, shear_x 7, shear_y 7, share_c 2, residual 2), 9.33e+69 patterns
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

// Blocks of four tokens lose the same channels; two tokens between them lose
// none.
func ExampleTokenPattern_Sample() {
	pattern := dropout.TokenPattern{Size: 4, Stride: 2, ShareT: true, Drop: 0.5}
	rows := pattern.Sample(20, 6, dropout.Stream{Seed: 1})
	for channel := range rows[0] {
		for token := range rows { // time runs to the right
			if rows[token][channel] {
				fmt.Print(".")
			} else {
				fmt.Print("#")
			}
		}
		fmt.Println()
	}
	// Output:
	// ....................
	// ..####..............
	// ....................
	// ..####..####..####..
	// ..####........####..
	// ..####..............
}

// A learned pattern acts in the layers, and the usual dropout elsewhere.
func ExampleCombine() {
	space := dropout.SequenceSpace()
	fmt.Println(space)
	point := make([]int, space.Decisions())
	point[5*5+4] = 3 // place 5, the hidden layer of the feed-forward part, drops 0.3
	learned, err := dropout.DecodeSequence(space, point)
	if err != nil {
		fmt.Println(err)
		return
	}
	sites := []dropout.Site{
		{Name: "input", Kind: dropout.Input},
		{Name: "layers.0.inner", Kind: dropout.Inner, Stages: 1, Blocks: 1},
	}
	inner, err := learned.Policy(sites)
	if err != nil {
		fmt.Println(err)
		return
	}
	outer, err := dropout.NewSequenceDropout(dropout.SequenceRates{Input: 0.6}, sites)
	if err != nil {
		fmt.Println(err)
		return
	}
	policy := dropout.Combine(inner, outer)
	for _, site := range sites {
		mask := policy.Mask(site.Name, []int{10, 70, 380}, dropout.Stream{})
		fmt.Printf("%s: %v\n", site.Name, mask != nil)
	}
	// Output:
	// sequence space: 7 groups of 5 choices (size 8, stride 8, share_t 2, share_c 2, drop 8), 1.51e+23 patterns
	// input: true
	// layers.0.inner: true
}

// A search of one's own may begin with a pattern that is known.
func ExampleEncodeConv() {
	known := &dropout.ConvPattern{Stages: [][]dropout.BlockPattern{
		{{Size: 0.5, Stride: 0.5, Repeat: 2, ShareC: true}},
	}}
	space := dropout.ConvSpace(known.Blocks())
	point, err := dropout.EncodeConv(space, known)
	if err != nil {
		fmt.Println(err)
		return
	}
	point[0]++ // the next larger size
	changed, err := dropout.DecodeConv(space, point)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(changed)
	// Output:
	// pattern for [1] blocks
	// 1.1  size 0.625 stride 0.5 repeat 2 share_c
}
