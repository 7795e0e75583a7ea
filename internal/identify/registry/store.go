package registry

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

type prefixRow struct {
	bun.BaseModel `bun:"table:identify_prefix,alias:p"`

	Number   int64 `bun:"number,pk"`
	Prefix   string
	Name     string
	Org      uuid.UUID
	State    string
	Revision int64
	At       int64
}

func (r *prefixRow) prefix() Prefix {
	return Prefix{Number: r.Number, Prefix: r.Prefix, Name: r.Name, Org: r.Org, State: PrefixState(r.State), Revision: r.Revision, At: r.At}
}

type prefixStateRow struct {
	bun.BaseModel `bun:"table:identify_prefix_state,alias:s"`

	Number   int64 `bun:"number,pk"`
	Revision int64 `bun:"revision,pk"`
	Org      uuid.UUID
	State    string
	Since    int64
	Until    int64
	Actor    string
	Reason   string
}

func (r *prefixStateRow) past() PrefixPast {
	out := PrefixPast{Org: r.Org, State: PrefixState(r.State), Revision: r.Revision, Since: r.Since, Until: r.Until, Reason: r.Reason}
	_ = json.Unmarshal([]byte(r.Actor), &out.By) // written here
	return out
}

type authorRow struct {
	bun.BaseModel `bun:"table:identify_author,alias:a"`

	Number int64 `bun:"number,pk"`
	Kind   string
	ID     string `bun:"id"`
	Name   string
	Via    string
}

type commitRow struct {
	bun.BaseModel `bun:"table:identify_commit,alias:c"`

	Number   int64 `bun:"number,pk"`
	At       int64
	First    int64
	Versions int64
	Chain    []byte
}

type versionRow struct {
	bun.BaseModel `bun:"table:identify_version,alias:v"`

	Serial    int64 `bun:"serial,pk"`
	IdentKey  []byte
	Prefix    int64
	Name      string
	Operation string
	Author    int64
	At        int64
	Until     int64
	Template  int64
	Record    []byte

	Org  uuid.UUID `bun:"org,scanonly"`
	Kind string    `bun:"kind,scanonly"`
	Who  string    `bun:"who,scanonly"`
	By   string    `bun:"by_name,scanonly"`
	Via  string    `bun:"via,scanonly"`
}

func (r *versionRow) version() Version {
	return Version{Serial: r.Serial, Name: handle.Name(r.Name), Org: r.Org, Prefix: r.Prefix, Operation: Operation(r.Operation), By: IdentifierAuthor{r.Kind, r.Who, r.By, r.Via}, At: r.At, Until: r.Until,
		Template: r.Template, Record: r.Record}
}

// versions is a query of versions with their authors and owners.
func versions(db bun.IDB, rows *[]versionRow) *bun.SelectQuery {
	return db.NewSelect().Model(rows).ColumnExpr("v.*").
		ColumnExpr("p.org AS org, w.kind AS kind, w.id AS who, w.name AS by_name, w.via AS via").
		Join("JOIN identify_prefix AS p ON p.number = v.prefix").Join("JOIN identify_author AS w ON w.number = v.author")
}

// marks are the placeholders of rows of n columns: "(?, ?), (?, ?)", or $1 … on PostgreSQL.
func marks(engine store.Engine, rows, columns int) string {
	var b strings.Builder
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j := range columns {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(mark(engine, i*columns+j+1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

func mark(engine store.Engine, n int) string {
	if engine == store.Postgres {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// statements are the prepared statements of the hot paths.
type statements struct {
	many, one     *sql.Stmt // insert versions
	end           *sql.Stmt // end the version that holds
	find          *sql.Stmt // the record under a key
	values, value *sql.Stmt // insert values that are searched
	texts, text   *sql.Stmt // insert words that are searched
	unvalue       *sql.Stmt
}

// manyRows is how many versions one statement inserts.
const manyRows = 50

const versionColumns = "serial, ident_key, prefix, name, operation, author, at, until, template, record"

func prepare(ctx context.Context, db *store.DB, w words) (*statements, error) {
	var s statements
	m := func(n int) string { return mark(db.Engine(), n) }
	forever := strconv.FormatInt(store.Forever, 10)
	for to, query := range map[**sql.Stmt]string{
		&s.many:    "INSERT INTO identify_version (" + versionColumns + ") VALUES " + marks(db.Engine(), manyRows, 10),
		&s.one:     "INSERT INTO identify_version (" + versionColumns + ") VALUES " + marks(db.Engine(), 1, 10),
		&s.end:     "UPDATE identify_version SET until = " + m(1) + " WHERE ident_key = " + m(2) + " AND until = " + forever + " RETURNING serial, template",
		&s.find:    "SELECT serial, operation, record FROM identify_version WHERE ident_key = " + m(1) + " ORDER BY serial DESC LIMIT 1",
		&s.values:  "INSERT INTO identify_value (serial, prefix, item, word, number) VALUES " + marks(db.Engine(), manyRows, 5),
		&s.value:   "INSERT INTO identify_value (serial, prefix, item, word, number) VALUES " + marks(db.Engine(), 1, 5),
		&s.texts:   w.insert(manyRows),
		&s.text:    w.insert(1),
		&s.unvalue: "DELETE FROM identify_value WHERE serial = " + m(1),
	} {
		stmt, err := db.DB.DB.PrepareContext(ctx, query)
		if err != nil {
			return nil, wrap("prepare "+query[:min(40, len(query))], err)
		}
		*to = stmt
	}
	return &s, nil
}

func (s *statements) close() error {
	for _, x := range []*sql.Stmt{s.many, s.one, s.end, s.find, s.values, s.value, s.texts, s.text, s.unvalue} {
		if err := x.Close(); err != nil {
			return err
		}
	}
	return nil
}

// insert inserts versions.
func (s *statements) insert(ctx context.Context, tx bun.Tx, rows []versionRow) error {
	args := make([]any, 0, len(rows)*10)
	for i := range rows {
		r := &rows[i]
		args = append(args, r.Serial, r.IdentKey, r.Prefix, r.Name, r.Operation, r.Author, r.At, r.Until, r.Template, r.Record)
	}
	return wrap("write versions", insertMany(ctx, tx, s.many, s.one, 10, args))
}

// insertMany inserts rows of so many columns with a statement for manyRows of them, and what is left with one for a row.
func insertMany(ctx context.Context, tx bun.Tx, many, one *sql.Stmt, columns int, args []any) error {
	many, one = tx.Tx.StmtContext(ctx, many), tx.Tx.StmtContext(ctx, one)
	for len(args) > 0 {
		n, stmt := columns, one
		if len(args) >= manyRows*columns {
			n, stmt = manyRows*columns, many
		}
		if _, err := stmt.ExecContext(ctx, args[:n]...); err != nil {
			return err
		}
		args = args[n:]
	}
	return nil
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, store.Err(err))
}
