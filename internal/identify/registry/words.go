package registry

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/office/search"
)

//go:embed words/*/*.sql
var wordMigrations embed.FS

// words is the full text of records that follow a template, in the engine's own index: FTS5 of SQLite, a GIN index of PostgreSQL. Both are
// given the tokens of package search, so that they find the same.
type words struct {
	engine store.Engine
}

func openWords(ctx context.Context, db *store.DB) (words, error) {
	files, err := fs.Sub(wordMigrations, "words/"+string(db.Engine()))
	if err != nil {
		return words{}, err
	}
	return words{db.Engine()}, store.Migrate(ctx, db, "identify_words", files)
}

// insert is the statement that adds so many rows of serial and words.
func (w words) insert(rows int) string {
	if w.engine == store.SQLite {
		return "INSERT INTO identify_words (rowid, words) VALUES " + marks(w.engine, rows, 2)
	}
	var b strings.Builder
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "($%d, array_to_tsvector(string_to_array($%d, ' ')))", 2*i+1, 2*i+2)
	}
	return "INSERT INTO identify_words (serial, words) VALUES " + b.String()
}

func (w words) remove(ctx context.Context, tx bun.Tx, serial int64) error {
	query := "DELETE FROM identify_words WHERE rowid = ?"
	if w.engine == store.Postgres {
		query = "DELETE FROM identify_words WHERE serial = $1"
	}
	_, err := tx.Tx.ExecContext(ctx, query, serial)
	return wrap("take words out of the search", err)
}

// where limits a query of versions to those with all words of q; false where q has no words.
func (w words) where(q *bun.SelectQuery, asked string) (*bun.SelectQuery, bool) {
	var terms []string
	for _, a := range search.AskedWords(asked) {
		for i, t := range a.Tokens {
			last := a.Prefix && i == len(a.Tokens)-1
			switch {
			case w.engine == store.Postgres && last:
				t = "'" + t + "':*"
			case w.engine == store.Postgres:
				t = "'" + t + "'"
			case last:
				t = `"` + t + `"*`
			default:
				t = `"` + t + `"`
			}
			terms = append(terms, t)
		}
	}
	if len(terms) == 0 {
		return q, false
	}
	if w.engine == store.Postgres {
		return q.Where("v.serial IN (SELECT serial FROM identify_words WHERE words @@ CAST(? AS tsquery))", strings.Join(terms, " & ")), true
	}
	return q.Where("v.serial IN (SELECT rowid FROM identify_words WHERE identify_words MATCH ?)", strings.Join(terms, " AND ")), true
}
