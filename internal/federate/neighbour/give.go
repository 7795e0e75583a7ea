package neighbour

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

const (
	streamsAtOnce = 4 // of one link
	sweepPage     = 100
	giveWindow    = 1 << 20 // what comes back from the taker
	ackEvery      = time.Second
	channelsMost  = 30000 // of one connection: its numbers end soon after
)

// errNotActive: the agreement takes nothing now.
var errNotActive = errors.New("the agreement is not active")

// errPruned: the taker needs a record whose bytes are gone here.
var errPruned = errors.New("the bytes of a record are gone")

// errFull: the numbers of the connection's channels are nearly used up.
var errFull = errors.New("this connection has opened as many channels as it can; dialling again")

// giver schedules the streams of one session: those with a backlog at once, and all of them once on each connection and from time to time
// after that, so that the two ends are compared. A stream is open only while something moves.
type giver struct {
	*session
	places chan struct{}
	work   sync.WaitGroup
	opened int

	mu    sync.Mutex
	rests map[uuid.UUID]*rest // streams that failed and wait
	done  chan struct{}       // 1: a stream ended
}

type rest struct {
	until time.Time
	next  time.Duration
}

// give runs the streams that this node gives on a link, until ctx ends.
func (x *session) give(ctx context.Context) error {
	select {
	case <-x.synced:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	g := &giver{session: x, places: make(chan struct{}, streamsAtOnce), rests: map[uuid.UUID]*rest{}, done: make(chan struct{}, 1)}
	defer g.work.Wait()
	sweep, after := time.Now(), "" // every stream is looked at from here on, and behind this one
	for {
		if err := g.backlog(ctx); err != nil {
			return err
		}
		if !time.Now().Before(sweep) {
			var err error
			if after, err = g.sweep(ctx, after); err != nil {
				return err
			}
			if after != "" {
				continue
			}
			sweep = time.Now().Add(x.s.o.CheckEvery)
		}
		timer := time.NewTimer(min(x.again(), time.Until(sweep), g.soonest()))
		select {
		case <-x.giveNudge:
		case <-g.done:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
	}
}

// soonest is when the first stream that waits may be tried again.
func (g *giver) soonest() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := time.Minute
	for _, r := range g.rests {
		d = min(d, time.Until(r.until))
	}
	return max(d, 10*time.Millisecond)
}

func (g *giver) backlog(ctx context.Context) error {
	var ids []uuid.UUID
	err := g.s.o.DB.NewSelect().Model((*outRow)(nil)).Column("agreement").
		Where("o.peer = ? AND o.closed = 0 AND o.fork_seq = 0 AND (o.last > o.acked OR o.announced < o.epoch)", g.node).OrderExpr("o.moved DESC").Limit(1000).Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("list streams with a backlog: %w", store.Err(err))
	}
	return g.start(ctx, ids)
}

func (g *giver) sweep(ctx context.Context, after string) (string, error) {
	var ids []uuid.UUID
	err := g.s.o.DB.NewSelect().Model((*outRow)(nil)).Column("agreement").Where("o.peer = ? AND o.closed = 0 AND o.fork_seq = 0 AND o.agreement > ?", g.node, after).
		OrderExpr("o.agreement").Limit(sweepPage).Scan(ctx, &ids)
	if err != nil {
		return "", fmt.Errorf("list streams: %w", store.Err(err))
	}
	if err := g.start(ctx, ids); err != nil || len(ids) < sweepPage {
		return "", err
	}
	return ids[len(ids)-1].String(), nil
}

// start runs streams, as many at a time as there are places for.
func (g *giver) start(ctx context.Context, ids []uuid.UUID) error {
	for _, id := range ids {
		g.mu.Lock()
		r := g.rests[id]
		g.mu.Unlock()
		if r != nil && time.Now().Before(r.until) {
			continue
		}
		g.session.mu.Lock()
		_, runs := g.wakes[id]
		g.session.mu.Unlock()
		if runs {
			continue
		}
		if g.opened++; g.opened > channelsMost {
			return errFull
		}
		select {
		case g.places <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		wake := make(chan struct{}, 1)
		g.session.mu.Lock()
		g.wakes[id] = wake
		g.session.mu.Unlock()
		g.work.Go(func() {
			err := g.stream(ctx, id, wake)
			g.session.mu.Lock()
			delete(g.wakes, id)
			g.session.mu.Unlock()
			<-g.places
			g.ended(ctx, id, err)
		})
	}
	return nil
}

func (g *giver) ended(ctx context.Context, id uuid.UUID, err error) {
	if content(err) {
		err = nil
	}
	g.mu.Lock()
	if err == nil {
		delete(g.rests, id)
	} else if ctx.Err() == nil && g.conn.Err() == nil {
		r := g.rests[id]
		if r == nil {
			r = &rest{next: 500 * time.Millisecond}
			g.rests[id] = r
		}
		r.until, r.next = time.Now().Add(r.next), min(2*r.next, 5*time.Minute)
		g.s.log.Warn("a stream cannot be sent now", "agreement", id, "node", g.node, "error", err, "retryIn", time.Until(r.until).Round(time.Millisecond))
	}
	g.mu.Unlock()
	select {
	case g.done <- struct{}{}:
	default:
	}
}

// outgoing is one stream while it is open.
type outgoing struct {
	g     *giver
	id    uuid.UUID
	ch    *federate.Channel
	epoch uint64

	mu       sync.Mutex
	acked    uint64
	saved    time.Time
	compared comparison
}

// stream opens the stream of an agreement, sends what the taker lacks and answers what it asks, until the taker is content and closes it.
func (g *giver) stream(ctx context.Context, id uuid.UUID, wake <-chan struct{}) error {
	s := g.s
	if err := s.announce(ctx, id); err != nil {
		return err
	}
	r, a, err := s.given(ctx, id)
	if err != nil {
		return err
	}
	if a.State(s.o.Now().UnixNano()) != org.AgreementActive {
		return errNotActive
	}
	ch, answer, err := g.conn.Open(ctx, federate.KindRecords, giveWindow, federate.RecordOpening{Agreement: id, Epoch: uint64(r.Epoch), Last: uint64(r.Last)}.Append(nil))
	if err != nil {
		return fmt.Errorf("open the stream: %w", err)
	}
	defer ch.Close(federate.CodeClosing, "done")
	far, err := federate.ParseRecordPosition(answer)
	if err != nil {
		return err
	}
	if r, err = s.resume(ctx, r, far); err != nil {
		return err
	}
	o := &outgoing{g: g, id: id, ch: ch, epoch: uint64(r.Epoch), saved: time.Now()}
	if far.Epoch == o.epoch {
		o.acked = far.Seq
	}
	if err := o.save(ctx); err != nil {
		return err
	}
	linked := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var answers sync.WaitGroup
	answers.Go(func() { cancel(o.listen(ctx)) })
	err = o.send(ctx, o.acked, wake)
	cancel(err)
	ch.Close(federate.CodeClosing, "done")
	answers.Wait()
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), admitTimeout)
	defer stop()
	if saved := o.save(late); saved != nil {
		return saved
	}
	o.mu.Lock()
	agreed := o.compared.agreed()
	o.mu.Unlock()
	cause := context.Cause(ctx)
	if errors.Is(cause, errPruned) {
		_, err := s.afresh(linked, r, o.epoch+1, "a record is damaged there whose bytes are gone here")
		return err
	}
	if agreed > 0 && content(cause) {
		if err := s.prune(linked, id, o.epoch, agreed); err != nil && linked.Err() == nil {
			s.log.Warn("a stream cannot be pruned", "agreement", id, "error", err)
		}
	}
	return cause
}

// content tells whether the taker has closed the stream because it has everything.
func content(err error) bool {
	var bye *federate.Goodbye
	return errors.As(err, &bye) && bye.Far && bye.Code == federate.CodeClosing
}

func (s *Service) given(ctx context.Context, id uuid.UUID) (outRow, org.Agreement, error) {
	r, ok, err := findOut(ctx, s.o.DB, id)
	if err == nil && !ok {
		err = ErrNoStream
	}
	if err != nil {
		return r, org.Agreement{}, err
	}
	a, err := s.o.Orgs.Agreement(ctx, id)
	return r, a, err
}

// resume compares what the two ends hold. Where they do not continue each other, this end was restored from a copy, or the other has heard from
// another life of it: a greater epoch begins.
func (s *Service) resume(ctx context.Context, r outRow, far federate.RecordPosition) (outRow, error) {
	behind := far.Epoch > uint64(r.Epoch) || far.Epoch == uint64(r.Epoch) && far.Seq > uint64(r.Last)
	if !behind && far.Epoch == uint64(r.Epoch) && far.Seq > 0 {
		hashes, err := hashesOf(ctx, s.o.DB, "neighbour_out_record", r.Agreement, far.Epoch, far.Seq, far.Seq)
		if err != nil {
			return r, err
		}
		behind = hashes[0] != far.Hash
	}
	if far.Epoch == uint64(r.Epoch) && far.Seq < uint64(r.Acked) {
		s.log.Warn("a neighbour holds less of a stream than it had: it was restored from a copy, and is sent the rest again", "agreement", r.Agreement, "node", r.Peer, "held", far.Seq, "acked", r.Acked)
	}
	if position := far.Seq; !behind && r.Pruned > 0 {
		if far.Epoch != uint64(r.Epoch) {
			position = 0
		}
		if position < uint64(r.Pruned) {
			return s.afresh(ctx, r, uint64(r.Epoch)+1, "the other end needs records whose bytes are gone here")
		}
	}
	if !behind {
		return r, nil
	}
	s.log.Warn("the other end of a stream holds what this one does not: this node was restored from a copy", "agreement", r.Agreement, "node", r.Peer,
		"epoch", r.Epoch, "last", r.Last, "heldEpoch", far.Epoch, "held", far.Seq)
	return s.afresh(ctx, r, far.Epoch+1, "")
}

// afresh begins an epoch of a stream that cannot go on in the one before.
func (s *Service) afresh(ctx context.Context, r outRow, epoch uint64, why string) (outRow, error) {
	if why != "" {
		s.log.Warn("everything that stands is sent again", "agreement", r.Agreement, "node", r.Peer, "why", why)
	}
	if err := s.epoch(ctx, r.Agreement, epoch); err != nil {
		return r, err
	}
	r, _, err := findOut(ctx, s.o.DB, r.Agreement)
	return r, err
}

// save notes what the taker holds durably.
func (o *outgoing) save(ctx context.Context) error {
	o.mu.Lock()
	acked := o.acked
	o.saved = time.Now()
	o.mu.Unlock()
	return o.g.s.group.Write(ctx, 0, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*outRow)(nil)).Set("acked = ?", int64(acked)).Where("agreement = ? AND epoch = ? AND acked <> ?", o.id, int64(o.epoch), int64(acked)).Exec(ctx)
		return err
	})
}

// send sends records behind a number, tells the taker when there are no more, and waits for more until the taker closes the stream.
func (o *outgoing) send(ctx context.Context, at uint64, wake <-chan struct{}) error {
	s := o.g.s
	for idle := false; ; {
		r, _, err := findOut(ctx, s.o.DB, o.id)
		switch {
		case err != nil:
			return err
		case r.Closed != 0:
			return o.say(ctx, &federate.RecordMessage{Kind: federate.RecordsEnd, Epoch: o.epoch})
		case uint64(r.Epoch) != o.epoch:
			return nil // another has begun; the stream is opened again
		}
		rows, err := records[outRecord](ctx, s.o.DB, o.id, o.epoch, at, federate.MaxRecordCount, federate.MaxRecordBlock)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			if err := o.block(ctx, at, rows); err != nil {
				return err
			}
			at, idle = at+uint64(len(rows)), false
			continue
		}
		if !idle {
			if err := o.say(ctx, &federate.RecordMessage{Kind: federate.RecordsIdle, Epoch: o.epoch}); err != nil {
				return err
			}
			idle = true
		}
		timer := time.NewTimer(o.g.again())
		select {
		case <-wake:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
	}
}

// block sends rows, which must be those that were put.
func (o *outgoing) block(ctx context.Context, at uint64, rows []recordRow) error {
	m := &federate.RecordMessage{Kind: federate.RecordsSent, Epoch: o.epoch, First: at + 1, Bodies: make([][]byte, len(rows))}
	for i := range rows {
		if uint64(rows[i].Seq) != at+1+uint64(i) {
			return o.damaged(ctx, at+1+uint64(i))
		}
		if hash := sha256.Sum256(rows[i].Bytes); string(hash[:]) != string(rows[i].Hash) {
			return o.damaged(ctx, uint64(rows[i].Seq))
		}
		m.Bodies[i] = rows[i].Bytes
	}
	return o.say(ctx, m)
}

// damaged: a record of this node's own is not what was put; it is not sent.
func (o *outgoing) damaged(ctx context.Context, seq uint64) error {
	o.g.s.raiseDamaged(ctx, o.id, seq)
	return fmt.Errorf("record %d of epoch %d has been damaged on this node", seq, o.epoch)
}

func (o *outgoing) say(ctx context.Context, m *federate.RecordMessage) error {
	return o.ch.Send(ctx, m.Append(nil, o.g.s.packer))
}

// listen takes what the taker tells and asks.
func (o *outgoing) listen(ctx context.Context) error {
	for {
		raw, err := o.ch.Receive(ctx)
		if err != nil {
			return err
		}
		m, err := federate.ParseRecordMessage(raw.Data, o.g.s.packer)
		if err != nil {
			return err
		}
		if m.Epoch != o.epoch && m.Kind != federate.RecordsFork {
			return fmt.Errorf("%w: a message of epoch %d in epoch %d", federate.ErrMalformed, m.Epoch, o.epoch)
		}
		switch m.Kind {
		case federate.RecordsAck:
			err = o.ack(ctx, m.First)
		case federate.RecordsHashes:
			err = o.hashes(ctx, &m)
		case federate.RecordsRepair:
			err = o.repair(ctx, &m)
		case federate.RecordsFork:
			if m.Epoch == o.epoch {
				return o.g.s.forkedOut(ctx, o.id, &m)
			} // that of an epoch which is over ends with it
		case federate.RecordsEnd:
			return &federate.Goodbye{Code: federate.CodeFenced, Text: "the agreement has ended", Far: true}
		default:
			err = fmt.Errorf("%w: message %d from a taker", federate.ErrMalformed, m.Kind)
		}
		if err != nil {
			return err
		}
		o.ch.Release(raw.Cost())
	}
}

func (o *outgoing) ack(ctx context.Context, seq uint64) error {
	o.mu.Lock()
	o.acked = max(o.acked, seq)
	due := time.Since(o.saved) > ackEvery
	o.mu.Unlock()
	if !due {
		return nil
	}
	return o.save(ctx)
}

// hashes answers with the hashes of ranges.
func (o *outgoing) hashes(ctx context.Context, m *federate.RecordMessage) error {
	s := o.g.s
	r, _, err := findOut(ctx, s.o.DB, o.id)
	if err != nil {
		return err
	}
	if len(m.Hashes) != 0 || m.Last > uint64(r.Last) {
		return fmt.Errorf("%w: a question for records to %d of %d", federate.ErrMalformed, m.Last, r.Last)
	}
	o.mu.Lock()
	o.compared.hashes(m)
	o.mu.Unlock()
	answer := *m
	span := federate.RecordSpan(m.Level)
	for first := m.First; first <= m.Last; first += span {
		h, err := rangeHash(first, min(m.Last, first+span-1), func(first, last uint64) ([][32]byte, error) {
			return hashesOf(ctx, s.o.DB, "neighbour_out_record", o.id, o.epoch, first, last)
		})
		if err != nil {
			return err
		}
		answer.Hashes = append(answer.Hashes, h)
	}
	return o.say(ctx, &answer)
}

// repair answers with records, as many as one message holds.
func (o *outgoing) repair(ctx context.Context, m *federate.RecordMessage) error {
	o.mu.Lock()
	o.compared.deeper = true
	o.mu.Unlock()
	r, _, err := findOut(ctx, o.g.s.o.DB, o.id)
	if err != nil {
		return err
	}
	if uint64(r.Epoch) == o.epoch && slices.Min(m.Seqs) <= uint64(r.Pruned) {
		return errPruned
	}
	answer := &federate.RecordMessage{Kind: federate.RecordsRepair, Epoch: o.epoch}
	size := 0
	for _, seq := range m.Seqs {
		rows, err := records[outRecord](ctx, o.g.s.o.DB, o.id, o.epoch, seq-1, 1, MaxRecord)
		if err != nil {
			return err
		}
		if len(rows) == 0 || uint64(rows[0].Seq) != seq {
			return o.damaged(ctx, seq)
		}
		if hash := sha256.Sum256(rows[0].Bytes); string(hash[:]) != string(rows[0].Hash) {
			return o.damaged(ctx, seq)
		}
		if size += len(rows[0].Bytes); size > federate.MaxRecordBlock && len(answer.Seqs) > 0 {
			break
		}
		answer.Seqs, answer.Bodies = append(answer.Seqs, seq), append(answer.Bodies, rows[0].Bytes)
	}
	return o.say(ctx, answer)
}

// forkedOut notes that the taker holds other bytes under a number: the stream stands still until it is begun again.
func (s *Service) forkedOut(ctx context.Context, id uuid.UUID, m *federate.RecordMessage) error {
	held, came := hex.EncodeToString(m.Hashes[0][:]), hex.EncodeToString(m.Hashes[1][:])
	now := s.o.Now().UnixNano()
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*outRow)(nil)).Set("fork_seq = ?", int64(m.First)).Set("fork_held = ?", held).Set("fork_came = ?", came).Set("fork_at = ?", now).
			Where("agreement = ? AND epoch = ? AND fork_seq = 0", id, int64(m.Epoch)).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	s.raiseFork(ctx, id, Fork{m.Epoch, m.First, held, came, now}, org.Giver)
	return errForked
}
