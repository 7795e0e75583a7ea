package tsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/bench/trial"
	"jingwei/bench/workload"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// ownProducers is the number of producers that append at the same time; each has some batches in flight.
const (
	ownProducers = 200
	ownInFlight  = 4
)

// ownStore is our telemetry store under trial: the same options as `jingwei serve`, a journal with fdatasync on the same
// disk, a catalogue in memory.
type ownStore struct {
	ctx       context.Context
	spec      workload.Spec
	journal   *log.Log
	store     *telemetry.Store
	refs      []telemetry.Ref
	producers []producer
	batches   [2]telemetry.Batch
	pending   sync.WaitGroup
	mu        sync.Mutex
	failed    error
}

type producer struct {
	id     uuid.UUID
	seq    uint64
	flight chan struct{}
}

func (*ownStore) Name() string { return ownName }

func (*ownStore) Version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "unreleased"
}

func (e *ownStore) Open(dir string, spec workload.Spec) error {
	e.ctx, e.spec = context.Background(), spec
	var err error
	e.journal, err = log.Open(log.Options{FS: file.OS(), Dir: filepath.Join(dir, "log"), Keepers: []string{telemetry.Keeper},
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	// The catalogue is made anew in each process, in the same order, so that the series keep their numbers.
	catalogue := new(telemetry.MemoryCatalog)
	if e.refs, err = Declare(e.ctx, spec, catalogue); err != nil {
		return err
	}
	e.store, err = telemetry.Open(e.ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(dir, "telemetry"), Log: e.journal,
		Catalog: catalogue, Raise: func(t telemetry.Trouble) {
			if t.Active {
				e.fail(fmt.Errorf("%s of %s: %w", t.Kind, t.Subject, t.Err))
			}
		}})
	if err != nil {
		return err
	}
	for i := range ownProducers {
		p := producer{id: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "producer %d", i)), flight: make(chan struct{}, ownInFlight)}
		_, p.seq = e.store.LastSeq(p.id)
		e.producers = append(e.producers, p)
	}
	return nil
}

func declarations(spec workload.Spec) []telemetry.Declaration {
	d := make([]telemetry.Declaration, spec.Series())
	for i := range d {
		d[i] = telemetry.Declaration{
			ID: seriesID(i), Org: uuid.NewSHA1(uuid.NameSpaceOID, []byte("works")), Type: telemetry.Type(spec.Kind(i)), Unit: "1",
			Report: telemetry.Periodic, MaxSilence: max(5*time.Second, 3*spec.Every),
		}
		if t := d[i].Type; t == telemetry.Bool || t == telemetry.String {
			d[i].Unit = ""
		}
	}
	return d
}

// seriesID gives the series of a stream ids that lie beside each other as those of a plant do, whose points are made
// one after the other.
func seriesID(series int) uuid.UUID {
	id := uuid.UUID{0x01, 0x9c, 0xad, 0, 0, 0, 0x70}
	id[8] = 0x80
	id[13], id[14], id[15] = byte(series>>16), byte(series>>8), byte(series)
	return id
}

func (e *ownStore) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failed == nil {
		e.failed = err
	}
}

func (e *ownStore) failure() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failed
}

// Write hands a batch to the producer whose turn it is: the batches of a group of devices go to its producers by turns.
func (e *ownStore) Write(writer int, b *workload.Batch) error {
	writers := trial.Writers(e.spec)
	share := ownProducers / writers
	groups := (e.spec.Groups() + writers - 1) / writers
	turns := max(1, share/groups)
	p := &e.producers[writer*share+(b.Group/writers*turns+b.Tick%turns)%share]

	t := &e.batches[writer]
	Rows(t, b, e.refs)

	p.flight <- struct{}{}
	p.seq++
	e.pending.Add(1)
	err := e.store.Append(e.ctx, p.id, 1, p.seq, t, func(_ telemetry.Receipt, err error) {
		if err != nil {
			e.fail(err)
		}
		<-p.flight
		e.pending.Done()
	})
	if err != nil {
		e.pending.Done()
		return err
	}
	return e.failure()
}

func (e *ownStore) Flush() error {
	e.pending.Wait()
	if err := e.store.Flush(e.ctx); err != nil {
		return err
	}
	return e.failure()
}

func (e *ownStore) Compact() error {
	if err := e.store.Compact(e.ctx); err != nil {
		return err
	}
	return e.failure()
}

func (e *ownStore) Close() error { return errors.Join(e.store.Close(), e.journal.Close()) }

func (*ownStore) LogPaths(dir string) []string { return []string{filepath.Join(dir, "log")} }

// Raw reads times, values, statuses and flags; the peers have the first two only.
func (e *ownStore) Raw(series int, from, to int64) (trial.Answer, error) {
	var a trial.Answer
	err := e.store.Scan(e.ctx, e.refs[series], telemetry.Span{From: from, To: to}, telemetry.ScanOptions{Columns: telemetry.TimeAndValue | telemetry.WithStatus},
		func(r *telemetry.Run) bool {
			if !r.Nulls {
				a.Points, a.Sum = a.Points+len(r.Bits), a.Sum+trial.SumBits(r.Bits)
				return true
			}
			flags := r.Flags[:len(r.Bits)]
			for i, bits := range r.Bits {
				if telemetry.Flags(flags[i])&telemetry.NoValue == 0 {
					a.Points++
					a.Sum += math.Float64frombits(bits)
				}
			}
			return true
		})
	return a, err
}

// Count counts the rows that have a value.
func (e *ownStore) Count(from, to int64) (int, error) {
	n := 0
	for _, ref := range e.refs {
		err := e.store.Scan(e.ctx, ref, telemetry.Span{From: from, To: to}, telemetry.ScanOptions{Columns: telemetry.TimeAndValue | telemetry.WithStatus},
			func(r *telemetry.Run) bool {
				n += r.Len()
				if r.Nulls {
					for _, f := range r.Flags {
						n -= int(telemetry.Flags(f) & telemetry.NoValue)
					}
				}
				return true
			})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Ways are the two ways of asking: for the answer as a whole, and series by series as it is reckoned.
func (*ownStore) Ways() []string { return []string{"Aggregate", "AggregateEach"} }

// Means asks for whole aggregates: count, good, uncertain, bad, first, last, min, max, sum and covered time beside the
// mean. The mean is of the good values alone; the peers, which keep no status, take all.
func (e *ownStore) Means(way string, from, to, step int64) (trial.Answer, error) {
	var a trial.Answer
	add := func(buckets []telemetry.Bucket) {
		for i := range buckets {
			if buckets[i].Good > 0 {
				a.Points++
				a.Sum += buckets[i].Mean
			}
		}
	}
	span, o := telemetry.Span{From: from, To: to}, telemetry.AggregateOptions{Step: time.Duration(step), Now: to}
	if way == "AggregateEach" {
		err := e.store.AggregateEach(e.ctx, e.refs, span, o, func(_ int, b []telemetry.Bucket) error { add(b); return nil })
		return a, err
	}
	series, err := e.store.Aggregate(e.ctx, e.refs, span, o)
	if err != nil {
		return a, err
	}
	for _, buckets := range series {
		add(buckets)
	}
	return a, nil
}

// FromRollUps tells how many samples of means came from what blocks keep of their chunks' parts. Raw days are no aggregates.
func (e *ownStore) FromRollUps() (kept, all uint64) {
	s := e.store.Stats()
	return s.AggregatedKept, s.Aggregated
}

// Verify compares every row with the stream made anew.
func (e *ownStore) Verify(spec workload.Spec) (rows int, different string, err error) {
	for series, want := range spec.Collect() {
		i := 0
		err := e.store.Scan(e.ctx, e.refs[series], telemetry.Span{From: math.MinInt64, To: math.MaxInt64}, telemetry.ScanOptions{Columns: telemetry.Everything},
			func(r *telemetry.Run) bool {
				for k := range r.Len() {
					got := r.Sample(k)
					if i == len(want) || !same(want[i], got, spec.Kind(series)) {
						different = fmt.Sprintf("series %d, row %d of %d: %+v came back as %+v", series, i, len(want), want[min(i, len(want)-1)], got)
						return false
					}
					i++
				}
				return true
			})
		if err != nil {
			return rows, different, err
		}
		if rows += i; different != "" {
			return rows, different, nil
		}
		if i < len(want) {
			return rows, fmt.Sprintf("series %d: %d rows of %d", series, i, len(want)), nil
		}
	}
	return rows, "", nil
}

func same(want workload.Row, got telemetry.Sample, kind workload.Kind) bool {
	if got.Time != want.Time || got.Gateway != want.Gateway || uint32(got.Status) != want.Status || uint16(got.Flags) != want.Flags ||
		got.Origin != telemetry.Measured || got.Revision != 0 || got.Commit == 0 {
		return false
	}
	if want.Flags&workload.NoValue != 0 {
		return got.Value == telemetry.Value{}
	}
	return got.Value == telemetry.Value{Type: telemetry.Type(kind), Bits: want.Bits, Text: want.Text}
}
