package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// throughFile tells up to which record the quarantine was released or discarded. The records themselves go when newer
// ones need their room.
const throughFile = "released.json"

type through struct {
	Through uint64 `json:"through,string"`
}

func (q *quarantine) readThrough() error {
	b, err := file.ReadAll(q.o.FS, filepath.Join(q.dir(), throughFile), 1<<10)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var t through
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil {
		return fmt.Errorf("read the quarantine: %w", err)
	}
	q.through = t.Through
	return nil
}

// settle notes that the records up to a number are no longer of the quarantine; n of them with so many samples.
func (q *quarantine) settle(number, n, samples uint64) error {
	b, err := json.Marshal(through{number})
	if err == nil {
		err = file.WriteAtomic(q.o.FS, filepath.Join(q.dir(), throughFile), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("note what was released: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.through = number
	q.records -= min(n, q.records)
	q.samples -= min(samples, q.samples)
	return nil
}

// release brings the records that are there now to the spool again, and takes them out of the quarantine once they are
// durable there. Interrupted, it begins again with the same records; telemetry keeps once what comes twice. Without
// spool the records are thrown away. It returns how many records it was about.
func (q *quarantine) release(ctx context.Context, spool func(context.Context, federate.Table, *telemetry.Batch) error) (uint64, error) {
	q.mu.Lock()
	part, from := q.part, q.through
	var last uint64
	if q.journal != nil {
		last = q.journal.Last().Number
	}
	q.mu.Unlock()
	var n, samples uint64
	var unreadable []aside
	if part == nil || last <= from {
		return 0, nil
	}
	var codec federate.Codec
	for reader := part.Read(from + 1); ; {
		rec, ok, err := reader.TryNext()
		var trimmed *log.TrimmedError
		if errors.As(err, &trimmed) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("read the quarantine: %w", err)
		}
		if !ok || rec.Number > last {
			break
		}
		a, err := parseAside(rec.Data)
		if err != nil {
			return 0, fmt.Errorf("read the quarantine: %w", err)
		}
		n, samples = n+1, samples+uint64(a.Rows)
		if spool == nil {
			continue
		}
		var b telemetry.Batch
		table, err := federate.ParseTable(a.Table)
		if err == nil {
			err = codec.Decode(a.Body, table, &b)
		}
		if err != nil { // the node could not read it either: it stays
			unreadable = append(unreadable, a)
			n, samples = n-1, samples-uint64(a.Rows)
			continue
		}
		if b.Len() == 0 {
			continue
		}
		if err := spool(ctx, table, &b); err != nil {
			return 0, fmt.Errorf("spool released samples: %w", err)
		}
	}
	for i := range unreadable {
		a := &unreadable[i]
		var f federate.Refusal
		if err := json.Unmarshal(a.Reason, &f); err != nil {
			f = federate.Refusal{Epoch: a.Epoch, Seq: a.Seq, Whole: true}
		}
		if err := q.append(ctx, a, f); err != nil {
			return 0, err
		}
		samples += uint64(a.Rows) // append has counted it anew
	}
	return n, q.settle(last, n+uint64(len(unreadable)), samples)
}

// settleQuarantine answers the verbs Release and Discard.
func (q *questions) settleQuarantine(ctx context.Context, a *document.Ask) *document.Answer {
	var spool func(context.Context, federate.Table, *telemetry.Batch) error
	if a.Verb == document.Release {
		spool = func(ctx context.Context, t federate.Table, b *telemetry.Batch) error {
			places, err := q.apply.adopt(t)
			if err != nil {
				return err
			}
			for i, ref := range b.Ref {
				b.Ref[i] = places[ref]
			}
			return q.apply.collect.again(ctx, b)
		}
		q.source.forget.Store(true)
	}
	out := &document.Answer{}
	var err error
	q.quarantine.Lock()
	out.Records, err = q.apply.spool.aside.release(ctx, spool)
	q.quarantine.Unlock()
	if err != nil && ctx.Err() == nil {
		err = &driver.Fault{Code: "quarantine", Err: err, Text: driver.Text{Zh: "隔离区未能处理完，其余记录仍在：" + err.Error(),
			En: "the quarantine could not be settled, what is left is still there: " + err.Error()}}
	}
	q.explain(ctx, out, nil, err)
	q.log.Info("the quarantine was settled", "verb", a.Verb, "records", out.Records, "reason", a.Reason, "error", err)
	return out
}
