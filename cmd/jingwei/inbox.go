package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/inbox"
)

// openInbox opens what tells people. It stands before the rooms that have something to tell.
func (n *node) openInbox(ctx context.Context) error {
	key, err := inbox.LoadKey(n.files, filepath.Join(n.dir, "inbox.key"))
	if err != nil {
		return err
	}
	var roots *x509.CertPool
	if name := n.cfg.Inbox.CA; name != "" {
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
		pem, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("inbox.ca: %w", err)
		}
		if !roots.AppendCertsFromPEM(pem) {
			return fmt.Errorf("inbox.ca: %s holds no certificate in PEM", name)
		}
	}
	n.inbox, err = inbox.New(ctx, inbox.Options{
		DB: n.db, Key: key, People: colleagues{n.auth}, Base: n.consoleURL, Allow: n.cfg.Inbox.Allow, Roots: roots, Now: n.now, Logger: n.log,
	})
	if err == nil {
		n.auth.SendCodesBy(n.inbox)
	}
	return err
}

// consoleURL is the address that links in messages begin with: the one that browsers reach the node by, where it is configured.
func (n *node) consoleURL() string {
	if n.cfg.Auth.URL != "" {
		return n.cfg.Auth.URL
	}
	return n.base()
}

// colleagues tells the inbox who is behind an organisation's desk (inbox.People).
type colleagues struct{ auth *auth.Service }

func (c colleagues) With(ctx context.Context, org uuid.UUID, verb auth.Verb, limit int) (out []uuid.UUID, err error) {
	roles, err := c.auth.RolesIn(ctx, org)
	for person, role := range roles {
		if role.May(verb) {
			out = append(out, person)
		}
	}
	slices.SortFunc(out, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return out[:min(len(out), limit)], err
}

func (c colleagues) May(ctx context.Context, person, org uuid.UUID, verb auth.Verb) (bool, error) {
	roles, err := c.auth.RolesIn(ctx, org)
	return roles[person].May(verb), err
}

// caseMessages brings what cases have to say into the inbox (flow.Notifier), and ends the to-dos of a case that nobody waits for any
// more with the step that ends them (flow.Gate).
type caseMessages struct{ n *node }

func caseObject(id uuid.UUID) inbox.Object { return inbox.Object{Kind: "case", ID: id.String()} }

// Notify: a turn is a to-do while the case waits for it, anything else a message. A reminder or an overdue deadline makes the to-do
// that is there more urgent.
func (m caseMessages) Notify(ctx context.Context, tx bun.Tx, n flow.Notice) error {
	st, err := m.n.flows.Stands(ctx, tx, n)
	if err != nil {
		return err
	}
	msg := inbox.Message{
		Key: "flow:" + n.ID.String(), Kind: inbox.Note, Topic: "flow." + string(n.Kind), Text: n.Text, Link: "cases/" + n.Case.String(), Object: caseObject(n.Case),
		To: []inbox.Recipient{{Person: n.Person, Org: n.Org, Verb: st.Verb, Part: n.Role}}, Urgency: inbox.Normal, Due: n.Due, At: n.At,
	}
	raise := inbox.Urgency("")
	switch n.Kind {
	case flow.NoticeReminder:
		msg.Urgency, raise = inbox.High, inbox.High
	case flow.NoticeOverdue:
		msg.Urgency, raise = inbox.Urgent, inbox.Urgent
	case flow.NoticeEscalated:
		msg.Urgency = inbox.Urgent
	}
	if st.Waits && (n.Kind == flow.NoticeTurn || n.Kind == flow.NoticeNamed || n.Kind == flow.NoticeEscalated) {
		msg.Kind = inbox.Todo
		if msg.Due == 0 && st.Due != store.Forever {
			msg.Due = st.Due
		}
	}
	if raise != "" {
		if err := m.n.inbox.Raise(ctx, msg.Object, n.Role, n.Org, n.Person, raise, n.Due); err != nil {
			return err
		}
	}
	if msg.Kind == inbox.Todo { // it takes the place of one for the same turn that still stands
		err := m.n.inbox.Settle(ctx, msg.Object, func(w inbox.Waiting) bool { return w.Org != n.Org || w.Person != n.Person || w.Part != n.Role })
		if err != nil {
			return err
		}
	}
	return m.n.inbox.Put(ctx, msg)
}

// Step ends the to-dos of a case that its state after the step does not name.
func (m caseMessages) Step(ctx context.Context, _ bun.Tx, f *flow.Flow, c *flow.Case, _ *flow.Step) error {
	tasks := f.Tasks(c)
	return m.n.inbox.Settle(ctx, caseObject(c.ID), func(w inbox.Waiting) bool {
		return slices.ContainsFunc(tasks, func(t flow.Task) bool { return t.Org == w.Org && t.Person == w.Person && t.Role == w.Part })
	})
}

// openCaseMessages lets the inbox see the steps of all cases.
func (n *node) openCaseMessages(context.Context) error {
	n.gates.add("", caseMessages{n})
	return nil
}

var (
	_ flow.Notifier = caseMessages{}
	_ flow.Gate     = caseMessages{}
	_ inbox.People  = colleagues{}
)
