package match

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

func needObject(n *Need) audit.Object {
	return audit.Object{Kind: "match.need", ID: n.ID.String(), Name: n.Brief.Title}
}

// File files a need of an organisation and finds its matches. Errors: problem kinds of Brief.
func (s *Service) File(ctx context.Context, org uuid.UUID, b Brief) (Need, error) {
	scope, err := auth.Allow(ctx, auth.Operate, org)
	if err != nil {
		return Need{}, err
	}
	list, err := s.file(ctx, scope, org, []Brief{b})
	if err != nil {
		return Need{}, err
	}
	return list[0], nil
}

// file files needs in one transaction.
func (s *Service) file(ctx context.Context, scope auth.Scope, org uuid.UUID, briefs []Brief) ([]Need, error) {
	party, err := s.partyOf(ctx, org)
	if err != nil {
		return nil, err
	}
	related, err := s.o.Parties.Related(ctx, org)
	if err != nil {
		return nil, err
	}
	if err := s.Follow(ctx); err != nil {
		return nil, err
	}
	now := s.o.Now()
	list := make([]Need, len(briefs))
	for i := range briefs {
		b := briefs[i]
		fill(&b, party)
		if bad := b.check(s.kinds, s.today(), "body."); len(bad) > 0 {
			return nil, problem.All(bad...)
		}
		list[i] = Need{ID: uuid.Must(uuid.NewV7()), Org: org, Name: party.Name, Code: party.CreditCode, Brief: b, State: NeedOpen, Revision: 1, Created: now.UnixNano(), At: now.UnixNano()}
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for i := range list {
			n := &list[i]
			row, err := rowOfNeed(n)
			if err != nil {
				return err
			}
			if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
				return wrap("file a need", err)
			}
			if err := audit.Record(ctx, tx, scope.Act(ctx, now, "match.need.file", needObject(n), nil, n.Brief)); err != nil {
				return err
			}
			if err := s.pairNeed(ctx, n.want(related), Provider); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// fill takes what a brief leaves out from what is known of the enterprise.
func fill(b *Brief, p Party) {
	for to, from := range map[*string]string{&b.Industry: p.Industry, &b.Region: p.Region, &b.Size: p.Size} {
		if *to == "" {
			*to = from
		}
	}
}

// ChangeNeed writes a need anew. Errors: ErrChanged, ErrNeedState and those of File.
func (s *Service) ChangeNeed(ctx context.Context, id uuid.UUID, basis int64, b Brief) (Need, error) {
	return s.furtherNeed(ctx, id, basis, "match.need.change", func(n *Need) error {
		if !n.State.seeks() {
			return ErrNeedState.At("path.id", id.String()).With("state", needNames[n.State])
		}
		party, err := s.partyOf(ctx, n.Org)
		if err != nil {
			return err
		}
		fill(&b, party)
		if b.Origin == "" {
			b.Origin = n.Brief.Origin
		}
		if bad := b.check(s.kinds, s.today(), "body."); len(bad) > 0 {
			return problem.All(bad...)
		}
		n.Brief, n.Name, n.Code = b, party.Name, party.CreditCode
		return nil
	})
}

// WithdrawNeed ends a need; its contacts that have no contract end with it. Errors: ErrNeedState, ErrReason, ErrChanged.
func (s *Service) WithdrawNeed(ctx context.Context, id uuid.UUID, basis int64, reason string) (Need, error) {
	if wrong := checkReason("body.reason", reason); wrong != nil {
		return Need{}, wrong
	}
	return s.furtherNeed(ctx, id, basis, "match.need.withdraw", func(n *Need) error {
		if !n.State.seeks() {
			return ErrNeedState.At("path.id", id.String()).With("state", needNames[n.State])
		}
		n.State, n.Reason = NeedWithdrawn, reason
		return nil
	})
}

func (s *Service) furtherNeed(ctx context.Context, id uuid.UUID, basis int64, verb string, next func(*Need) error) (Need, error) {
	read, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Need{}, err
	}
	seen, err := needOf(ctx, s.o.DB, read, id)
	if err != nil {
		return Need{}, err
	}
	scope, err := auth.Allow(ctx, auth.Operate, seen.Org)
	if err != nil {
		return Need{}, err
	}
	if err := s.Follow(ctx); err != nil {
		return Need{}, err
	}
	var n Need
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, err := needOf(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if old.Revision != basis {
			return ErrChanged.At("body.basis", basis).With("revision", old.Revision)
		}
		n = old
		n.Brief.Excluded = slices.Clone(old.Brief.Excluded)
		if err := next(&n); err != nil {
			return err
		}
		now := s.o.Now()
		n.Revision, n.At = old.Revision+1, now.UnixNano()
		if err := writeNeed(ctx, tx, &n); err != nil {
			return err
		}
		entry := scope.Act(ctx, now, verb, needObject(&n), map[string]any{"state": old.State, "brief": old.Brief}, map[string]any{"state": n.State, "brief": n.Brief})
		entry.Reason = n.Reason
		if err := audit.Record(ctx, tx, entry); err != nil {
			return err
		}
		return s.paired(ctx, tx, &n, scope)
	})
	return n, err
}

// paired brings a need's pairs up to its state.
func (s *Service) paired(ctx context.Context, tx bun.Tx, n *Need, scope auth.Scope) error {
	if n.State.seeks() {
		w, err := s.wantOf(ctx, n)
		if err != nil {
			return err
		}
		return s.pairNeed(ctx, w, Provider)
	}
	if _, err := tx.NewDelete().Model((*pairRow)(nil)).Where("need = ?", n.ID).Exec(ctx); err != nil {
		return wrap("forget pairs", err)
	}
	if n.State == NeedWithdrawn {
		return s.closeContacts(ctx, tx, n, scope)
	}
	return nil
}

// Lapse lets needs lapse whose deadline has passed and about which nobody is in contact.
func (s *Service) Lapse(ctx context.Context) error {
	day := s.today()
	var rows []needRow
	err := s.o.DB.NewSelect().Model(&rows).Where("n.state = ? AND n.deadline <> '' AND n.deadline < ?", string(NeedOpen), day).OrderExpr("n.id").Limit(1000).Scan(ctx)
	if err != nil {
		return wrap("look for needs that lapse", err)
	}
	for i := range rows {
		err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			scope := auth.System(rows[i].Org)
			n, err := needOf(ctx, tx, scope, rows[i].ID)
			if err != nil || n.State != NeedOpen || n.Brief.Deadline >= day {
				return err
			}
			n.State, n.Revision, n.At = NeedLapsed, n.Revision+1, s.o.Now().UnixNano()
			if err := writeNeed(ctx, tx, &n); err != nil {
				return err
			}
			if err := audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), "match.need.lapse", needObject(&n), map[string]any{"state": NeedOpen}, map[string]any{"state": NeedLapsed})); err != nil {
				return err
			}
			return s.paired(ctx, tx, &n, scope)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Sight is what somebody sees of a need.
type Sight int

// From nothing to all of it.
const (
	SeesNothing Sight = iota
	SeesTitle         // title, kind, trade, province
	SeesWords         // the words, budget and equipment too, but not who it is
	SeesAll
)

// sight of a need for the caller: its own people see all; officers all but the words of private ones; a provider that is in contact all,
// one that is matched what visibility allows; anybody the title of public ones.
func (s *Service) sight(ctx context.Context, n *Need) (Sight, error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return SeesNothing, err
	}
	read, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return SeesNothing, err
	}
	if read.Includes(n.Org) {
		return SeesAll, nil
	}
	orgs := make([]uuid.UUID, 0, len(p.Roles()))
	for id := range p.Roles() {
		if read.Includes(id) {
			orgs = append(orgs, id)
		}
	}
	if len(orgs) > 0 {
		in, err := s.o.DB.NewSelect().Model((*contactRow)(nil)).Where("c.need = ?", n.ID).Where("c.provider IN (?)", bun.List(store.Words(orgs))).
			Where("c.state NOT IN (?) OR c.side = ?", bun.List([]string{string(Requested), string(Declined)}), string(Firm)).Exists(ctx)
		if err != nil {
			return SeesNothing, wrap("look up contacts", err)
		}
		if in {
			return SeesAll, nil
		}
	}
	if n.Brief.Visibility == VisiblePrivate {
		return SeesNothing, nil
	}
	if s.isOfficer(ctx) {
		return SeesAll, nil
	}
	if len(orgs) > 0 && n.State.seeks() {
		in, err := s.o.DB.NewSelect().Model((*pairRow)(nil)).Where("need = ?", n.ID).Where("provider IN (?)", bun.List(store.Words(orgs))).Exists(ctx)
		if err != nil {
			return SeesNothing, wrap("look up pairs", err)
		}
		if in {
			return SeesWords, nil
		}
	}
	if n.Brief.Visibility == VisiblePublic && n.State.seeks() {
		return SeesTitle, nil
	}
	return SeesNothing, nil
}

// GetNeed returns a need as far as the caller may see it. Error: store.ErrNotFound.
func (s *Service) GetNeed(ctx context.Context, id uuid.UUID) (Need, Sight, error) {
	n, err := needOf(ctx, s.o.DB, auth.Everywhere(), id) // sight decides what is told
	if err != nil {
		if _, need := auth.Need(ctx); need != nil {
			return Need{}, SeesNothing, need
		}
		return Need{}, SeesNothing, err
	}
	sees, err := s.sight(ctx, &n)
	if err != nil {
		return Need{}, SeesNothing, err
	}
	if sees == SeesNothing {
		return Need{}, sees, wrap("need "+id.String(), store.ErrNotFound)
	}
	return n, sees, nil
}

// NeedFilter narrows a list of needs; zero fields do not.
type NeedFilter struct {
	Org      uuid.UUID
	State    NeedState
	Kind     string
	Division string
}

func (f *NeedFilter) apply(q *bun.SelectQuery) *bun.SelectQuery {
	for column, value := range map[string]string{"n.state": string(f.State), "n.kind": f.Kind, "n.division": f.Division} {
		if value != "" {
			q = q.Where("? = ?", bun.Ident(column), value)
		}
	}
	if f.Org != uuid.Nil {
		q = q.Where("n.org = ?", f.Org)
	}
	return q
}

var newestFirst = store.Keyset{Columns: []string{"n.id"}, Descending: true}

// ListNeeds returns needs of the caller's organisations, the newest first; officers see those of all that are not private.
func (s *Service) ListNeeds(ctx context.Context, f NeedFilter, page store.Page) ([]Need, string, error) {
	read, err := auth.AllowOrVisible(ctx, auth.Read, f.Org)
	everyone := false
	if errors.Is(err, auth.ErrNotFound) || err == nil && f.Org == uuid.Nil {
		if everyone = s.isOfficer(ctx); everyone {
			read, err = auth.Visible(ctx, auth.Read)
		}
	}
	if err != nil {
		return nil, "", err
	}
	var rows []needRow
	q := s.o.DB.NewSelect().Model(&rows)
	if everyone {
		q = q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("n.visibility <> ?", string(VisiblePrivate)).WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return read.Where(q.Where("1 = 1"), "n.org") })
		})
	} else {
		q = read.Where(q, "n.org")
	}
	return listNeeds(ctx, f.apply(q), &rows, page)
}

func listNeeds(ctx context.Context, q *bun.SelectQuery, rows *[]needRow, page store.Page) ([]Need, string, error) {
	var broken error
	list, next, err := store.List(ctx, newestFirst, q, rows, page, func(r *needRow) []any { return []any{r.ID.String()} }, func(r *needRow) Need {
		n, err := r.need()
		if err != nil {
			broken = err
		}
		return n
	})
	if err == nil {
		err = broken
	}
	return list, next, wrap("list needs", err)
}

// PublicNeeds returns public needs that are sought, to anybody: the newest first.
func (s *Service) PublicNeeds(ctx context.Context, f NeedFilter, page store.Page) ([]Need, string, error) {
	var rows []needRow
	q := s.o.DB.NewSelect().Model(&rows).Where("n.visibility = ?", string(VisiblePublic)).Where("n.state IN (?)", bun.List([]string{string(NeedOpen), string(NeedContact)}))
	f.Org, f.State = uuid.Nil, ""
	return listNeeds(ctx, f.apply(q), &rows, page)
}

// Matches ranks what fits a need now, for its own people and officers. Errors: store.ErrNotFound, ErrNeedState.
func (s *Service) Matches(ctx context.Context, id uuid.UUID) (Need, []Pair, error) {
	n, sees, err := s.GetNeed(ctx, id)
	if err != nil {
		return Need{}, nil, err
	}
	if own, err := auth.Visible(ctx, auth.Read); err != nil || !own.Includes(n.Org) && (!s.isOfficer(ctx) || sees != SeesAll) {
		if err == nil {
			err = auth.ErrForbidden.With("verb", string(auth.Read))
		}
		return Need{}, nil, err
	}
	if !n.State.seeks() {
		return Need{}, nil, ErrNeedState.At("path.id", id.String()).With("state", needNames[n.State])
	}
	if err := s.Follow(ctx); err != nil {
		return Need{}, nil, err
	}
	w, err := s.wantOf(ctx, &n)
	if err != nil {
		return Need{}, nil, err
	}
	return n, s.engine.Match(w, s.profile.Most, s.profile.Least), nil
}

// Fitting is a need that fits a provider's supply.
type Fitting struct {
	Need  Need
	Sees  Sight
	Found int64
	Pair  Pair
}

var byScore = store.Keyset{Columns: []string{"p.found", "p.need", "p.supply"}, Descending: true}

// FittingNeeds lists needs that fit what a provider offers, those found last first. Private ones are not told.
func (s *Service) FittingNeeds(ctx context.Context, provider uuid.UUID, page store.Page) ([]Fitting, string, error) {
	if _, err := auth.Allow(ctx, auth.Read, provider); err != nil {
		return nil, "", err
	}
	if err := s.Follow(ctx); err != nil {
		return nil, "", err
	}
	var rows []pairRow
	q := s.o.DB.NewSelect().Model(&rows).Join("JOIN match_need AS n ON n.id = p.need").Where("p.provider = ?", provider.String()).Where("n.visibility <> ?", string(VisiblePrivate))
	list, next, err := store.List(ctx, byScore, q, &rows, page, func(r *pairRow) []any { return []any{r.Found, r.Need.String(), r.Supply.String()} }, func(r *pairRow) pairRow { return *r })
	if err != nil {
		return nil, "", wrap("list needs that fit", err)
	}
	var out []Fitting
	for _, r := range list {
		n, err := needOf(ctx, s.o.DB, auth.System(r.Org), r.Need)
		if err != nil {
			return nil, "", err
		}
		sees, err := s.sight(ctx, &n)
		if err != nil {
			return nil, "", err
		}
		w, err := s.wantOf(ctx, &n)
		if err != nil {
			return nil, "", err
		}
		p, ok := s.engine.Judge(w, r.Supply)
		if !ok || p.Blocked != nil || sees == SeesNothing {
			continue // it went away between two queries
		}
		out = append(out, Fitting{n, sees, r.Found, p})
	}
	return out, next, nil
}
