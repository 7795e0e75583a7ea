package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// What an error of either engine means. Test with errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("exists already")                                                 // a unique key; see ConstraintError
	ErrReference   = errors.New("refers to something that is not there, or is still referred to") // a foreign key
	ErrInvalid     = errors.New("breaks a rule of its table")                                     // CHECK or NOT NULL
	ErrBusy        = errors.New("the database is held by another process")
	ErrReadOnly    = errors.New("the database cannot be written")
	ErrFull        = errors.New("the disk of the database is full")
	ErrCorrupt     = errors.New("the database is damaged")
	ErrUnavailable = errors.New("the database does not answer")

	errSerialize = errors.New("ran beside another transaction that changed what it had read")
)

// ConstraintError tells which constraint a statement broke. It is ErrConflict, ErrReference or ErrInvalid.
type ConstraintError struct {
	Kind       error
	Table      string   // "" where the engine does not tell
	Columns    []string // of a unique key; empty where the engine does not tell
	Constraint string   // its name, PostgreSQL only
	cause      error
}

func (e *ConstraintError) Error() string {
	what := e.Table
	if len(e.Columns) > 0 {
		what += "(" + strings.Join(e.Columns, ", ") + ")"
	}
	if what == "" {
		what = "row"
	}
	return fmt.Sprintf("%s %s: %s", what, e.Kind, e.cause)
}

func (e *ConstraintError) Unwrap() []error { return []error{e.Kind, e.cause} }

// Err translates an error of database/sql or of an engine into the errors above, which wrap the original. Other errors,
// and nil, come back as they are. InTx, View and Migrate have called it already.
func Err(err error) error {
	var known *ConstraintError
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	for _, k := range []error{ErrNotFound, ErrBusy, ErrReadOnly, ErrFull, ErrCorrupt, ErrUnavailable, errSerialize} {
		if errors.Is(err, k) {
			return err
		}
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return sqliteError(err, lite)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return postgresError(err, pg)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// Primary and extended result codes of SQLite (sqlite.org/rescode.html).
const (
	liteBusy, liteLocked, liteReadOnly, liteCorrupt = 5, 6, 8, 11
	liteFull, liteCantOpen, liteNotADB              = 13, 14, 26
	liteConstraint                                  = 19
	liteForeignKey, litePrimaryKey, liteUnique      = 19 | 3<<8, 19 | 6<<8, 19 | 8<<8
	liteRowID                                       = 19 | 10<<8
)

func sqliteError(err error, e *sqlite.Error) error {
	wrap := func(kind error) error { return fmt.Errorf("%w: %w", kind, err) }
	switch e.Code() {
	case litePrimaryKey, liteUnique, liteRowID:
		c := &ConstraintError{Kind: ErrConflict, cause: err}
		// "… UNIQUE constraint failed: table.a, table.b (2067)"
		if _, list, ok := strings.Cut(e.Error(), "constraint failed: UNIQUE constraint failed: "); ok {
			list, _, _ = strings.Cut(list, " (")
			for _, col := range strings.Split(list, ", ") {
				if table, name, ok := strings.Cut(col, "."); ok {
					c.Table, c.Columns = table, append(c.Columns, name)
				}
			}
		}
		return c
	case liteForeignKey:
		return &ConstraintError{Kind: ErrReference, cause: err}
	}
	switch e.Code() & 0xff {
	case liteConstraint:
		return &ConstraintError{Kind: ErrInvalid, cause: err}
	case liteBusy, liteLocked:
		return wrap(ErrBusy)
	case liteReadOnly, liteCantOpen:
		return wrap(ErrReadOnly)
	case liteFull:
		return wrap(ErrFull)
	case liteCorrupt, liteNotADB:
		return wrap(ErrCorrupt)
	}
	return err
}

// postgresError reads SQLSTATE (PostgreSQL 15, appendix A).
func postgresError(err error, e *pgconn.PgError) error {
	wrap := func(kind error) error { return fmt.Errorf("%w: %w", kind, err) }
	switch e.Code {
	case "23505":
		c := &ConstraintError{Kind: ErrConflict, Table: e.TableName, Constraint: e.ConstraintName, cause: err}
		if _, list, ok := strings.Cut(e.Detail, "Key ("); ok { // Key (a, b)=(…) already exists.
			list, _, _ = strings.Cut(list, ")=")
			c.Columns = strings.Split(list, ", ")
		}
		return c
	case "23503":
		return &ConstraintError{Kind: ErrReference, Table: e.TableName, Constraint: e.ConstraintName, cause: err}
	case "23502", "23514":
		return &ConstraintError{Kind: ErrInvalid, Table: e.TableName, Constraint: e.ConstraintName, cause: err}
	case "40001", "40P01":
		return wrap(errSerialize)
	case "25006":
		return wrap(ErrReadOnly)
	case "53100":
		return wrap(ErrFull)
	case "XX001", "XX002":
		return wrap(ErrCorrupt)
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "08", "57", "28", "3D":
		return wrap(ErrUnavailable)
	}
	return err
}
