package trace

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Binding says that an identifier of a party or a place is an organisation's, or that an organisation is a regulator here.
type Binding struct {
	ID        uuid.UUID
	Org       uuid.UUID
	Party     string // canonical; "" for a regulator
	Regulator bool
	Reason    string
	Since     time.Time
}

type partyRow struct {
	bun.BaseModel `bun:"table:trace_parties,alias:p"`

	ID        uuid.UUID `bun:"id,pk"`
	Org       uuid.UUID
	Party     string
	Regulator bool
	Reason    string
	Since     int64
}

func (r *partyRow) binding() Binding {
	return Binding{r.ID, r.Org, r.Party, r.Regulator, r.Reason, time.Unix(0, r.Since).UTC()}
}

// partyRows are all identifiers that are bound, with whose they are.
func partyRows(ctx context.Context, q queryer) (map[string]uuid.UUID, error) {
	out := map[string]uuid.UUID{}
	return out, eachRow(ctx, q, "SELECT party, org FROM trace_parties WHERE party <> ''", nil, func(r *sql.Rows) error {
		var party, org string
		err := r.Scan(&party, &org)
		out[party] = store.ID(org)
		return err
	})
}

func (s *Service) regulators(ctx context.Context) (out []uuid.UUID, err error) {
	err = eachRow(ctx, s.l.raw(), "SELECT org FROM trace_parties WHERE regulator", nil, func(r *sql.Rows) error {
		var org string
		err := r.Scan(&org)
		out = append(out, store.ID(org))
		return err
	})
	return out, wrap("list regulators", err)
}

// Bind says that an identifier is an organisation's, or with party "" that the organisation is a regulator. Only who runs the node
// may: whoever could name a competitor's location as their own would see the competitor's trade. Events that were captured before
// are shared from now on. Errors: ErrParty, ErrPartyTaken, those of auth.AllowNode.
func (s *Service) Bind(ctx context.Context, b Binding) (Binding, error) {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err != nil {
		return Binding{}, err
	}
	b.Regulator = b.Party == ""
	if !b.Regulator {
		key, ok := epcis.Canonical(b.Party)
		if !ok || !strings.HasPrefix(key, resolver+"414/") && !strings.HasPrefix(key, resolver+"417/") {
			return Binding{}, ErrParty.At("body.party", b.Party)
		}
		b.Party = key
	}
	if n := len([]rune(b.Reason)); n < 2 || n > 500 {
		return Binding{}, ErrParameterFor.At("body.reason", "").With("parameter", "reason").With("form", "2 … 500")
	}
	b.ID, b.Since = orNewID(b.ID), s.o.Now().UTC()
	num, err := s.l.number(ctx, b.Org)
	if err != nil {
		return Binding{}, err
	}
	err = s.l.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		taken, err := tx.NewSelect().Model((*partyRow)(nil)).Where("p.party = ? AND p.party <> ''", b.Party).Exists(ctx)
		if err != nil {
			return err
		}
		if taken {
			return ErrPartyTaken.At("body.party", b.Party)
		}
		if _, err := tx.NewInsert().Model(&partyRow{ID: b.ID, Org: b.Org, Party: b.Party, Regulator: b.Regulator, Reason: b.Reason, Since: b.Since.UnixNano()}).Exec(ctx); err != nil {
			return err
		}
		if !b.Regulator {
			if err := s.l.share(ctx, tx, b.Party, num); err != nil {
				return err
			}
		}
		return s.note(ctx, tx, p, "trace.party.bind", b)
	})
	return b, wrap("bind a party", err)
}

// share lets an organisation see the events that name an identifier as source or destination.
func (l *ledger) share(ctx context.Context, tx bun.Tx, party string, org int64) error {
	found, err := l.find(ctx, tx.Tx, []string{party})
	if err != nil || len(found) == 0 {
		return err
	}
	_, err = tx.Tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO trace_shares (event, org) SELECT l.event, %[1]d FROM trace_links l JOIN trace_events e ON e.num = l.event
		WHERE l.name = %[2]d AND l.role IN (%[3]d, %[4]d) AND e.org <> %[1]d ON CONFLICT DO NOTHING`, org, found[party], RoleSource, RoleDestination))
	return err
}

// Unbind takes a binding back; events that it shared are shared no more, unless another binding shares them too.
func (s *Service) Unbind(ctx context.Context, id uuid.UUID, reason string) error {
	p, err := auth.AllowNode(ctx, auth.Node)
	if err != nil {
		return err
	}
	err = s.l.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var r partyRow
		if err := tx.NewSelect().Model(&r).Where("p.id = ?", id).Scan(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*partyRow)(nil)).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		if !r.Regulator {
			num, _ := s.l.orgs.known(r.Org)
			if _, err := tx.Tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM trace_shares WHERE org = %d", num)); err != nil {
				return err
			}
			var rest []partyRow
			if err := tx.NewSelect().Model(&rest).Where("p.org = ? AND p.party <> ''", r.Org).Scan(ctx); err != nil {
				return err
			}
			for _, other := range rest {
				if err := s.l.share(ctx, tx, other.Party, num); err != nil {
					return err
				}
			}
		}
		b := r.binding()
		b.Reason = reason
		return s.note(ctx, tx, p, "trace.party.unbind", b)
	})
	return wrap("unbind a party", err)
}

// Bindings lists them for who runs the node.
func (s *Service) Bindings(ctx context.Context) ([]Binding, error) {
	if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
		return nil, err
	}
	var rows []partyRow
	err := s.l.db.NewSelect().Model(&rows).OrderExpr("p.since, p.id").Limit(10_000).Scan(ctx)
	return store.All(rows, (*partyRow).binding), wrap("list parties", err)
}

func (s *Service) note(ctx context.Context, tx bun.Tx, p auth.Principal, verb string, b Binding) error {
	o := auth.OriginFrom(ctx)
	return audit.Record(ctx, tx, audit.Entry{Time: s.o.Now().UTC(), Org: b.Org, Actor: auth.ActorOf(p), Via: p.Via, Verb: verb,
		Object: audit.Object{Kind: "trace.party", ID: b.ID.String(), Name: b.Party}, Reason: b.Reason, After: audit.State(map[string]any{"party": b.Party, "regulator": b.Regulator}),
		Remote: o.Remote, Trace: o.Trace})
}
