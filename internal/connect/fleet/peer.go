package fleet

import (
	"context"
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
	asking   *asking   // nil while its control channel is not open
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
	var said time.Time
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
			now := s.o.Now() // under the receiver's lock
			if now.Sub(said) < 10*time.Second {
				return
			}
			said = now
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
