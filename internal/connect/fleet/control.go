package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/auth"
)

// Control implements federate.Host.
func (h *host) Control(ctx context.Context, sess *federate.Session, d *federate.Desk) error {
	s := h.service()
	s.mu.Lock()
	p := s.peers[sess.Child]
	s.mu.Unlock()
	if p == nil {
		sess.Conn().Close(federate.CodeIdentity, "this gateway was removed from the node")
		return nil
	}
	var greeting document.Greeting
	if err := json.Unmarshal(d.Hello(), &greeting); err != nil {
		s.log.Warn("a gateway's greeting cannot be read; it is sent its configuration", "gateway", sess.Child, "error", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	a := s.beginAsking(p, d, sess.Hello.Has(federate.FeatureAsk))
	defer s.endAsking(p, a)
	pushed := make(chan error, 1)
	go func() { pushed <- s.push(ctx, p, sess.Child, d, greeting.Hash) }()
	err := s.listen(ctx, p, sess, d, a)
	cancel()
	return errors.Join(err, <-pushed)
}

// push sends the gateway its document whenever it differs from the one it holds.
func (s *Service) push(ctx context.Context, p *peer, id uuid.UUID, d *federate.Desk, held string) error {
	var at time.Time // of the last push
	for wait := time.Duration(0); ; {
		if wait > 0 {
			select {
			case <-p.poke:
			case <-time.After(wait):
			case <-ctx.Done():
				return nil
			}
		}
		encoded, err := s.document(ctx, p)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			s.log.Error("a gateway's configuration cannot be built; trying again", "gateway", id, "error", err)
			wait = 5 * time.Second
			continue
		}
		// Effective dates come due without anybody changing anything.
		wait = time.Minute
		// A gateway that could not take it (its disk was full) is told again.
		s.mu.Lock()
		refused := p.status != nil && p.heard.After(at) && p.status.Hash != document.Hash(encoded) && s.o.Now().Sub(at) > wait/2
		s.mu.Unlock()
		if hash := document.Hash(encoded); hash != held || refused && !at.IsZero() {
			sum := sha256.Sum256(encoded)
			if _, err := d.Send(ctx, federate.Control{Kind: federate.MessageConfig, Body: append(sum[:], encoded...)}); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return fmt.Errorf("push the configuration: %w", err)
			}
			held, at = hash, s.o.Now()
			s.log.Info("configuration pushed", "gateway", id, "hash", hash, "bytes", len(encoded))
		}
	}
}

func (s *Service) listen(ctx context.Context, p *peer, sess *federate.Session, d *federate.Desk, a *asking) error {
	for {
		m, err := d.Receive(ctx)
		if err != nil {
			if ctx.Err() != nil || sess.Conn().Err() != nil {
				return nil
			}
			return err
		}
		switch m.Kind {
		case federate.MessageStatus:
			var st document.Status
			if err := json.Unmarshal(m.Body, &st); err != nil {
				s.log.Warn("a gateway's status cannot be read", "gateway", sess.Child, "error", err)
				continue
			}
			s.told(ctx, p, sess, &st)
		case federate.MessageApplied:
			var applied document.Applied
			if err := json.Unmarshal(m.Body, &applied); err != nil {
				s.log.Warn("a gateway's answer to a configuration cannot be read", "gateway", sess.Child, "error", err)
				continue
			}
			s.mu.Lock()
			p.applied = applied
			s.changedLocked(p)
			s.mu.Unlock()
			s.watch(ctx, p)
		case federate.MessageAnswer, federate.MessageUnknown:
			s.answered(a, m)
		case federate.MessageRenew:
			if err := s.renew(ctx, p, d, m); err != nil {
				return err
			}
		}
	}
}

// told takes a status.
func (s *Service) told(ctx context.Context, p *peer, sess *federate.Session, st *document.Status) {
	s.mu.Lock()
	now := s.o.Now()
	if st.Samples.Dropped > p.dropped || p.status != nil && st.Samples.Dropped > 0 && st.Started.After(p.status.Started) {
		p.lossAt = now
	}
	p.dropped = st.Samples.Dropped
	p.status, p.heard, p.applied = st, now, st.Applied
	p.g.Seen = now.UnixNano()
	save := now.Sub(p.saved) >= time.Minute
	s.changedLocked(p)
	s.mu.Unlock()
	if save {
		s.saveSeen(sess.Child)
	}
	s.watch(ctx, p)
}

// renew signs a gateway's new key. The old certificate counts until it expires: the gateway may not get the answer.
func (s *Service) renew(ctx context.Context, p *peer, d *federate.Desk, m federate.Control) error {
	answer := federate.Control{Kind: federate.MessageCertificate, ID: m.ID}
	s.mu.Lock()
	g := p.g
	s.mu.Unlock()
	cert, err := s.o.Certificates.IssueGateway(ctx, auth.System(g.Org), s.o.Authority, g.ID, m.Body)
	if err != nil {
		s.log.Error("a gateway's certificate cannot be renewed", "gateway", g.ID, "error", err)
		answer.Kind, answer.Body = federate.MessageRenewRefuse, []byte(err.Error())
	} else {
		answer.Body = cert.PEM
		s.mu.Lock()
		p.g.NotAfter = cert.NotAfter.UnixNano()
		s.mu.Unlock()
		s.saveSeen(g.ID)
	}
	_, err = d.Send(ctx, answer)
	return err
}
