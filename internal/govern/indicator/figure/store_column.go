package figure

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// ColumnKey says what a column holds: the observations of the enterprises of one source, for one definition and period.
type ColumnKey struct {
	Keeper    uuid.UUID // zero for what this node observes
	Source    string    // Local or Remote
	Indicator string
	Kind      string // of the period
	Period    string // its label
	Baseline  string
}

func (k ColumnKey) id() uuid.UUID {
	return uuid.NewSHA1(space, []byte(strings.Join([]string{"column", k.Keeper.String(), k.Source, k.Indicator, k.Kind, k.Period, k.Baseline}, "\x00")))
}

func (k ColumnKey) String() string {
	return fmt.Sprintf("the column %s from %s", Key{k.Keeper, k.Indicator, All, k.Kind, k.Period, k.Baseline, ""}, k.Source)
}

type columnRow struct {
	bun.BaseModel `bun:"table:figure_column,alias:c"`

	ID        uuid.UUID `bun:"id,pk"`
	Keeper    uuid.UUID
	Source    string
	Indicator string
	Kind      string
	Label     string
	Baseline  string
	Seq       int64 `bun:"seq,pk"`
	Base      int64
	Changed   int64
	Size      int64
	Body      []byte
	Hash      string
	At        int64
}

// open reads the head of the blob, and looks at it; pages are looked at as they are read. Error: ErrDamaged.
func (r *columnRow) open() (column, error) {
	c, err := columnOf(r.Body)
	if err == nil && c.hash.String() != r.Hash {
		err = fmt.Errorf("%w: its head gives %s, and %.64q was written down", ErrBytes, c.hash, r.Hash)
	}
	return c, r.damaged(err)
}

// damaged says which blob it is that cannot be read.
func (r *columnRow) damaged(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: blob %d of %s: %w", ErrDamaged, r.Seq, r.key(), err)
}

func (r *columnRow) key() ColumnKey {
	return ColumnKey{r.Keeper, r.Source, r.Indicator, r.Kind, r.Label, r.Baseline}
}

// head is the last blob of a column at a commit: where it stands and how large it is; false where there was none. It is told by an index.
func (s *Store) head(ctx context.Context, db bun.IDB, k ColumnKey, asOf int64) (columnRow, bool, error) {
	var r columnRow
	q := db.NewSelect().Model(&r).Column("seq", "base", "changed", "size").Where("c.id = ?", k.id()).OrderExpr("c.at DESC, c.seq DESC").Limit(1)
	if asOf != Now {
		q = q.Where("c.at <= ?", asOf)
	}
	err := wrap("find "+k.String(), q.Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}

// blobs reads blobs of a column, by their numbers, the newest first; call must not keep what it is given. Error: ErrDamaged.
func (s *Store) blobs(ctx context.Context, db bun.IDB, k ColumnKey, seqs []int64, call func(c *column) error) error {
	if len(seqs) == 0 {
		return nil
	}
	rows, err := db.NewSelect().TableExpr("figure_column AS c").Column("c.seq", "c.body", "c.hash").Where("c.id = ? AND c.seq IN (?)", k.id(), bun.List(seqs)).OrderExpr("c.seq DESC").Rows(ctx)
	if err != nil {
		return wrap("read "+k.String(), err)
	}
	defer rows.Close()
	r, n := columnRow{Keeper: k.Keeper, Source: k.Source, Indicator: k.Indicator, Kind: k.Kind, Label: k.Period, Baseline: k.Baseline}, 0
	for ; rows.Next(); n++ {
		var body sql.RawBytes // a base is large: it is not copied
		if err := rows.Scan(&r.Seq, &body, &r.Hash); err != nil {
			return wrap("read "+k.String(), err)
		}
		r.Body = body
		c, err := r.open()
		if err == nil {
			err = r.damaged(call(&c))
		}
		if err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return wrap("read "+k.String(), err)
	}
	if n != len(seqs) {
		return fmt.Errorf("%w: of %s %d blobs are missing", ErrDamaged, k, len(seqs)-n)
	}
	return nil
}

// deltas are the numbers of the deltas that make a column up at its head.
func (r *columnRow) deltas() []int64 {
	out := chain(r.Seq - r.Base)
	for i := range out {
		out[i] += r.Base
	}
	return out
}

// Column is what stood in a column at a commit, by code, without what was withdrawn. Error: ErrDamaged.
func (s *Store) Column(ctx context.Context, db bun.IDB, k ColumnKey, asOf int64) ([]Row, error) {
	head, ok, err := s.head(ctx, db, k, asOf)
	if err != nil || !ok {
		return nil, err
	}
	rows, err := s.merged(ctx, db, k, append(head.deltas(), head.Base))
	return Standing(rows), err
}

// merged lays blobs over each other.
func (s *Store) merged(ctx context.Context, db bun.IDB, k ColumnKey, seqs []int64) (rows []Row, err error) {
	err = s.blobs(ctx, db, k, seqs, func(c *column) error {
		more, err := c.all()
		rows = MergeRows(more, rows)
		return err
	})
	return rows, err
}

// Find is what stood in a column at a commit for certain enterprises, by code; those of which nothing did are left out. Pages with
// others are not looked at. Error: ErrDamaged.
func (s *Store) Find(ctx context.Context, db bun.IDB, k ColumnKey, codes []string, asOf int64) ([]Row, error) {
	head, ok, err := s.head(ctx, db, k, asOf)
	if err != nil || !ok {
		return nil, err
	}
	wanted := slices.Compact(slices.Sorted(slices.Values(codes)))
	var out []Row
	for _, seqs := range [][]int64{head.deltas(), {head.Base}} { // the base is the large one: it is read where the deltas do not do
		if len(wanted) == 0 {
			break
		}
		err := s.blobs(ctx, db, k, seqs, func(c *column) error {
			found, err := c.find(wanted)
			out, wanted = MergeRows(found, out), without(wanted, found)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return Standing(out), nil
}

// without are the codes that are not among rows; both ascend.
func without(codes []string, rows []Row) []string {
	if len(rows) == 0 {
		return codes
	}
	out := codes[:0]
	for _, code := range codes {
		if len(rows) > 0 && rows[0].Code == code {
			rows = rows[1:]
			continue
		}
		out = append(out, code)
	}
	return out
}

// Row is Find for one enterprise; false where nothing stood.
func (s *Store) Row(ctx context.Context, db bun.IDB, k ColumnKey, code string, asOf int64) (Row, bool, error) {
	rows, err := s.Find(ctx, db, k, []string{code}, asOf)
	if err != nil || len(rows) == 0 {
		return Row{}, false, err
	}
	return rows[0], true, nil
}

// When a column gets a new base: at this share of its rows having changed.
const rebase = 4

// putRows writes rows that ascend over a column, at a commit.
func (s *Store) putRows(ctx context.Context, tx bun.Tx, k ColumnKey, rows []Row, at int64) error {
	head, ok, err := s.head(ctx, tx, k, Now)
	if err != nil {
		return err
	}
	next := columnRow{ID: k.id(), Keeper: k.Keeper, Source: k.Source, Indicator: k.Indicator, Kind: k.Kind, Label: k.Period, Baseline: k.Baseline, Seq: head.Seq + 1, At: at}
	next.Base, next.Changed = head.Base, head.Changed+int64(len(rows))
	switch {
	case !ok:
		next.Base, rows = next.Seq, Standing(rows)
	default:
		base, err := s.sizeOf(ctx, tx, k, head.Base)
		if err != nil {
			return err
		}
		if next.Changed*rebase > base {
			all, err := s.merged(ctx, tx, k, append(head.deltas(), head.Base))
			if err != nil {
				return err
			}
			next.Base, rows = next.Seq, Standing(MergeRows(all, rows))
			break
		}
		if rows, err = s.folded(ctx, tx, k, &next, rows); err != nil {
			return err
		}
	}
	if next.Base == next.Seq {
		next.Changed = 0
	}
	if next.Body, err = EncodeRows(rows); err != nil {
		return wrap(k.String(), err)
	}
	c, err := columnOf(next.Body)
	if err != nil {
		return wrap(k.String(), err)
	}
	next.Size, next.Hash = int64(len(rows)), c.hash.String()
	return wrap("write "+k.String(), s.insert(ctx, tx, "figure_column", []cell{{"id", next.ID}, {"keeper", next.Keeper}, {"source", next.Source}, {"indicator", next.Indicator}, {"kind", next.Kind},
		{"label", next.Label}, {"baseline", next.Baseline}, {"seq", next.Seq}, {"base", next.Base}, {"changed", next.Changed}, {"size", next.Size}, {"body", next.Body}, {"hash", next.Hash}, {"at", next.At}}))
}

func (s *Store) sizeOf(ctx context.Context, tx bun.IDB, k ColumnKey, seq int64) (size int64, err error) {
	err = tx.NewSelect().Model((*columnRow)(nil)).Column("size").Where("c.id = ? AND c.seq = ?", k.id(), seq).Scan(ctx, &size)
	return size, wrap("read "+k.String(), err)
}

// folded adds to the rows of a delta those of the deltas before it that it is to hold.
func (s *Store) folded(ctx context.Context, tx bun.IDB, k ColumnKey, next *columnRow, rows []Row) ([]Row, error) {
	place := next.Seq - next.Base
	from := place - lowDigit(place)
	var seqs []int64
	for _, p := range chain(place - 1) {
		if p > from {
			seqs = append(seqs, next.Base+p)
		}
	}
	before, err := s.merged(ctx, tx, k, seqs)
	return MergeRows(before, rows), err
}
