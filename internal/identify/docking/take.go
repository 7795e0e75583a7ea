package docking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Receipt is what a node is told of a return that was taken.
type Receipt struct {
	ID     uuid.UUID `json:"id"`
	Rows   int       `json:"rows"`
	Taken  time.Time `json:"taken"`
	Repeat bool      `json:"repeat" doc:"The same return had been taken before"`
	Stands bool      `json:"stands" doc:"All parts of the revision are here"`
}

// ahead is how far a node's clock may be before this one's.
const ahead = 10 * time.Minute

// Take takes a return of a node below in, whole or not at all. Whoever calls need not be signed in: the document is. Errors: ErrReturn,
// ErrTable, ErrUnknown (no such node), ErrNotTaken, ErrSignature, ErrRows, ErrOlder, ErrOther.
func (s *Service) Take(ctx context.Context, document []byte) (Receipt, error) {
	h, err := ReadHead(document)
	if err != nil {
		return Receipt{}, refuse("body", "", err)
	}
	t := s.o.Guide.Table(h.Table)
	if t == nil || h.Guide != s.o.Guide.ID {
		return Receipt{}, ErrTable.At("body.table", h.Table).With("guide", s.o.Guide.ID).With("tables", s.o.Guide.tables())
	}
	var row nodeRow
	err = store.Err(s.o.DB.NewSelect().Model(&row).Where("n.prefix = ?", folded(h.Prefix)).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return Receipt{}, ErrUnknown.At("body.prefix", h.Prefix)
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("find the node of %s: %w", h.Prefix, err)
	}
	n, err := row.node()
	if err != nil {
		return Receipt{}, err
	}
	keys, err := n.Verifiers()
	if err != nil {
		return Receipt{}, err
	}
	h, _, faults, err := Open(document, t, n.Prefix, keys...)
	switch now := s.o.Now(); {
	case errors.Is(err, ErrSigned):
		return Receipt{}, ErrSignature.At("body.prefix", h.Prefix)
	case err != nil:
		return Receipt{}, refuse("body", "", err)
	case !n.State.HandsIn():
		return Receipt{}, ErrNotTaken.At("body.prefix", h.Prefix).With("state", n.State.Name())
	case faults != nil:
		return Receipt{}, ErrRows.At("body", h.Rows).With("faults", faults.List).With("more", faults.More)
	case h.Made.After(now.Add(ahead)):
		return Receipt{}, refuse("body.made", h.Made.Format(time.RFC3339), noReturn("生成时间在将来", "it was made in the future"))
	default:
		if _, to, err := h.Period.Span(t.Due); err != nil {
			return Receipt{}, refuse("body.period", string(h.Period), err)
		} else if to.After(now.Add(ahead)) {
			return Receipt{}, refuse("body.period", string(h.Period), errNotEnded)
		}
	}
	return s.keep(ctx, &n, t, &h, document)
}

var errNotEnded = noReturn("期间尚未结束", "the period has not ended")

// refuse says why a return cannot be taken; an error that is no *DocumentError goes on as it is.
func refuse(place, value string, err error) error {
	var why *DocumentError
	if !errors.As(err, &why) {
		return err
	}
	return ErrReturn.At(place, value).With("reason", why.Why)
}

func (g *Guide) tables() string {
	ids := make([]string, len(g.Tables))
	for i, t := range g.Tables {
		ids[i] = t.ID
	}
	return strings.Join(ids, ", ")
}

// keep writes a return down. What stands already is answered as before; an older revision is refused.
func (s *Service) keep(ctx context.Context, n *Node, t *Table, h *Head, document []byte) (Receipt, error) {
	now := s.o.Now()
	out := Receipt{ID: h.ID, Rows: h.Rows, Taken: now.UTC()}
	row := returnRow{
		ID: h.ID, Node: n.ID, Kind: t.ID, Period: string(h.Period), Revision: h.Revision, Part: int64(h.Part), Parts: int64(h.Parts), Rows: int64(h.Rows),
		SHA256: h.SHA256, Made: h.Made.UnixNano(), At: now.UnixNano(), Document: s.packer.pack(document),
	}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var all []returnRow
		if err := tx.NewSelect().Model(&all).ExcludeColumn("document").Where("r.node = ? AND r.kind = ? AND r.period = ?", n.ID, t.ID, row.Period).OrderExpr("r.revision, r.part").Scan(ctx); err != nil {
			return err
		}
		standing := complete(all)
		for _, old := range all {
			switch {
			case old.Revision == row.Revision && old.Part == row.Part && old.SHA256 == row.SHA256 && old.Parts == row.Parts:
				out.ID, out.Taken, out.Repeat, out.Stands = old.ID, time.Unix(0, old.At).UTC(), true, standing >= row.Revision
				return nil
			case old.Revision == row.Revision && (old.Part == row.Part || old.Parts != row.Parts), old.ID == row.ID:
				return ErrOther.At("body.revision", row.Revision).With("part", row.Part)
			}
		}
		if row.Revision < standing {
			return ErrOlder.At("body.revision", row.Revision).With("stands", standing)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		all = append(all, row)
		out.Stands = complete(all) >= row.Revision
		if out.Stands && t.counts() {
			if err := s.days(ctx, tx, n, t, h); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, auth.System(n.Org).Act(ctx, now, "docking.return.take", audit.Object{Kind: "return", ID: h.ID.String(), Name: n.Prefix + " " + t.ID + " " + row.Period}, nil,
			map[string]any{"revision": h.Revision, "part": h.Part, "parts": h.Parts, "rows": h.Rows, "sha256": h.SHA256}))
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("keep a return of %s: %w", n.Prefix, store.Err(err))
	}
	return out, nil
}

// counts tells whether the rows of a table are figures of days that can be added up.
func (t *Table) counts() bool {
	return t.Due == Daily && t.Fields.Field("registered") != nil && t.Fields.Field("total") != nil && t.Fields.Field("requests") != nil && t.Fields.Field("successes") != nil
}

// complete is the greatest revision of which every part is here; 0 for none.
func complete(all []returnRow) (revision int64) {
	parts := map[int64]int64{}
	for _, r := range all {
		parts[r.Revision]++
		if parts[r.Revision] == r.Parts {
			revision = max(revision, r.Revision)
		}
	}
	return revision
}

// days keeps the figures of a day for adding up, once all parts of a revision are here, in the place of those of the revision before.
func (s *Service) days(ctx context.Context, tx bun.Tx, n *Node, t *Table, h *Head) error {
	if _, err := tx.NewDelete().Model((*dayRow)(nil)).Where("node = ? AND kind = ? AND day = ?", n.ID, t.ID, string(h.Period)).Exec(ctx); err != nil {
		return err
	}
	of := func(r field.Record, key string) int64 { v, _ := r[key].(int64); return v }
	for part := range h.Parts {
		var row returnRow
		if err := tx.NewSelect().Model(&row).Where("r.node = ? AND r.kind = ? AND r.period = ? AND r.revision = ? AND r.part = ?", n.ID, t.ID, string(h.Period), h.Revision, part+1).Scan(ctx); err != nil {
			return err
		}
		document, err := s.packer.unpack(row.Document)
		if err != nil {
			return err
		}
		_, _, body, err := split(document)
		if err != nil {
			return err
		}
		rows, _ := readRows(body, t, n.Prefix)
		for some := range slices.Chunk(rows, 200) {
			list := make([]dayRow, len(some))
			for i, r := range some {
				prefix, _ := r["prefix"].(string)
				list[i] = dayRow{Node: n.ID, Kind: t.ID, Day: string(h.Period), Prefix: folded(prefix), Registered: of(r, "registered"), Total: of(r, "total"), Requests: of(r, "requests"), Successes: of(r, "successes")}
			}
			if _, err := tx.NewInsert().Model(&list).On("CONFLICT (node, kind, day, prefix) DO NOTHING").Exec(ctx); err != nil { // two parts with the same one
				return err
			}
		}
	}
	return nil
}

// Taken is a return that was taken.
type Taken struct {
	Head
	At time.Time `json:"at"`
}

var newestReturns = store.Keyset{Columns: []string{"r.at", "r.id"}, Descending: true}

// Returns of a node, the newest first; table narrows. Errors: store.ErrNotFound, store.ErrCursor.
func (s *Service) Returns(ctx context.Context, node uuid.UUID, table string, page store.Page) (items []Taken, next string, err error) {
	n, err := s.Node(ctx, node)
	if err != nil {
		return nil, "", err
	}
	var rows []returnRow
	q := s.o.DB.NewSelect().Model(&rows).ExcludeColumn("document").Where("r.node = ?", n.ID)
	if table != "" {
		q = q.Where("r.kind = ?", table)
	}
	if q, err = newestReturns.Apply(q, page); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", wrap("list returns", err)
	}
	rows, next = store.Cut(newestReturns, rows, page, func(r *returnRow) []any { return []any{r.At, r.ID.String()} })
	for i := range rows {
		items = append(items, rows[i].taken(s.o.Guide, n.Prefix))
	}
	return items, next, nil
}

func (r *returnRow) taken(g *Guide, prefix string) Taken {
	return Taken{Head{
		ID: r.ID, Guide: g.ID, Version: g.Version, Table: r.Kind, Prefix: prefix, Period: Period(r.Period), Revision: r.Revision, Part: int(r.Part), Parts: int(r.Parts),
		Made: time.Unix(0, r.Made).UTC(), Rows: int(r.Rows), SHA256: r.SHA256,
	}, time.Unix(0, r.At).UTC()}
}

// Document is a return as its node signed it. Errors: store.ErrNotFound.
func (s *Service) Document(ctx context.Context, node, id uuid.UUID) ([]byte, error) {
	n, err := s.Node(ctx, node)
	if err != nil {
		return nil, err
	}
	var row returnRow
	if err := s.o.DB.NewSelect().Model(&row).Where("r.node = ? AND r.id = ?", n.ID, id).Scan(ctx); err != nil {
		return nil, wrap("return "+id.String(), err)
	}
	return s.packer.unpack(row.Document)
}
