package neighbour

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Conditions takes what is wrong; *condition.Board is one.
type Conditions interface {
	Raise(ctx context.Context, c condition.Condition)
	Clear(ctx context.Context, kind, subject string)
}

// Certificates issues and ends the certificates of nodes; *auth.Service is one.
type Certificates interface {
	IssueNode(ctx context.Context, scope auth.Scope, a *auth.Authority, node uuid.UUID, csr []byte) (auth.Certificate, error)
	RevokeNode(ctx context.Context, scope auth.Scope, node uuid.UUID, reason string) error
	CheckCertificate(ctx context.Context, serial string, subject uuid.UUID) error
}

// Options build a Service. DB, Orgs, Certificates, Authority, Board, FS, Dir and Node are needed.
type Options struct {
	DB           *store.DB
	Orgs         *org.Service // SetNode has been called
	Certificates Certificates
	Authority    *auth.Authority
	Board        Conditions
	FS           file.FS
	Dir          string // where keys of links are kept
	Node         uuid.UUID
	NodeName     string
	Key          string        // verifier of this node's evidence, told to the others
	Version      string        // software
	URL          func() string // of the node's HTTP API as others reach it; "" while unknown
	Link         func() string // of its link: "host:port", or ":port" for the host of URL
	Limits       federate.Limits
	MinWait      time.Duration // between attempts to dial; as federate.Dialer
	MaxWait      time.Duration
	AskTime      time.Duration // that a question may take; default 30 s
	CheckEvery   time.Duration // how often ranges are compared on a link that stands; default 6 h
	Whole        int           // of the newest records of a stream that keep their bytes once both ends agree; default 4,096
	Grace        time.Duration // how long a neighbour may be away before it is told as offline; default 5 min
	Network      func(ctx context.Context, address string) (net.Conn, error)
	Now          func() time.Time
	Logger       *slog.Logger
}

// Service is the room.
type Service struct {
	o        Options
	log      *slog.Logger
	packer   *federate.Packer
	instance uuid.UUID
	throttle auth.Throttle
	group    *group
	places   chan struct{} // of streams that are being taken
	compares chan struct{} // of streams that are being compared

	onIncoming []func(agreement uuid.UUID)
	onEpoch    []func(ctx context.Context, agreement uuid.UUID) error
	handlers   map[string]Handler

	mu      sync.Mutex
	peers   map[peerKey]*peer
	taking  map[uuid.UUID]*turnstile // streams that are being received
	running context.Context          // of Run; nil before
	work    sync.WaitGroup           // dialers
	started time.Time
	forgot  time.Time               // when old questions were dropped last
	repairs map[uuid.UUID]time.Time // when records of an agreement were repaired last, in this process
}

type peerKey struct {
	node uuid.UUID
	way  Way
}

// peer is a neighbour in one way, as it is now. Guarded by Service.mu.
type peer struct {
	key     peerKey // never changes
	row     peerRow
	stop    context.CancelFunc // of its dialer
	session *session
	address string
	since   time.Time // linked, or not linked, since then
	failure string
	raised  map[string]bool // kinds of conditions
	asked   int             // questions of it that are being answered
}

// New opens the room and brings its tables up to date. The audit table must be there (audit.Migrate).
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	for d, def := range map[*time.Duration]time.Duration{&o.AskTime: 30 * time.Second, &o.CheckEvery: 6 * time.Hour, &o.Grace: 5 * time.Minute} {
		if *d <= 0 {
			*d = def
		}
	}
	if o.Whole <= 0 {
		o.Whole = 4096
	}
	if err := store.MigrateRoom(ctx, o.DB, "neighbour", migrations); err != nil {
		return nil, fmt.Errorf("neighbours: %w", err)
	}
	if err := file.MakeDir(o.FS, o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("neighbours: %w", err)
	}
	packer, err := federate.NewPacker(2)
	if err != nil {
		return nil, fmt.Errorf("neighbours: %w", err)
	}
	s := &Service{o: o, log: o.Logger, packer: packer, group: &group{db: o.DB}, places: make(chan struct{}, takenAtOnce), compares: make(chan struct{}, comparedAtOnce), instance: uuid.Must(uuid.NewV7()), handlers: map[string]Handler{},
		peers: map[peerKey]*peer{}, taking: map[uuid.UUID]*turnstile{}, started: o.Now(), repairs: map[uuid.UUID]time.Time{}}
	var rows []peerRow
	if err := o.DB.NewSelect().Model(&rows).Where("p.removed = 0").Scan(ctx); err != nil {
		return nil, fmt.Errorf("neighbours: %w", store.Err(err))
	}
	for _, r := range rows {
		s.peers[peerKey{r.Node, r.Way}] = s.newPeer(r)
	}
	o.Orgs.OnAgreement(s.agreementChanged)
	return s, nil
}

func (s *Service) newPeer(r peerRow) *peer {
	return &peer{key: peerKey{r.Node, r.Way}, row: r, since: s.o.Now(), raised: map[string]bool{}}
}

// OnIncoming adds what is told when records have become durable; it must not block, and reads them with Incoming from its own cursor. Before Run.
func (s *Service) OnIncoming(f func(agreement uuid.UUID)) { s.onIncoming = append(s.onIncoming, f) }

// OnEpoch adds what is told when a stream that this node gives has begun a new epoch: everything that stands is to be Put again. It is told again
// after a restart until it has returned without an error. Before Run.
func (s *Service) OnEpoch(f func(ctx context.Context, agreement uuid.UUID) error) {
	s.onEpoch = append(s.onEpoch, f)
}

// Answer makes f the handler of a verb of questions. Before Run.
func (s *Service) Answer(verb string, f Handler) { s.handlers[verb] = f }

// Run keeps the links that this node dials, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	s.mu.Lock()
	s.running = ctx
	for key, p := range s.peers {
		if key.way == Up {
			s.dialLocked(p)
		}
	}
	s.mu.Unlock()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.mu.Lock()
			s.running = nil
			s.mu.Unlock()
			s.work.Wait()
			return nil
		case <-tick.C:
			s.watch(ctx)
		}
	}
}

const watchEvery = 10 * time.Second

// agreementChanged closes the streams of an agreement that has ended, has the other node told, and writes the other side's acts into the audit.
func (s *Service) agreementChanged(ctx context.Context, tx bun.Tx, a *org.Agreement, act org.AgreementAct) error {
	if a.Hosted() {
		return nil
	}
	if a.Party(act.Side).Node != s.o.Node { // whoever acts here writes it down themselves
		object := audit.Object{Kind: "agreement", ID: a.ID.String(), Name: a.Words}
		after := map[string]any{"side": act.Side, "by": act.By, "version": act.Version, "hash": act.Hash, "reason": act.Reason, "node": a.Party(act.Side).Node}
		if err := audit.Record(ctx, tx, auth.System(act.Org).Act(ctx, s.o.Now(), "org.agreement."+act.Act, object, nil, after)); err != nil {
			return err
		}
	}
	if a.Ended != 0 {
		for _, q := range []*bun.UpdateQuery{
			tx.NewUpdate().Model((*outRow)(nil)).Set("closed = ?", a.Ended).Where("agreement = ? AND closed = 0", a.ID),
			tx.NewUpdate().Model((*inRow)(nil)).Set("closed = ?", a.Ended).Where("agreement = ? AND closed = 0", a.ID),
		} {
			if _, err := q.Exec(ctx); err != nil {
				return err
			}
		}
	}
	other := a.Giver.Node
	if other == s.o.Node {
		other = a.Taker.Node
	}
	s.poke(other)
	return nil
}

// poke has the sessions of a node look at what there is to tell and to send. It is called within transactions: what they change is
// looked for again for a while.
func (s *Service) poke(node uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, way := range []Way{Up, Down} {
		if p := s.peers[peerKey{node, way}]; p != nil && p.session != nil {
			p.session.poke()
		}
	}
}

// Peers are the neighbours as they are now, by their names.
func (s *Service) Peers(ctx context.Context) ([]Peer, error) {
	type sums struct {
		Peer    uuid.UUID
		Streams int
		Backlog int64
	}
	var out, in []sums
	if err := s.o.DB.NewSelect().Model((*outRow)(nil)).ColumnExpr("o.peer, COUNT(*) AS streams, SUM(CASE WHEN o.closed = 0 THEN o.last - o.acked ELSE 0 END) AS backlog").
		GroupExpr("o.peer").Scan(ctx, &out); err != nil {
		return nil, fmt.Errorf("sum up streams: %w", store.Err(err))
	}
	if err := s.o.DB.NewSelect().Model((*inRow)(nil)).ColumnExpr("i.peer, COUNT(*) AS streams, 0 AS backlog").GroupExpr("i.peer").Scan(ctx, &in); err != nil {
		return nil, fmt.Errorf("sum up streams: %w", store.Err(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Peer, 0, len(s.peers))
	for _, key := range slices.SortedFunc(maps.Keys(s.peers), func(a, b peerKey) int { return slices.Compare(a.node[:], b.node[:]) }) {
		p := s.viewLocked(s.peers[key])
		from := out
		if key.way == Down {
			from = in
		}
		for _, x := range from {
			if x.Peer == key.node {
				p.Streams, p.Backlog = x.Streams, uint64(max(0, x.Backlog))
			}
		}
		list = append(list, p)
	}
	return list, nil
}

func (s *Service) viewLocked(p *peer) Peer {
	v := Peer{Node: p.row.Node, Way: p.row.Way, Name: p.row.Name, Org: p.row.home(), Address: p.address, Software: p.row.Software, Since: p.since, Failure: p.failure,
		Joined: time.Unix(0, p.row.Joined).UTC()}
	if p.row.NotAfter != 0 {
		v.NotAfter = time.Unix(0, p.row.NotAfter).UTC()
	}
	if p.session != nil {
		v.Linked, v.Clock = true, p.session.conn.Clock()
	} else if p.row.Seen == 0 {
		v.Since = time.Time{}
	}
	return v
}

// Stream tells how the stream of an agreement stands on this node; State is StreamNone before its first record.
func (s *Service) Stream(ctx context.Context, agreement uuid.UUID) (Stream, error) {
	out, ok, err := findOut(ctx, s.o.DB, agreement)
	if err != nil || ok {
		return out.stream(), err
	}
	in, ok, err := findIn(ctx, s.o.DB, agreement)
	if err != nil || ok {
		return in.stream(), err
	}
	a, err := s.o.Orgs.Agreement(ctx, agreement)
	if err != nil {
		return Stream{}, err
	}
	if a.Hosted() {
		return Stream{}, ErrNoStream
	}
	st := Stream{Agreement: agreement, Side: org.Giver, Peer: a.Taker.Node, State: StreamNone}
	if a.Giver.Node != s.o.Node {
		st.Side, st.Peer = org.Taker, a.Giver.Node
	}
	if a.Ended != 0 {
		st.State = StreamClosed
	}
	return st, nil
}

// Incoming returns durable records of an epoch after a number, in order, at most limit of them and about 8 MiB.
func (s *Service) Incoming(ctx context.Context, agreement uuid.UUID, epoch, after uint64, limit int) ([]Record, error) {
	rows, err := records[inRecord](ctx, s.o.DB, agreement, epoch, after, limit, 8<<20)
	if err != nil {
		return nil, err
	}
	out := make([]Record, len(rows))
	for i := range rows {
		out[i] = Record{uint64(rows[i].Seq), rows[i].Bytes}
	}
	return out, nil
}

// records reads rows of a table of records after a number: at most limit, and as many as have so many bytes, but one at least.
func records[T outRecord | inRecord](ctx context.Context, db bun.IDB, agreement uuid.UUID, epoch, after uint64, limit int, bytes int64) ([]recordRow, error) {
	var sizes []struct{ Seq, Size int64 }
	q := db.NewSelect().Model((*T)(nil)).Column("r.seq", "r.size").Where("r.agreement = ? AND r.epoch = ? AND r.seq > ?", agreement, int64(epoch), int64(after))
	if err := q.OrderExpr("r.seq").Limit(int64(limit)).Scan(ctx, &sizes); err != nil {
		return nil, fmt.Errorf("list records of %s: %w", agreement, store.Err(err))
	}
	if len(sizes) == 0 {
		return nil, nil
	}
	n, sum := 1, sizes[0].Size
	for n < len(sizes) && sum+sizes[n].Size <= bytes {
		sum += sizes[n].Size
		n++
	}
	var rows []recordRow
	q = db.NewSelect().Model((*T)(nil)).Column("r.seq", "r.hash", "r.size", "r.bytes").
		Where("r.agreement = ? AND r.epoch = ? AND r.seq > ? AND r.seq <= ?", agreement, int64(epoch), int64(after), sizes[n-1].Seq)
	if err := q.OrderExpr("r.seq").Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read records of %s: %w", agreement, store.Err(err))
	}
	return rows, nil
}

// homeScope is the node's own work for its home organisation.
func (s *Service) homeScope(ctx context.Context) (auth.Scope, *PeerOrg, error) {
	o, ok, err := s.o.Orgs.Home(ctx)
	if err != nil || !ok {
		return auth.System(uuid.Nil), nil, err
	}
	return auth.System(o.ID), &PeerOrg{ID: o.ID, Name: o.Name, CreditCode: o.CreditCode}, nil
}

// note writes an act of the caller's to the audit, for the home organisation.
func (s *Service) note(ctx context.Context, tx bun.Tx, verb string, object audit.Object, before, after any) error {
	scope, _, err := s.homeScope(ctx)
	if err != nil {
		return err
	}
	e := scope.Act(ctx, s.o.Now(), verb, object, before, after)
	if p, err := auth.Need(ctx); err == nil {
		e.Actor, e.Via = auth.ActorOf(p), p.Via
	}
	return audit.Record(ctx, tx, e)
}

func peerObject(r *peerRow) audit.Object {
	return audit.Object{Kind: "neighbour", ID: r.Node.String(), Name: r.Name}
}

// encoded is JSON of what this package made itself.
func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a value of ours that JSON cannot hold is a fault of the program
	}
	return b
}
