package history

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
)

// Fact is a business fact as a file of its kind holds it.
type Fact struct {
	Kind      string
	ID        string      // by which the books know it
	Reference string      // of the document that it rests on (grade E1); "": its owner says so (E0)
	Fields    [][2]string // key and text of a cell
}

// Files writes facts as CSV, a file a kind, as POST /facts/import takes it.
func Files(facts []Fact) (kinds []string, files map[string][]byte, err error) {
	heads := map[string][]string{}
	rows := map[string][]Fact{}
	for _, f := range facts {
		if heads[f.Kind] == nil {
			kinds = append(kinds, f.Kind)
			heads[f.Kind] = []string{"externalId", "grade", "evidenceReference"}
		}
		for _, x := range f.Fields {
			if !slices.Contains(heads[f.Kind], x[0]) {
				heads[f.Kind] = append(heads[f.Kind], x[0])
			}
		}
		rows[f.Kind] = append(rows[f.Kind], f)
	}
	files = map[string][]byte{}
	for _, kind := range kinds {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write(heads[kind]) // Flush tells
		for _, f := range rows[kind] {
			cells := make([]string, len(heads[kind]))
			cells[0], cells[1], cells[2] = f.ID, "E0", f.Reference
			if f.Reference != "" {
				cells[1] = "E1"
			}
			for _, x := range f.Fields {
				cells[slices.Index(heads[kind], x[0])] = x[1]
			}
			_ = w.Write(cells)
		}
		w.Flush()
		if err := w.Error(); err != nil {
			return nil, nil, err
		}
		files[kind] = b.Bytes()
	}
	return kinds, files, nil
}

// yuan writes fen as a cell of money.
func yuan(fen int64) string { return hundredths(fen) }

// hundredths writes n/100, n not negative.
func hundredths(n int64) string {
	s := strconv.FormatInt(n, 10)
	for len(s) < 3 {
		s = "0" + s
	}
	return s[:len(s)-2] + "." + s[len(s)-2:]
}
