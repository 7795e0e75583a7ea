package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sort"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

const (
	spoolPartition = "samples"
	spoolKeeper    = "uplink"
	placeFile      = "place.json"
	// maxTableEvery is how often the series table is written again, in bytes of batches: going back to any batch reads
	// no more than that, and a trimmed journal still begins with a table.
	maxTableEvery = 1 << 20
)

// spool is the journal between the machines and the link. One goroutine adds, one reads (through source), anybody asks.
type spool struct {
	dir     string
	fs      file.FS
	journal *log.Log
	part    *log.Partition
	aside   *quarantine
	now     func() time.Time
	log     *slog.Logger
	max     int64
	spooled func(federate.Table, *telemetry.Batch)

	// Used by the goroutine that adds.
	codec  federate.Codec
	record []byte
	since  int64 // bytes of batches since the table was written
	every  int64
	wrote  uint32 // number of the table that is in the journal last; 0: none of this process

	mu      sync.Mutex
	failed  chan struct{} // closed when the journal has failed
	place   place
	dirty   bool
	table   federate.Table
	number  uint32            // of the current table
	tables  map[uint32][]byte // tables of batches that may still be sent
	marks   []tableMark       // tables in the journal, oldest first
	next    uint64            // index of the next batch
	durable uint64            // greatest durable index
	window  []sentBatch       // read and not acknowledged, in order of index
	rows    uint64            // in batches that are durable and not acknowledged
	oldest  int64             // gateway time of the oldest of them
	full    bool
}

// tableMark is a table in the journal: batches from index on follow it.
type tableMark struct {
	index  uint64
	number uint64 // commit number in the journal
	table  uint32
}

// sentBatch is a batch that has been read for the link.
type sentBatch struct {
	index  uint64
	number uint64
	table  uint32
	rows   uint32
	oldest int64
}

type spoolOptions struct {
	FS       file.FS
	Dir      string
	Producer uuid.UUID
	MaxBytes int64
	Segment  int64
	Now      func() time.Time
	Logger   *slog.Logger
	Spooled  func(federate.Table, *telemetry.Batch) // may be nil; see Options
}

// openSpool opens or makes the spool and reads what it holds: the tables, the last index and what is not acknowledged.
func openSpool(o spoolOptions) (*spool, error) {
	s := &spool{dir: o.Dir, fs: o.FS, now: o.Now, log: o.Logger, max: o.MaxBytes, spooled: o.Spooled, failed: make(chan struct{}), tables: map[uint32][]byte{}}
	if err := o.FS.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the spool's folder: %w", err)
	}
	journal, err := log.Open(log.Options{
		FS: o.FS, Dir: filepath.Join(o.Dir, "journal"), SegmentBytes: o.Segment, MaxBytes: o.MaxBytes, RetainBytes: -1,
		MaxGroupBytes: 256 << 10, MaxPendingBytes: 4 << 20, AlignBytes: 512,
		Keepers: []string{spoolKeeper}, Now: o.Now, Logger: o.Logger,
		OnFailure: func(error) { close(s.failed) },
	})
	if err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	s.journal = journal
	s.every = maxTableEvery
	if o.Segment > 0 {
		s.every = min(s.every, o.Segment/4)
	}
	if s.part, err = journal.Partition(spoolPartition); err == nil {
		if err = s.load(o.Producer); err == nil {
			s.aside, err = openQuarantine(o, s.place.Acked)
		}
	}
	if err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	return s, nil
}

// close writes where the link stands and closes the journals.
func (s *spool) close() error {
	return errors.Join(s.savePlace(), s.aside.close(), s.journal.Close())
}

func (s *spool) load(producer uuid.UUID) error {
	known, err := s.readPlace()
	if err != nil {
		return err
	}
	reader := s.part.Read(s.journal.First())
	var head batchHead
	for {
		rec, ok, err := reader.TryNext()
		var trimmed *log.TrimmedError
		if errors.As(err, &trimmed) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read the spool: %w", err)
		}
		if !ok {
			break
		}
		switch {
		case len(rec.Data) > 0 && rec.Data[0] == recordTable:
			n, b, err := parseTable(rec.Data)
			if err != nil {
				return err
			}
			s.tables[n] = append([]byte(nil), b...)
			s.marks = append(s.marks, tableMark{index: s.durable + 1, number: rec.Number, table: n})
			s.number = max(s.number, n)
		default:
			if head, _, err = parseBatch(rec.Data); err != nil {
				return err
			}
			if s.durable != 0 && head.Index != s.durable+1 {
				return fmt.Errorf("%w: batch %d follows %d", errRecord, head.Index, s.durable)
			}
			if s.durable == 0 && len(s.marks) > 0 {
				s.marks[len(s.marks)-1].index = head.Index
			}
			s.durable = head.Index
			if known && head.Index > s.place.Acked {
				if s.rows == 0 {
					s.oldest = head.Oldest
				}
				s.rows += uint64(head.Rows)
			}
		}
	}
	if s.durable == 0 { // nothing to send, but indices must not be used twice
		s.durable = s.place.Acked
	}
	if !known {
		s.place = place{Producer: producer, Epoch: uint64(max(s.now().UnixMilli(), 1)), First: s.held()}
		s.place.Acked = s.place.First - 1
		s.dirty = true
	} else if s.place.Producer != producer {
		s.place = place{Producer: producer, Epoch: s.place.Epoch + 1, First: s.place.Acked + 1, Acked: s.place.Acked, Holes: s.place.Holes}
		s.dirty = true
	}
	if s.dirty {
		if err := s.savePlace(); err != nil {
			return err
		}
	}
	s.next = s.durable + 1
	return s.trim()
}

// held is the first index that can be read: the one behind the oldest table. s.mu is held, or nobody else is there.
func (s *spool) held() uint64 {
	if len(s.marks) > 0 {
		return s.marks[0].index
	}
	return s.durable + 1
}

// setTable numbers the series of the batches to come. The places of series that were in the table before must not move
// while batches made with it are on their way to add.
func (s *spool) setTable(t federate.Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table = t
	s.number++
	s.tables[s.number] = t.Append(nil)
}

// add queues one batch, whose Ref are places in the current table. done runs once it is durable, on the committer's
// goroutine; it is not called when add fails. Errors: log.ErrFull, log.ErrFailed, or a batch that cannot be encoded.
func (s *spool) add(ctx context.Context, b *telemetry.Batch, done func()) (epoch, seq uint64, err error) {
	s.mu.Lock()
	table, number, index := s.table, s.number, s.next
	p := s.place
	s.mu.Unlock()
	if s.wrote != number || s.since >= s.every {
		blob := appendTable(nil, number, table)
		if err := s.part.Append(ctx, blob, func(c log.Commit, err error) {
			if err == nil {
				s.mu.Lock()
				s.marks = append(s.marks, tableMark{index: index, number: c.Number, table: number})
				s.mu.Unlock()
			}
		}); err != nil {
			return 0, 0, fmt.Errorf("spool the series table: %w", err)
		}
		s.wrote, s.since = number, 0
	}
	h := batchHead{Index: index, Table: number, Rows: uint32(b.Len()), Oldest: b.Gateway[0]}
	for _, g := range b.Gateway {
		h.Oldest = min(h.Oldest, g)
	}
	s.record, err = s.codec.Append(h.append(s.record[:0]), table, b)
	if err != nil {
		return 0, 0, err
	}
	told := b
	if s.spooled == nil {
		told = nil // not kept until it is durable
	}
	err = s.part.Append(ctx, s.record, func(_ log.Commit, err error) {
		if err != nil {
			return // the journal has failed; the session ends and opens it anew
		}
		if told != nil {
			s.spooled(table, told)
		}
		s.mu.Lock()
		if s.rows == 0 {
			s.oldest = h.Oldest
		}
		s.rows += uint64(h.Rows)
		s.durable = index
		s.mu.Unlock()
		done()
	})
	if err != nil {
		return 0, 0, fmt.Errorf("spool %d samples: %w", h.Rows, err)
	}
	s.since += int64(len(s.record))
	s.mu.Lock()
	s.next = index + 1
	s.mu.Unlock()
	return p.Epoch, p.seq(index), nil
}

// acked notes that the node holds everything up to a sequence number.
func (s *spool) acked(epoch, seq uint64) (samples uint64) {
	s.mu.Lock()
	index := s.place.First + seq - 1
	if epoch != s.place.Epoch || index <= s.place.Acked || index > s.durable {
		s.mu.Unlock()
		return 0
	}
	s.place.Acked, s.dirty = index, true
	for len(s.window) > 0 && s.window[0].index <= index {
		samples += uint64(s.window[0].rows)
		s.window = s.window[1:]
	}
	s.rows -= min(s.rows, samples)
	if len(s.window) > 0 {
		s.oldest = s.window[0].oldest
	}
	if index == s.durable {
		s.rows = 0
	}
	before := len(s.marks)
	s.mu.Unlock()
	if before > 1 {
		if err := s.trim(); err != nil {
			s.log.Warn("trim the spool", "error", err)
		}
	}
	return samples
}

// trim lets the journal go up to the table that the first batch not acknowledged needs.
func (s *spool) trim() error {
	s.mu.Lock()
	want := s.place.Acked + 1
	k := 0
	for k+1 < len(s.marks) && s.marks[k+1].index <= want {
		k++
	}
	s.marks = s.marks[k:]
	from := s.journal.Last().Number + 1
	if len(s.marks) > 0 {
		from = s.marks[0].number
	}
	needed := map[uint32]bool{s.number: true}
	for _, m := range s.marks {
		needed[m.table] = true
	}
	for n := range s.tables {
		if !needed[n] {
			delete(s.tables, n)
		}
	}
	s.mu.Unlock()
	return s.journal.Keep(spoolKeeper, from)
}

// markFor returns the last table before a batch.
func (s *spool) markFor(index uint64) (tableMark, bool) {
	k := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].index > index })
	if k == 0 {
		return tableMark{}, false
	}
	return s.marks[k-1], true
}
