// Package data carries the recorded data that ships with the product: what the demo's simulated machines replay, and
// what benchmarks and tests run on where no other data are named. Each folder is a data set with a SOURCE.md that says
// where it comes from, under what licence, and what was changed.
package data

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed cnc_mill_wear gas_turbine_emissions steel_energy
var files embed.FS

// Files holds the data sets, one folder each.
func Files() fs.FS { return files }

// Bounds of a data set that is read into memory.
const (
	maxFile  = 256 << 20 // uncompressed
	maxCells = 50_000_000
)

// Table is one data set: rows of cells as the files write them.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Column returns the index of a column, or -1.
func (t *Table) Column(name string) int { return slices.Index(t.Columns, name) }

// Read reads a data set: every *.csv and *.csv.gz of its folder, in the order of their names, which must have the same
// columns. Errors name the file.
func Read(from fs.FS, dataset string) (*Table, error) {
	var t Table
	entries, err := fs.ReadDir(from, dataset)
	if err != nil {
		return nil, fmt.Errorf("data set %q: %w", dataset, err)
	}
	for _, e := range entries {
		name := path.Join(dataset, e.Name())
		if !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".csv.gz") {
			continue
		}
		rows, err := readFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		switch {
		case len(rows) == 0:
			return nil, fmt.Errorf("read %s: it is empty", name)
		case t.Columns == nil:
			t.Columns = rows[0]
		case !slices.Equal(t.Columns, rows[0]):
			return nil, fmt.Errorf("read %s: its columns differ from those of the files before it", name)
		}
		t.Rows = append(t.Rows, rows[1:]...)
		if len(t.Rows)*len(t.Columns) > maxCells {
			return nil, fmt.Errorf("data set %q has more than %d cells", dataset, maxCells)
		}
	}
	if len(t.Rows) == 0 {
		return nil, fmt.Errorf("data set %q has no rows", dataset)
	}
	return &t, nil
}

func readFile(from fs.FS, name string) ([][]string, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	}
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	c := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	c.ReuseRecord = false
	return c.ReadAll()
}
