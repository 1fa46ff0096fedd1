package bitext_test

import (
	"fmt"

	"autodropout/data/text/bitext"
)

// A language pair that needs no files.
func ExampleSynthetic() {
	task, err := bitext.Synthetic(bitext.SyntheticConfig{Train: 1000, Valid: 100, Test: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range task.Train[:2] {
		fmt.Println(p.Source)
		fmt.Println(p.Target)
	}
	// Output:
	// misuha pi tuwi susu pisamu .
	// re vezes vevoboten go bebe lozo .
	// susa tuwi siti wapu pi nana .
	// go bebe volobom ze veves zozeas delo .
}
