package neighbour

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

const (
	batchRecords = 8192    // that one transaction takes at most
	batchBytes   = 4 << 20 // as many as fit the window
	linger       = time.Second
)

// incoming is one stream while it is open, at the taker.
type incoming struct {
	s  *Service
	id uuid.UUID
	ch *federate.Channel

	row   inRow
	batch []recordRow // that came and are not durable
	bytes int64
	cost  int
	check *check // nil while ranges are not being compared
	due   bool   // they are to be compared once the giver has nothing more

	place, comparing bool // of those that bound how many streams are taken, and compared, at a time
	slow             bool // it brings so little at a time that it needs no place
}

// take serves a stream that the giver's node has opened.
func (s *Service) take(ctx context.Context, from uuid.UUID, ch *federate.Channel) error {
	open, err := federate.ParseRecordOpening(ch.Hello())
	if err != nil {
		ch.Close(federate.CodeProtocol, "the opening of the record stream cannot be read")
		return err
	}
	a, err := s.o.Orgs.Agreement(ctx, open.Agreement)
	if errors.Is(err, org.ErrNoOrg) || err == nil && (a.Giver.Node != from || a.Taker.Node != s.o.Node) {
		ch.Close(federate.CodeUnavailable, "the agreement is not known here")
		return nil
	}
	if err != nil {
		return err
	}
	if st := a.State(s.o.Now().UnixNano()); st != org.AgreementActive {
		ch.Close(federate.CodeFenced, "the agreement is "+string(st)+": nothing is taken")
		return nil
	}
	release, err := s.turn(ctx, open.Agreement)
	if err != nil {
		return err
	}
	defer release()
	in := &incoming{s: s, id: open.Agreement, ch: ch}
	defer in.leave()
	defer in.ceaseComparing()
	if err := in.enter(ctx); err != nil {
		return err
	}
	position, err := in.begin(ctx, from)
	if err != nil {
		return err
	}
	ch.Accept(federate.RecordWindow, position.Append(nil))
	err = in.serve(ctx, open.Epoch)
	switch {
	case errors.Is(err, federate.ErrMalformed):
		ch.Close(federate.CodeProtocol, err.Error())
	case errors.Is(err, store.ErrFull) || err != nil && ctx.Err() == nil && !errors.Is(err, errForked) && !gone(err):
		ch.Close(federate.CodeUnavailable, "the node cannot store records now")
	}
	if gone(err) || errors.Is(err, errForked) {
		return nil
	}
	return err
}

func gone(err error) bool {
	var g *federate.Goodbye
	return errors.As(err, &g)
}

// turnstile lets one stream of an agreement through at a time.
type turnstile struct {
	token chan struct{}
	users int // that hold it or wait; guarded by Service.mu
}

// turn waits until the stream of the agreement before this one is settled.
func (s *Service) turn(ctx context.Context, id uuid.UUID) (release func(), err error) {
	s.mu.Lock()
	t := s.taking[id]
	if t == nil {
		t = &turnstile{token: make(chan struct{}, 1)}
		s.taking[id] = t
	}
	t.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(s.taking, id)
		}
	}
	select {
	case t.token <- struct{}{}:
		return func() { <-t.token; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}

// begin is what is held durably.
func (in *incoming) begin(ctx context.Context, from uuid.UUID) (federate.RecordPosition, error) {
	s := in.s
	r, ok, err := findIn(ctx, s.o.DB, in.id)
	if err != nil {
		return federate.RecordPosition{}, err
	}
	if !ok {
		r = inRow{Agreement: in.id, Peer: from}
	}
	in.row = r
	in.due = s.o.Now().UnixNano()-r.Checked > int64(s.o.CheckEvery) || r.Checked < s.started.UnixNano() || in.first(from)
	p := federate.RecordPosition{Epoch: uint64(r.Epoch), Seq: uint64(r.Last)}
	if r.Last > 0 {
		h, err := hashesOf(ctx, s.o.DB, "neighbour_in_record", in.id, p.Epoch, p.Seq, p.Seq)
		if err != nil {
			return p, err
		}
		p.Hash = h[0]
	}
	return p, nil
}

// first tells whether this is the first time that the stream is open on the link that stands.
func (in *incoming) first(from uuid.UUID) bool {
	s := in.s
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peers[peerKey{from, Down}]
	return p != nil && p.session != nil && in.row.Checked < p.since.UnixNano()
}

func (in *incoming) say(ctx context.Context, m *federate.RecordMessage) error {
	return in.ch.Send(ctx, m.Append(nil, in.s.packer))
}

func (in *incoming) serve(ctx context.Context, epoch uint64) error {
	if in.row.ForkSeq != 0 && epoch <= uint64(in.row.Epoch) {
		if err := in.tellFork(ctx); err != nil {
			return err
		}
	}
	idle := false
	for {
		// Everything that waits is made durable together.
		if len(in.batch) > 0 && (in.ch.Waiting() == 0 || len(in.batch) >= batchRecords || in.bytes >= batchBytes/2) {
			if err := in.commit(ctx); err != nil {
				return err
			}
		}
		if idle && len(in.batch) == 0 {
			in.leave()
		}
		wait, cancel := ctx, context.CancelFunc(func() {})
		due := idle && in.check == nil && in.due && in.row.Last > 0 && in.row.ForkSeq == 0
		switch {
		case due && in.mayCompare():
			if err := in.compare(ctx); err != nil {
				return err
			}
			continue
		case due:
			wait, cancel = context.WithTimeout(ctx, compareAgain)
		case idle && in.check == nil:
			wait, cancel = context.WithTimeout(ctx, linger)
		case in.place:
			wait, cancel = context.WithTimeout(ctx, slowAfter)
		}
		raw, err := in.ch.Receive(wait)
		cancel()
		if err != nil {
			if wait == ctx || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			switch {
			case due:
			case idle && in.check == nil:
				in.ch.Close(federate.CodeClosing, "nothing more")
				return nil
			default:
				in.slow = true
				in.leave()
			}
			continue
		}
		m, err := federate.ParseRecordMessage(raw.Data, in.s.packer)
		if err != nil {
			return err
		}
		switch m.Kind {
		case federate.RecordsSent:
			idle = false
			if err := in.enter(ctx); err != nil {
				return err
			}
			in.cost += raw.Cost()
			if err := in.keep(ctx, &m); err != nil {
				return err
			}
			continue // released once it is durable
		case federate.RecordsIdle:
			idle = true
		case federate.RecordsHashes:
			err = in.compared(ctx, &m)
		case federate.RecordsRepair:
			err = in.repaired(ctx, &m)
		case federate.RecordsEnd:
			in.ch.Close(federate.CodeClosing, "the agreement has ended")
			return nil
		default:
			err = fmt.Errorf("%w: message %d from a giver", federate.ErrMalformed, m.Kind)
		}
		if err != nil {
			return err
		}
		in.ch.Release(raw.Cost())
	}
}

// keep adds records that came to the batch. A greater epoch ends the batch before it.
func (in *incoming) keep(ctx context.Context, m *federate.RecordMessage) error {
	epoch := uint64(in.row.Epoch)
	if len(in.batch) > 0 {
		epoch = uint64(in.batch[0].Epoch)
	}
	if m.Epoch != epoch && len(in.batch) > 0 {
		if err := in.commit(ctx); err != nil {
			return err
		}
	}
	switch {
	case m.Epoch < uint64(in.row.Epoch):
		return fmt.Errorf("%w: records of epoch %d, the stream is in %d", federate.ErrMalformed, m.Epoch, in.row.Epoch)
	case m.Epoch > uint64(in.row.Epoch) && len(in.batch) == 0 && m.First != 1:
		return fmt.Errorf("%w: epoch %d begins at record %d", federate.ErrMalformed, m.Epoch, m.First)
	case m.Epoch == uint64(in.row.Epoch) && in.row.ForkSeq != 0:
		return in.tellFork(ctx)
	}
	for i, b := range m.Bodies {
		hash := sha256.Sum256(b)
		in.batch = append(in.batch, recordRow{Agreement: in.id, Epoch: int64(m.Epoch), Seq: int64(m.First) + int64(i), Hash: hash[:], Size: int64(len(b)), Bytes: b})
		in.bytes += int64(len(b))
	}
	return nil
}

// tellFork tells the giver that the stream stands still.
func (in *incoming) tellFork(ctx context.Context) error {
	m := &federate.RecordMessage{Kind: federate.RecordsFork, Epoch: uint64(in.row.Epoch), First: uint64(in.row.ForkSeq), Hashes: make([][32]byte, 2)}
	for i, words := range []string{in.row.ForkHeld, in.row.ForkCame} {
		b, err := hex.DecodeString(words)
		if err != nil {
			return err
		}
		copy(m.Hashes[i][:], b)
	}
	return in.say(ctx, m)
}

// clash is a record that differs from the one that is held under its number.
type clash struct {
	seq        int64
	held, came []byte
	bytes      []byte
}

func (c *clash) Error() string { return fmt.Sprintf("record %d came with other bytes", c.seq) }

// commit makes the batch durable in one transaction, then acknowledges it.
func (in *incoming) commit(ctx context.Context) error {
	s := in.s
	row, fresh := in.row, 0
	err := s.group.Write(ctx, in.bytes, func(ctx context.Context, tx bun.Tx) error {
		r, ok, err := findIn(ctx, tx, in.id)
		if err != nil {
			return err
		}
		if !ok {
			r = inRow{Agreement: in.id, Peer: in.row.Peer}
			if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
				return err
			}
		}
		if r.Closed != 0 {
			return &federate.Goodbye{Code: federate.CodeFenced, Text: "the agreement has ended: nothing is taken"}
		}
		rows := in.batch
		if epoch := rows[0].Epoch; epoch > r.Epoch {
			r.Epoch, r.Last, r.Checked, r.Deep, r.ForkSeq, r.ForkHeld, r.ForkCame, r.ForkAt = epoch, 0, 0, 0, 0, "", "", 0
			if err := s.o.Orgs.SetEpoch(ctx, tx, in.id, uint64(epoch)); err != nil {
				return err
			}
		}
		if rows, err = in.known(ctx, tx, &r, rows); err != nil {
			return err
		}
		fresh = len(rows)
		for at := 0; at < len(rows); at += rowsAtOnce {
			part := make([]inRecord, 0, rowsAtOnce)
			for _, x := range rows[at:min(at+rowsAtOnce, len(rows))] {
				part = append(part, inRecord{recordRow: x})
			}
			if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
				return err
			}
		}
		r.Moved = s.o.Now().UnixNano()
		if _, err := tx.NewUpdate().Model(&r).ExcludeColumn("closed").WherePK().Exec(ctx); err != nil {
			return err
		}
		row = r
		return nil
	})
	var c *clash
	if errors.As(err, &c) {
		return in.forked(ctx, in.batch[0].Epoch, c)
	}
	if err != nil {
		return fmt.Errorf("keep records of agreement %s: %w", in.id, err)
	}
	if row.Epoch != in.row.Epoch {
		in.due, in.check = true, nil
		s.clear(ctx, conditionFork, in.id.String())
		if in.row.Epoch != 0 {
			s.log.Info("a stream has begun a new epoch", "agreement", in.id, "epoch", row.Epoch)
		}
	}
	in.row = row
	in.batch, in.bytes = nil, 0 // a thousand streams that are idle keep nothing of what they brought
	in.ch.Release(in.cost)
	in.cost = 0
	if err := in.say(ctx, &federate.RecordMessage{Kind: federate.RecordsAck, Epoch: uint64(row.Epoch), First: uint64(row.Last)}); err != nil {
		return err
	}
	if fresh > 0 {
		for _, f := range s.onIncoming {
			f(in.id)
		}
	}
	return nil
}

// known drops the records that are held already, each of which must be the same, and moves the row behind the rest.
func (in *incoming) known(ctx context.Context, tx bun.Tx, r *inRow, rows []recordRow) ([]recordRow, error) {
	n := 0
	for n < len(rows) && rows[n].Seq <= r.Last {
		n++
	}
	if n > 0 {
		if rows[n-1].Seq-rows[0].Seq != int64(n-1) {
			return nil, fmt.Errorf("%w: records are not in order", federate.ErrMalformed)
		}
		held, err := hashesOf(ctx, tx, "neighbour_in_record", in.id, uint64(r.Epoch), uint64(rows[0].Seq), uint64(rows[n-1].Seq))
		if err != nil {
			return nil, err
		}
		for i := range n {
			if string(held[i][:]) != string(rows[i].Hash) {
				return nil, &clash{rows[i].Seq, held[i][:], rows[i].Hash, rows[i].Bytes}
			}
		}
	}
	rows = rows[n:]
	for i := range rows {
		if rows[i].Seq != r.Last+1 {
			return nil, fmt.Errorf("%w: record %d came where %d is next", federate.ErrMalformed, rows[i].Seq, r.Last+1)
		}
		r.Last++
	}
	return rows, nil
}

// forked isolates the stream: what came is kept aside, the giver is told, and nothing more is taken in this epoch.
func (in *incoming) forked(ctx context.Context, epoch int64, c *clash) error {
	s := in.s
	now := s.o.Now().UnixNano()
	in.row.ForkSeq, in.row.ForkHeld, in.row.ForkCame, in.row.ForkAt = c.seq, hex.EncodeToString(c.held), hex.EncodeToString(c.came), now
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewUpdate().Model(&in.row).Column("fork_seq", "fork_held", "fork_came", "fork_at").WherePK().Exec(ctx); err != nil {
			return err
		}
		a := asideRow{ID: uuid.Must(uuid.NewV7()), Agreement: in.id, Epoch: epoch, Seq: c.seq, At: now, Why: "fork", Held: in.row.ForkHeld, Bytes: c.bytes}
		_, err := tx.NewInsert().Model(&a).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("isolate the stream of agreement %s: %w", in.id, err)
	}
	s.log.Error("a stream has forked: nothing more is taken in this epoch", "agreement", in.id, "epoch", epoch, "seq", c.seq, "held", in.row.ForkHeld, "came", in.row.ForkCame)
	s.raiseFork(ctx, in.id, Fork{uint64(epoch), uint64(c.seq), in.row.ForkHeld, in.row.ForkCame, now}, org.Taker)
	if err := in.tellFork(ctx); err != nil {
		return err
	}
	// The giver closes the stream when it has read that.
	for {
		raw, err := in.ch.Receive(ctx)
		if err != nil {
			return errForked
		}
		in.ch.Release(raw.Cost())
	}
}
