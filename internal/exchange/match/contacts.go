package match

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Ask is a wish to get in contact.
type Ask struct {
	As     uuid.UUID // the organisation that asks: the firm or the provider
	Need   uuid.UUID
	Supply uuid.UUID
	Way    string
	Words  string
	Event  uuid.UUID
}

// Contact asks the other side for a contact. A firm may ask any provider whose supply is published, a provider about a need that it
// sees. Errors: ErrNeedState, ErrSupply, ErrAbsent, ErrConflict, ErrTwice, ErrReason.
func (s *Service) Contact(ctx context.Context, a Ask) (Contact, error) {
	scope, err := auth.Allow(ctx, auth.Operate, a.As)
	if err != nil {
		return Contact{}, err
	}
	if wrong := checkReason("body.words", a.Words); wrong != nil {
		return Contact{}, wrong
	}
	n, _, err := s.GetNeed(ctx, a.Need)
	if err != nil {
		return Contact{}, err
	}
	if err := s.Follow(ctx); err != nil {
		return Contact{}, err
	}
	w, err := s.wantOf(ctx, &n)
	if err != nil {
		return Contact{}, err
	}
	p, ok := s.engine.Judge(w, a.Supply)
	if !ok {
		return Contact{}, ErrSupply.At("body.supply", a.Supply)
	}
	x := p.Supply
	side := Firm
	switch {
	case x.Provider == uuid.Nil:
		return Contact{}, ErrAbsent.At("body.supply", a.Supply)
	case a.As == n.Org:
	case a.As == x.Provider:
		side = Provider
	default:
		return Contact{}, auth.ErrForbidden.With("verb", string(auth.Operate))
	}
	if !n.State.seeks() {
		return Contact{}, ErrNeedState.At("body.need", a.Need).With("state", needNames[n.State])
	}
	if a.Way == "" {
		a.Way = purchase
	}
	if !slices.Contains(ways, a.Way) {
		return Contact{}, ErrChoice.At("body.way", a.Way).With("values", strings.Join(ways, ", "))
	}
	if p.Blocked != nil {
		return Contact{}, ErrConflict.At("body.supply", a.Supply).With("reason", p.Blocked.Text)
	}
	provider, err := s.partyOf(ctx, x.Provider)
	if err != nil {
		return Contact{}, err
	}
	now := s.o.Now()
	c := Contact{ID: uuid.Must(uuid.NewV7()), Need: n.ID, Firm: n.Org, Supply: x.ID, Provider: x.Provider, Event: a.Event, By: side, Way: a.Way, State: Requested,
		Content:  Content{FirmName: n.Name, ProviderName: provider.Name, NeedTitle: n.Brief.Title, NeedKind: n.Brief.Kind, SupplyTitle: x.Title, Register: x.Register, Score: p.Score},
		Revision: 1, Created: now.UnixNano(), At: now.UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := once(ctx, tx, n.ID, x.ID); err != nil {
			return err
		}
		row, err := rowOfContact(&c, "")
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return wrap("ask for a contact", err)
		}
		return s.note(ctx, tx, scope, &c, side, "request", a.Words, nil)
	})
	if errors.Is(err, store.ErrConflict) { // somebody asked at the same time and was faster
		if twice := once(ctx, s.o.DB, n.ID, x.ID); twice != nil {
			err = twice
		}
	}
	return c, err
}

// once refuses a contact about a need and a supply where there is one already; after it was declined or closed it may be begun again
// (see the index match_contact_once). Error: ErrTwice.
func once(ctx context.Context, db bun.IDB, need, supply uuid.UUID) error {
	var there contactRow
	over := []string{string(Declined), string(Closed)}
	err := store.Err(db.NewSelect().Model(&there).Where("c.need = ? AND c.supply = ?", need, supply).Where("c.state NOT IN (?)", bun.List(over)).Limit(1).Scan(ctx))
	switch {
	case err == nil:
		return ErrTwice.At("body.supply", supply).With("id", there.ID)
	case errors.Is(err, store.ErrNotFound):
		return nil
	}
	return wrap("look for a contact", err)
}

// note adds to what was done and said, and audits it with both sides.
func (s *Service) note(ctx context.Context, tx bun.Tx, scope auth.Scope, c *Contact, side PartySide, kind, words string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	now := s.o.Now()
	act := scope.Act(ctx, now, "match.contact."+kind, audit.Object{Kind: "match.contact", ID: c.ID.String(), Name: c.Content.NeedTitle}, nil, map[string]any{"state": c.State, "side": side, "data": data})
	row := &stepRow{ID: uuid.Must(uuid.NewV7()), Contact: c.ID, Side: string(side), Kind: kind, Words: words, Data: string(raw), Actor: string(audit.State(act.Actor)), At: now.UnixNano()}
	if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
		return wrap("note a step", err)
	}
	for _, org := range []uuid.UUID{c.Firm, c.Provider} {
		act.Org = org
		if err := audit.Record(ctx, tx, act); err != nil {
			return err
		}
	}
	return s.tellStep(ctx, c, side, kind, row.ID)
}

// sides are those of a contact that a scope holds.
func (c *Contact) sides(scope auth.Scope) (out []PartySide) {
	if scope.Includes(c.Firm) {
		out = append(out, Firm)
	}
	if scope.Includes(c.Provider) {
		out = append(out, Provider)
	}
	return out
}

func (s *Service) contactUnder(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (Contact, contactRow, error) {
	var r contactRow
	if err := ofEither(db.NewSelect().Model(&r).Where("c.id = ?", id), scope).Scan(ctx); err != nil {
		return Contact{}, r, wrap("contact "+id.String(), err)
	}
	c, err := r.contact()
	return c, r, err
}

// GetContact returns a contact of one of the caller's organisations. Error: store.ErrNotFound.
func (s *Service) GetContact(ctx context.Context, id uuid.UUID) (Contact, error) {
	read, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Contact{}, err
	}
	c, _, err := s.contactUnder(ctx, s.o.DB, read, id)
	return c, err
}

var contactsNewest = store.Keyset{Columns: []string{"c.id"}, Descending: true}

// ListContacts returns contacts of an organisation, or of all of the caller's, the newest first.
func (s *Service) ListContacts(ctx context.Context, org, need uuid.UUID, page store.Page) ([]Contact, string, error) {
	read, err := auth.AllowOrVisible(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []contactRow
	q := ofEither(s.o.DB.NewSelect().Model(&rows), read)
	if need != uuid.Nil {
		q = q.Where("c.need = ?", need)
	}
	return listContacts(ctx, q, &rows, page)
}

// AllContacts is the officers' list: who is in contact with whom, without what they say.
func (s *Service) AllContacts(ctx context.Context, page store.Page) ([]Contact, string, error) {
	if _, err := s.officer(ctx, auth.Read); err != nil {
		return nil, "", err
	}
	var rows []contactRow
	q := s.o.DB.NewSelect().Model(&rows).Join("JOIN match_need AS n ON n.id = c.need").Where("n.visibility <> ?", string(VisiblePrivate))
	return listContacts(ctx, q, &rows, page)
}

// Between are the contacts of two organisations, whichever of them is the firm, that both have entered into: one that was only asked for
// or declined is none. For the node's own questions, such as whether somebody may judge the other; the newest first, a thousand at most.
func (s *Service) Between(ctx context.Context, a, b uuid.UUID) ([]Contact, error) {
	if p, err := auth.Need(ctx); err != nil || p.Kind != auth.KindSystem {
		return nil, errors.Join(auth.ErrForbidden.With("verb", string(auth.Read)), err)
	}
	var rows []contactRow
	q := s.o.DB.NewSelect().Model(&rows).Where("c.reached <> ?", string(Requested)).Where("(c.firm = ? AND c.provider = ?) OR (c.firm = ? AND c.provider = ?)", a, b, b, a)
	list, _, err := listContacts(ctx, q, &rows, store.Page{Limit: store.MaxLimit})
	return list, err
}

func listContacts(ctx context.Context, q *bun.SelectQuery, rows *[]contactRow, page store.Page) ([]Contact, string, error) {
	var broken error
	list, next, err := store.List(ctx, contactsNewest, q, rows, page, func(r *contactRow) []any { return []any{r.ID.String()} }, func(r *contactRow) Contact {
		c, err := r.contact()
		if err != nil {
			broken = err
		}
		return c
	})
	if err == nil {
		err = broken
	}
	return list, next, wrap("list contacts", err)
}

var stepsInOrder = store.Keyset{Columns: []string{"s.id"}}

// Steps are what was done and said in a contact, in order, for its two sides.
func (s *Service) Steps(ctx context.Context, id uuid.UUID, page store.Page) ([]stepRow, string, error) {
	if _, err := s.GetContact(ctx, id); err != nil {
		return nil, "", err
	}
	var rows []stepRow
	list, next, err := store.List(ctx, stepsInOrder, s.o.DB.NewSelect().Model(&rows).Where("s.contact = ?", id), &rows, page,
		func(r *stepRow) []any { return []any{r.ID.String()} }, func(r *stepRow) stepRow { return *r })
	return list, next, wrap("read steps", err)
}

// Do is one step of a contact.
type Do struct {
	As       uuid.UUID
	Step     string // see stepOrder, or message
	Basis    int64  // the revision that was seen; a message needs none
	Words    string
	Day      string    // of a meeting
	Amount   *int64    // of a quotation, in fen
	Contract *Contract // that is proposed
	Result   *Result   // that the firm confirms
}

// Step takes a contact further. Errors: ErrStep, ErrSide, ErrStepState, ErrChanged, ErrClosed and those of what the step brings.
func (s *Service) Step(ctx context.Context, id uuid.UUID, d Do) (Contact, error) {
	scope, err := auth.Allow(ctx, auth.Operate, d.As)
	if err != nil {
		return Contact{}, err
	}
	if d.Words = strings.TrimSpace(d.Words); len([]rune(d.Words)) > maxReason || !readable(d.Words) {
		return Contact{}, ErrWords.At("body.words", "").With("max", maxReason)
	}
	st, known := steps[d.Step]
	if !known && d.Step != "message" {
		return Contact{}, ErrStep.At("body.step", d.Step).With("steps", strings.Join(append(slices.Clone(stepOrder), "message"), ", "))
	}
	if d.Step == "message" || d.Step == "decline" || d.Step == "close" {
		if wrong := checkReason("body.words", d.Words); wrong != nil {
			return Contact{}, wrong
		}
	}
	var c Contact
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, row, err := s.contactUnder(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		c = old
		side := c.sides(scope)[0]
		if d.Step == "message" {
			if c.State.Final() {
				return ErrClosed.At("path.id", id).With("state", contactNames[c.State])
			}
			return s.note(ctx, tx, scope, &c, side, "message", d.Words, nil)
		}
		switch {
		case c.may(d.Step, side):
		case c.may(d.Step, side.other()):
			return ErrSide.At("body.step", d.Step).With("step", st.name)
		default:
			return ErrStepState.At("body.step", d.Step).With("step", st.name).With("state", contactNames[c.State])
		}
		if c.Revision != d.Basis {
			return ErrChanged.At("body.basis", d.Basis).With("revision", c.Revision)
		}
		// The contact is taken before anything is written with it: of two at once the second waits here, and then sees what the first did.
		res, err := tx.NewUpdate().Model((*contactRow)(nil)).Set("revision = revision + 1").Where("id = ? AND revision = ?", id, d.Basis).Exec(ctx)
		if err != nil {
			return wrap("take a contact", err)
		}
		if hit, _ := res.RowsAffected(); hit == 0 {
			return ErrChanged.At("body.basis", d.Basis).With("revision", c.Revision)
		}
		data, err := s.take(ctx, tx, &c, side, &d)
		if err != nil {
			return err
		}
		c.State, c.Revision, c.At = st.to, c.Revision+1, s.o.Now().UnixNano()
		next, err := rowOfContact(&c, row.Reached)
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(next).Column("state", "reached", "amount", "content", "at").Where("id = ?", id).Exec(ctx); err != nil {
			return wrap("write a contact", err)
		}
		if err := s.note(ctx, tx, scope, &c, side, d.Step, d.Words, data); err != nil {
			return err
		}
		return s.carry(ctx, tx, c.Need)
	})
	if err == nil && c.State == Done {
		err = s.rerate(ctx, c.Provider)
	}
	return c, err
}

// take reads what a step brings with it.
func (s *Service) take(ctx context.Context, tx bun.Tx, c *Contact, side PartySide, d *Do) (any, error) {
	day := func(at, value string) *problem.Error {
		if _, ok := field.Day(value); !ok {
			return ErrDay.At(at, value)
		}
		return nil
	}
	amount := func(at string, v *int64) *problem.Error {
		if v == nil || *v < 0 || *v > field.MaxWhole {
			return ErrAmount.At(at, v)
		}
		return nil
	}
	switch d.Step {
	case "meet":
		if wrong := day("body.day", d.Day); wrong != nil {
			return nil, wrong
		}
		return map[string]any{"day": d.Day}, nil
	case "quote":
		if wrong := amount("body.amount", d.Amount); wrong != nil {
			return nil, wrong
		}
		c.Content.Quoted = d.Amount
		return map[string]any{"amount": *d.Amount}, nil
	case "propose":
		if d.Contract == nil {
			return nil, ErrNumber.At("body.contract.number", "").With("min", 1).With("max", 100)
		}
		k := *d.Contract
		if k.Number = strings.TrimSpace(k.Number); k.Number == "" || len([]rune(k.Number)) > 100 || !readable(k.Number) {
			return nil, ErrNumber.At("body.contract.number", k.Number).With("min", 1).With("max", 100)
		}
		if wrong := day("body.contract.signed", k.Signed); wrong != nil {
			return nil, wrong
		}
		if k.Signed > s.today() {
			return nil, ErrDay.At("body.contract.signed", k.Signed)
		}
		if k.Due != "" {
			if wrong := day("body.contract.due", k.Due); wrong != nil || k.Due < k.Signed {
				return nil, ErrDay.At("body.contract.due", k.Due)
			}
		}
		if wrong := amount("body.contract.amount", &k.Amount); wrong != nil {
			return nil, wrong
		}
		k.By, k.Facts = side, nil
		c.Content.Contract = &k
		return k, nil
	case "confirm":
		k := *c.Content.Contract
		facts, err := s.contractFacts(ctx, c, &k)
		if err != nil {
			return nil, err
		}
		k.Facts = facts
		c.Content.Contract = &k
		return k, nil
	case "result":
		if d.Result == nil {
			return nil, ErrReason.At("body.result.words", "").With("min", minReason).With("max", maxReason)
		}
		r := *d.Result
		if wrong := checkReason("body.result.words", r.Words); wrong != nil {
			return nil, wrong
		}
		if wrong := day("body.result.delivered", r.Delivered); wrong != nil {
			return nil, wrong
		}
		if r.Delivered < c.Content.Contract.Signed || r.Delivered > s.today() {
			return nil, ErrDay.At("body.result.delivered", r.Delivered)
		}
		if r.Saving != nil {
			if wrong := amount("body.result.saving", r.Saving); wrong != nil {
				return nil, wrong
			}
		}
		for _, id := range r.Facts { // the firm's own
			f, err := s.o.Facts.Get(node(ctx), id, zeroTime)
			if err != nil {
				return nil, err
			}
			if f.Org != c.Firm {
				return nil, wrap("fact "+id.String(), store.ErrNotFound)
			}
		}
		c.Content.Result = &r
		return r, nil
	}
	return nil, nil
}

// contractFacts writes the contract down as a fact of each side, declared by both.
func (s *Service) contractFacts(ctx context.Context, c *Contact, k *Contract) ([]uuid.UUID, error) {
	parties := map[PartySide]Party{}
	for side, org := range map[PartySide]uuid.UUID{Firm: c.Firm, Provider: c.Provider} {
		p, err := s.partyOf(ctx, org)
		if err != nil {
			return nil, err
		}
		parties[side] = p
	}
	var out []uuid.UUID
	for _, side := range anyone {
		org, other := c.Firm, parties[side.other()]
		if side == Provider {
			org = c.Provider
		}
		content := map[string]any{"number": k.Number, "signed": k.Signed, "partyName": first(other.Name.Zh, other.Name.En), "subject": k.Subject, "product": c.Content.SupplyTitle, "amount": k.Amount}
		if other.CreditCode != "" {
			content["partyCode"] = other.CreditCode
		}
		raw, err := json.Marshal(content)
		if err != nil {
			return nil, err
		}
		f, _, err := s.o.Facts.RecordFor(ctx, auth.System(org), fact.Input{Org: org, Kind: "contract", Key: fact.Key{Source: "matching", External: c.ID.String()}, Content: raw, Grade: fact.Declared})
		if err != nil {
			return nil, err
		}
		out = append(out, f.ID)
	}
	return out, nil
}

// carry brings a need to the state of its contacts: the furthest of them counts.
func (s *Service) carry(ctx context.Context, tx bun.Tx, need uuid.UUID) error {
	n, err := needOf(ctx, tx, auth.Everywhere(), need)
	if err != nil {
		return err
	}
	if n.State == NeedWithdrawn || n.State == NeedLapsed {
		return nil
	}
	var states []string
	if err := tx.NewSelect().Model((*contactRow)(nil)).Column("state").Where("need = ?", need).Scan(ctx, &states); err != nil {
		return wrap("read contacts", err)
	}
	next := NeedOpen
	for _, x := range states {
		switch ContactState(x) {
		case Done:
			next = NeedDone
		case Contracted, Delivered:
			if next != NeedDone {
				next = NeedContracted
			}
		case Talking, Met, Quoted, Proposed:
			if next == NeedOpen {
				next = NeedContact
			}
		}
	}
	if next == n.State {
		return nil
	}
	scope := auth.System(n.Org)
	before := n.State
	n.State, n.Revision, n.At = next, n.Revision+1, s.o.Now().UnixNano()
	if err := writeNeed(ctx, tx, &n); err != nil {
		return err
	}
	if err := audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), "match.need.carry", needObject(&n), map[string]any{"state": before}, map[string]any{"state": next})); err != nil {
		return err
	}
	return s.paired(ctx, tx, &n, scope)
}

// closeContacts ends what is open about a need that is withdrawn.
func (s *Service) closeContacts(ctx context.Context, tx bun.Tx, n *Need, scope auth.Scope) error {
	var rows []contactRow
	if err := tx.NewSelect().Model(&rows).Where("c.need = ?", n.ID).Scan(ctx); err != nil {
		return wrap("read contacts", err)
	}
	for i := range rows {
		c, err := rows[i].contact()
		if err != nil {
			return err
		}
		if !c.may("close", Firm) {
			continue
		}
		c.State, c.Revision, c.At = Closed, c.Revision+1, s.o.Now().UnixNano()
		row, err := rowOfContact(&c, rows[i].Reached)
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(row).Column("state", "revision", "at").Where("id = ?", c.ID).Exec(ctx); err != nil {
			return wrap("close a contact", err)
		}
		if err := s.note(ctx, tx, scope, &c, Firm, "close", n.Reason, nil); err != nil {
			return err
		}
	}
	return nil
}
