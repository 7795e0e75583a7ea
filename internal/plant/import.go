package plant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/sheet"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Import asks for a file to be made an organisation's plant.
type Import struct {
	Org    uuid.UUID
	Format sheet.Format // "": found out
	Data   []byte
	DryRun bool
	Prune  bool      // retire what the organisation has and the file does not name
	From   time.Time // since when the changes hold; zero: now
	Reason string    // needed with Prune
}

// Action is what an import does with a thing.
type Action string

// The actions.
const (
	Creates Action = "create"
	Updates Action = "update"
	Moves   Action = "move"
	Retires Action = "retire"
	Keeps   Action = "none"
)

// Change is one change that a file makes.
type Change struct {
	Sheet  string `json:"sheet,omitempty"`
	Row    int    `json:"row,omitempty" doc:"Row of the sheet, line of a YAML file; absent for what the file does not name"`
	Action Action `json:"action" enum:"create,update,move,retire"`
	Kind   string `json:"kind" enum:"site,area,line,machine,point"`
	Path   string `json:"path" doc:"Where it stands"`
	Name   string `json:"name" doc:"Name, or the key of a point"`
	Detail string `json:"detail,omitempty" doc:"What changes: field: before → after"`
}

// RowError is one thing wrong with a file.
type RowError struct {
	Sheet   string    `json:"sheet,omitempty"`
	Row     int       `json:"row,omitempty" doc:"Row of the sheet, line of a YAML file"`
	Column  string    `json:"column,omitempty" doc:"Field, such as unit"`
	Cell    string    `json:"cell,omitempty" doc:"Cell of the sheet, such as I731"`
	Value   string    `json:"value,omitempty"`
	Code    string    `json:"code"`
	Message text.Text `json:"message"`
	Mend    text.Text `json:"mend"`
}

// Counts tell how many things an import does what with.
type Counts struct {
	Create int `json:"create"`
	Update int `json:"update"`
	Move   int `json:"move"`
	Retire int `json:"retire"`
	None   int `json:"none" doc:"Named by the file and as they should be"`
}

// Imported is what an import did, or would do.
type Imported struct {
	Applied bool       `json:"applied" doc:"Whether the plant was changed; never with errors, or in a dry run"`
	Counts  Counts     `json:"counts"`
	Changes []Change   `json:"changes" nullable:"false" doc:"The first of them"`
	Errors  []RowError `json:"errors" nullable:"false" doc:"The first of them"`
	More    struct {
		Changes int `json:"changes" doc:"How many changes are not listed"`
		Errors  int `json:"errors" doc:"How many errors are not listed"`
	} `json:"more"`
}

// maxTold bounds the changes and the errors of an answer, each.
const maxTold = 1000

// Import reads a file and makes it the plant, whole or not at all, in one transaction; a dry run tells what it would do.
// What is wrong with rows of the file comes in the answer, all of it, and then nothing is changed.
// Errors: ErrFile, ErrReason (to prune), ErrTime, ErrSeries, ErrMeanwhile, auth.ErrNotFound.
func (s *Service) Import(ctx context.Context, scope auth.Scope, q Import) (*Imported, error) {
	at, err := moment(q.From, s.o.Now(), "query.from")
	if err != nil {
		return nil, err
	}
	if !scope.Includes(q.Org) {
		return nil, auth.ErrNotFound.With("thing", "org")
	}
	if q.Prune && !q.DryRun || q.Reason != "" {
		if err := checkReason(q.Reason); err != nil {
			return nil, ErrReason.At("query.reason", q.Reason).With("limit", maxReason)
		}
	}
	if q.Format == "" {
		q.Format = sheet.Guess(q.Data)
	}
	rows, faults, err := sheet.Read(q.Format, q.Data)
	var unreadable *sheet.Error
	if errors.As(err, &unreadable) {
		return nil, ErrFile.At("body", "").With("reason", unreadable.Text)
	} else if err != nil {
		return nil, err
	}
	ids := &idMaker{}
	plan := func(ctx context.Context, tx bun.Tx) (*importPlan, error) {
		st, err := s.importState(ctx, tx, scope, q.Org, at)
		if err != nil {
			return nil, err
		}
		ids.next = 0
		p := &importPlan{s: s, st: st, q: q, at: at, ids: ids, rows: rows, faults: slices.Clone(faults)}
		p.run()
		return p, nil
	}
	var first *importPlan
	if err := s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) (err error) { first, err = plan(ctx, tx); return err }); err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	out := first.answer()
	if q.DryRun || len(out.Errors) > 0 || first.idle() {
		out.Applied = !q.DryRun && len(out.Errors) == 0
		return out, nil
	}
	// As in Create: the series come first, then the points.
	if err := s.declareInParts(ctx, first.declarations()); err != nil {
		return nil, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now, err := plan(ctx, tx)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(now.answer(), first.answer()) {
			return ErrMeanwhile
		}
		return now.apply(ctx, tx, scope)
	})
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	out.Applied = true
	s.o.Changed(q.Org)
	return out, nil
}

// idMaker gives the same ids each time the plan is made, so that the series that were declared are those of the points.
type idMaker struct {
	made []uuid.UUID
	next int
}

func (m *idMaker) id() uuid.UUID {
	if m.next == len(m.made) {
		m.made = append(m.made, uuid.Must(uuid.NewV7()))
	}
	m.next++
	return m.made[m.next-1]
}

func (s *Service) declareInParts(ctx context.Context, d []telemetry.Declaration) error {
	for part := range slices.Chunk(d, 2000) {
		if err := s.declareAll(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// importState is the plant as it is now, with what begins later than the time of the change.
func (s *Service) importState(ctx context.Context, tx bun.Tx, scope auth.Scope, org uuid.UUID, at int64) (*plantState, error) {
	st, err := s.loadState(ctx, tx, scope, org, max(at, s.at(time.Time{})))
	if err != nil {
		return nil, err
	}
	for table, owner := range map[string]string{"plant_name": "plant_node", "plant_place": "plant_node", "plant_setup": "plant_point"} {
		var rows []struct {
			Node  uuid.UUID
			Since int64
		}
		err := tx.NewSelect().TableExpr("? AS d", bun.Ident(table)).Join("JOIN ? AS o ON o.id = d.node", bun.Ident(owner)).
			ColumnExpr("d.node, MAX(d.since) AS since").Where("o.org = ? AND d.since > ?", org, at).GroupExpr("d.node").Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			st.later[r.Node] = max(st.later[r.Node], r.Since)
		}
	}
	return st, nil
}

// answer tells the plan.
func (p *importPlan) answer() *Imported {
	out := &Imported{Counts: p.counts, Changes: slices.Clone(p.changes), Errors: []RowError{}}
	if out.Changes == nil {
		out.Changes = []Change{}
	}
	faults := slices.Clone(p.faults)
	order := map[string]int{}
	for i := range p.rows { // sheets as they stand in the workbook
		if _, ok := order[p.rows[i].Sheet]; !ok {
			order[p.rows[i].Sheet] = len(order)
		}
	}
	slices.SortStableFunc(faults, func(a, b sheet.Fault) int {
		return cmp.Or(cmp.Compare(order[a.Sheet], order[b.Sheet]), cmp.Compare(a.Row, b.Row), strings.Compare(a.Cell, b.Cell), strings.Compare(a.Column, b.Column))
	})
	for _, f := range faults {
		out.Errors = append(out.Errors, RowError{f.Sheet, f.Row, f.Column, f.Cell, f.Value, f.Code, f.Text, f.Mend})
	}
	slices.SortStableFunc(out.Changes, func(a, b Change) int {
		none := func(c Change) int { // what the file does not name comes last
			if c.Row == 0 {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(none(a), none(b)), cmp.Compare(order[a.Sheet], order[b.Sheet]), cmp.Compare(a.Row, b.Row))
	})
	if n := len(out.Changes); n > maxTold {
		out.Changes, out.More.Changes = out.Changes[:maxTold], n-maxTold
	}
	if n := len(out.Errors); n > maxTold {
		out.Errors, out.More.Errors = out.Errors[:maxTold], n-maxTold
	}
	return out
}

// idle: the file changes nothing.
func (p *importPlan) idle() bool { return len(p.changes) == 0 }

// declarations are what the telemetry store must know before the points are there.
func (p *importPlan) declarations() (out []telemetry.Declaration) {
	for _, sp := range p.spots {
		for _, d := range sp.dots {
			if d.now == nil || d.changed && (d.now.Report != d.setup.Report || d.now.MaxSilence != d.setup.MaxSilence) {
				point := d.point(p, sp)
				out = append(out, point.declaration(p.at))
			}
		}
	}
	return out
}

func (d *dot) point(p *importPlan, sp *spot) Point {
	if d.now != nil {
		out := *d.now
		out.Point = d.setup
		return out
	}
	return Point{ID: d.id, Org: p.q.Org, Machine: sp.id, From: p.at, To: forever, Version: 1, Point: d.setup}
}

// sameSetup compares two setups as they are read: a scale of 1 is none.
func sameSetup(a, b template.Point) bool {
	for _, p := range []*template.Point{&a, &b} {
		p.Recorded = nil
		if p.Scale == 1 {
			p.Scale = 0
		}
		if len(p.Values) == 0 {
			p.Values = nil
		}
		p.Values = slices.Clone(p.Values)
		for i := range p.Values {
			p.Values[i].Recorded = nil
		}
	}
	return reflect.DeepEqual(a, b)
}
