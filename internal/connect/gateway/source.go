package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// source reads the spool for one connection after another; it is a federate.Source.
type source struct {
	s       *spool
	onAcked func(samples uint64)

	reader *log.Reader
	want   uint64 // index of the next batch
	// reduced are batches of which rows were refused, by index: they go without those rows until they are acknowledged.
	reduced map[uint64][]byte
	// refused are series that the node does not take at present: what comes of them is set aside without asking, else
	// each batch would cost a round trip. Asked again after refusedFor.
	refused map[uuid.UUID]federate.RefusedRow
	until   time.Time
	forget  atomic.Bool // somebody has mended something: ask the node again at once
	said    time.Time   // when a refusal was logged last
	codec   federate.Codec
	batch   telemetry.Batch
}

const (
	refusedFor   = 30 * time.Second
	refusedTells = 10 * time.Second
)

func newSource(s *spool, onAcked func(uint64)) *source {
	return &source{s: s, onAcked: onAcked, reduced: map[uint64][]byte{}, refused: map[uuid.UUID]federate.RefusedRow{}}
}

// Resume implements federate.Source. A changed numbering is on disk before anything goes out under it.
func (r *source) Resume(_ context.Context, farEpoch, farSeq uint64) (uint64, error) {
	s := r.s
	clear(r.refused)
	s.mu.Lock()
	before := s.place
	p, next, why := before.resume(s.held(), s.durable, farEpoch, farSeq)
	s.place = p
	s.dirty = s.dirty || p != before
	s.window = s.window[:0]
	if p.Epoch != before.Epoch {
		clear(r.reduced)
	}
	s.mu.Unlock()
	if why != resumeSame {
		s.log.Warn("the node and the spool do not continue each other", "why", string(why), "node", fmt.Sprintf("%d-%d", farEpoch, farSeq),
			"before", before, "now", p)
	}
	if p.Epoch != before.Epoch || p.First != before.First {
		if err := s.savePlace(); err != nil {
			return 0, err
		}
	}
	if err := s.recount(); err != nil {
		return 0, err
	}
	if err := r.goTo(next); err != nil {
		return 0, err
	}
	return p.Epoch, nil
}

// recount counts the samples that are not acknowledged after the link's position has jumped.
func (s *spool) recount() error {
	s.mu.Lock()
	acked, durable := s.place.Acked, s.durable
	m, ok := s.markFor(acked + 1)
	s.mu.Unlock()
	if acked >= durable || !ok {
		s.mu.Lock()
		if s.durable == durable {
			s.rows = 0
		}
		s.mu.Unlock()
		return s.trim()
	}
	var rows uint64
	var oldest int64
	reader := s.part.Read(m.number)
	for {
		rec, more, err := reader.TryNext()
		if err != nil {
			return fmt.Errorf("read the spool: %w", err)
		}
		if !more {
			break
		}
		if rec.Data[0] != recordBatch {
			continue
		}
		h, _, err := parseBatch(rec.Data)
		if err != nil {
			return err
		}
		if h.Index > durable {
			break
		}
		if h.Index <= acked {
			continue
		}
		if rows == 0 {
			oldest = h.Oldest
		}
		rows += uint64(h.Rows)
	}
	s.mu.Lock()
	if s.durable == durable { // else batches came meanwhile; the next connection counts again
		s.rows, s.oldest = rows, oldest
	}
	s.mu.Unlock()
	return s.trim()
}

// goTo puts the reader before a batch.
func (r *source) goTo(index uint64) error {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	r.want = index
	for _, w := range s.window {
		if w.index == index {
			r.reader = s.part.Read(w.number)
			return nil
		}
	}
	from := s.journal.Last().Number + 1
	if m, ok := s.markFor(index); ok {
		from = m.number
	} else if index <= s.durable {
		return fmt.Errorf("batch %d is no longer in the spool", index)
	}
	if index > s.durable && len(s.marks) == 0 {
		from = 1 // nothing is there yet; whatever comes first comes with its table
	}
	r.reader = s.part.Read(from)
	return nil
}

// Seek implements federate.Source.
func (r *source) Seek(seq uint64) error {
	r.s.mu.Lock()
	index := r.s.place.First + seq - 1
	r.s.mu.Unlock()
	return r.goTo(index)
}

// TryNext implements federate.Source.
func (r *source) TryNext() (federate.Item, bool, error) {
	for {
		rec, ok, err := r.reader.TryNext()
		if trimmed(err) {
			continue
		}
		if err != nil || !ok {
			return federate.Item{}, false, wrapRead(err)
		}
		if item, ok, err := r.take(rec); ok || err != nil {
			return item, ok, err
		}
	}
}

// Next implements federate.Source.
func (r *source) Next(ctx context.Context) (federate.Item, error) {
	for {
		rec, err := r.reader.Next(ctx)
		if trimmed(err) {
			continue
		}
		if err != nil {
			return federate.Item{}, wrapRead(err)
		}
		if item, ok, err := r.take(rec); ok || err != nil {
			return item, err
		}
	}
}

// trimmed tells whether a reader met records that have been let go of; it goes on behind them by itself, and a batch
// that were missing would be noticed by its index.
func trimmed(err error) bool {
	var t *log.TrimmedError
	return errors.As(err, &t)
}

func wrapRead(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read the spool: %w", err)
}

func (r *source) take(rec log.Record) (federate.Item, bool, error) {
	if len(rec.Data) > 0 && rec.Data[0] == recordTable {
		return federate.Item{}, false, nil // known since it was written or loaded
	}
	h, body, err := parseBatch(rec.Data)
	if err != nil || h.Index < r.want {
		return federate.Item{}, false, err
	}
	if h.Index != r.want {
		return federate.Item{}, false, fmt.Errorf("%w: batch %d where %d was expected", errRecord, h.Index, r.want)
	}
	r.want++
	if r.forget.Swap(false) {
		clear(r.refused)
	}
	s := r.s
	s.mu.Lock()
	seq := s.place.seq(h.Index)
	if n := len(s.window); n == 0 || s.window[n-1].index < h.Index {
		s.window = append(s.window, sentBatch{index: h.Index, number: rec.Number, table: h.Table, rows: h.Rows, oldest: h.Oldest})
	}
	s.mu.Unlock()
	if reduced, ok := r.reduced[h.Index]; ok {
		body = reduced
	} else if len(r.refused) > 0 {
		if body, err = r.sort(h, seq, body); err != nil {
			return federate.Item{}, false, err
		}
	}
	return federate.Item{Seq: seq, Table: uint64(h.Table), Body: body}, true, nil
}

// TableBytes implements federate.Source.
func (r *source) TableBytes(n uint64) ([]byte, error) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	b, ok := r.s.tables[uint32(n)]
	if !ok {
		return nil, fmt.Errorf("%w: series table %d is missing", errRecord, n)
	}
	return b, nil
}

// Acked implements federate.Source.
func (r *source) Acked(a federate.Ack) {
	if samples := r.s.acked(a.Epoch, a.Seq); samples > 0 && r.onAcked != nil {
		r.onAcked(samples)
	}
}

// Refused implements federate.Source: the refused rows are durable in the quarantine before the batch goes again
// without them.
func (r *source) Refused(ctx context.Context, f federate.Refusal) error {
	s := r.s
	s.mu.Lock()
	index := s.place.First + f.Seq - 1
	acked := s.place.Acked
	s.mu.Unlock()
	r.settle(acked)
	if err := r.goTo(index); err != nil {
		return err
	}
	item, ok, err := r.TryNext()
	if err != nil || !ok {
		return fmt.Errorf("read refused batch %d-%d: %w", f.Epoch, f.Seq, errors.Join(err, errRecord))
	}
	table, err := r.TableBytes(item.Table)
	if err != nil {
		return err
	}
	rest, err := s.aside.put(ctx, index, acked, f, table, item.Body)
	if err != nil {
		return err
	}
	now := s.now()
	if now.Sub(r.said) >= refusedTells {
		r.said = now
		s.log.Warn("the node refused samples; they are set aside", "trace", fmt.Sprintf("%d-%d", f.Epoch, f.Seq), "reason", f.Error())
	}
	if now.After(r.until) {
		clear(r.refused)
		r.until = now.Add(refusedFor)
	}
	for _, row := range f.Rows {
		switch row.Reason {
		case federate.ReasonUnknown, federate.ReasonForeign, federate.ReasonType: // true of every sample of the series
			r.refused[row.Series] = row
		}
	}
	r.reduced[index] = rest
	return r.goTo(index)
}

// settle forgets reduced batches that the node has.
func (r *source) settle(acked uint64) {
	for index := range r.reduced {
		if index <= acked {
			delete(r.reduced, index)
		}
	}
}

// sort sets rows of refused series aside before the batch is sent, and returns the batch without them.
func (r *source) sort(h batchHead, seq uint64, body []byte) ([]byte, error) {
	s := r.s
	if s.now().After(r.until) {
		clear(r.refused)
		return body, nil
	}
	s.mu.Lock()
	tableBytes, acked, epoch := s.tables[h.Table], s.place.Acked, s.place.Epoch
	s.mu.Unlock()
	table, err := federate.ParseTable(tableBytes)
	if err != nil {
		return nil, fmt.Errorf("%w: series table %d: %w", errRecord, h.Table, err)
	}
	if r.codec.Decode(body, table, &r.batch) != nil {
		return body, nil // the node will say what is wrong with it
	}
	f := federate.Refusal{Epoch: epoch, Seq: seq}
	seen := map[uuid.UUID]bool{}
	for i, place := range r.batch.Ref {
		id := table[place].Series
		if row, ok := r.refused[id]; ok && !seen[id] {
			seen[id] = true
			row.Row = uint32(i)
			f.Rows = append(f.Rows, row)
		}
	}
	if len(f.Rows) == 0 {
		return body, nil
	}
	rest, err := s.aside.put(context.Background(), h.Index, acked, f, tableBytes, body)
	if err != nil {
		return nil, err
	}
	r.settle(acked)
	r.reduced[h.Index] = rest
	return rest, nil
}
