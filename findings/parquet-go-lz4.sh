#!/usr/bin/env bash
# github.com/parquet-go/parquet-go v0.32.0 reads a file of pyarrow 26.0.1.
#
# A required int64 column with the numbers 1 to 1,000, compressed with LZ4: 1,000
# rows come back without an error, all zero. Where the program has read another
# file before, they are that file's numbers: nothing writes the buffer of the page.
# The same table compressed with Snappy is read right. pyarrow reads both.
#
# What follows: look at the codec of every column chunk before reading, and refuse
# LZ4. Our reader of Hugging Face's Parquet files does.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages pyarrow==26.0.1
cat > write.py <<'PYTHON'
import pyarrow
import pyarrow.parquet

schema = pyarrow.schema([pyarrow.field("label", pyarrow.int64(), nullable=False)])
for name, codec, labels in (("snappy", "snappy", range(1, 1001)), ("lz4", "lz4", range(1, 1001)), ("sevens", "snappy", [7] * 1000)):
    table = pyarrow.table({"label": pyarrow.array(labels, pyarrow.int64())}, schema=schema)
    pyarrow.parquet.write_table(table, name, compression=codec, use_dictionary=False)
    print("pyarrow", name, sum(pyarrow.parquet.read_table(name)["label"].to_pylist()))
PYTHON
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
)

func main() {
	for _, name := range os.Args[1:] {
		rows, err := parquet.ReadFile[struct {
			Label int64 `parquet:"label"`
		}](name)
		sum := int64(0)
		for _, row := range rows {
			sum += row.Label
		}
		fmt.Println("parquet-go", name, len(rows), sum, err)
	}
}
GO
go_packages github.com/parquet-go/parquet-go@v0.32.0
go build -o read .
{ python write.py; ./read snappy; ./read lz4; ./read sevens lz4; } | same 'pyarrow snappy 500500
pyarrow lz4 500500
pyarrow sevens 7000
parquet-go snappy 1000 500500 <nil>
parquet-go lz4 1000 0 <nil>
parquet-go sevens 1000 7000 <nil>
parquet-go lz4 1000 7000 <nil>'
