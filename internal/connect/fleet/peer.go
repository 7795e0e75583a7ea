package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// peer is a gateway as it is now: what the tables say, its session and what it told last. Guarded by Service.mu.
type peer struct {
	g       Gateway
	links   []Link
	allowed map[uuid.UUID]bool // series that it may write
	poke    chan struct{}      // look at its document again

	session  *federate.Session
	ended    time.Time // of the last session in this process
	failure  *driver.Failure
	status   *document.Status
	heard    time.Time // when the status came
	applied  document.Applied
	hash     string // of the document that the node wants in force
	dropped  uint64 // told last; a growth is an event of its own
	lossAt   time.Time
	stolenAt time.Time
	saved    time.Time // when Seen was written
	raised   map[string]string

	version uint64 // grows with what its page shows
}

// load reads a gateway's rows again and has its document looked at.
func (s *Service) load(ctx context.Context, id uuid.UUID) error {
	all := auth.Everywhere()
	var g Gateway
	var links []Link
	var grants []grantRow
	err := s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if g, err = findGateway(ctx, tx, all, id); err != nil {
			return err
		}
		if links, err = gatewayLinks(ctx, tx, all, id); err != nil {
			return err
		}
		return tx.NewSelect().Model(&grants).Where("gateway = ?", id).Scan(ctx)
	})
	if errors.Is(err, store.ErrNotFound) {
		s.forget(ctx, id)
		return nil
	}
	if err != nil {
		return fmt.Errorf("load gateway %s: %w", id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peers[id]
	if p == nil {
		p = &peer{poke: make(chan struct{}, 1), allowed: map[uuid.UUID]bool{}, raised: map[string]string{}}
		s.peers[id] = p
	}
	p.g, p.links = g, links
	for _, r := range grants {
		p.allowed[r.Series] = true
	}
	s.changedLocked(p)
	p.nudge()
	return nil
}

func (p *peer) nudge() {
	select {
	case p.poke <- struct{}{}:
	default:
	}
}

func (s *Service) changedLocked(p *peer) {
	s.version++
	p.version = s.version
}

// poke has a gateway's document looked at; one that is not linked is looked at when it comes.
func (s *Service) poke(id uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.peers[id]; p != nil {
		s.changedLocked(p)
		p.nudge()
	}
}

// Changed is told after each change of an organisation's plant (plant.Options.Changed). It does not wait.
func (s *Service) Changed(org uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.peers {
		if p.g.Org == org {
			p.nudge()
		}
	}
}

// forget drops a gateway that was removed and cuts its link.
func (s *Service) forget(ctx context.Context, id uuid.UUID) {
	s.mu.Lock()
	p := s.peers[id]
	delete(s.peers, id)
	s.version++
	var raised map[string]string
	var session *federate.Session
	if p != nil {
		raised, session = p.raised, p.session
		p.raised = map[string]string{}
	}
	s.mu.Unlock()
	for key, subject := range raised {
		_, kind := splitKey(key)
		s.o.Board.Clear(ctx, kind, subject)
	}
	if session != nil {
		session.Conn().Close(federate.CodeIdentity, "this gateway was removed from the node")
	}
}

// host is the Service as the listener sees it.
type host Service

func (h *host) service() *Service { return (*Service)(h) }

const admitTimeout = 5 * time.Second

// Admit implements federate.Host: the certificate counts, and the gateway is there.
func (h *host) Admit(v federate.Visit) error {
	ctx, cancel := context.WithTimeout(context.Background(), admitTimeout)
	defer cancel()
	err := h.o.Certificates.CheckCertificate(ctx, auth.SerialOf(v.Cert), v.Child)
	if errors.Is(err, auth.ErrUnauthenticated) {
		return &federate.Goodbye{Code: federate.CodeIdentity, Text: "this certificate was revoked or not issued here: the gateway was removed or enrolled again; make a new enrolment code for it"}
	}
	if err != nil {
		h.log.Error("a gateway cannot be let in", "gateway", v.Child, "error", err)
		return &federate.Goodbye{Code: federate.CodeUnavailable, Text: "the node cannot check the certificate now"}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.peers[v.Child] == nil {
		return &federate.Goodbye{Code: federate.CodeIdentity, Text: "this gateway was removed from the node"}
	}
	return nil
}

// Began implements federate.Host.
func (h *host) Began(sess *federate.Session, stolen bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.peers[sess.Child]
	if p == nil {
		return // removed meanwhile; Control closes it
	}
	p.session = sess
	p.g.Software = sess.Hello.Software
	p.g.NotAfter = sess.Cert.NotAfter.UnixNano()
	p.failure = nil
	if stolen {
		p.stolenAt = h.o.Now()
	}
	h.service().changedLocked(p)
}

// Ended implements federate.Host.
func (h *host) Ended(sess *federate.Session, reason error) {
	s := h.service()
	s.mu.Lock()
	p := s.peers[sess.Child]
	if p == nil || p.session != sess {
		s.mu.Unlock()
		return // replaced by a newer one
	}
	p.session, p.ended = nil, s.o.Now()
	p.failure = whyEnded(reason, p.ended)
	s.changedLocked(p)
	s.mu.Unlock()
	s.saveSeen(sess.Child)
}

// saveSeen writes when a gateway was last heard and what it runs, so that a restarted node can tell.
func (s *Service) saveSeen(id uuid.UUID) {
	s.mu.Lock()
	p := s.peers[id]
	if p == nil {
		s.mu.Unlock()
		return
	}
	now := s.o.Now()
	p.saved = now
	p.g.Seen = now.UnixNano()
	g := p.g
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), admitTimeout)
	defer cancel()
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*gatewayRow)(nil)).Set("seen = ?", g.Seen).Set("software = ?", g.Software).Set("not_after = ?", g.NotAfter).
			Where("id = ?", id).Exec(ctx)
		return err
	})
	if err != nil {
		s.log.Warn("when a gateway was heard cannot be written", "gateway", id, "error", err)
	}
}

// Stream implements federate.Host.
func (h *host) Stream(sess *federate.Session) federate.ReceiverOptions {
	s := h.service()
	id := sess.Child
	return federate.ReceiverOptions{
		Door: s.o.Telemetry, Window: s.o.Window, Logger: s.log.With("gateway", id),
		Resolve: func(series uuid.UUID, t telemetry.Type) (telemetry.Ref, federate.Reason) {
			return s.resolve(id, series, t)
		},
		OnBatch: func(epoch, seq uint64, rows int, r telemetry.Receipt) {
			s.metrics.batch(rows, r.Duplicate)
		},
		OnRefused: func(f federate.Refusal) {
			s.metrics.refused()
			s.log.Warn("a gateway's samples are refused", "gateway", id, "trace", fmt.Sprintf("%s-%d-%d", id, f.Epoch, f.Seq), "reason", f.Error())
		},
	}
}

// resolve lets a gateway write a series of its own organisation that a configuration of it has named, as the type that
// the series has.
func (s *Service) resolve(gateway, series uuid.UUID, t telemetry.Type) (telemetry.Ref, federate.Reason) {
	s.mu.Lock()
	p := s.peers[gateway]
	allowed := p != nil && p.allowed[series]
	var org uuid.UUID
	if p != nil {
		org = p.g.Org
	}
	s.mu.Unlock()
	if !allowed {
		return 0, federate.ReasonForeign
	}
	ref, ok := s.o.Telemetry.Lookup(series)
	if !ok {
		return 0, federate.ReasonUnknown
	}
	known, ok := s.o.Telemetry.Series(ref)
	switch {
	case !ok:
		return 0, federate.ReasonUnknown
	case known.Org != org:
		return 0, federate.ReasonForeign
	case known.Type != t:
		return 0, federate.ReasonType
	}
	return ref, 0
}

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
	pushed := make(chan error, 1)
	go func() { pushed <- s.push(ctx, p, sess.Child, d, greeting.Hash) }()
	err := s.listen(ctx, p, sess, d)
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

func (s *Service) listen(ctx context.Context, p *peer, sess *federate.Session, d *federate.Desk) error {
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
			var a document.Applied
			if err := json.Unmarshal(m.Body, &a); err != nil {
				s.log.Warn("a gateway's answer to a configuration cannot be read", "gateway", sess.Child, "error", err)
				continue
			}
			s.mu.Lock()
			p.applied = a
			s.changedLocked(p)
			s.mu.Unlock()
			s.watch(ctx, p)
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
