package figure

import (
	"context"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/store"
)

// Manual is one revision of a value that a person has entered beside what is computed. It never takes its place: both are told.
type Manual struct {
	Key       Key
	Reading   string // which reading of the figure it is a value of
	Revision  int64  // from 1
	State     string // Entered, Confirmed, Withdrawn
	Value     string // decimal
	Unit      string // in which it was entered, UCUM
	Grade     fact.Grade
	Document  string // id of a document that the keeper has handed in, or ""
	CheckedBy string // E2: the third party
	Reason    string
	Entered   audit.Actor // who entered the value
	By        audit.Actor // who made this revision
	At        int64       // commit
}

// States of a manual value.
const (
	Entered   = "entered"
	Confirmed = "confirmed" // by another person
	Withdrawn = "withdrawn"
)

// ID is the same for all revisions.
func (m *Manual) ID() uuid.UUID { return manualID(m.Key, m.Reading) }

func manualID(k Key, reading string) uuid.UUID {
	return uuid.NewSHA1(space, []byte("manual\x00"+k.String()+"\x00"+reading))
}

const manualFormat = 1

// Encode gives the canonical bytes of a revision.
func (m *Manual) Encode() []byte {
	w := &wire{}
	w.byte(manualFormat)
	for _, s := range []string{m.Key.String(), m.Reading, m.State, m.Value, m.Unit, m.Grade.String(), m.Document, m.CheckedBy, m.Reason, encode(m.Entered), encode(m.By)} {
		w.text(s)
	}
	w.number(m.Revision)
	w.number(m.At)
	return w.b
}

// Hash is the SHA-256 of the canonical bytes.
func (m *Manual) Hash() Hash { return Sum(m.Encode()) }

// Number is the value as it was entered.
func (m *Manual) Number() *big.Rat {
	n, _ := new(big.Rat).SetString(m.Value)
	return n
}

var decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?$`)

type manualRow struct {
	bun.BaseModel `bun:"table:figure_manual,alias:m"`

	ID         uuid.UUID `bun:"id,pk"`
	Revision   int64     `bun:"revision,pk"`
	Figure     uuid.UUID
	Keeper     uuid.UUID
	Indicator  string
	Filter     string
	Kind       string
	Label      string
	Baseline   string
	Code       string
	Reading    string
	State      string
	Value      string
	Unit       string
	Grade      int64
	Document   string
	CheckedBy  string
	Reason     string
	Entered    string
	Actor      string
	At         int64
	Superseded int64
	Leaf       uuid.UUID
}

func (r *manualRow) manual() (m Manual, err error) {
	m = Manual{Key: Key{r.Keeper, r.Indicator, r.Filter, r.Kind, r.Label, r.Baseline, r.Code}, Reading: r.Reading, Revision: r.Revision, State: r.State, Value: r.Value, Unit: r.Unit, Grade: fact.Grade(r.Grade),
		Document: r.Document, CheckedBy: r.CheckedBy, Reason: r.Reason, At: r.At}
	if m.Entered, err = decode[audit.Actor](r.Entered); err == nil {
		m.By, err = decode[audit.Actor](r.Actor)
	}
	if err != nil || m.ID() != r.ID || m.Number() == nil {
		return m, fmt.Errorf("%w: revision %d of the manual value %s of %s", ErrDamaged, r.Revision, r.ID, m.Key)
	}
	return m, nil
}

func manuals(rows []manualRow) ([]Manual, error) {
	out := make([]Manual, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].manual(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// maxManuals bounds how many manual values one question reads.
const maxManuals = 10_000

// Manuals are the manual values of a board that stood at its commit, also those that were withdrawn, by key and reading.
func (s *Store) Manuals(ctx context.Context, db bun.IDB, b Board) ([]Manual, error) {
	var rows []manualRow
	q := standing(db.NewSelect().Model(&rows).Where("m.keeper = ?", b.Keeper), "m", b.AsOf)
	for _, x := range []struct{ column, value string }{{"indicator", b.Indicator}, {"filter", b.Filter}, {"kind", b.Kind}, {"label", b.Period}} {
		if x.value != "" {
			q = q.Where("m."+x.column+" = ?", x.value)
		}
	}
	if err := q.OrderExpr("m.id").Limit(maxManuals).Scan(ctx); err != nil {
		return nil, wrap("list manual values", err)
	}
	return manualsInOrder(rows)
}

// ManualsOf are the manual values of figures that stood at a commit, by key and reading.
func (s *Store) ManualsOf(ctx context.Context, db bun.IDB, figures []uuid.UUID, asOf int64) ([]Manual, error) {
	var rows []manualRow
	err := chunked(figures, func(ids []uuid.UUID) error {
		var more []manualRow
		err := standing(db.NewSelect().Model(&more).Where("m.figure IN (?)", bun.List(store.Words(ids))), "m", asOf).Scan(ctx)
		rows = append(rows, more...)
		return wrap("list manual values", err)
	})
	if err != nil {
		return nil, err
	}
	return manualsInOrder(rows)
}

func manualsInOrder(rows []manualRow) ([]Manual, error) {
	out, err := manuals(rows)
	slices.SortFunc(out, func(a, b Manual) int {
		return strings.Compare(a.Key.String()+"\x00"+a.Reading, b.Key.String()+"\x00"+b.Reading)
	})
	return out, err
}

// Manual is the revision of a manual value that stood at a commit. Error: store.ErrNotFound.
func (s *Store) Manual(ctx context.Context, db bun.IDB, id uuid.UUID, asOf int64) (Manual, error) {
	var r manualRow
	if err := standing(db.NewSelect().Model(&r).Where("m.id = ?", id), "m", asOf).Scan(ctx); err != nil {
		return Manual{}, wrap("manual value "+id.String(), err)
	}
	return r.manual()
}

// ManualRevisions are all revisions of a manual value, the newest first.
func (s *Store) ManualRevisions(ctx context.Context, db bun.IDB, id uuid.UUID) ([]Manual, error) {
	var rows []manualRow
	if err := db.NewSelect().Model(&rows).Where("m.id = ?", id).OrderExpr("m.revision DESC").Limit(store.MaxLimit).Scan(ctx); err != nil {
		return nil, wrap("list revisions of a manual value", err)
	}
	return manuals(rows)
}

// putManual writes the next revision.
func (s *Store) putManual(ctx context.Context, tx bun.IDB, m *Manual) error {
	k := &m.Key
	if m.Revision > 1 {
		_, err := tx.NewUpdate().Model((*manualRow)(nil)).Set("superseded = ?", m.At).Where("m.id = ? AND m.superseded = ?", m.ID(), store.Forever).Exec(ctx)
		if err != nil {
			return wrap("supersede a manual value", err)
		}
	}
	r := manualRow{ID: m.ID(), Revision: m.Revision, Figure: k.ID(), Keeper: k.Keeper, Indicator: k.Indicator, Filter: k.Filter, Kind: k.Kind, Label: k.Period, Baseline: k.Baseline, Code: k.Code, Reading: m.Reading, State: m.State,
		Value: m.Value, Unit: m.Unit, Grade: int64(m.Grade), Document: m.Document, CheckedBy: m.CheckedBy, Reason: m.Reason, Entered: encode(m.Entered), Actor: encode(m.By), At: m.At, Superseded: store.Forever, Leaf: m.leaf()}
	_, err := tx.NewInsert().Model(&r).Exec(ctx)
	return wrap("write a manual value", err)
}
