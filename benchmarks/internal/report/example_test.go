package report_test

import (
	"fmt"
	"log"
	"strings"

	"autodropout/benchmarks/internal/report"
)

func ExamplePage_Write() {
	page := report.Page{
		Title: "WRN-28-10 on CIFAR-10",
		Table: report.Table{
			Main:   1,
			Header: []string{"method", "test error, %"},
			Rows:   []report.Row{{Cells: []string{"none", "4.00 ± 0.10"}, Values: []float64{3.9, 4.1}, Mean: 4}},
		},
	}
	var file strings.Builder
	if err := page.Write(&file); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(file.String(), "4.00 ± 0.10"))
	// Output: true
}
