package figure

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
)

// Seal is one step of handing in the figures of a keeper for a period. The last step says where the period stands.
type Seal struct {
	Keeper    uuid.UUID
	Kind      string // of the period
	Period    string // its label
	Step      int64  // from 1
	State     string
	Figures   int64     // that were handed in
	Root      Hash      // over their ids, revisions and hashes, and over the confirmed manual values of the period
	AsOf      int64     // commit as of which they were
	Agreement uuid.UUID // under which it was decided; zero of a submission
	Taker     uuid.UUID // organisation that decided
	Reason    string
	By        audit.Actor
	At        int64     // commit
	Decision  uuid.UUID // of a taker on another node, that the step follows; zero for none
}

// States of a period that was handed in.
const (
	Submitted = "submitted"
	Returned  = "returned"
	Accepted  = "accepted"
)

// before which states a step may be taken; "" is a period of which nothing was handed in.
var steps = map[string][]string{
	Submitted: {"", Returned},
	Returned:  {Submitted, Accepted}, // what was accepted is opened again
	Accepted:  {Submitted},
}

// may tells whether a period in a state may come to another. Error: ErrSealState.
func may(from, to string) error {
	if slices.Contains(steps[to], from) {
		return nil
	}
	return ErrSealState.At("body.state", to).With("state", sealNames[from]).With("needs", sealNames[steps[to][0]])
}

// Moved tells whether a figure was restated after the period was handed in as it stands.
func (s *Seal) Moved(f *Figure) bool {
	return s.State != Returned && f.Commit > s.AsOf
}

type sealRow struct {
	bun.BaseModel `bun:"table:figure_seal,alias:s"`

	ID        uuid.UUID
	Keeper    uuid.UUID `bun:"keeper,pk"`
	Kind      string    `bun:"kind,pk"`
	Label     string    `bun:"label,pk"`
	Step      int64     `bun:"step,pk"`
	State     string
	Figures   int64
	Root      string
	AsOf      int64
	Agreement string
	Taker     string
	Reason    string
	Actor     string
	At        int64
	Decision  string
}

func (r *sealRow) seal() (Seal, error) {
	root, err := ParseHash(r.Root)
	if err != nil {
		return Seal{}, fmt.Errorf("%w: seal %d of %s %s: %w", ErrDamaged, r.Step, r.Kind, r.Label, err)
	}
	by, err := decode[audit.Actor](r.Actor)
	return Seal{r.Keeper, r.Kind, r.Label, r.Step, r.State, r.Figures, root, r.AsOf, store.ID(r.Agreement), store.ID(r.Taker), r.Reason, by, r.At, store.ID(r.Decision)}, err
}

func seals(rows []sealRow) ([]Seal, error) {
	out := make([]Seal, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].seal(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Seal is where a period of a keeper stood at a commit; the zero Seal where nothing was handed in.
func (s *Store) Seal(ctx context.Context, db bun.IDB, keeper uuid.UUID, kind, period string, asOf int64) (Seal, error) {
	list, err := s.steps(ctx, db, keeper, asOf, 1, "s.kind = ? AND s.label = ?", kind, period)
	if err != nil || len(list) == 0 {
		return Seal{Keeper: keeper, Kind: kind, Period: period}, err
	}
	return list[0], nil
}

// Steps are all steps of a period, the newest first.
func (s *Store) Steps(ctx context.Context, db bun.IDB, keeper uuid.UUID, kind, period string) ([]Seal, error) {
	return s.steps(ctx, db, keeper, Now, store.MaxLimit, "s.kind = ? AND s.label = ?", kind, period)
}

func (s *Store) steps(ctx context.Context, db bun.IDB, keeper uuid.UUID, asOf int64, limit int64, where string, args ...any) ([]Seal, error) {
	var rows []sealRow
	q := db.NewSelect().Model(&rows).Where("s.keeper = ?", keeper).Where(where, args...).OrderExpr("s.at DESC").Limit(limit)
	if asOf != Now {
		q = q.Where("s.at <= ?", asOf)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("read seals", err)
	}
	return seals(rows)
}

// Seals are where the periods of a keeper stood at a commit, those that were handed in; the newest step first.
func (s *Store) Seals(ctx context.Context, db bun.IDB, keeper uuid.UUID, asOf int64) ([]Seal, error) {
	newest := db.NewSelect().TableExpr("figure_seal AS n").ColumnExpr("MAX(n.step)").Where("n.keeper = s.keeper AND n.kind = s.kind AND n.label = s.label")
	if asOf != Now {
		newest = newest.Where("n.at <= ?", asOf)
	}
	return s.steps(ctx, db, keeper, asOf, store.MaxLimit, "s.step = (?)", newest)
}

func (s *Store) putSeal(ctx context.Context, tx bun.IDB, x *Seal) error {
	r := sealRow{ID: x.leaf(), Keeper: x.Keeper, Kind: x.Kind, Label: x.Period, Step: x.Step, State: x.State, Figures: x.Figures, Root: x.Root.String(), AsOf: x.AsOf, Agreement: store.Word(x.Agreement), Taker: store.Word(x.Taker), Reason: x.Reason, Actor: encode(x.By), At: x.At, Decision: store.Word(x.Decision)}
	_, err := tx.NewInsert().Model(&r).Exec(ctx)
	return wrap("write a seal", err)
}

// root is the hash over what a period of a keeper says at a commit: id, revision and hash of each figure in the order of their ids, then
// of each manual value that was confirmed. n is how many figures there are.
func (s *Store) root(ctx context.Context, db bun.IDB, keeper uuid.UUID, p indicator.Period, asOf int64) (h Hash, n int64, err error) {
	var sum []byte
	put := func(id uuid.UUID, revision int64, hash Hash) {
		sum = binary.BigEndian.AppendUint64(append(sum, id[:]...), uint64(revision))
		sum = append(sum, hash[:]...)
	}
	board := Board{Keeper: keeper, Kind: p.Kind, Period: p.Label, AsOf: asOf}
	err = store.Each(func(page store.Page) ([]*Figure, string, error) { return s.List(ctx, db, board, page) }, func(f *Figure) error {
		n++
		put(f.Key.ID(), f.Revision, f.Hash())
		return nil
	})
	if err != nil {
		return h, 0, err
	}
	manual, err := s.Manuals(ctx, db, board)
	for i := range manual {
		if manual[i].State == Confirmed {
			put(manual[i].ID(), manual[i].Revision, manual[i].Hash())
		}
	}
	return Sum(sum), n, err
}
