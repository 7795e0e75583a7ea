package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

const (
	quarantineBytes   = 32 << 20 // bound; the oldest records make room, and are counted
	quarantineSegment = 1 << 20
)

// quarantine keeps what the node refused, in a small journal of its own: it must never fill the spool, and the spool's
// trimming must not touch it. It comes into being with the first refusal.
type quarantine struct {
	o     spoolOptions
	codec federate.Codec

	mu      sync.Mutex
	journal *log.Log
	part    *log.Partition
	seen    map[asideKey]bool // set aside already and perhaps not acknowledged: a restart must not double them
	records uint64
	samples uint64
	last    string
	through uint64 // records up to this number were released or discarded
}

type asideKey struct {
	index  uint64
	series uuid.UUID
}

// openQuarantine reads what is there. acked is the greatest index that the node holds: refusals up to it are settled.
func openQuarantine(o spoolOptions, acked uint64) (*quarantine, error) {
	q := &quarantine{o: o, seen: map[asideKey]bool{}}
	if _, err := o.FS.Stat(q.dir()); err != nil {
		return q, nil
	}
	if err := q.open(); err != nil {
		return nil, err
	}
	if err := q.readThrough(); err != nil {
		return nil, errors.Join(err, q.close())
	}
	reader := q.part.Read(q.through + 1)
	for {
		rec, ok, err := reader.TryNext()
		var trimmed *log.TrimmedError
		if errors.As(err, &trimmed) {
			continue
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read the quarantine: %w", err), q.close())
		}
		if !ok {
			return q, nil
		}
		a, err := parseAside(rec.Data)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read the quarantine: %w", err), q.close())
		}
		q.records++
		q.samples += uint64(a.Rows)
		var f federate.Refusal
		if json.Unmarshal(a.Reason, &f) != nil {
			continue
		}
		q.last = f.Error()
		if a.Index > acked {
			for _, row := range f.Rows {
				q.seen[asideKey{a.Index, row.Series}] = true
			}
		}
	}
}

func (q *quarantine) dir() string { return filepath.Join(q.o.Dir, "quarantine") }

func (q *quarantine) open() error {
	journal, err := log.Open(log.Options{FS: q.o.FS, Dir: q.dir(), SegmentBytes: quarantineSegment, MaxBytes: quarantineBytes,
		MaxRecordBytes: quarantineSegment - (64 << 10), AlignBytes: 512, MaxPendingBytes: 2 << 20, Now: q.o.Now, Logger: q.o.Logger})
	if err != nil {
		return fmt.Errorf("open the quarantine: %w", err)
	}
	q.journal = journal
	q.part, err = journal.Partition("refused")
	return err
}

func (q *quarantine) close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.journal == nil {
		return nil
	}
	return q.journal.Close()
}

// put sets the refused rows of a batch aside and returns the batch without them, once they are durable.
func (q *quarantine) put(ctx context.Context, index, acked uint64, f federate.Refusal, tableBytes, body []byte) ([]byte, error) {
	table, err := federate.ParseTable(tableBytes)
	if err != nil {
		return nil, err
	}
	refused := map[uuid.UUID]bool{}
	for _, r := range f.Rows {
		refused[r.Series] = true
	}
	var all, keep, out telemetry.Batch
	if err := q.codec.Decode(body, table, &all); err != nil {
		// What even we cannot read is set aside as the bytes it is.
		f.Whole = true
		out.Origin = telemetry.Measured
	} else {
		keep.Origin, out.Origin = all.Origin, all.Origin
	}
	if keep.Origin == 0 {
		keep.Origin = telemetry.Measured
	}
	for i, place := range all.Ref {
		to := &keep
		if f.Whole || refused[table[place].Series] {
			to = &out
		}
		copyRow(to, &all, i)
	}
	rest, err := q.codec.Append(nil, table, &keep)
	if err != nil {
		return nil, fmt.Errorf("encode the rest of a refused batch: %w", err)
	}
	q.mu.Lock()
	for k := range q.seen {
		if k.index <= acked {
			delete(q.seen, k)
		}
	}
	known := len(f.Rows) > 0 && !slices.ContainsFunc(f.Rows, func(r federate.RefusedRow) bool { return !q.seen[asideKey{index, r.Series}] })
	q.mu.Unlock()
	if known {
		return rest, nil
	}
	a := aside{Epoch: f.Epoch, Seq: f.Seq, Index: index, Rows: uint32(out.Len()), Table: tableBytes, Body: body}
	if out.Len() > 0 {
		if a.Table, a.Body, err = compact(&q.codec, table, &out); err != nil {
			return nil, err
		}
	}
	if a.Reason, err = json.Marshal(f); err != nil {
		return nil, fmt.Errorf("encode a refusal: %w", err)
	}
	return rest, q.append(ctx, &a, f)
}

// compact encodes a batch with a table of the series that it names, no others.
func compact(c *federate.Codec, table federate.Table, b *telemetry.Batch) (tableBytes, body []byte, err error) {
	places := map[telemetry.Ref]telemetry.Ref{}
	var small federate.Table
	for i, place := range b.Ref {
		at, ok := places[place]
		if !ok {
			at = telemetry.Ref(len(small))
			places[place] = at
			small = append(small, table[place])
		}
		b.Ref[i] = at
	}
	body, err = c.Append(nil, small, b)
	if err != nil {
		return nil, nil, fmt.Errorf("encode refused samples: %w", err)
	}
	return small.Append(nil), body, nil
}

func copyRow(to, from *telemetry.Batch, i int) {
	to.Ref = append(to.Ref, from.Ref[i])
	to.Time = append(to.Time, from.Time[i])
	to.Gateway = append(to.Gateway, from.Gateway[i])
	to.Bits = append(to.Bits, from.Bits[i])
	to.Status = append(to.Status, from.Status[i])
	to.Flags = append(to.Flags, from.Flags[i])
	to.Text = from.Text // indices stay as they are
}

func (q *quarantine) append(ctx context.Context, a *aside, f federate.Refusal) error {
	q.mu.Lock()
	if q.journal == nil {
		if err := q.open(); err != nil {
			q.mu.Unlock()
			return err
		}
	}
	part := q.part
	q.mu.Unlock()
	durable := make(chan error, 1)
	if err := part.Append(ctx, a.append(nil), func(_ log.Commit, err error) { durable <- err }); err != nil {
		return fmt.Errorf("set refused samples aside: %w", err)
	}
	if err := <-durable; err != nil {
		return fmt.Errorf("set refused samples aside: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.records++
	q.samples += uint64(a.Rows)
	q.last = f.Error()
	for _, r := range f.Rows {
		q.seen[asideKey{a.Index, r.Series}] = true
	}
	return nil
}

func (q *quarantine) status() document.Quarantine {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := document.Quarantine{Records: q.records, Samples: q.samples, Last: q.last}
	if q.journal != nil {
		if gone := q.journal.First() - 1; gone > q.through { // numbers are dense, and nothing else is in this journal
			out.Lost = gone - q.through
		}
	}
	return out
}
