package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// ErrNotEmpty tells that a database which is to be restored into has tables.
var ErrNotEmpty = errors.New("the database has tables already; give an empty one")

// Restore reads what Snapshot.WriteFile wrote of a PostgreSQL database into an empty one, in one transaction.
// Error: ErrNotEmpty.
func Restore(ctx context.Context, db *DB, r io.Reader) error {
	if db.engine != Postgres {
		return fmt.Errorf("restore records: %s is no PostgreSQL database, and the records were in one; give --database postgres://…", db.name)
	}
	conn, err := db.DB.DB.Conn(ctx)
	if err != nil {
		return Err(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		raw, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("%T is no connection of PostgreSQL", c)
		}
		tx, err := raw.Conn().Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after Commit it does nothing
		if err := restorePostgres(ctx, tx, bufio.NewReaderSize(r, 1<<20)); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	if err != nil {
		return fmt.Errorf("restore the records into %s: %w", db.name, Err(err))
	}
	return nil
}

func restorePostgres(ctx context.Context, tx pgx.Tx, r *bufio.Reader) error {
	rows, err := tx.Query(ctx, listTables)
	if err != nil {
		return err
	}
	there := rows.Next()
	rows.Close()
	if err := rows.Err(); err != nil {
		return err
	}
	if there {
		return ErrNotEmpty
	}
	for {
		l, err := r.ReadString('\n')
		if err == io.EOF && l == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the copy of the records is cut off: %w", noEnd(err))
		}
		statement, ok := strings.CutSuffix(l, ";\n")
		switch {
		case !ok:
			return fmt.Errorf("the copy of the records has the line %.80q, which is no statement", l)
		case strings.HasPrefix(statement, "COPY "):
			if _, err = tx.Conn().PgConn().CopyFrom(ctx, &copyRows{r: r}, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		case strings.HasPrefix(statement, "SELECT setval("):
			var n int64
			err = tx.QueryRow(ctx, statement).Scan(&n)
		case strings.HasPrefix(statement, "CREATE TABLE "), strings.HasPrefix(statement, "CREATE INDEX "),
			strings.HasPrefix(statement, "CREATE UNIQUE INDEX "), strings.HasPrefix(statement, "ALTER TABLE "):
			_, err = tx.Exec(ctx, statement)
		default:
			return fmt.Errorf("the copy of the records has the statement %.80q, which is none that this program writes", statement)
		}
		if err != nil {
			return fmt.Errorf("%.200s: %w", statement, err)
		}
	}
}

func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// copyRows reads the rows up to the line "\.".
type copyRows struct {
	r    *bufio.Reader
	left []byte
	done bool
}

func (c *copyRows) Read(b []byte) (int, error) {
	for len(c.left) == 0 {
		if c.done {
			return 0, io.EOF
		}
		l, err := c.r.ReadBytes('\n')
		if err != nil {
			return 0, noEnd(err)
		}
		if string(l) == "\\.\n" {
			c.done = true
			continue
		}
		c.left = l
	}
	n := copy(b, c.left)
	c.left = c.left[n:]
	return n, nil
}
