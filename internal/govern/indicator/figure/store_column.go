package figure

import (
	"context"
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

// checked is the blob, after it was looked at. Error: ErrDamaged.
func (r *columnRow) checked() ([]byte, error) {
	if Sum(r.Body).String() != r.Hash {
		return nil, fmt.Errorf("%w: blob %d of %s", ErrDamaged, r.Seq, r.key())
	}
	return r.Body, nil
}

func (r *columnRow) key() ColumnKey {
	return ColumnKey{r.Keeper, r.Source, r.Indicator, r.Kind, r.Label, r.Baseline}
}

// head is the last blob of a column at a commit, without its body; false where there was none.
func (s *Store) head(ctx context.Context, db bun.IDB, k ColumnKey, asOf int64) (columnRow, bool, error) {
	var r columnRow
	q := db.NewSelect().Model(&r).ExcludeColumn("body").Where("c.id = ?", k.id()).OrderExpr("c.seq DESC").Limit(1)
	if asOf != Now {
		q = q.Where("c.at <= ?", asOf)
	}
	err := wrap("find "+k.String(), q.Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}

// blobs reads blobs of a column, by their numbers, the newest first. Error: ErrDamaged.
func (s *Store) blobs(ctx context.Context, db bun.IDB, k ColumnKey, seqs []int64) ([]columnRow, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	var rows []columnRow
	err := db.NewSelect().Model(&rows).Where("c.id = ? AND c.seq IN (?)", k.id(), bun.List(seqs)).OrderExpr("c.seq DESC").Scan(ctx)
	if err != nil {
		return nil, wrap("read "+k.String(), err)
	}
	if len(rows) != len(seqs) {
		return nil, fmt.Errorf("%w: of %s %d blobs are missing", ErrDamaged, k, len(seqs)-len(rows))
	}
	for i := range rows {
		if _, err := rows[i].checked(); err != nil {
			return nil, err
		}
	}
	return rows, nil
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
	blobs, err := s.blobs(ctx, db, k, append(head.deltas(), head.Base))
	if err != nil {
		return nil, err
	}
	rows, err := merged(blobs)
	return Standing(rows), wrap(k.String(), err)
}

// merged lays blobs over each other, the newest first.
func merged(blobs []columnRow) (rows []Row, err error) {
	for i := len(blobs) - 1; i >= 0; i-- {
		more, err := DecodeRows(blobs[i].Body)
		if err != nil {
			return nil, err
		}
		rows = MergeRows(rows, more)
	}
	return rows, nil
}

// Find is what stood in a column at a commit for certain enterprises, by code; those of which nothing did are left out. Pages with
// others are not unpacked. Error: ErrDamaged.
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
		blobs, err := s.blobs(ctx, db, k, seqs)
		if err != nil {
			return nil, err
		}
		for i := range blobs {
			found, err := FindRows(blobs[i].Body, wanted)
			if err != nil {
				return nil, wrap(k.String(), err)
			}
			out = append(out, found...)
			wanted = slices.DeleteFunc(wanted, func(code string) bool {
				return slices.ContainsFunc(found, func(r Row) bool { return r.Code == code })
			})
		}
	}
	slices.SortFunc(out, func(a, b Row) int { return strings.Compare(a.Code, b.Code) })
	return Standing(out), nil
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
func (s *Store) putRows(ctx context.Context, tx bun.IDB, k ColumnKey, rows []Row, at int64) error {
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
			blobs, err := s.blobs(ctx, tx, k, append(head.deltas(), head.Base))
			if err != nil {
				return err
			}
			all, err := merged(blobs)
			if err != nil {
				return wrap(k.String(), err)
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
	next.Size, next.Hash = int64(len(rows)), Sum(next.Body).String()
	_, err = tx.NewInsert().Model(&next).Exec(ctx)
	return wrap("write "+k.String(), err)
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
	blobs, err := s.blobs(ctx, tx, k, seqs)
	if err != nil {
		return nil, err
	}
	before, err := merged(blobs)
	return MergeRows(before, rows), wrap(k.String(), err)
}
