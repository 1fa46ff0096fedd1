package data_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"

	"autodropout/data"
	"autodropout/data/imaging"
)

// The built-in set needs no files.
func ExampleSynthetic() {
	train, test, err := data.Synthetic(data.SyntheticConfig{Seed: 1, Train: 200, Test: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Len(), test.Len(), train.Height, train.Width)
	fmt.Println(train.Classes)
	// Output:
	// 200 100 32 32
	// [disc ring crescent square cross hourglass triangle star arrow bolt]
}

// A trainer's loop over one epoch; a validation part is held out first.
func ExampleLoader() {
	all, _, err := data.Synthetic(data.SyntheticConfig{Train: 1000, Test: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	train, valid, err := data.HoldOut(all, 1, 0.1)
	if err != nil {
		fmt.Println(err)
		return
	}
	loader, err := data.NewLoader(train, data.LoaderConfig{
		Batch:    128,
		Seed:     1,
		Augment:  data.StandardAugment(),
		DropLast: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	images := 0
	for batch := range loader.Epoch(ctx, 0, 0) {
		images += len(batch.Y) // train on batch.X and batch.Y here
	}
	fmt.Println(loader.Batches(), "batches of", images, "images")
	walk, err := data.NewOrdered(valid, 64)
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch := range walk.Epoch(ctx, 0, 0) {
		fmt.Println(batch.Shape)
	}
	// Output:
	// 7 batches of 896 images
	// [64 32 32 3]
	// [36 32 32 3]
}

// With few labels: 4 images of every class are labelled, the rest are not.
func ExampleTake() {
	train, _, err := data.Synthetic(data.SyntheticConfig{Train: 500, Test: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	labelled, rest, err := data.Take(train, 1, 4)
	fmt.Println(labelled.Len(), rest.Len(), err)
	// Output: 40 460 <nil>
}

func ExampleOpen() {
	cfg := data.OpenConfig{Synthetic: data.SyntheticConfig{Train: 100, Test: 50}}
	_, _, about, err := data.Open(context.Background(), "synthetic", cfg)
	fmt.Println(about, err)
	// Output: The data is the built-in synthetic set, not CIFAR-10 (100 training and 50 test images drawn from seed 0), as the name synthetic asks. <nil>
}

func ExampleLoadImages() {
	_, _, err := data.LoadImages("no/such/folder")
	fmt.Println(err)
	// Output: data: there is no no/such/folder: give cifar-10-binary.tar.gz or cifar-10-python.tar.gz, or the like of CIFAR-100, unpacked or not
}

// A text whose least perplexity is known.
func ExampleSyntheticLanguage() {
	c, err := data.SyntheticLanguage(data.LanguageConfig{Seed: 1, Train: 10000, Valid: 1000, Test: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d words, least perplexity %.2f\n", len(c.Words), math.Exp(c.Entropy))
	var text strings.Builder
	for _, id := range c.Test[:30] {
		text.WriteString(c.Words[id] + " ")
	}
	fmt.Println(strings.ReplaceAll(text.String(), " <eos> ", "\n"))
	// Output:
	// 305 words, least perplexity 8.24
	// = Nedife cimusia =
	// una caruca zedalat la caruca de le vanile ( una debiva ( une biluze nibibet ) bisagat ) . Nedife tobefim ricuget .
	// la
}

func ExampleLoadPTB() {
	_, err := data.LoadPTB("no/such/folder")
	fmt.Println(err)
	// Output: data: there is no no/such/folder: give the folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt
}

// A trainer's loop over one epoch of a text, and its learning rates.
func ExampleSegments() {
	words := make([]int32, 2000)
	rows, err := data.NewSegments(words, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	const epoch, length = 0, 70
	for _, span := range rows.JitteredSpans(length, 1, epoch) {
		inputs, targets := rows.Segment(span, 30) // with 30 words of context
		fmt.Printf("%d rows of %d words predict %d, rate %.2f\n", rows.Batch(), len(inputs)/rows.Batch(), len(targets), float64(span.Length)/length)
	}
	// Output:
	// 10 rows of 61 words predict 610, rate 0.87
	// 10 rows of 103 words predict 730, rate 1.04
	// 10 rows of 95 words predict 650, rate 0.93
}

// A text of one's own.
func ExampleLoadText() {
	folder, err := os.MkdirTemp("", "text")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	for name, text := range map[string]string{"train.txt": "the cat sat\n<unk> sat\n", "valid.txt": "the dog sat\n", "test.txt": "the cat\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			fmt.Println(err)
			return
		}
	}
	c, err := data.LoadText(folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range c.Valid {
		fmt.Print(c.Words[id], " ")
	}
	// Output: the <unk> sat <eos>
}

// Photographs to predict for come as a network takes them: of one size, normalised.
func ExampleOpenPhotos() {
	folder, err := os.MkdirTemp("", "photos")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "grey.png")
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 300, 200))); err != nil {
		fmt.Println(err)
		return
	}
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		fmt.Println(err)
		return
	}

	views, err := data.Resized(data.OpenPhotos(path), 64, 73, imaging.Bilinear)
	if err != nil {
		fmt.Println(err)
		return
	}
	loader, err := data.NewOrdered(views, 16)
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch := range loader.Epoch(context.Background(), 0, 0) {
		fmt.Println(batch.Shape) // predict for batch.X here
	}
	fmt.Println(loader.Err())
	// Output:
	// [1 64 64 3]
	// <nil>
}
