package figure

import (
	"context"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// cell is a column of a table with its value.
type cell struct {
	name  string
	value any
}

// insert writes one row. Its values go beside the statement and not, as bun's, in it: a great value would be spelt out in hex digits, and read
// as SQL.
func (s *Store) insert(ctx context.Context, tx bun.Tx, table string, row []cell) error {
	names, places, values := make([]string, len(row)), make([]string, len(row)), make([]any, len(row))
	for i, f := range row {
		names[i], places[i], values[i] = f.name, "?", f.value
		if s.db.Engine() == store.Postgres {
			places[i] = "$" + strconv.Itoa(i+1)
		}
	}
	_, err := tx.Tx.ExecContext(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(places, ", ")+")", values...)
	return err
}
