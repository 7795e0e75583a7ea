package trace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/store"
)

// ledger is the tables. Whoever writes holds its turn (commit.go).
type ledger struct {
	db    *store.DB
	book  *group.Book // nil: nothing is proved
	pages *pager
	names *names
	orgs  *orgs

	mu    sync.Mutex // guards what follows
	queue []*job
	busy  bool
	next  counters // known only to whoever writes
}

// counters are the next free numbers.
type counters struct{ name, page, event, capture, recorded int64 }

func openLedger(ctx context.Context, db *store.DB, book *group.Book) (*ledger, error) {
	files, err := fs.Sub(migrations, "migrations/"+string(db.Engine()))
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, db, "trace", files); err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	l := &ledger{db: db, book: book, names: newNames()}
	if l.pages, err = newPager(); err != nil {
		return nil, err
	}
	for what, to := range map[string]*int64{
		"MAX(num) FROM trace_names": &l.next.name, "MAX(num) FROM trace_pages": &l.next.page, "MAX(num) FROM trace_events": &l.next.event,
		"MAX(num) FROM trace_captures": &l.next.capture, "MAX(created) FROM trace_captures": &l.next.recorded,
	} {
		var max sql.NullInt64
		if err := l.raw().QueryRowContext(ctx, "SELECT "+what).Scan(&max); err != nil {
			return nil, wrap("open the trace ledger", err)
		}
		*to = max.Int64 + 1
	}
	l.orgs, err = loadOrgs(ctx, l)
	return l, err
}

// raw is the database without bun's formatting, which costs more than the queries (kernel/store).
func (l *ledger) raw() *sql.DB { return l.db.DB.DB }

// marks writes n placeholders from number first on, with commas between them.
func (l *ledger) marks(first, n int) string { return marks(l.db.Engine(), first, n) }

func marks(e store.Engine, first, n int) string {
	if e == store.SQLite {
		return strings.TrimSuffix(strings.Repeat("?,", n), ",")
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
	}
	return b.String()
}

// numbers writes numbers as a list of SQL. Numbers need no placeholders.
func numbers(list []int64) string {
	b := make([]byte, 0, len(list)*8)
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(b)
}

// chunk is how many numbers or names one query asks for.
const chunk = 900

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// eachRow calls fn for each row.
func eachRow(ctx context.Context, q queryer, query string, args []any, fn func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// bulk inserts rows many at a time.
type bulk struct {
	ctx    context.Context
	tx     *sql.Tx
	engine store.Engine
	head   string // "INSERT INTO t (a, b) VALUES "
	tail   string
	cols   int
	args   []any
	full   *sql.Stmt
}

const bulkRows = 50

func newBulk(ctx context.Context, tx bun.Tx, e store.Engine, table, columns, tail string) *bulk {
	return &bulk{ctx: ctx, tx: tx.Tx, engine: e, head: "INSERT INTO " + table + " (" + columns + ") VALUES ", tail: tail, cols: strings.Count(columns, ",") + 1}
}

func (b *bulk) statement(rows int) string {
	var s strings.Builder
	s.WriteString(b.head)
	for i := range rows {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteByte('(')
		s.WriteString(marks(b.engine, i*b.cols+1, b.cols))
		s.WriteByte(')')
	}
	s.WriteString(b.tail)
	return s.String()
}

// add inserts a row, now or with those after it.
func (b *bulk) add(args ...any) error {
	if b.args = append(b.args, args...); len(b.args) < b.cols*bulkRows {
		return nil
	}
	if b.full == nil {
		var err error
		if b.full, err = b.tx.PrepareContext(b.ctx, b.statement(bulkRows)); err != nil {
			return err
		}
	}
	_, err := b.full.ExecContext(b.ctx, b.args...)
	b.args = b.args[:0]
	return err
}

// end inserts what is left.
func (b *bulk) end() error {
	var err error
	if n := len(b.args) / b.cols; n > 0 {
		_, err = b.tx.ExecContext(b.ctx, b.statement(n), b.args...)
	}
	if b.full != nil {
		err = errors.Join(err, b.full.Close())
	}
	return err
}

// orgs numbers organisations.
type orgs struct {
	mu   sync.RWMutex
	nums map[uuid.UUID]int64
}

func loadOrgs(ctx context.Context, l *ledger) (*orgs, error) {
	o := &orgs{nums: map[uuid.UUID]int64{}}
	err := eachRow(ctx, l.raw(), "SELECT num, org FROM trace_orgs", nil, func(r *sql.Rows) error {
		var num int64
		var org string
		err := r.Scan(&num, &org)
		o.nums[store.ID(org)] = num
		return err
	})
	return o, wrap("list organisations of trace", err)
}

func (o *orgs) known(id uuid.UUID) (int64, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	n, ok := o.nums[id]
	return n, ok
}

// number gives an organisation a number; it is kept outside the transaction that needs it, where it does no harm if that fails.
func (l *ledger) number(ctx context.Context, id uuid.UUID) (int64, error) {
	if n, ok := l.orgs.known(id); ok {
		return n, nil
	}
	l.orgs.mu.Lock()
	defer l.orgs.mu.Unlock()
	if n, ok := l.orgs.nums[id]; ok {
		return n, nil
	}
	n := int64(len(l.orgs.nums) + 1)
	err := l.db.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("INSERT INTO trace_orgs (num, org) VALUES (?, ?)", n, id.String()).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, wrap("number an organisation", err)
	}
	l.orgs.nums[id] = n
	return n, nil
}
