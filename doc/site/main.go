// Site writes the documentation as a folder of static pages: README and the other
// pages, a page for each package from its doc comments, and all files that these link to.
//
//	go run ./doc/site DIR
//
// The pages need no network and no server: open DIR/index.html.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, "Usage: go run ./doc/site DIR\n\nWrites the documentation to the folder DIR, to be opened at index.html. Start it in the folder of the repository.\n")
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	pages, err := writeSite(".", flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
	fmt.Printf("%d files are in %s: open index.html\n", pages, flag.Arg(0))
}
