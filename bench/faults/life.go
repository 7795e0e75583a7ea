package faults

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

var producer = uuid.UUID{0: 9, 6: 0x70, 8: 0x80, 15: 1}

// life is a short scripted life of a node: append, flush, correct, withdraw, merge, expire, restart.
type life struct {
	*node
	book *book
	rows int // of a batch, for each series
	seq  uint64
	leaf int // entries offered to the evidence log
	said []error
}

// step is one of the script.
type step struct {
	name string
	do   func(context.Context) error
}

// script is what a life does. It leaves blocks of several days, a journal with samples that are in no block, and an
// evidence log with a checkpoint and entries after it.
func (l *life) script() []step {
	day := func(n int) int64 { return begin + int64(n)*int64(24*time.Hour) }
	batches := func(from int64, n int) func(context.Context) error {
		return func(ctx context.Context) error {
			for i := range n {
				if err := l.send(ctx, from+int64(i)*int64(time.Hour), 0); err != nil {
					return err
				}
			}
			return nil
		}
	}
	flush := step{"flush", func(ctx context.Context) error { return l.store.Flush(ctx) }}
	return []step{
		{"open", l.open},
		{"append", batches(day(0), 2)},
		{"prove", l.prove},
		flush,
		{"append", batches(day(1), 2)},
		{"append late", batches(day(0)+int64(30*time.Minute), 1)},
		flush,
		{"correct", func(ctx context.Context) error { return l.send(ctx, day(1), 1) }},
		{"withdraw", func(ctx context.Context) error { return l.send(ctx, day(1)+int64(time.Hour), 2) }},
		{"append", batches(day(2), 2)},
		flush,
		{"merge", func(ctx context.Context) error { return l.store.Compact(ctx) }},
		{"prove", l.prove},
		{"restart", l.restart},
		{"append", batches(day(3), 2)},
		flush,
		{"expire", func(ctx context.Context) error {
			before := day(0) + int64(15*time.Minute)
			l.book.expire(before)
			_, err := l.store.Expire(ctx, func(*telemetry.Series) int64 { return before })
			return err
		}},
		{"correct", func(ctx context.Context) error { return l.send(ctx, day(3), 1) }},
		{"append", batches(day(4), 3)},
		{"prove", l.prove},
	}
}

// run runs the script. Errors that a fault explains are kept in said, and the life goes on as a node would; any other
// error is returned.
func (l *life) run(ctx context.Context) error {
	for _, s := range l.script() {
		if l.log == nil && s.name != "open" && s.name != "restart" {
			continue // it could not be opened
		}
		err := s.do(ctx)
		if err == nil {
			continue
		}
		l.said = append(l.said, fmt.Errorf("%s: %w", s.name, err))
		if !explained(err) {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if s.name == "open" || s.name == "restart" {
			_ = l.close()
		}
	}
	return nil
}

// explained tells whether an error is one that the faults of this bench bring about.
func explained(err error) bool {
	for _, e := range []error{syscall.EIO, syscall.ENOSPC, log.ErrFailed, log.ErrFull, telemetry.ErrBusy, evidence.ErrFailed, evidence.ErrFull, context.DeadlineExceeded} {
		if errors.Is(err, e) {
			return true
		}
	}
	var c *log.CorruptError // a segment that cannot be read is refused as one that is damaged
	return errors.As(err, &c) && strings.Contains(c.Reason, syscall.EIO.Error())
}

// restart closes and opens.
func (l *life) restart(ctx context.Context) error {
	if err := l.close(); err != nil && !explained(err) {
		return err
	}
	if err := l.open(ctx); err != nil {
		return err
	}
	_, l.seq = l.store.LastSeq(producer)
	return nil
}

// send appends one batch: rows of every series from a time on, a second apart, all of one revision. Revision 2 withdraws.
func (l *life) send(ctx context.Context, from int64, revision uint32) error {
	b := telemetry.Batch{Origin: telemetry.Measured, Status: []telemetry.Status{}, Flags: []telemetry.Flags{}, Revision: []uint32{}}
	if revision > 0 {
		b.Origin = telemetry.Manual
	}
	l.book.batches++
	var rows []key
	for i := range l.rows {
		at := from + int64(i)*int64(time.Second)
		for series, ref := range l.refs {
			s := sampleOf(series, at, revision, b.Origin)
			k := key{series, at, revision}
			l.book.entries[k] = &entry{sample: s, batch: l.book.batches}
			rows = append(rows, k)
			if s.Value.Type == telemetry.String {
				s.Value.Bits = uint64(len(b.Text))
				b.Text = append(b.Text, s.Value.Text)
			}
			b.Ref, b.Time, b.Gateway = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, s.Gateway)
			b.Bits, b.Status, b.Flags, b.Revision = append(b.Bits, s.Value.Bits), append(b.Status, s.Status), append(b.Flags, s.Flags), append(b.Revision, revision)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer := make(chan error, 1)
	if err := l.store.Append(ctx, producer, 1, l.seq+1, &b, func(_ telemetry.Receipt, err error) { answer <- err }); err != nil {
		return err
	}
	if err := <-answer; err != nil {
		return err
	}
	l.seq++
	for _, k := range rows {
		l.book.entries[k].acked = true
	}
	return nil
}

// sampleOf is the sample of a series, a time and a revision.
func sampleOf(series int, at int64, revision uint32, origin telemetry.Origin) telemetry.Sample {
	h := uint64(at)/1e9*0x9E3779B97F4A7C15 + uint64(series)*0xBF58476D1CE4E5B9 + uint64(revision)*0x94D049BB133111EB
	h ^= h >> 29
	s := telemetry.Sample{Time: at, Gateway: at + int64(h%1000)*1000, Origin: origin, Revision: revision}
	switch {
	case revision == 2:
		s.Status, s.Flags = telemetry.Bad, telemetry.NoValue|telemetry.Withdrawn
		return s
	case h%11 == 3:
		s.Status, s.Flags = telemetry.BadNoCommunication, telemetry.NoValue
		return s
	case h%13 == 5:
		s.Status = telemetry.UncertainLastUsable
	}
	s.Value.Type = types[series]
	switch s.Value.Type {
	case telemetry.Float64:
		s.Value.Bits = math.Float64bits(float64(int64(h%20000)-10000) / 100)
	case telemetry.Int64:
		s.Value.Bits = h >> 12
	case telemetry.Bool:
		s.Value.Bits = h & 1
	case telemetry.String:
		s.Value.Text = []string{"", "RUN", "停机"}[h%3]
		if h%3 == 1 {
			s.Value.Text += fmt.Sprintf(" %x", h>>40)
		}
	}
	return s
}

// prove puts entries into the evidence log: some that a checkpoint covers, and, at its last call, some that none does.
func (l *life) prove(ctx context.Context) error {
	if l.evidence == nil {
		return nil
	}
	for range 2 {
		var entries [][]byte
		for range 3 * l.rows {
			entries = append(entries, fmt.Appendf(nil, "leaf %d of the evidence of this life", l.leaf))
			l.leaf++
		}
		first, err := l.evidence.Append(ctx, entries)
		if err != nil {
			return err
		}
		l.book.group = first
		for i, e := range entries {
			l.book.leaves[first+uint64(i)] = string(e)
		}
		if len(l.book.leaves) > 15*l.rows {
			return nil
		}
		if _, err := l.evidence.Publish(ctx); err != nil {
			return err
		}
	}
	return nil
}
