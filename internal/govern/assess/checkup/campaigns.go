package checkup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// NewCampaign is a campaign to be opened.
type NewCampaign struct {
	Org        uuid.UUID
	Instrument string
	Name       text.Text
	Note       string
	Since      string // today where it is left out
	Until      string
	Plan       []int
	Firms      []string // credit codes
}

// OpenCampaign calls enterprises to a check-up. One that is not on the node refuses the whole. Errors: ErrInstrument, ErrCampaign, ErrFirms,
// ErrCode, ErrNote, ErrReason for a name that is none.
func (s *Service) OpenCampaign(ctx context.Context, q NewCampaign) (Campaign, error) {
	scope, err := auth.Allow(ctx, auth.Configure, q.Org)
	if err != nil {
		return Campaign{}, err
	}
	if q.Since == "" {
		q.Since = s.today()
	}
	for at, day := range map[string]string{"body.from": q.Since, "body.until": q.Until} {
		if _, ok := field.Day(day); !ok {
			return Campaign{}, ErrCampaign.At(at, day)
		}
	}
	if q.Until < q.Since || q.Until < s.today() {
		return Campaign{}, ErrCampaign.At("body.until", q.Until)
	}
	x := s.set.Get(q.Instrument)
	if x == nil || !x.InForce(q.Since) {
		return Campaign{}, ErrInstrument.At("body.instrument", q.Instrument).With("day", q.Since)
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(q.Name.In("zh"))); n < minReason || n > 100 {
		return Campaign{}, ErrReason.At("body.name", n).With("min", minReason).With("max", 100)
	}
	if n := utf8.RuneCountInString(q.Note); n > maxNote {
		return Campaign{}, ErrNote.At("body.note", n).With("max", maxNote)
	}
	if len(q.Plan) > len(x.Levels) || slices.ContainsFunc(q.Plan, func(n int) bool { return n < 0 || n > 1_000_000 }) {
		return Campaign{}, ErrFirms.At("body.plan", len(q.Plan)).With("max", len(x.Levels))
	}
	firms, err := s.byCodes(ctx, q.Firms)
	if err != nil {
		return Campaign{}, err
	}
	now := s.o.Now()
	k := Campaign{ID: uuid.Must(uuid.NewV7()), Org: q.Org, Instrument: x.ID, Family: x.Family, Name: q.Name, Note: strings.TrimSpace(q.Note), Since: q.Since, Until: q.Until, State: Open, Plan: q.Plan, At: now.UnixNano()}
	act := scope.Act(ctx, now, "checkup.campaign.open", audit.Object{Kind: "checkup.campaign", ID: k.ID.String(), Name: q.Name.In("zh")}, nil,
		map[string]any{"instrument": x.ID, "from": k.Since, "until": k.Until, "firms": len(firms)})
	k.By = act.Actor
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r := k.row()
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return wrap("open a campaign", err)
		}
		if _, err := call(ctx, tx, k.ID, firms, now.UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	return k, err
}

// byCodes finds organisations; all that are not there are told at once.
func (s *Service) byCodes(ctx context.Context, codes []string) ([]uuid.UUID, error) {
	if len(codes) == 0 || len(codes) > maxFirms {
		return nil, ErrFirms.At("body.firms", len(codes)).With("max", maxFirms)
	}
	var out []uuid.UUID
	var faults []*problem.Error
	for i, code := range codes {
		id, err := s.o.Firms.ByCode(ctx, code)
		switch {
		case errors.Is(err, store.ErrNotFound):
			faults = append(faults, ErrCode.At(fmt.Sprintf("body.firms[%d]", i), code))
		case err != nil:
			return nil, err
		case !slices.Contains(out, id):
			out = append(out, id)
		}
	}
	if len(faults) > 0 {
		return nil, problem.All(faults...)
	}
	return out, nil
}

// call adds enterprises to a campaign; who is called already stays as it is.
func call(ctx context.Context, tx bun.Tx, campaign uuid.UUID, firms []uuid.UUID, now int64) (int, error) {
	there, err := tx.NewSelect().Model((*callRow)(nil)).Where("l.campaign = ?", campaign).Count(ctx)
	if err != nil {
		return 0, wrap("read calls", err)
	}
	if int(there)+len(firms) > maxFirms {
		return 0, ErrFirms.At("body.firms", int(there)+len(firms)).With("max", maxFirms)
	}
	added := 0
	for part := range slices.Chunk(firms, 200) {
		rows := make([]callRow, len(part))
		for i, f := range part {
			rows[i] = callRow{Campaign: campaign, Firm: f, CalledAt: now}
		}
		res, err := tx.NewInsert().Model(&rows).On("CONFLICT (campaign, firm) DO NOTHING").Exec(ctx)
		if err != nil {
			return 0, wrap("call enterprises", err)
		}
		n, _ := res.RowsAffected()
		added += int(n)
	}
	return added, nil
}

// Call adds enterprises to an open campaign. It returns how many are new. Errors: ErrClosed, ErrFirms, ErrCode.
func (s *Service) Call(ctx context.Context, id uuid.UUID, codes []string) (added int, err error) {
	firms, err := s.byCodes(ctx, codes)
	if err != nil {
		return 0, err
	}
	err = s.campaignStep(ctx, id, "checkup.campaign.call", func(ctx context.Context, tx bun.Tx, k *Campaign, act *audit.Entry) error {
		if k.State != Open {
			return ErrClosed.With("until", k.Until)
		}
		if added, err = call(ctx, tx, id, firms, act.Time.UnixNano()); err != nil {
			return err
		}
		act.After = audit.State(map[string]any{"firms": added})
		return nil
	})
	return added, err
}

// CloseCampaign takes no more check-ups. Error: ErrClosed.
func (s *Service) CloseCampaign(ctx context.Context, id uuid.UUID) error {
	return s.campaignStep(ctx, id, "checkup.campaign.close", func(_ context.Context, _ bun.Tx, k *Campaign, _ *audit.Entry) error {
		if k.State != Open {
			return ErrClosed.With("until", k.Until)
		}
		k.State = Closed
		return nil
	})
}

// campaignStep writes what an officer does to a campaign.
func (s *Service) campaignStep(ctx context.Context, id uuid.UUID, doing string, next func(context.Context, bun.Tx, *Campaign, *audit.Entry) error) error {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return err
	}
	k, err := campaignByID(ctx, s.o.DB, id)
	if err != nil {
		return err
	}
	if !visible.Includes(k.Org) {
		return fmt.Errorf("campaign %s: %w", id, store.ErrNotFound)
	}
	scope, err := auth.Allow(ctx, auth.Configure, k.Org)
	if err != nil {
		return err
	}
	now := s.o.Now()
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if k, err = campaignByID(ctx, tx, id); err != nil {
			return err
		}
		act := scope.Act(ctx, now, doing, audit.Object{Kind: "checkup.campaign", ID: id.String(), Name: k.Name.In("zh")}, nil, nil)
		if err := next(ctx, tx, &k, &act); err != nil {
			return err
		}
		r := k.row()
		if _, err := tx.NewUpdate().Model(&r).ExcludeColumn("id", "org").Where("id = ?", id).Exec(ctx); err != nil {
			return wrap("write a campaign", err)
		}
		return audit.Record(ctx, tx, act)
	})
}

// Campaigns lists those of the caller's organisations, the newest first.
func (s *Service) Campaigns(ctx context.Context, org uuid.UUID, page store.Page) ([]Campaign, string, error) {
	scope, err := auth.AllowOrVisible(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []campaignRow
	q, err := newestCampaign.Apply(scope.Where(s.o.DB.NewSelect().Model(&rows), "k.org"), page)
	if err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", wrap("list campaigns", err)
	}
	cut, next := store.Cut(newestCampaign, rows, page, func(r *campaignRow) []any { return []any{r.ID.String()} })
	list, err := campaigns(cut)
	return list, next, err
}

// CalledTo is a campaign that calls an enterprise, and with what it answers.
type CalledTo struct {
	Campaign   Campaign
	By         Firm
	RemindedAt int64
	Checkup    *Checkup
}

// CallsOf lists the open campaigns that call an enterprise, what is due first first.
func (s *Service) CallsOf(ctx context.Context, org uuid.UUID) ([]CalledTo, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return nil, err
	}
	var rows []campaignRow
	q := s.o.DB.NewSelect().Model(&rows).Where("k.state = ? AND k.until >= ?", Open, s.today()).
		Where("EXISTS (SELECT 1 FROM checkup_call AS l WHERE l.campaign = k.id AND l.firm = ?)", org).OrderExpr("k.until, k.id").Limit(100)
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("read calls", err)
	}
	list, err := campaigns(rows)
	if err != nil {
		return nil, err
	}
	out := make([]CalledTo, len(list))
	for i, k := range list {
		out[i].Campaign = k
		if out[i].By, err = s.o.Firms.Firm(ctx, k.Org, s.today()); err != nil {
			return nil, err
		}
		called, err := s.called(ctx, k.ID, org)
		if err != nil {
			return nil, err
		}
		if len(called) == 1 {
			out[i].RemindedAt, out[i].Checkup = called[0].RemindedAt, called[0].Checkup
		}
	}
	return out, nil
}

// Campaign returns a campaign of the caller's organisations with everybody whom it called. Of a check-up the officer sees state, progress of
// time and, once it is submitted, level and points; not its answers. Error: store.ErrNotFound.
func (s *Service) Campaign(ctx context.Context, id uuid.UUID) (Campaign, []Called, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Campaign{}, nil, err
	}
	k, err := campaignByID(ctx, s.o.DB, id)
	if err != nil {
		return Campaign{}, nil, err
	}
	if !scope.Includes(k.Org) {
		return Campaign{}, nil, fmt.Errorf("campaign %s: %w", id, store.ErrNotFound)
	}
	list, err := s.called(ctx, id, uuid.Nil)
	if err != nil {
		return k, nil, err
	}
	for i := range list {
		if list[i].Firm, err = s.o.Firms.Firm(ctx, list[i].Firm.Org, s.today()); err != nil {
			return k, nil, err
		}
	}
	return k, list, nil
}

// called are the enterprises of a campaign, or one of them.
func (s *Service) called(ctx context.Context, campaign, firm uuid.UUID) ([]Called, error) {
	var calls []callRow
	q := s.o.DB.NewSelect().Model(&calls).Where("l.campaign = ?", campaign).OrderExpr("l.firm")
	if firm != uuid.Nil {
		q.Where("l.firm = ?", firm)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("read calls", err)
	}
	var rows []row
	c := s.o.DB.NewSelect().Model(&rows).Column(figures...).Where("c.campaign = ? AND c.state <> ?", campaign.String(), Withdrawn)
	if firm != uuid.Nil {
		c.Where("c.org = ?", firm)
	}
	if err := c.Scan(ctx); err != nil {
		return nil, wrap("read the check-ups of a campaign", err)
	}
	list, err := checkups(rows)
	if err != nil {
		return nil, err
	}
	byOrg := map[uuid.UUID]*Checkup{}
	for i := range list {
		byOrg[list[i].Org] = &list[i]
	}
	out := make([]Called, len(calls))
	for i, l := range calls {
		out[i] = Called{Firm: Firm{Org: l.Firm}, CalledAt: l.CalledAt, RemindedAt: l.RemindedAt, Reminders: int(l.Reminders), Checkup: byOrg[l.Firm]}
	}
	return out, nil
}

// Remind reminds everybody of a campaign who has not submitted. It returns how many. Errors: ErrClosed, ErrSoon.
func (s *Service) Remind(ctx context.Context, id uuid.UUID) (int, error) {
	var late []Called
	var told Campaign
	err := s.campaignStep(ctx, id, "checkup.campaign.remind", func(ctx context.Context, tx bun.Tx, k *Campaign, act *audit.Entry) error {
		if k.State != Open || k.Until < s.today() {
			return ErrClosed.With("until", k.Until)
		}
		list, err := s.called(ctx, id, uuid.Nil)
		if err != nil {
			return err
		}
		last := int64(0)
		for _, c := range list {
			last = max(last, c.RemindedAt)
		}
		if now := act.Time.UnixNano(); last != 0 && now-last < remindGap {
			return ErrSoon.With("at", time.Unix(0, last).UTC().Format(time.RFC3339))
		}
		late = slices.DeleteFunc(list, func(c Called) bool { return c.Checkup != nil && c.Checkup.State == Submitted })
		for part := range slices.Chunk(late, 200) {
			ids := make([]uuid.UUID, len(part))
			for i := range part {
				ids[i] = part[i].Firm.Org
			}
			if _, err := tx.NewUpdate().Model((*callRow)(nil)).Set("reminded_at = ?", act.Time.UnixNano()).Set("reminders = reminders + 1").
				Where("campaign = ? AND firm IN (?)", id, bun.List(store.Words(ids))).Exec(ctx); err != nil {
				return wrap("remind", err)
			}
		}
		told = *k
		act.After = audit.State(map[string]any{"firms": len(late)})
		return nil
	})
	if err != nil || s.o.Messenger == nil {
		return len(late), err
	}
	for _, c := range late {
		r := Reminder{Campaign: id, By: told.Org, Firm: c.Firm.Org, Name: told.Name, Until: told.Until}
		if err := s.o.Messenger.Remind(ctx, r); err != nil {
			s.o.Logger.Warn("a reminder was not brought", "campaign", id, "firm", c.Firm.Org, "error", err)
		}
	}
	return len(late), nil
}

// Results are the results of a campaign by some of industry, size and place, as they may be published, compared with the campaign before:
// the last one of the same organisation and family that ended earlier. Errors: ErrBy, store.ErrNotFound.
func (s *Service) Results(ctx context.Context, id uuid.UUID, by []string) (*Published, error) {
	dims, err := dimensionsOf("query.by", by)
	if err != nil {
		return nil, err
	}
	k, _, err := s.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	if k.Published != nil {
		return k.Published, nil
	}
	return s.results(ctx, s.o.DB, &k, by, dims)
}

func (s *Service) results(ctx context.Context, db bun.IDB, k *Campaign, by []string, dims []assess.Dimension) (*Published, error) {
	x := s.set.Get(k.Instrument)
	if x == nil {
		return nil, ErrInstrument.At("path.id", k.Instrument).With("day", k.Until)
	}
	now, err := submittedOf(ctx, db, k.ID)
	if err != nil {
		return nil, err
	}
	report := assess.Benchmark(store.All(now, func(c *Checkup) assess.Entry { return entryOf(c, false) }), len(x.Levels), dims...)
	out := &Published{Campaign: k.ID, Name: k.Name, Instrument: k.Instrument, Official: x.Official(), By: by, Until: k.Until, Least: report.Least, Text: report.Text}
	if out.By == nil {
		out.By = []string{}
	}
	for l := range len(x.Levels) + 1 {
		out.Levels = append(out.Levels, x.LevelName(l))
	}
	var old campaignRow
	var before *assess.Report
	err = db.NewSelect().Model(&old).Where("k.org = ? AND k.family = ? AND k.until < ? AND k.id <> ?", k.Org, k.Family, k.Since, k.ID).OrderExpr("k.until DESC, k.id DESC").Limit(1).Scan(ctx)
	switch {
	case errors.Is(store.Err(err), store.ErrNotFound):
	case err != nil:
		return nil, wrap("read the campaign before", err)
	default:
		then, err := submittedOf(ctx, db, old.ID)
		if err != nil {
			return nil, err
		}
		before = assess.Benchmark(store.All(then, func(c *Checkup) assess.Entry { return entryOf(c, false) }), len(x.Levels), dims...)
		prior, err := old.campaign()
		if err != nil {
			return nil, err
		}
		out.Before = prior.Name.In("zh")
	}
	out.Cells = cells(report, before)
	return out, nil
}

// Publish publishes the results of a campaign, once; it is closed by that. Errors: ErrPublished, ErrBy.
func (s *Service) Publish(ctx context.Context, id uuid.UUID, by []string) (*Published, error) {
	dims, err := dimensionsOf("body.by", by)
	if err != nil {
		return nil, err
	}
	var out *Published
	err = s.campaignStep(ctx, id, "checkup.campaign.publish", func(ctx context.Context, tx bun.Tx, k *Campaign, act *audit.Entry) error {
		if k.Published != nil {
			return ErrPublished
		}
		if out, err = s.results(ctx, tx, k, by, dims); err != nil {
			return err
		}
		k.State, k.Published, k.PublishedAt = Closed, out, act.Time.UnixNano()
		act.After = audit.State(map[string]any{"by": by, "cells": len(out.Cells)})
		return nil
	})
	return out, err
}

// PublishedCampaigns lists what is published, for anybody, the newest first.
func (s *Service) PublishedCampaigns(ctx context.Context, page store.Page) ([]Campaign, string, error) {
	var rows []campaignRow
	q, err := newestCampaign.Apply(s.o.DB.NewSelect().Model(&rows).Where("k.published_at > 0"), page)
	if err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", wrap("list published campaigns", err)
	}
	cut, next := store.Cut(newestCampaign, rows, page, func(r *campaignRow) []any { return []any{r.ID.String()} })
	list, err := campaigns(cut)
	return list, next, err
}
