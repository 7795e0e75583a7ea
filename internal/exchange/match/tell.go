package match

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Told is something that the people of an organisation are to hear.
type Told struct {
	Key    string // the same again is not told again
	Topic  string // match.fit, match.contact or match.event
	Org    uuid.UUID
	Text   text.Text
	Link   string    // page of the console below the organisation's
	Kind   string    // of the object: "contact", "event", or "" for none
	Object uuid.UUID // zero for none
	Waits  bool      // for them: it stays until Settled
}

// Messenger tells people. Both methods join the transaction of their context.
type Messenger interface {
	Tell(ctx context.Context, t Told) error
	// Settled says that nobody waits for anything of an object any more.
	Settled(ctx context.Context, kind string, id uuid.UUID) error
}

// tellStep tells the other side of a contact what one side did. A provider that asked is told who the firm is only once it has accepted.
func (s *Service) tellStep(ctx context.Context, c *Contact, by PartySide, kind string, id uuid.UUID) error {
	if s.o.Messenger == nil {
		return nil
	}
	if kind != "message" {
		if err := s.o.Messenger.Settled(ctx, "contact", c.ID); err != nil {
			return err
		}
	}
	to := by.other()
	t := Told{Key: "match-contact:" + id.String(), Topic: "match.contact", Org: c.Firm, Link: "needs/contacts/" + c.ID.String(), Kind: "contact", Object: c.ID}
	who := c.Content.ProviderName
	if to == Provider {
		if t.Org, who = c.Provider, c.Content.FirmName; c.By == Provider && (c.State == Requested || c.State == Declined || c.State == Closed) {
			who = text.Text{Zh: "需求方", En: "The firm"}
		}
	}
	var what text.Text
	switch kind {
	case "request":
		what = text.Text{Zh: "希望对接", En: "asks for a contact"}
	case "message":
		what = text.Text{Zh: "发来留言", En: "has written"}
	default:
		what = steps[kind].name
	}
	t.Text = text.Text{Zh: fmt.Sprintf("%s（需求“%s”）：%s", who.In("zh"), c.Content.NeedTitle, what.In("zh")), En: fmt.Sprintf("%s, about “%s”: %s", who.In("en"), c.Content.NeedTitle, what.In("en"))}
	t.Waits = kind != "message" && (c.may("accept", to) || c.may("confirm", to) || kind == "deliver")
	return s.o.Messenger.Tell(ctx, t)
}

// best is how many of its new pairs an organisation is told in words.
const best = 3

// TellFits tells organisations of pairs that are new to them, once a day each: firms of supply, providers of needs that are not private.
// What comes up later on the day is told on the next.
func (s *Service) TellFits(ctx context.Context) error {
	if s.o.Messenger == nil {
		return nil
	}
	day := s.today()
	for _, side := range anyone {
		var orgs []string
		q := news(s.o.DB.NewSelect().Model((*pairRow)(nil)), side).ColumnExpr("DISTINCT ?", side.column()).
			Where("NOT EXISTS (SELECT 1 FROM match_told AS t WHERE t.org = ? AND t.side = ? AND t.day = ?)", side.column(), string(side), day)
		if err := q.Limit(store.MaxLimit).Scan(ctx, &orgs); err != nil {
			return wrap("look for new pairs", err)
		}
		for _, org := range orgs {
			if err := s.tellFits(ctx, store.ID(org), side, day); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p PartySide) column() bun.Ident {
	if p == Firm {
		return bun.Ident("p.org")
	}
	return bun.Ident("p.provider")
}

// news narrows pairs to those that a side is to hear of.
func news(q *bun.SelectQuery, side PartySide) *bun.SelectQuery {
	q = q.Where("p.news = ?", string(side))
	if side == Provider {
		q = q.Join("JOIN match_need AS n ON n.id = p.need").Where("n.visibility <> ?", string(VisiblePrivate))
	}
	return q
}

func (s *Service) tellFits(ctx context.Context, org uuid.UUID, side PartySide, day string) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewRaw("INSERT INTO match_told (org, side, day) VALUES (?, ?, ?) ON CONFLICT (org, side) DO UPDATE SET day = EXCLUDED.day WHERE match_told.day <> EXCLUDED.day", org, string(side), day).Exec(ctx)
		if err != nil {
			return wrap("note what was told", err)
		}
		if hit, _ := res.RowsAffected(); hit == 0 {
			return nil // another process was faster
		}
		var rows []pairRow
		if err := news(tx.NewSelect().Model(&rows), side).Where("? = ?", side.column(), org).OrderExpr("p.score DESC, p.need, p.supply").Scan(ctx); err != nil {
			return wrap("read new pairs", err)
		}
		t := Told{Key: fmt.Sprintf("match-fit:%s:%s:%s", org, side, day), Topic: "match.fit", Org: org, Link: "supply"}
		needs, count := map[uuid.UUID]string{}, 0
		var zh, en []string
		for _, r := range rows {
			x := s.engine.Get(r.Supply)
			if x == nil {
				continue // it went away
			}
			if _, known := needs[r.Need]; !known {
				n, err := needOf(ctx, tx, auth.System(r.Org), r.Need)
				if err != nil {
					return err
				}
				needs[r.Need] = n.Brief.Title
			}
			if count++; count > best {
				continue
			}
			offer := x.Title
			if side == Firm && x.ProviderName != "" {
				zh, en = append(zh, fmt.Sprintf("“%s”（%s）适合需求“%s”，%s 分", offer, x.ProviderName, needs[r.Need], points(r.Score))), append(en, fmt.Sprintf("“%s” (%s) for “%s”, %s", offer, x.ProviderName, needs[r.Need], points(r.Score)))
			} else {
				zh, en = append(zh, fmt.Sprintf("“%s”适合需求“%s”，%s 分", offer, needs[r.Need], points(r.Score))), append(en, fmt.Sprintf("“%s” for “%s”, %s", offer, needs[r.Need], points(r.Score)))
			}
		}
		for part := range slices.Chunk(rows, 400) {
			needs := store.All(part, func(r *pairRow) string { return r.Need.String() })
			q := tx.NewUpdate().Model((*pairRow)(nil)).Set("news = ''").Where("news = ?", string(side)).Where("? = ?", bun.Ident(strings.TrimPrefix(string(side.column()), "p.")), org).Where("need IN (?)", bun.List(needs))
			if _, err := q.Exec(ctx); err != nil {
				return wrap("note what was told", err)
			}
		}
		if count == 0 {
			return nil
		}
		t.Text = text.Text{Zh: fmt.Sprintf("新出现 %d 项适合贵方供给的需求：%s", count, strings.Join(zh, "；")), En: fmt.Sprintf("New needs that fit what you offer (%d): %s", count, strings.Join(en, "; "))}
		if side == Firm {
			t.Text = text.Text{Zh: fmt.Sprintf("新出现 %d 项适合贵方需求的供给：%s", count, strings.Join(zh, "；")), En: fmt.Sprintf("New offers that fit what you need (%d): %s", count, strings.Join(en, "; "))}
			t.Link = "needs"
			if len(needs) == 1 {
				t.Link = "needs/" + rows[0].Need.String()
			}
		}
		return s.o.Messenger.Tell(ctx, t)
	})
}

// points are a score as people read it, out of a hundred.
func points(score int64) string { return fmt.Sprintf("%d.%02d", score/100, score%100) }

type invitedRow struct {
	bun.BaseModel `bun:"table:match_invited,alias:i"`

	Event uuid.UUID `bun:"event,pk"`
	Org   uuid.UUID `bun:"org,pk"`
	At    int64
}

// Invite tells everybody whom an event is for, once each, by an officer, and returns how many were told now. Who has signed up is not
// invited. Errors: ErrEventState, those of auth.
func (s *Service) Invite(ctx context.Context, id uuid.UUID) (int, error) {
	scope, err := s.officer(ctx, auth.Configure)
	if err != nil {
		return 0, err
	}
	list, err := s.Invitations(ctx, id)
	if err != nil {
		return 0, err
	}
	count := 0
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		count = 0
		e, err := s.event(ctx, tx, id)
		if err != nil {
			return err
		}
		if e.State != EventOpen {
			return ErrEventState.At("path.id", id).With("state", eventNames[e.State])
		}
		var there []string
		if err := tx.NewSelect().Model((*guestRow)(nil)).Column("org").Where("g.event = ?", id).Scan(ctx, &there); err != nil {
			return wrap("read guests", err)
		}
		known := map[uuid.UUID]bool{e.Org: true}
		for _, org := range there {
			known[store.ID(org)] = true
		}
		now := s.o.Now()
		for _, i := range list {
			if known[i.Org] {
				continue
			}
			known[i.Org] = true
			res, err := tx.NewInsert().Model(&invitedRow{Event: id, Org: i.Org, At: now.UnixNano()}).On("CONFLICT (event, org) DO NOTHING").Exec(ctx)
			if err != nil {
				return wrap("invite to an event", err)
			}
			if hit, _ := res.RowsAffected(); hit == 0 {
				continue
			}
			count++
			where := strings.TrimSpace(e.Programme.Day + " " + e.Programme.Place)
			if err := s.tellEvent(ctx, &e, i.Org, "invited", text.Text{
				Zh: fmt.Sprintf("邀请参加对接活动“%s”（%s）：与“%s”有关", e.Programme.Title, where, i.Title),
				En: fmt.Sprintf("You are invited to “%s” (%s), for “%s”", e.Programme.Title, where, i.Title),
			}); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "match.event.invite", eventObject(&e), nil, map[string]any{"invited": count}))
	})
	return count, err
}

func (s *Service) tellEvent(ctx context.Context, e *Event, org uuid.UUID, what string, words text.Text) error {
	if s.o.Messenger == nil {
		return nil
	}
	return s.o.Messenger.Tell(ctx, Told{Key: "match-event:" + e.ID.String() + ":" + what, Topic: "match.event", Org: org, Text: words, Link: "needs/events/" + e.ID.String(), Kind: "event", Object: e.ID})
}

// tellTable tells each guest of an event whom it meets first, and how often it meets somebody.
func (s *Service) tellTable(ctx context.Context, e *Event, guests []guestRow, meetings []meetingRow) error {
	name := map[uuid.UUID]text.Text{}
	for _, g := range guests {
		name[g.ID] = g.Name
	}
	for _, g := range guests {
		count := 0
		var first meetingRow
		for _, m := range meetings {
			if m.Firm != g.ID && m.Provider != g.ID {
				continue
			}
			if count++; count == 1 || m.Round < first.Round {
				first = m
			}
		}
		words := text.Text{Zh: fmt.Sprintf("“%s”已排桌：这次没有贵方的会面", e.Programme.Title), En: fmt.Sprintf("The table of “%s” is made: there is no meeting for you this time", e.Programme.Title)}
		if count > 0 {
			other := name[first.Firm]
			if first.Firm == g.ID {
				other = name[first.Provider]
			}
			words = text.Text{
				Zh: fmt.Sprintf("“%s”已排桌：贵方共 %d 场会面，首场第 %d 轮 %d 号桌，对方 %s", e.Programme.Title, count, first.Round, first.Seat, other.In("zh")),
				En: fmt.Sprintf("The table of “%s” is made: meetings for you: %d, the first in round %d at table %d with %s", e.Programme.Title, count, first.Round, first.Seat, other.In("en")),
			}
		}
		if err := s.tellEvent(ctx, e, g.Org, "table", words); err != nil {
			return err
		}
	}
	return nil
}

// tellCancelled tells the guests of an event that it is not held.
func (s *Service) tellCancelled(ctx context.Context, tx bun.Tx, e *Event) error {
	var orgs []string
	if err := tx.NewSelect().Model((*guestRow)(nil)).Column("org").Where("g.event = ?", e.ID).OrderExpr("g.id").Scan(ctx, &orgs); err != nil {
		return wrap("read guests", err)
	}
	for _, org := range orgs {
		words := text.Text{Zh: fmt.Sprintf("对接活动“%s”（%s）已取消", e.Programme.Title, e.Programme.Day), En: fmt.Sprintf("“%s” of %s is cancelled", e.Programme.Title, e.Programme.Day)}
		if err := s.tellEvent(ctx, e, store.ID(org), "cancelled", words); err != nil {
			return err
		}
	}
	return nil
}
