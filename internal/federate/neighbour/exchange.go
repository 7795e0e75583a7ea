package neighbour

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/org"
)

// tell greets, and tells of each agreement with the other node that has changed since it was told last.
func (x *session) tell(ctx context.Context) error {
	s := x.s
	me, err := s.me(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	heard, at := uint64(x.p.row.Heard), uint64(x.p.row.Told)
	s.mu.Unlock()
	if _, err := x.desk.Send(ctx, federate.Control{Kind: federate.MessageStatus, Body: encoded(greeting{Name: me.Name, Key: me.Key, Org: me.Org, Heard: heard})}); err != nil {
		return err
	}
	select {
	case <-x.synced:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	// The other may have lost what it was told, where it was restored from a copy.
	at = min(at, x.heard)
	for {
		if x.way == Up {
			if err := x.renew(ctx); err != nil {
				return err
			}
		}
		list, err := s.o.Orgs.AgreementsWith(ctx, x.node, at, 100)
		if err != nil {
			return err
		}
		for _, c := range list {
			if err := x.tellOne(ctx, c); err != nil {
				return err
			}
			at = c.Changed
			s.mu.Lock()
			x.p.row.Told = int64(at)
			x.poke() // its stream may be taken now
			s.mu.Unlock()
		}
		if len(list) > 0 {
			if err := s.saveCursor(ctx, x, "told", at); err != nil {
				return err
			}
			continue
		}
		timer := time.NewTimer(x.again())
		select {
		case <-x.nudge:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
	}
}

func (s *Service) saveCursor(ctx context.Context, x *session, column string, n uint64) error {
	return s.group.Write(ctx, 0, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*peerRow)(nil)).Set("? = ?", bun.Ident(column), int64(n)).Where("node = ? AND way = ?", x.node, x.way).Exec(ctx)
		return err
	})
}

// tellOne tells of one agreement. What the other does not take is noted, and told again when it has changed.
func (x *session) tellOne(ctx context.Context, c org.AgreementChange) error {
	s := x.s
	doc, err := s.o.Orgs.AgreementDocument(ctx, c.ID)
	if err != nil {
		return err
	}
	answer, err := x.request(ctx, federate.Control{Kind: federate.MessageAgreement, Body: encoded(toldMessage{c.Changed, doc})}, tellTime)
	if err != nil {
		return err
	}
	if answer == nil || answer.Kind != federate.MessageAgreed {
		return fmt.Errorf("node %s did not answer to an agreement", x.node)
	}
	var a agreedMessage
	if err := json.Unmarshal(answer.Body, &a); err != nil || a.Later {
		return fmt.Errorf("node %s cannot take an agreement now: %s", x.node, a.Reason)
	}
	return s.group.Write(ctx, 0, func(ctx context.Context, tx bun.Tx) error {
		if a.Code == "" {
			_, err := tx.NewDelete().Model((*refusedRow)(nil)).Where("agreement = ?", c.ID).Exec(ctx)
			return err
		}
		s.log.Warn("a neighbour refuses an agreement", "node", x.node, "agreement", c.ID, "code", a.Code, "reason", a.Reason)
		r := refusedRow{Agreement: c.ID, Code: cut(a.Code, 100), Reason: cut(a.Reason, 500), At: s.o.Now().UnixNano()}
		_, err := tx.NewInsert().Model(&r).On("CONFLICT (agreement) DO UPDATE").Set("code = EXCLUDED.code").Set("reason = EXCLUDED.reason").Set("at = EXCLUDED.at").Exec(ctx)
		return err
	})
}

// cut shortens text to so many bytes, at the end of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// toldOf takes what the other tells of an agreement.
func (x *session) toldOf(ctx context.Context, m federate.Control) error {
	s := x.s
	var t toldMessage
	if err := json.Unmarshal(m.Body, &t); err != nil {
		return &federate.Goodbye{Code: federate.CodeProtocol, Text: "an agreement cannot be read"}
	}
	a, changed, err := s.o.Orgs.ReceivedAgreement(ctx, x.node, t.Agreement)
	answer := agreedMessage{}
	switch p, ok := problem.From(err); {
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err()
	case ok:
		answer.Code, answer.Reason = p.Kind().Code(), wordsOf(p)
	default:
		s.log.Error("an agreement cannot be taken", "node", x.node, "error", err)
		answer.Later, answer.Reason = true, "the node cannot store it now"
	}
	if !answer.Later {
		if err := s.saveCursor(ctx, x, "heard", t.N); err != nil {
			return err
		}
		s.mu.Lock()
		x.p.row.Heard = int64(t.N)
		s.mu.Unlock()
	}
	if changed {
		s.log.Info("an agreement has changed on the other node", "node", x.node, "agreement", a.ID, "version", a.Version)
	}
	_, err = x.desk.Send(ctx, federate.Control{Kind: federate.MessageAgreed, ID: m.ID, Body: encoded(answer)})
	return err
}
