package late

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/bench/result"
	"jingwei/bench/tsdb"
	"jingwei/bench/workload"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

const (
	pace      = 20 * time.Millisecond // between two batches whose acknowledgement is timed
	bareSyncs = 250                   // before and after
	bareBytes = 4096
)

// Stall is what merges do to acknowledgements, in milliseconds.
type Stall struct {
	Bare       result.Spread `json:"bareFdatasyncMs"`
	BareP99    float64       `json:"bareFdatasyncP99Ms"`
	Batches    int           `json:"batchesTimed"`
	Median     float64       `json:"medianMs"`
	P99        float64       `json:"p99Ms"`
	Longest    float64       `json:"longestMs"`
	Quiet      float64       `json:"longestWithoutMergeMs"`
	Merges     uint64        `json:"merges"`
	Written    uint64        `json:"bytesMerged"`
	MergeTime  float64       `json:"mergeSeconds"`
	Flushes    uint64        `json:"flushes"`
	milliOfAll []float64
}

// stall fills a store with many runs of blocks and merges them while batches come at a steady pace.
func (b *bench) stall(ctx context.Context) (err error) {
	dir := filepath.Join(b.dir, "stall")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var s Stall
	b.o.progress("a bare fdatasync, %d times", bareSyncs)
	bare, err := bareLoop(ctx, dir)
	if err != nil {
		return err
	}
	// Small heads make many blocks; nothing is merged until it is asked for.
	w, err := openWriter(ctx, dir, workload.Aged(b.o.Seed, math.MaxInt32, share, backlog))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	var quiet []float64
	for k := range b.plan.merges {
		b.o.progress("merge %d of %d: %d s of the stream are written", k+1, b.plan.merges, b.plan.fill)
		for range 2 { // so that there is something to merge however large a head is
			if err := errors.Join(w.fill(b.plan.fill/2), w.store.Flush(ctx)); err != nil {
				return err
			}
		}
		still, err := w.timed(ctx, func(done <-chan struct{}) error {
			select {
			case <-time.After(time.Second):
			case <-done:
			}
			return nil
		})
		if err != nil {
			return err
		}
		quiet = append(quiet, still...)
		began := time.Now()
		times, err := w.timed(ctx, func(<-chan struct{}) error { return w.store.Compact(ctx) })
		if err != nil {
			return err
		}
		s.MergeTime += time.Since(began).Seconds()
		s.milliOfAll = append(s.milliOfAll, times...)
	}
	st := w.store.Stats()
	s.Merges, s.Written, s.Flushes = st.Compactions, st.CompactWritten, st.Flushes
	more, err := bareLoop(ctx, dir)
	if err != nil {
		return err
	}
	bare = append(bare, more...)
	if len(s.milliOfAll) == 0 || s.Merges == 0 {
		return errors.New("nothing was merged")
	}
	s.Bare, s.BareP99 = result.Median(bare), percentile(bare, 0.99)
	s.Batches, s.Median, s.P99, s.Longest = len(s.milliOfAll), percentile(s.milliOfAll, 0.5), percentile(s.milliOfAll, 0.99), slices.Max(s.milliOfAll)
	s.Quiet = slices.Max(quiet)
	t := result.Table{Head: []string{"acknowledgement of a batch of 1,000, ms", "median", "p99", "longest", "times"}}
	t.Add("while blocks are merged", result.Number(s.Median), result.Number(s.P99), result.Number(s.Longest), fmt.Sprint(s.Batches))
	t.Add("while none are", result.Number(percentile(quiet, 0.5)), result.Number(percentile(quiet, 0.99)), result.Number(s.Quiet), fmt.Sprint(len(quiet)))
	t.Add("a bare fdatasync, alone", result.Number(s.Bare.Median), result.Number(s.BareP99), result.Number(s.Bare.Most), fmt.Sprint(s.Bare.Runs))
	b.r.Figures["stall"] = s
	b.r.AtMost("longest acknowledgement while blocks are merged, ms above a bare fdatasync's p99", max(s.Longest-s.BareP99, 0), 200)
	_, err = io.WriteString(b.out, t.String()+fmt.Sprintf("%d merges wrote %.1f MB in %.1f s\n\n", s.Merges, float64(s.Written)/1e6, s.MergeTime))
	return err
}

// percentile returns the value below which the share p lies.
func percentile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(int(p*float64(len(v))), len(v)-1)]
}

// bareLoop writes a page behind the other and syncs each; it returns milliseconds.
func bareLoop(ctx context.Context, dir string) (ms []float64, err error) {
	f, err := file.OS().OpenFile(filepath.Join(dir, "bare"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Allocate(0, bareSyncs*bareBytes); err != nil {
		return nil, err
	}
	page := make([]byte, bareBytes)
	for i := range bareSyncs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		page[0] = byte(i)
		began := time.Now()
		if _, err := f.WriteAt(page, int64(i)*bareBytes); err != nil {
			return nil, err
		}
		if err := f.Datasync(); err != nil {
			return nil, err
		}
		ms = append(ms, float64(time.Since(began))/1e6)
	}
	return ms, nil
}

// writer appends a stream to a store in this process.
type writer struct {
	ctx       context.Context
	journal   *log.Log
	store     *telemetry.Store
	refs      []telemetry.Ref
	generator *workload.Generator
	rows      workload.Batch
	batch     telemetry.Batch
	producer  uuid.UUID
	seq       uint64

	mu     sync.Mutex
	failed error
}

func openWriter(ctx context.Context, dir string, spec workload.Spec) (*writer, error) {
	w := &writer{ctx: ctx, generator: spec.Generator(0, 1), producer: uuid.NewSHA1(uuid.NameSpaceOID, []byte("late"))}
	var err error
	if w.journal, err = log.Open(log.Options{FS: file.OS(), Dir: filepath.Join(dir, "log"), Keepers: []string{telemetry.Keeper}, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		return nil, err
	}
	catalog := new(telemetry.MemoryCatalog)
	if w.refs, err = tsdb.Declare(ctx, spec, catalog); err == nil {
		w.store, err = telemetry.Open(ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(dir, "telemetry"), Log: w.journal, Catalog: catalog,
			HeadBytes: 1 << 20, CompactAfter: math.MaxInt32, SettleAfter: 100 * 365 * 24 * time.Hour})
	}
	if err != nil {
		return nil, errors.Join(err, w.journal.Close())
	}
	return w, nil
}

func (w *writer) close() error { return errors.Join(w.store.Close(), w.journal.Close()) }

// send appends the next batch of the stream; done is told when it is acknowledged.
func (w *writer) send(done func()) error {
	if !w.generator.Next(&w.rows) {
		return errors.New("the stream has ended")
	}
	tsdb.Rows(&w.batch, &w.rows, w.refs)
	w.seq++
	return w.store.Append(w.ctx, w.producer, 1, w.seq, &w.batch, func(_ telemetry.Receipt, err error) {
		if err != nil {
			w.mu.Lock()
			w.failed = errors.Join(w.failed, err)
			w.mu.Unlock()
		}
		done()
	})
}

func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// fill appends some seconds of the stream as fast as the store takes them.
func (w *writer) fill(seconds int) error {
	var flight sync.WaitGroup
	for range seconds * 20 { // groups of 50 devices
		flight.Add(1)
		if err := w.send(flight.Done); err != nil {
			return err
		}
	}
	flight.Wait()
	return w.failure()
}

// timed appends a batch at every step of the pace while do runs, one after the other, and returns how long each waited for
// its acknowledgement, in milliseconds.
func (w *writer) timed(ctx context.Context, do func(done <-chan struct{}) error) (ms []float64, err error) {
	ended := make(chan error, 1)
	stop := make(chan struct{})
	go func() { ended <- do(stop) }()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		acked := make(chan struct{})
		began := time.Now()
		if err := w.send(func() { close(acked) }); err != nil {
			close(stop)
			return ms, errors.Join(err, <-ended)
		}
		<-acked
		ms = append(ms, float64(time.Since(began))/1e6)
		select {
		case err := <-ended:
			return ms, errors.Join(err, w.failure())
		case <-ctx.Done():
			close(stop)
			return ms, errors.Join(ctx.Err(), <-ended)
		case <-tick.C:
		}
	}
}
