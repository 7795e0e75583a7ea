package match

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// EventState is where an event stands.
type EventState string

// The states.
const (
	EventOpen      EventState = "open" // for sign-up
	EventPaired    EventState = "paired"
	EventHeld      EventState = "held"
	EventCancelled EventState = "cancelled"
)

var eventNames = map[EventState]text.Text{
	EventOpen: {Zh: "报名中", En: "open for sign-up"}, EventPaired: {Zh: "已排桌", En: "paired"}, EventHeld: {Zh: "已举办", En: "held"}, EventCancelled: {Zh: "已取消", En: "cancelled"},
}

// Programme of an event.
type Programme struct {
	Title  string   `json:"title" maxLength:"120"`
	Words  string   `json:"words,omitempty" maxLength:"2000"`
	Place  string   `json:"place,omitempty" maxLength:"200"`
	Day    string   `json:"day" format:"date"`
	Trades []string `json:"trades,omitempty" maxItems:"20" doc:"GB/T 4754; any trade where it is left out"`
	Kinds  []string `json:"kinds,omitempty" maxItems:"60" doc:"Kinds of needs; any where it is left out"`
	Seats  int64    `json:"seats" minimum:"1" maximum:"500" doc:"For each side"`
	Rounds int64    `json:"rounds" minimum:"1" maximum:"20"`
	Tables int64    `json:"tables" minimum:"1" maximum:"500"`
}

// Event at which firms and providers meet.
type Event struct {
	ID        uuid.UUID
	Org       uuid.UUID
	State     EventState
	Programme Programme
	Revision  int64
	At        int64
}

func (r *eventRow) event() (Event, error) {
	e := Event{ID: r.ID, Org: r.Org, State: EventState(r.State), Revision: r.Revision, At: r.At}
	return e, json.Unmarshal([]byte(r.Content), &e.Programme)
}

func rowOfEvent(e *Event) (*eventRow, error) {
	raw, err := json.Marshal(e.Programme)
	return &eventRow{ID: e.ID, Org: e.Org, State: string(e.State), Day: e.Programme.Day, Content: string(raw), Revision: e.Revision, At: e.At}, err
}

func (p *Programme) check(kinds *Kinds, today string) (bad []*problem.Error) {
	if n := len([]rune(p.Title)); n < minTitle || n > maxTitle || !readable(p.Title) {
		bad = append(bad, ErrTitle.At("body.title", p.Title).With("min", minTitle).With("max", maxTitle))
	}
	if len([]rune(p.Words)) > maxReason || !readable(p.Words) || len([]rune(p.Place)) > 200 || !readable(p.Place) {
		bad = append(bad, ErrWords.At("body.words", "").With("max", maxReason))
	}
	if _, ok := field.Day(p.Day); !ok || p.Day < today {
		bad = append(bad, ErrDeadline.At("body.day", p.Day).With("today", today))
	}
	for key, x := range map[string][2]int64{"seats": {p.Seats, 500}, "rounds": {p.Rounds, 20}, "tables": {p.Tables, 500}} {
		if x[0] < 1 || x[0] > x[1] {
			bad = append(bad, ErrNumber.At("body."+key, x[0]).With("min", 1).With("max", x[1]))
		}
	}
	for i, t := range p.Trades {
		normal, fault, mend := field.Formats["industry"](t)
		if !fault.IsZero() {
			bad = append(bad, ErrCode.At(fmt.Sprintf("body.trades[%d]", i), t).With("reason", fault).With("mend", mend))
		}
		p.Trades[i] = normal
	}
	for i, k := range p.Kinds {
		if _, ok := kinds.Get(k); !ok {
			bad = append(bad, ErrKind.At(fmt.Sprintf("body.kinds[%d]", i), k))
		}
	}
	return bad
}

// AddEvent announces an event, by an officer.
func (s *Service) AddEvent(ctx context.Context, p Programme) (Event, error) {
	scope, err := s.officer(ctx, auth.Configure)
	if err != nil {
		return Event{}, err
	}
	if bad := p.check(s.kinds, s.today()); len(bad) > 0 {
		return Event{}, problem.All(bad...)
	}
	now := s.o.Now()
	e := Event{ID: uuid.Must(uuid.NewV7()), Org: scope.Org(), State: EventOpen, Programme: p, Revision: 1, At: now.UnixNano()}
	row, err := rowOfEvent(&e)
	if err != nil {
		return Event{}, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return wrap("announce an event", err)
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "match.event.add", eventObject(&e), nil, p))
	})
	return e, err
}

func eventObject(e *Event) audit.Object {
	return audit.Object{Kind: "match.event", ID: e.ID.String(), Name: e.Programme.Title}
}

func (s *Service) event(ctx context.Context, db bun.IDB, id uuid.UUID) (Event, error) {
	var r eventRow
	if err := db.NewSelect().Model(&r).Where("v.id = ?", id).Scan(ctx); err != nil {
		return Event{}, wrap("event "+id.String(), err)
	}
	return r.event()
}

// Events that are announced, the newest first, for anybody who is signed in.
func (s *Service) Events(ctx context.Context, page store.Page) ([]Event, string, error) {
	if _, err := auth.Need(ctx); err != nil {
		return nil, "", err
	}
	var rows []eventRow
	var broken error
	list, next, err := store.List(ctx, store.Keyset{Columns: []string{"v.id"}, Descending: true}, s.o.DB.NewSelect().Model(&rows), &rows, page,
		func(r *eventRow) []any { return []any{r.ID.String()} }, func(r *eventRow) Event {
			e, err := r.event()
			if err != nil {
				broken = err
			}
			return e
		})
	if err == nil {
		err = broken
	}
	return list, next, wrap("list events", err)
}

// GetEvent returns an event.
func (s *Service) GetEvent(ctx context.Context, id uuid.UUID) (Event, error) {
	if _, err := auth.Need(ctx); err != nil {
		return Event{}, err
	}
	return s.event(ctx, s.o.DB, id)
}

// fits tells whether a trade and kinds are those of an event.
func (p *Programme) fits(trades, kinds []string) bool {
	trade := len(p.Trades) == 0 || len(trades) == 0 || slices.ContainsFunc(trades, func(t string) bool {
		return slices.ContainsFunc(p.Trades, func(x string) bool { return division(x) == division(t) })
	})
	return trade && (len(p.Kinds) == 0 || overlap(kinds, p.Kinds))
}

// Invitation is somebody of the two libraries whom an event is for.
type Invitation struct {
	Side  PartySide
	Org   uuid.UUID
	Name  text.Text
	Title string
	ID    uuid.UUID // the need or the supply
}

// Invitations are the needs that are sought and the supplies that an event is for, for officers. Private needs stay out.
func (s *Service) Invitations(ctx context.Context, id uuid.UUID) ([]Invitation, error) {
	if _, err := s.officer(ctx, auth.Read); err != nil {
		return nil, err
	}
	e, err := s.event(ctx, s.o.DB, id)
	if err != nil {
		return nil, err
	}
	if err := s.Follow(ctx); err != nil {
		return nil, err
	}
	const most = 2000
	var out []Invitation
	err = s.eachSought(ctx, func(n *Need) error {
		if n.Brief.Visibility != VisiblePrivate && len(out) < most && e.Programme.fits([]string{n.Brief.Industry}, []string{n.Brief.Kind}) {
			out = append(out, Invitation{Firm, n.Org, n.Name, n.Brief.Title, n.ID})
		}
		return nil
	})
	firms := len(out)
	s.engine.Each(func(x *Supply) {
		if x.Provider != uuid.Nil && len(out)-firms < most && e.Programme.fits(x.Trades, x.Kinds) {
			out = append(out, Invitation{Provider, x.Provider, text.Both(x.ProviderName), x.Title, x.ID})
		}
	})
	return out, err
}

// SignUp is a guest to be.
type SignUp struct {
	As     uuid.UUID
	Need   uuid.UUID // a firm's
	Supply uuid.UUID // a provider's
}

// SignUpFor takes a seat at an event. Errors: ErrEventState, ErrFull, ErrGuest, ErrGuestTwice.
func (s *Service) SignUpFor(ctx context.Context, id uuid.UUID, u SignUp) (uuid.UUID, error) {
	scope, err := auth.Allow(ctx, auth.Operate, u.As)
	if err != nil {
		return uuid.Nil, err
	}
	if err := s.Follow(ctx); err != nil {
		return uuid.Nil, err
	}
	side, what := Firm, u.Need
	if u.Supply != uuid.Nil {
		side, what = Provider, u.Supply
	}
	if (u.Need == uuid.Nil) == (u.Supply == uuid.Nil) {
		return uuid.Nil, ErrGuest.At("body.need", u.Need)
	}
	party, err := s.partyOf(ctx, u.As)
	if err != nil {
		return uuid.Nil, err
	}
	now := s.o.Now()
	row := &guestRow{ID: uuid.Must(uuid.NewV7()), Event: id, Org: u.As, Side: string(side), Need: store.Word(u.Need), Supply: store.Word(u.Supply), Name: party.Name, Wishes: "[]", At: now.UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		e, err := s.event(ctx, tx, id)
		if err != nil {
			return err
		}
		if e.State != EventOpen {
			return ErrEventState.At("path.id", id).With("state", eventNames[e.State])
		}
		if side == Firm {
			n, err := needOf(ctx, tx, scope, u.Need)
			if err != nil || !n.State.seeks() {
				return ErrGuest.At("body.need", what).Because(err)
			}
		} else if x := s.engine.Get(u.Supply); x == nil || x.Provider != u.As {
			return ErrGuest.At("body.supply", what)
		}
		var guests []guestRow
		if err := tx.NewSelect().Model(&guests).Where("g.event = ?", id).Scan(ctx); err != nil {
			return wrap("read guests", err)
		}
		taken := int64(0)
		for _, g := range guests {
			if g.Org == u.As {
				return ErrGuestTwice.At("body.as", u.As).With("id", g.ID)
			}
			if g.Side == string(side) {
				taken++
			}
		}
		if taken >= e.Programme.Seats {
			name := text.Text{Zh: "企业", En: "firms"}
			if side == Provider {
				name = text.Text{Zh: "服务商", En: "providers"}
			}
			return ErrFull.At("path.id", id).With("seats", e.Programme.Seats).With("side", name)
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return wrap("sign up", err)
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "match.event.signUp", eventObject(&e), nil, map[string]any{"guest": row.ID, "side": side}))
	})
	return row.ID, err
}

// Guests of an event: its two sides see each other, so that they can say whom they wish to meet.
func (s *Service) Guests(ctx context.Context, id uuid.UUID) ([]guestRow, error) {
	read, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	var rows []guestRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("g.event = ?", id).OrderExpr("g.id").Scan(ctx); err != nil {
		return nil, wrap("read guests", err)
	}
	if s.isOfficer(ctx) || slices.ContainsFunc(rows, func(g guestRow) bool { return read.Includes(g.Org) }) {
		return rows, nil
	}
	return nil, nil
}

// Wish says whom a guest wishes to meet, the dearest first. Errors: ErrEventState, ErrGuest.
func (s *Service) Wish(ctx context.Context, guest uuid.UUID, wishes []uuid.UUID) error {
	return s.ofGuest(ctx, guest, "match.event.wish", func(ctx context.Context, tx bun.Tx, g *guestRow) error {
		var others []string
		if err := tx.NewSelect().Model((*guestRow)(nil)).Column("id").Where("event = ? AND side <> ?", g.Event, g.Side).Scan(ctx, &others); err != nil {
			return wrap("read guests", err)
		}
		seen := map[uuid.UUID]bool{}
		for i, w := range wishes {
			if seen[w] || !slices.Contains(others, w.String()) {
				return ErrGuest.At(fmt.Sprintf("body.wishes[%d]", i), w)
			}
			seen[w] = true
		}
		raw, err := json.Marshal(wishes)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*guestRow)(nil)).Set("wishes = ?", string(raw)).Where("id = ?", guest).Exec(ctx)
		return wrap("write wishes", err)
	})
}

// Cancel gives a guest's seat back.
func (s *Service) Cancel(ctx context.Context, guest uuid.UUID) error {
	return s.ofGuest(ctx, guest, "match.event.cancel", func(ctx context.Context, tx bun.Tx, _ *guestRow) error {
		_, err := tx.NewDelete().Model((*guestRow)(nil)).Where("id = ?", guest).Exec(ctx)
		return wrap("give a seat back", err)
	})
}

func (s *Service) ofGuest(ctx context.Context, id uuid.UUID, verb string, do func(context.Context, bun.Tx, *guestRow) error) error {
	if _, err := auth.Need(ctx); err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var g guestRow
		read, err := auth.Visible(ctx, auth.Read)
		if err != nil {
			return err
		}
		if err := read.Where(tx.NewSelect().Model(&g).Where("g.id = ?", id), "g.org").Scan(ctx); err != nil {
			return wrap("guest "+id.String(), err)
		}
		scope, err := auth.Allow(ctx, auth.Operate, g.Org)
		if err != nil {
			return err
		}
		e, err := s.event(ctx, tx, g.Event)
		if err != nil {
			return err
		}
		if e.State != EventOpen {
			return ErrEventState.At("path.id", id).With("state", eventNames[e.State])
		}
		if err := do(ctx, tx, &g); err != nil {
			return err
		}
		return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), verb, eventObject(&e), nil, map[string]any{"guest": id}))
	})
}

// pairScore is how well the need of one guest and the supply of another fit; 0 where they must not meet.
func (s *Service) pairScore(ctx context.Context, firms, providers []guestRow) (func(a, b uuid.UUID) int64, error) {
	wants, supplies := map[uuid.UUID]*Want{}, map[uuid.UUID]uuid.UUID{}
	for _, g := range firms {
		n, err := needOf(ctx, s.o.DB, auth.System(g.Org), store.ID(g.Need))
		if err != nil {
			return nil, err
		}
		if wants[g.ID], err = s.wantOf(ctx, &n); err != nil {
			return nil, err
		}
	}
	for _, g := range providers {
		supplies[g.ID] = store.ID(g.Supply)
	}
	known := map[[2]uuid.UUID]int64{}
	return func(a, b uuid.UUID) int64 {
		key := [2]uuid.UUID{a, b}
		if score, ok := known[key]; ok {
			return score
		}
		score := int64(0)
		if p, ok := s.engine.Judge(wants[a], supplies[b]); ok && p.Blocked == nil {
			score = p.Score
		}
		known[key] = score
		return score
	}, nil
}

// Pair makes the table of an event, by an officer, and closes the sign-up. A pair in conflict never meets, whatever they wish.
func (s *Service) Pair(ctx context.Context, id uuid.UUID) ([]meetingRow, error) {
	scope, err := s.officer(ctx, auth.Configure)
	if err != nil {
		return nil, err
	}
	if err := s.Follow(ctx); err != nil {
		return nil, err
	}
	var out []meetingRow
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		out = nil
		e, err := s.event(ctx, tx, id)
		if err != nil {
			return err
		}
		if e.State != EventOpen {
			return ErrEventState.At("path.id", id).With("state", eventNames[e.State])
		}
		var rows []guestRow
		if err := tx.NewSelect().Model(&rows).Where("g.event = ?", id).OrderExpr("g.id").Scan(ctx); err != nil {
			return wrap("read guests", err)
		}
		sides := map[string][]guestRow{}
		guests := map[string][]Guest{}
		for _, r := range rows {
			g := Guest{ID: r.ID}
			if err := json.Unmarshal([]byte(r.Wishes), &g.Wishes); err != nil {
				return err
			}
			sides[r.Side], guests[r.Side] = append(sides[r.Side], r), append(guests[r.Side], g)
		}
		score, err := s.pairScore(ctx, sides[string(Firm)], sides[string(Provider)])
		if err != nil {
			return err
		}
		drop := func(list []Guest, of func(mine, other uuid.UUID) int64) { // wishes that a conflict forbids
			for i := range list {
				list[i].Wishes = slices.DeleteFunc(list[i].Wishes, func(o uuid.UUID) bool { return of(list[i].ID, o) == 0 })
			}
		}
		drop(guests[string(Firm)], score)
		drop(guests[string(Provider)], func(p, f uuid.UUID) int64 { return score(f, p) })
		for _, m := range Pairing(guests[string(Firm)], guests[string(Provider)], score, int(e.Programme.Rounds), int(e.Programme.Tables)) {
			out = append(out, meetingRow{Event: id, Round: int64(m.Round), Seat: int64(m.Table), Firm: m.Firm, Provider: m.Provider, Mutual: m.Mutual, Score: score(m.Firm, m.Provider)})
		}
		if len(out) > 0 {
			if _, err := tx.NewInsert().Model(&out).Exec(ctx); err != nil {
				return wrap("write the table", err)
			}
		}
		if err := s.moveEvent(ctx, tx, scope, &e, EventPaired, "match.event.pair"); err != nil {
			return err
		}
		return s.tellTable(ctx, &e, rows, out)
	})
	return out, err
}

func (s *Service) moveEvent(ctx context.Context, tx bun.Tx, scope auth.Scope, e *Event, to EventState, verb string) error {
	before := e.State
	e.State, e.Revision, e.At = to, e.Revision+1, s.o.Now().UnixNano()
	row, err := rowOfEvent(e)
	if err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model(row).ExcludeColumn("id", "org").Where("id = ? AND revision = ?", e.ID, e.Revision-1).Exec(ctx)
	if err != nil {
		return wrap("write an event", err)
	}
	if hit, _ := res.RowsAffected(); hit == 0 {
		return ErrChanged.At("path.id", e.ID).With("revision", e.Revision)
	}
	return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), verb, eventObject(e), map[string]any{"state": before}, map[string]any{"state": to}))
}

// EndEvent says that an event was held, or cancels it. Error: ErrEventState.
func (s *Service) EndEvent(ctx context.Context, id uuid.UUID, to EventState) (Event, error) {
	scope, err := s.officer(ctx, auth.Configure)
	if err != nil {
		return Event{}, err
	}
	var e Event
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if e, err = s.event(ctx, tx, id); err != nil {
			return err
		}
		if to == EventHeld && e.State != EventPaired || to == EventCancelled && e.State != EventOpen && e.State != EventPaired {
			return ErrEventState.At("path.id", id).With("state", eventNames[e.State])
		}
		if err := s.moveEvent(ctx, tx, scope, &e, to, "match.event.end"); err != nil || to != EventCancelled {
			return err
		}
		return s.tellCancelled(ctx, tx, &e)
	})
	return e, err
}

// Table of an event: officers see it whole, guests their own meetings.
func (s *Service) Table(ctx context.Context, id uuid.UUID) ([]meetingRow, []guestRow, error) {
	read, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, nil, err
	}
	var rows []meetingRow
	var guests []guestRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("m.event = ?", id).OrderExpr("m.round, m.seat").Scan(ctx); err != nil {
		return nil, nil, wrap("read the table", err)
	}
	if err := s.o.DB.NewSelect().Model(&guests).Where("g.event = ?", id).OrderExpr("g.id").Scan(ctx); err != nil {
		return nil, nil, wrap("read guests", err)
	}
	if s.isOfficer(ctx) {
		return rows, guests, nil
	}
	mine := map[uuid.UUID]bool{}
	for _, g := range guests {
		mine[g.ID] = read.Includes(g.Org)
	}
	return slices.DeleteFunc(rows, func(m meetingRow) bool { return !mine[m.Firm] && !mine[m.Provider] }), guests, nil
}

// Outcome of a meeting, noted by an officer after the event. Errors: ErrEventState, ErrChoice, store.ErrNotFound.
func (s *Service) Outcome(ctx context.Context, id uuid.UUID, round, seat int64, outcome, words string) error {
	scope, err := s.officer(ctx, auth.Operate)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"absent", "no-interest", "follow-up"}, outcome) {
		return ErrChoice.At("body.outcome", outcome).With("values", "absent, no-interest, follow-up")
	}
	if len([]rune(words)) > maxReason || !readable(words) {
		return ErrWords.At("body.words", "").With("max", maxReason)
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		e, err := s.event(ctx, tx, id)
		if err != nil {
			return err
		}
		if e.State != EventPaired && e.State != EventHeld {
			return ErrEventState.At("path.id", id).With("state", eventNames[e.State])
		}
		res, err := tx.NewUpdate().Model((*meetingRow)(nil)).Set("outcome = ?", outcome).Set("words = ?", words).Where("event = ? AND round = ? AND seat = ?", id, round, seat).Exec(ctx)
		if err != nil {
			return wrap("note an outcome", err)
		}
		if hit, _ := res.RowsAffected(); hit == 0 {
			return wrap("meeting", store.ErrNotFound)
		}
		return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), "match.event.outcome", eventObject(&e), nil, map[string]any{"round": round, "table": seat, "outcome": outcome}))
	})
}

// TableFile is the table of an event as a workbook.
func (s *Service) TableFile(ctx context.Context, id uuid.UUID, f table.Format, lang string) ([]byte, error) {
	e, err := s.GetEvent(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, guests, err := s.Table(ctx, id)
	if err != nil {
		return nil, err
	}
	name := map[uuid.UUID]text.Text{}
	for _, g := range guests {
		name[g.ID] = g.Name
	}
	head := []text.Text{{Zh: "轮次", En: "Round"}, {Zh: "桌号", En: "Table"}, {Zh: "企业", En: "Firm"}, {Zh: "服务商", En: "Provider"}, {Zh: "匹配分", En: "Score"}, {Zh: "结果", En: "Outcome"}, {Zh: "备注", En: "Note"}}
	out := table.Out{Name: text.Text{Zh: "对接排桌表", En: "Pairing table"}.In(lang), Notes: []string{e.Programme.Title, e.Programme.Day + " " + e.Programme.Place}}
	for _, h := range head {
		out.Heading, out.Lists = append(out.Heading, h.In(lang)), append(out.Lists, nil)
	}
	slices.SortFunc(rows, func(a, b meetingRow) int {
		if a.Round != b.Round {
			return int(a.Round - b.Round)
		}
		if a.Seat != b.Seat {
			return int(a.Seat - b.Seat)
		}
		return bytes.Compare(a.Firm[:], b.Firm[:])
	})
	for _, m := range rows {
		out.Rows = append(out.Rows, []string{fmt.Sprint(m.Round), fmt.Sprint(m.Seat), name[m.Firm].In(lang), name[m.Provider].In(lang), fmt.Sprintf("%d.%02d", m.Score/100, m.Score%100), outcomeNames[m.Outcome].In(lang), m.Words})
	}
	data, err := table.Write(f, out)
	var unreadable *table.Error
	if errors.As(err, &unreadable) {
		err = ErrFile.With("reason", unreadable.Text)
	}
	return data, err
}

var outcomeNames = map[string]text.Text{"": {}, "absent": {Zh: "未到场", En: "absent"}, "no-interest": {Zh: "无意向", En: "no interest"}, "follow-up": {Zh: "有意向", En: "follow-up"}}
