package neighbour

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Clocks of two nodes date what both sign: they must not be further apart than maxClock, and should be less than warnClock.
const (
	maxClock  = time.Hour
	warnClock = 2 * time.Second
)

// greeting is the first message that either end sends on the control channel (a STATUS).
type greeting struct {
	Name  string   `json:"name"`
	Key   string   `json:"key,omitempty"`
	Org   *PeerOrg `json:"org,omitempty"`
	Heard uint64   `json:"heard,string"` // number of the last agreement that was taken from the other
}

// told is an AGREEMENT message.
type toldMessage struct {
	N         uint64          `json:"n,string"` // grows with each change of an agreement at the sender
	Agreement json.RawMessage `json:"agreement"`
}

// agreedMessage answers it.
type agreedMessage struct {
	Code   string `json:"code,omitempty"` // "" where it was taken
	Reason string `json:"reason,omitempty"`
	Later  bool   `json:"later,omitempty"` // it could not be taken now
}

// session is one connection with a neighbour, from either end.
type session struct {
	s    *Service
	p    *peer
	way  Way
	node uuid.UUID
	conn *federate.Conn
	desk *federate.Desk // nil until the control channel is open; guarded by Service.mu

	nudge     chan struct{} // 1: look at what there is to tell
	giveNudge chan struct{} // 1: look at what there is to send
	dirty     time.Time     // when that was asked for last; guarded by Service.mu

	mu      sync.Mutex
	waits   map[uint32]chan federate.Control
	asks    int                           // questions that wait for their answers
	ends    map[uint32]context.CancelFunc // questions that are being answered
	wakes   map[uuid.UUID]chan struct{}   // streams that are being sent
	synced  chan struct{}                 // closed once the other's greeting has come
	heard   uint64
	pending string // key of a certificate that has been asked for
}

func (s *Service) newSession(p *peer, conn *federate.Conn) *session {
	return &session{s: s, p: p, way: p.key.way, node: p.key.node, conn: conn, nudge: make(chan struct{}, 1), giveNudge: make(chan struct{}, 1), waits: map[uint32]chan federate.Control{},
		ends: map[uint32]context.CancelFunc{}, wakes: map[uuid.UUID]chan struct{}{}, synced: make(chan struct{})}
}

// poke is called under Service.mu.
func (x *session) poke() {
	x.dirty = time.Now()
	for _, c := range []chan struct{}{x.nudge, x.giveNudge} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range x.wakes {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// again is how long to wait before looking once more for what a transaction that was open at the poke may have brought.
func (x *session) again() time.Duration {
	x.s.mu.Lock()
	since := time.Since(x.dirty)
	x.s.mu.Unlock()
	for _, d := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second, 10 * time.Second} {
		if since < d {
			return d - since + time.Millisecond
		}
	}
	return time.Minute
}

// dialLocked keeps a link that this node dials; called under mu.
func (s *Service) dialLocked(p *peer) {
	if s.running == nil || p.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(s.running)
	p.stop = stop
	node := p.key.node
	s.work.Go(func() {
		d := &federate.Dialer{
			Address: func() string {
				id, err := s.loadIdentity(node)
				if err != nil {
					return "unknown"
				}
				return id.Link
			},
			TLS: func() (*tls.Config, error) {
				id, err := s.loadIdentity(node)
				if err != nil {
					return nil, err
				}
				return id.tls(s.o.Node, s.o.Now())
			},
			Hello:  federate.Hello{ID: s.o.Node, Instance: s.instance, Software: s.o.Version, Features: []string{federate.FeatureZstd}},
			Limits: s.o.Limits, MinWait: s.o.MinWait, MaxWait: s.o.MaxWait, Now: s.o.Now, Logger: s.log.With("neighbour", node), Network: s.o.Network,
			Serve: func(ctx context.Context, c *federate.Conn) error { return s.dialled(ctx, p, c) },
			OnChange: func(up *federate.Conn, failure error, _ time.Duration) {
				if up == nil && failure != nil {
					s.failed(p, failure)
				}
			},
		}
		d.Run(ctx)
	})
}

func (s *Service) failed(p *peer, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.failure = err.Error()
}

// apart refuses a peer whose clock is too far off.
func apart(far int64, now time.Time) error {
	if off := time.Duration(far - now.UnixNano()); off.Abs() > maxClock || off == math.MinInt64 {
		return &federate.Goodbye{Code: federate.CodeClock, Text: fmt.Sprintf("the clocks of the two nodes are %v apart, at most %v is taken: set the one that is wrong", off.Abs().Round(time.Second), maxClock)}
	}
	return nil
}

// dialled uses a connection that this node has dialled.
func (s *Service) dialled(ctx context.Context, p *peer, c *federate.Conn) error {
	if far := c.Peer().ID; far != p.key.node {
		return &federate.Goodbye{Code: federate.CodeIdentity, Text: fmt.Sprintf("node %s answers where %s was dialled", far, p.key.node)}
	}
	if err := apart(c.Peer().Clock, s.o.Now()); err != nil {
		return err
	}
	x := s.newSession(p, c)
	desk, err := federate.OpenDesk(ctx, c, s.packer, nil)
	if err != nil {
		return err
	}
	s.enter(x, desk, c.Peer().Software, c.Remote())
	defer s.leave(x, nil)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	work.Go(func() { cancel(x.listen(ctx)) })
	work.Go(func() { cancel(x.tell(ctx)) })
	work.Go(func() { cancel(x.give(ctx)) })
	work.Wait()
	return context.Cause(ctx)
}

// enter makes x the session of its neighbour.
func (s *Service) enter(x *session, desk *federate.Desk, software, remote string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.desk, x.dirty = desk, time.Now()
	p := x.p
	p.session, p.since, p.failure, p.address = x, s.o.Now(), "", remote
	p.row.Software = software
	p.row.Seen = s.o.Now().UnixNano()
}

// leave ends it; reason is nil where the dialer tells it.
func (s *Service) leave(x *session, reason error) {
	s.mu.Lock()
	p := x.p
	mine := p.session == x
	if mine {
		p.session, p.since = nil, s.o.Now()
		p.row.Seen = s.o.Now().UnixNano()
		if reason != nil {
			p.failure = reason.Error()
		}
	}
	row := p.row
	s.mu.Unlock()
	x.mu.Lock()
	for id, c := range x.waits {
		delete(x.waits, id)
		close(c)
	}
	for _, end := range x.ends {
		end()
	}
	x.mu.Unlock()
	if mine {
		s.saveSeen(row)
	}
}

func (s *Service) saveSeen(row peerRow) {
	err := s.group.Write(context.Background(), 0, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model(&row).Column("seen", "software", "name", "org", "evidence", "not_after").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		s.log.Warn("when a neighbour was linked cannot be written", "node", row.Node, "error", err)
	}
}

// host is the Service as the listener sees it.
type host Service

// Host is what the listener of links is given (federate.Listener.Nodes).
func (s *Service) Host() federate.NodeHost { return (*host)(s) }

const admitTimeout = 5 * time.Second

// Admit implements federate.NodeHost: the certificate counts, the node is a neighbour, and its clock is near enough.
func (h *host) Admit(v federate.Visit) error {
	ctx, cancel := context.WithTimeout(context.Background(), admitTimeout)
	defer cancel()
	err := h.o.Certificates.CheckCertificate(ctx, auth.SerialOf(v.Cert), v.Child)
	if errors.Is(err, auth.ErrUnauthenticated) {
		return &federate.Goodbye{Code: federate.CodeIdentity, Text: "this certificate was revoked or not issued here: the node was removed or has joined again; ask for a new invitation"}
	}
	if err != nil {
		h.log.Error("a neighbour cannot be let in", "node", v.Child, "error", err)
		return &federate.Goodbye{Code: federate.CodeUnavailable, Text: "the node cannot check the certificate now"}
	}
	h.mu.Lock()
	p := h.peers[peerKey{v.Child, Down}]
	h.mu.Unlock()
	if p == nil {
		return &federate.Goodbye{Code: federate.CodeIdentity, Text: "this node was removed by the other"}
	}
	if err := apart(v.Hello.Clock, h.o.Now()); err != nil {
		(*Service)(h).failed(p, err)
		return err
	}
	return nil
}

// Began implements federate.NodeHost. The session counts once its control channel is open.
func (h *host) Began(*federate.Session, bool) {}

// Ended implements federate.NodeHost.
func (h *host) Ended(sess *federate.Session, reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.peers[peerKey{sess.Child, Down}]; p != nil && p.session == nil && reason != nil {
		p.failure = reason.Error()
	}
}

// Control implements federate.NodeHost.
func (h *host) Control(ctx context.Context, sess *federate.Session, d *federate.Desk) error {
	s := (*Service)(h)
	s.mu.Lock()
	p := s.peers[peerKey{sess.Child, Down}]
	s.mu.Unlock()
	if p == nil {
		sess.Conn().Close(federate.CodeIdentity, "this node was removed by the other")
		return nil
	}
	x := s.newSession(p, sess.Conn())
	s.enter(x, d, sess.Hello.Software, sess.Remote)
	ctx, cancel := context.WithCancelCause(ctx)
	var work sync.WaitGroup
	work.Go(func() { cancel(x.listen(ctx)) })
	work.Go(func() { cancel(x.tell(ctx)) })
	work.Wait()
	err := context.Cause(ctx)
	s.leave(x, err)
	sess.Conn().Close(federate.CodeClosing, "the control channel has ended")
	if ctx.Err() != nil && sess.Conn().Err() != nil {
		return nil
	}
	return err
}

// Records implements federate.NodeHost.
func (h *host) Records(ctx context.Context, sess *federate.Session, ch *federate.Channel) error {
	return (*Service)(h).take(ctx, sess.Child, ch)
}

// listen takes what comes on the control channel.
func (x *session) listen(ctx context.Context) error {
	var answers sync.WaitGroup
	defer answers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		m, err := x.desk.Receive(ctx)
		if err != nil {
			return err
		}
		switch m.Kind {
		case federate.MessageStatus:
			x.greeted(m.Body)
		case federate.MessageAgreement:
			if err := x.toldOf(ctx, m); err != nil {
				return err
			}
		case federate.MessageAgreed, federate.MessageAnswer, federate.MessageUnknown:
			x.mu.Lock()
			if c := x.waits[m.ID]; c != nil {
				delete(x.waits, m.ID)
				c <- m
			}
			x.mu.Unlock()
		case federate.MessageAsk:
			if err := x.asked(ctx, &answers, m); err != nil {
				return err
			}
		case federate.MessageWithdraw:
			x.mu.Lock()
			if end := x.ends[m.ID]; end != nil {
				end()
			}
			x.mu.Unlock()
		case federate.MessageRenew:
			if x.way == Down {
				if err := x.renewOther(ctx, m); err != nil {
					return err
				}
			}
		case federate.MessageCertificate:
			if err := x.renewed(m.Body); err != nil {
				x.s.log.Error("the renewed certificate cannot be used; the old one stays in use", "node", x.node, "error", err)
			}
		case federate.MessageRenewRefuse:
			x.s.log.Error("the other node does not renew the certificate", "node", x.node, "reason", string(m.Body))
		}
	}
}

// greeted takes the other's greeting. What it tells of itself is kept; its name is for people alone.
func (x *session) greeted(body []byte) {
	var g greeting
	if err := json.Unmarshal(body, &g); err != nil {
		x.s.log.Warn("a neighbour's greeting cannot be read", "node", x.node, "error", err)
		return
	}
	x.s.mu.Lock()
	if g.Name != "" && utf8.RuneCountInString(g.Name) <= maxName {
		x.p.row.Name = g.Name
	}
	if len(g.Key) <= 500 {
		x.p.row.Evidence = g.Key
	}
	if g.Org != nil && g.Org.Name.Check(org.MaxName) == nil && len(g.Org.CreditCode) <= 40 {
		x.p.row.Org = string(encoded(g.Org))
	}
	row := x.p.row
	x.s.mu.Unlock()
	x.s.saveSeen(row)
	x.mu.Lock()
	defer x.mu.Unlock()
	select {
	case <-x.synced:
	default:
		x.heard = g.Heard
		close(x.synced)
	}
}

// request sends a message and waits for what answers it. An answer that did not come is nil without an error.
func (x *session) request(ctx context.Context, m federate.Control, wait time.Duration) (*federate.Control, error) {
	m.ID = x.desk.Fresh()
	came := make(chan federate.Control, 1)
	x.mu.Lock()
	x.waits[m.ID] = came
	x.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	defer func() {
		x.mu.Lock()
		delete(x.waits, m.ID)
		x.mu.Unlock()
	}()
	if _, err := x.desk.Send(limited, m); err != nil {
		return nil, err
	}
	select {
	case answer, ok := <-came:
		if !ok {
			return nil, errGone
		}
		return &answer, nil
	case <-x.conn.Done():
		return nil, errGone
	case <-limited.Done():
		if m.Kind == federate.MessageAsk && x.conn.Err() == nil {
			go func() { // nobody waits any more; the send may wait for the channel
				late, cancel := context.WithTimeout(context.WithoutCancel(ctx), admitTimeout)
				defer cancel()
				_, _ = x.desk.Send(late, federate.Control{Kind: federate.MessageWithdraw, ID: m.ID})
			}()
		}
		return nil, ctx.Err()
	}
}

var errGone = errors.New("the link ended")

const tellTime = 30 * time.Second

// peerRefusal is how the other node has refused an agreement; false where it has not.
func (s *Service) peerRefusal(ctx context.Context, agreement uuid.UUID) (refusedRow, bool, error) {
	var r refusedRow
	err := store.Err(s.o.DB.NewSelect().Model(&r).Where("x.agreement = ?", agreement).Scan(ctx))
	return r, err == nil, absent(err)
}
