package store

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
)

// Snapshot is the whole database as it was at one moment, while others go on writing. It holds a read transaction until
// Close: SQLite's write-ahead file grows and PostgreSQL keeps old rows meanwhile.
type Snapshot struct {
	db   *DB
	conn *sql.Conn
}

// Snapshot fixes the moment: what is committed before it is called is in, what begins after it has returned is not.
func (db *DB) Snapshot(ctx context.Context) (*Snapshot, error) {
	conn, err := db.DB.DB.Conn(ctx)
	if err != nil {
		return nil, Err(err)
	}
	begin, look := "BEGIN DEFERRED", "SELECT count(*) FROM sqlite_schema"
	if db.engine == Postgres {
		begin, look = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SELECT count(*) FROM pg_class"
	}
	var n int
	if _, err = conn.ExecContext(ctx, begin); err == nil {
		// The first statement that reads is what fixes the state.
		err = conn.QueryRowContext(ctx, look).Scan(&n)
	}
	s := &Snapshot{db, conn}
	if err != nil {
		return nil, fmt.Errorf("begin a snapshot of %s: %w", db.name, Err(errors.Join(err, s.Close())))
	}
	return s, nil
}

// Close ends the snapshot.
func (s *Snapshot) Close() error {
	_, err := s.conn.ExecContext(context.Background(), "ROLLBACK")
	if err != nil { // the connection is not fit to be used again
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return errors.Join(err, s.conn.Close())
}

// Files of a written snapshot.
const (
	SQLiteFile   = "records.db"  // a database file
	PostgresFile = "records.sql" // see WriteTo
)

// File names the form in which the snapshot is written: SQLiteFile or PostgresFile.
func (s *Snapshot) File() string {
	if s.db.engine == Postgres {
		return PostgresFile
	}
	return SQLiteFile
}

// WriteFile writes the snapshot to a new file. progress, where set, is told bytes done and in all (0: not known).
func (s *Snapshot) WriteFile(ctx context.Context, path string, progress func(done, total int64)) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if s.db.engine == Postgres {
		w := bufio.NewWriterSize(&counting{w: f, tell: progress}, 1<<20)
		if err = s.dump(ctx, w); err == nil {
			err = w.Flush()
		}
	}
	if err = errors.Join(err, f.Close()); err == nil && s.db.engine == SQLite {
		err = s.copySQLite(ctx, path, progress)
	}
	if err != nil {
		return fmt.Errorf("copy the records of %s: %w", s.db.name, Err(err))
	}
	return nil
}

type counting struct {
	w    io.Writer
	n    int64
	tell func(done, total int64)
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.tell(c.n, 0)
	return n, err
}

// backuper is what the driver's connection can do (SQLite, "Online Backup API"). The read transaction that the
// connection is in keeps every step at the same state, however much others write.
type backuper interface {
	NewBackup(uri string) (*sqlite.Backup, error)
}

const backupPages = 1024 // of a step

func (s *Snapshot) copySQLite(ctx context.Context, path string, progress func(done, total int64)) error {
	return s.conn.Raw(func(c any) error {
		from, ok := c.(backuper)
		if !ok {
			return fmt.Errorf("%T cannot copy itself", c)
		}
		b, err := from.NewBackup(sqliteDSNPlain(path))
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			if err = ctx.Err(); err != nil {
				break
			}
			more, err = b.Step(backupPages)
			total := int64(b.PageCount())
			progress((total-int64(b.Remaining()))*4096, total*4096)
		}
		return errors.Join(err, b.Finish())
	})
}

// sqliteDSNPlain opens a file that nobody else has: no write-ahead file beside it, synced by who copies it on.
func sqliteDSNPlain(path string) string {
	return "file:" + strings.ReplaceAll(strings.ReplaceAll(path, "%", "%25"), "?", "%3f") + "?_pragma=journal_mode(off)&_pragma=synchronous(off)"
}

// dump writes all tables of the connection's schema as SQL that psql reads too: statements, each on one line and ended
// by a semicolon, and between COPY … FROM stdin; and \. the rows in PostgreSQL's text format. Keys, checks and indexes
// come after the rows.
func (s *Snapshot) dump(ctx context.Context, w *bufio.Writer) error {
	return s.conn.Raw(func(c any) error {
		conn, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("%T is no connection of PostgreSQL", c)
		}
		return dumpPostgres(ctx, conn.Conn(), w)
	})
}

const (
	listTables = `SELECT c.oid::bigint, quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY c.relname`
	listColumns = `SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
			COALESCE(pg_get_expr(d.adbin, d.adrelid), '')
		FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`
	// Primary keys and uniqueness first, foreign keys last, for they lean on the others.
	listConstraints = `SELECT quote_ident(c.relname), quote_ident(k.conname), pg_get_constraintdef(k.oid)
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND k.contype IN ('p', 'u', 'c', 'f')
		ORDER BY position(k.contype::text IN 'pucf'), c.relname, k.conname`
	listIndexes = `SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class x ON x.oid = i.indexrelid
		WHERE n.nspname = current_schema() AND c.relkind = 'r' AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
		ORDER BY x.relname`
	listIdentities = `SELECT quote_ident(c.relname), quote_ident(a.attname), a.attname, c.relname
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attidentity <> '' AND NOT a.attisdropped ORDER BY c.relname`
)

type pgTable struct {
	oid  int64
	name string
}

func dumpPostgres(ctx context.Context, conn *pgx.Conn, w *bufio.Writer) error {
	rows, err := conn.Query(ctx, listTables)
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (t pgTable, err error) {
		return t, r.Scan(&t.oid, &t.name)
	})
	if err != nil {
		return err
	}
	line := func(format string, a ...any) error {
		l := fmt.Sprintf(format, a...)
		if strings.ContainsAny(l, "\r\n") {
			return fmt.Errorf("the definition %q has a line break, which no migration of this program makes", l)
		}
		_, err := w.WriteString(l + ";\n")
		return err
	}
	for _, t := range tables {
		columns, names, err := pgColumns(ctx, conn, t)
		if err != nil {
			return err
		}
		if err := line("CREATE TABLE %s (%s)", t.name, strings.Join(columns, ", ")); err != nil {
			return err
		}
		list := strings.Join(names, ", ")
		if err := line("COPY %s (%s) FROM stdin", t.name, list); err != nil {
			return err
		}
		if _, err := conn.PgConn().CopyTo(ctx, w, fmt.Sprintf("COPY %s (%s) TO STDOUT", t.name, list)); err != nil {
			return fmt.Errorf("copy table %s: %w", t.name, err)
		}
		if _, err := w.WriteString("\\.\n"); err != nil {
			return err
		}
	}
	for _, q := range []struct {
		query string
		tell  func(v []string) error
		n     int
	}{
		{listIdentities, func(v []string) error {
			return line("SELECT setval(pg_get_serial_sequence('%s', '%s'), COALESCE((SELECT MAX(%s) FROM %s), 0) + 1, false)",
				strings.ReplaceAll(v[0], "'", "''"), strings.ReplaceAll(v[2], "'", "''"), v[1], v[0])
		}, 4},
		{listConstraints, func(v []string) error { return line("ALTER TABLE %s ADD CONSTRAINT %s %s", v[0], v[1], v[2]) }, 3},
		{listIndexes, func(v []string) error { return line("%s", unqualified(v[0])) }, 1},
	} {
		rows, err := conn.Query(ctx, q.query)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]string, error) {
			v := make([]string, q.n)
			into := make([]any, q.n)
			for i := range v {
				into[i] = &v[i]
			}
			return v, r.Scan(into...)
		})
		if err != nil {
			return err
		}
		for _, v := range all {
			if err := q.tell(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// unqualified takes the schema's name out of "CREATE INDEX i ON schema.table USING …", so that the rows may go to
// another one.
func unqualified(def string) string {
	head, rest, ok := strings.Cut(def, " ON ")
	if !ok {
		return def
	}
	target, tail, _ := strings.Cut(rest, " USING ")
	if i := strings.LastIndex(target, "."); i >= 0 && !strings.HasSuffix(target, `"`) {
		target = target[i+1:]
	}
	return head + " ON " + target + " USING " + tail
}

func pgColumns(ctx context.Context, conn *pgx.Conn, t pgTable) (columns, names []string, err error) {
	rows, err := conn.Query(ctx, listColumns, t.oid)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, typ, identity, def string
		var notNull bool
		if err := rows.Scan(&name, &typ, &notNull, &identity, &def); err != nil {
			return nil, nil, err
		}
		c := name + " " + typ
		if notNull {
			c += " NOT NULL"
		}
		switch {
		case identity == "a":
			c += " GENERATED ALWAYS AS IDENTITY"
		case identity == "d":
			c += " GENERATED BY DEFAULT AS IDENTITY"
		case def != "":
			c += " DEFAULT " + def
		}
		columns, names = append(columns, c), append(names, name)
	}
	return columns, names, rows.Err()
}
