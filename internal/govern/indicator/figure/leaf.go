package figure

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
)

// Leaf is what a person has said of figures, as the evidence log takes it: a step of a period, a decision on one of another node, a revision of a manual value. Figures
// themselves go into it in batches (kind "figures").
type Leaf struct {
	ID      uuid.UUID
	Subject uuid.UUID // what it is said of: the keeper, the figure
	Org     uuid.UUID
	At      int64       // commit; no two leaves have the same
	Fields  []LeafField // the first says which it is: figure-seal, figure-decision, figure-manual
}

// LeafField is one named text of a leaf. Names and order are part of the format (docs/figures.md).
type LeafField struct{ Name, Text string }

func (x *Seal) leaf() uuid.UUID {
	return uuid.NewSHA1(space, []byte("seal\x00"+x.Keeper.String()+"\x00"+x.Kind+"\x00"+x.Period+"\x00"+strconv.FormatInt(x.Step, 10)))
}

func (m *Manual) leaf() uuid.UUID {
	return uuid.NewSHA1(space, []byte("manual\x00"+m.ID().String()+"\x00"+strconv.FormatInt(m.Revision, 10)))
}

// Leaf gives the canonical fields of a step.
func (x *Seal) Leaf() Leaf {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return Leaf{x.leaf(), x.Keeper, x.Keeper, x.At, []LeafField{
		{"record", "figure-seal"}, {"keeper", x.Keeper.String()}, {"kind", x.Kind}, {"period", x.Period}, {"step", n(x.Step)}, {"state", x.State}, {"figures", n(x.Figures)}, {"root", x.Root.String()}, {"as-of", n(x.AsOf)},
		{"agreement", store.Word(x.Agreement)}, {"taker", store.Word(x.Taker)}, {"reason", x.Reason}, {"by", encode(x.By)}, {"at", n(x.At)},
	}}
}

// Leaf gives the canonical fields of a decision on a period of another node. What became of it is no part of it.
func (r *Ruling) Leaf() Leaf {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return Leaf{r.ID, r.Taker, r.Taker, r.At, []LeafField{
		{"record", "figure-decision"}, {"agreement", r.Agreement.String()}, {"taker", r.Taker.String()}, {"kind", r.Kind}, {"period", r.Period}, {"step", n(r.Step)}, {"root", r.Root.String()}, {"state", r.State},
		{"reason", r.Reason}, {"by", encode(r.By)}, {"at", n(r.At)},
	}}
}

// Leaf gives the canonical fields of a revision.
func (m *Manual) Leaf() Leaf {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return Leaf{m.leaf(), m.Key.ID(), m.Key.Keeper, m.At, []LeafField{
		{"record", "figure-manual"}, {"key", m.Key.String()}, {"reading", m.Reading}, {"revision", n(m.Revision)}, {"state", m.State}, {"value", m.Value}, {"unit", m.Unit}, {"grade", m.Grade.String()}, {"document", m.Document},
		{"checked-by", m.CheckedBy}, {"reason", m.Reason}, {"entered", encode(m.Entered)}, {"by", encode(m.By)}, {"at", n(m.At)},
	}}
}

// Leaves is for the node's own work: what has a greater commit, in the order of commits, at most limit. A commit is given in the
// transaction that writes, one after the other: none that is smaller comes later.
func (s *Store) Leaves(ctx context.Context, after int64, limit int) ([]Leaf, error) {
	var sealed []sealRow
	if err := s.db.NewSelect().Model(&sealed).Where("s.at > ?", after).OrderExpr("s.at").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, wrap("list seals", err)
	}
	var entered []manualRow
	if err := s.db.NewSelect().Model(&entered).Where("m.at > ?", after).OrderExpr("m.at").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, wrap("list manual values", err)
	}
	var decided []rulingRow
	if err := s.db.NewSelect().Model(&decided).Where("d.at > ?", after).OrderExpr("d.at").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, wrap("list decisions", err)
	}
	rulings, err := converted(decided, (*rulingRow).ruling)
	if err != nil {
		return nil, err
	}
	steps, err := seals(sealed)
	if err != nil {
		return nil, err
	}
	values, err := manuals(entered)
	if err != nil {
		return nil, err
	}
	out := slices.Concat(store.All(steps, (*Seal).Leaf), store.All(values, (*Manual).Leaf), store.All(rulings, (*Ruling).Leaf))
	slices.SortFunc(out, func(a, b Leaf) int { return cmp.Compare(a.At, b.At) })
	return out[:min(limit, len(out))], nil
}

// FindLeaf is for the node's own work: the leaf with this id. Error: store.ErrNotFound.
func (s *Store) FindLeaf(ctx context.Context, id uuid.UUID) (Leaf, error) {
	var step sealRow
	err := store.Err(s.db.NewSelect().Model(&step).Where("s.id = ?", id).Scan(ctx))
	if err == nil {
		x, err := step.seal()
		return x.Leaf(), err
	}
	if !errors.Is(err, store.ErrNotFound) {
		return Leaf{}, wrap("leaf "+id.String(), err)
	}
	var decided rulingRow
	err = store.Err(s.db.NewSelect().Model(&decided).Where("d.id = ?", id).Scan(ctx))
	if err == nil {
		x, err := decided.ruling()
		return x.Leaf(), err
	}
	if !errors.Is(err, store.ErrNotFound) {
		return Leaf{}, wrap("leaf "+id.String(), err)
	}
	var value manualRow
	if err := s.db.NewSelect().Model(&value).Where("m.leaf = ?", id).Scan(ctx); err != nil {
		return Leaf{}, wrap("leaf "+id.String(), err)
	}
	m, err := value.manual()
	return m.Leaf(), err
}
