package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/exchange/match"
	"jingwei/internal/govern/assess/checkup"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/form"
	"jingwei/internal/office/inbox"
	"jingwei/internal/office/party"
)

// draftMessages tells people that their draft will expire (form.Notifier).
type draftMessages struct{ n *node }

func (m draftMessages) Notify(ctx context.Context, _ bun.Tx, n form.Notice) error {
	return m.n.inbox.Put(ctx, inbox.Message{
		Key: fmt.Sprintf("draft:%s:%d", n.Draft, n.Expires), Kind: inbox.Note, Topic: "draft.expires", Text: n.Text, Link: "drafts/" + n.Draft.String(),
		Object: inbox.Object{Kind: "draft", ID: n.Draft.String()}, To: []inbox.Recipient{{Person: n.Person, Org: n.Org}},
		Urgency: inbox.Normal, Due: n.Expires, At: m.n.now().UnixNano(),
	})
}

// partyMessages tell officers of applications that wait for them, and applicants what became of theirs (party.Messenger).
type partyMessages struct{ n *node }

func (m partyMessages) Moved(ctx context.Context, a party.Application) error {
	object := inbox.Object{Kind: "application", ID: a.ID.String()}
	name, _ := a.Record["name"].(string)
	msg := inbox.Message{
		Key: fmt.Sprintf("application:%s:%d", a.ID, a.Revision), Kind: inbox.Note, Topic: "party." + string(a.State), Object: object,
		To: []inbox.Recipient{{Person: a.Person}}, Urgency: inbox.Normal, At: a.At,
	}
	if a.State == party.Submitted {
		msg.Kind, msg.Link = inbox.Todo, "applications"
		msg.Text = text.Text{Zh: a.Name + " 申请加入：" + name, En: a.Name + " applies for " + name}
		if msg.To = []inbox.Recipient{{Org: a.Home, Verb: auth.Configure}}; a.Kind == party.Act { // its owners decide, or the platform
			msg.Text = text.Text{Zh: a.Name + " 申请代表企业办事：" + name, En: a.Name + " asks to act for " + name}
			msg.To = append(msg.To, inbox.Recipient{Org: a.Target, Verb: auth.Organise})
		}
		return m.n.inbox.Put(ctx, msg)
	}
	if err := m.n.inbox.Settle(ctx, object, func(inbox.Waiting) bool { return false }); err != nil {
		return err
	}
	switch a.State {
	case party.Approved:
		msg.Text, msg.To[0].Org = text.Text{Zh: "申请已通过：" + name, En: "Approved: " + name}, a.Target
	case party.Returned:
		msg.Text = text.Text{Zh: "申请被退回补正：" + name + "。" + a.Reason, En: "Returned for completion: " + name + ". " + a.Reason}
	case party.Refused:
		msg.Text = text.Text{Zh: "申请未通过：" + name + "。" + a.Reason, En: "Refused: " + name + ". " + a.Reason}
	default:
		return nil // they withdrew it themselves
	}
	return m.n.inbox.Put(ctx, msg)
}

// campaignMessages reminds enterprises of a check-up that they are called to (checkup.Messenger).
type campaignMessages struct{ n *node }

func (m campaignMessages) Remind(ctx context.Context, r checkup.Reminder) error {
	due, ok := field.NextDay(r.Until)
	if !ok {
		return fmt.Errorf("campaign %s ends on %q", r.Campaign, r.Until)
	}
	now := m.n.now()
	return m.n.inbox.Put(ctx, inbox.Message{
		Key: fmt.Sprintf("campaign:%s:%s:%s", r.Campaign, r.Firm, now.UTC().Format(time.DateOnly)), Kind: inbox.Note, Topic: "checkup.reminder",
		Text: text.Text{
			Zh: fmt.Sprintf("请在 %s 前完成体检：%s", r.Until, r.Name.In("zh")),
			En: fmt.Sprintf("Please finish the check-up by %s: %s", r.Until, r.Name.In("en")),
		},
		Link: "checkup", Object: inbox.Object{Kind: "campaign", ID: r.Campaign.String()}, To: []inbox.Recipient{{Org: r.Firm, Verb: auth.Operate}},
		Urgency: inbox.High, Due: due, At: now.UnixNano(),
	})
}

// gapNeeds files the gaps of a check-up as needs (checkup.Needs).
type gapNeeds struct{ n *node }

func (g gapNeeds) File(ctx context.Context, org uuid.UUID, gaps []checkup.FiledNeed) (int, error) {
	filed := map[string]bool{}
	err := store.Each(func(page store.Page) ([]match.Need, string, error) {
		return g.n.matching.ListNeeds(ctx, match.NeedFilter{Org: org}, page)
	}, func(need match.Need) error {
		filed[need.Brief.Origin] = true
		return nil
	})
	if err != nil {
		return 0, err
	}
	fresh := 0
	for _, gap := range gaps {
		if filed[gap.Origin] {
			continue
		}
		title := []rune(gap.Text.In("zh"))
		brief := match.Brief{Kind: gap.Kind, Title: string(title[:min(len(title), 120)]), Words: gap.Text.In("zh"), Origin: gap.Origin}
		if _, err := g.n.matching.File(ctx, org, brief); err != nil {
			return fresh, err
		}
		fresh++
	}
	return fresh, nil
}

// matchMessages tell firms and providers of what fits, of their contacts and of events (match.Messenger).
type matchMessages struct{ n *node }

func (m matchMessages) Tell(ctx context.Context, t match.Told) error {
	msg := inbox.Message{
		Key: t.Key, Kind: inbox.Note, Topic: t.Topic, Text: t.Text, Link: t.Link, To: []inbox.Recipient{{Org: t.Org, Verb: auth.Operate}},
		Urgency: inbox.Normal, At: m.n.now().UnixNano(),
	}
	if t.Object != uuid.Nil {
		msg.Object = matchObject(t.Kind, t.Object)
	}
	if t.Waits {
		msg.Kind = inbox.Todo
	}
	return m.n.inbox.Put(ctx, msg)
}

func (m matchMessages) Settled(ctx context.Context, kind string, id uuid.UUID) error {
	return m.n.inbox.Settle(ctx, matchObject(kind, id), func(inbox.Waiting) bool { return false })
}

func matchObject(kind string, id uuid.UUID) inbox.Object {
	return inbox.Object{Kind: "match." + kind, ID: id.String()}
}

var (
	_ form.Notifier     = draftMessages{}
	_ match.Messenger   = matchMessages{}
	_ party.Messenger   = partyMessages{}
	_ checkup.Messenger = campaignMessages{}
	_ checkup.Needs     = gapNeeds{}
)
