package backup

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"jingwei/bench/result"
	"jingwei/bench/workload"
	"jingwei/internal/backup"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// stores are those of a node, as `jingwei serve` opens them.
type stores struct {
	dir     string
	db      *store.DB
	journal *log.Log
	series  *telemetry.Store
}

func open(ctx context.Context, dir string) (*stores, error) {
	s := &stores{dir: dir}
	var err error
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if s.db, err = store.Open(ctx, store.SQLiteURL(filepath.Join(dir, "records.db")), store.Options{}); err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	if s.journal, err = log.Open(log.Options{Dir: filepath.Join(dir, "journal"), Keepers: []string{telemetry.Keeper}, Logger: quiet}); err != nil {
		return nil, errors.Join(err, s.close())
	}
	catalog, err := telemetry.NewSQLCatalog(ctx, s.db)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.series, err = telemetry.Open(ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(dir, "telemetry"), Log: s.journal, Catalog: catalog, Logger: quiet})
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stores) close() (err error) {
	if s.series != nil {
		err = s.series.Close()
	}
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	return errors.Join(err, s.db.Close())
}

// feed appends the stream's batches, each producer a shard.
type feed struct {
	ctx  context.Context
	s    *stores
	spec workload.Spec
	refs []telemetry.Ref
	lane []lane
}

type lane struct {
	producer uuid.UUID
	seq      uint64
	from     *workload.Generator
	in       workload.Batch
	out      telemetry.Batch
}

const (
	lanes    = 2 // writers
	inFlight = 32
)

func newFeed(ctx context.Context, s *stores, seed uint64) (*feed, error) {
	// As many seconds as anybody will ask for; the stream is cut off where the blocks are large enough.
	// Values of all types, some of every bit pattern: more bytes a sample than a plant's, and so 1 GB in fewer of them.
	f := &feed{ctx: ctx, s: s, spec: workload.Wide(seed, 1<<24), lane: make([]lane, lanes)}
	f.spec.Typed = true
	d := make([]telemetry.Declaration, f.spec.Series())
	for i := range d {
		id := uuid.UUID{0x01, 0x9c, 0xad, 6: 0x70, 8: 0x80}
		binary.BigEndian.PutUint32(id[12:], uint32(i))
		d[i] = telemetry.Declaration{ID: id, Org: uuid.UUID{1}, Type: telemetry.Type(f.spec.Kind(i)), Unit: "1", Report: telemetry.Periodic, MaxSilence: 5 * time.Second}
	}
	var err error
	if f.refs, err = s.series.Declare(ctx, d); err != nil {
		return nil, err
	}
	for i := range f.lane {
		f.lane[i] = lane{producer: uuid.UUID{2, byte(i)}, from: f.spec.Generator(i, lanes)}
	}
	return f, nil
}

// run appends from all lanes until stop says so of the samples accepted so far, at most rate of them a second (0: as
// fast as they are taken). When it returns everything is durable.
func (f *feed) run(rate int, stop func(samples int64) bool) (int64, error) {
	var mu sync.Mutex
	var total int64
	var failed error
	begun := time.Now()
	var all sync.WaitGroup
	for i := range f.lane {
		all.Go(func() {
			l := &f.lane[i]
			flight := make(chan struct{}, inFlight)
			for l.from.Next(&l.in) {
				mu.Lock()
				ended := failed != nil || stop(total)
				total += int64(l.in.Len())
				ahead := time.Duration(0)
				if rate > 0 {
					ahead = time.Duration(float64(total)/float64(rate)*1e9) - time.Since(begun)
				}
				mu.Unlock()
				if ended {
					break
				}
				if ahead > 0 {
					time.Sleep(ahead)
				}
				flight <- struct{}{}
				if err := f.put(l, func(err error) {
					if err != nil {
						mu.Lock()
						failed = errors.Join(failed, err)
						mu.Unlock()
					}
					<-flight
				}); err != nil {
					<-flight
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
			}
			for range inFlight {
				flight <- struct{}{}
			}
		})
	}
	all.Wait()
	return total, failed
}

func (f *feed) put(l *lane, done func(error)) error {
	b := &l.out
	b.Origin = telemetry.Measured
	b.Ref, b.Status, b.Flags = b.Ref[:0], b.Status[:0], b.Flags[:0]
	for i, s := range l.in.Series {
		b.Ref = append(b.Ref, f.refs[s])
		b.Status = append(b.Status, telemetry.Status(l.in.Status[i]))
		b.Flags = append(b.Flags, telemetry.Flags(l.in.Flags[i]))
	}
	b.Time, b.Gateway, b.Bits, b.Text = l.in.Time, l.in.Gateway, l.in.Bits, l.in.Text
	l.seq++
	return f.s.series.Append(f.ctx, l.producer, 1, l.seq, b, func(_ telemetry.Receipt, err error) { done(err) })
}

// Run measures.
func Run(ctx context.Context, o Options, progress io.Writer) (*result.Result, error) {
	dir, err := os.MkdirTemp(o.Dir, "jingwei-backup-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// The node, its copy in the repository, and the restored one.
	if free, err := file.OS().Free(dir); err == nil && free < uint64(o.Bytes)*5 {
		return nil, fmt.Errorf("%s has room for %d MB and this needs about %d MB; name another disk with --dir", o.Dir, free/1e6, o.Bytes*5/1e6)
	}
	s, err := open(ctx, filepath.Join(dir, "node"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.close() }() // the folder goes away
	f, err := newFeed(ctx, s, o.Seed)
	if err != nil {
		return nil, err
	}
	r := result.New("backup", o.Seed)
	r.Versions["go"] = runtime.Version()
	fmt.Fprintf(progress, "filling %d MB of blocks\n", o.Bytes/1e6)
	begun := time.Now()
	samples, err := f.run(0, func(int64) bool { return ctx.Err() != nil || s.series.Stats().Bytes >= o.Bytes })
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	r.Figures["samples"], r.Figures["fillSeconds"] = samples, time.Since(begun).Seconds()
	r.Figures["blockBytes"], r.Figures["blocks"] = s.series.Stats().Bytes, s.series.Stats().Blocks
	return r, measure(ctx, o, s, f, r, dir, progress)
}

func measure(ctx context.Context, o Options, s *stores, f *feed, r *result.Result, dir string, progress io.Writer) error {
	repo := filepath.Join(dir, "repository")
	w, err := backup.WriteRepository(file.OS(), repo, "bench", time.Now())
	if err != nil {
		return err
	}
	defer w.Close()
	src := &backup.Source{FS: file.OS(), Dir: s.dir, DB: s.db, Journal: s.journal, Telemetry: s.series, Program: "bench", Now: time.Now}
	var first *backup.Result
	for _, run := range []string{"backup", "incremental"} {
		fmt.Fprintln(progress, run, "while samples come")
		done := make(chan struct{})
		fed := make(chan error, 1)
		var came int64
		go func() {
			n, err := int64(0), error(nil)
			if o.Rate > 0 {
				n, err = f.run(o.Rate, func(int64) bool {
					select {
					case <-done:
						return true
					default:
						return ctx.Err() != nil
					}
				})
			}
			came = n
			fed <- err
		}()
		begun := time.Now()
		res, err := backup.Run(ctx, src, w, nil)
		took := time.Since(begun).Seconds()
		close(done)
		if err := errors.Join(err, <-fed); err != nil {
			return err
		}
		r.Figures[run+"Seconds"], r.Figures[run+"Bytes"], r.Figures[run+"WrittenBytes"], r.Figures[run+"ReadBytes"] = took, res.Bytes, res.Written, res.Read
		r.Figures[run+"MBps"] = float64(res.Bytes) / 1e6 / took
		r.Figures[run+"SamplesMeanwhile"] = came
		if first == nil {
			first = res
		}
	}
	r.Figures["repositoryBytes"] = sizeOf(repo)

	fmt.Fprintln(progress, "verifying")
	begun := time.Now()
	report, err := w.Verify(ctx, first.Snapshot, dir, nil)
	if err != nil {
		return err
	}
	r.Figures["verifySeconds"] = time.Since(begun).Seconds()
	r.Holds("the snapshot verifies", len(report.Findings) == 0)

	fmt.Fprintln(progress, "restoring")
	begun = time.Now()
	to := filepath.Join(dir, "restored")
	if _, err := backup.Restore(ctx, w, backup.RestoreOptions{Snapshot: first.Snapshot, To: to}); err != nil {
		return err
	}
	r.Figures["restoreSeconds"] = time.Since(begun).Seconds()
	r.Figures["restoreMBps"] = float64(first.Bytes) / 1e6 / time.Since(begun).Seconds()
	begun = time.Now()
	back, err := open(ctx, to)
	if err != nil {
		return err
	}
	defer func() { _ = back.close() }() // the folder goes away
	r.Figures["openSeconds"] = time.Since(begun).Seconds()

	fmt.Fprintln(progress, "comparing every sample")
	compared, different, err := compare(ctx, s, back, f.refs, first.Commit)
	if err != nil {
		return err
	}
	r.Figures["compared"], r.Figures["seriesDifferent"] = compared, different
	r.Holds("the restored node equals the source as of the cut", different == 0 && compared > 0)
	return nil
}

// compare compares all samples of all series up to the cut, superseded ones too.
func compare(ctx context.Context, s, back *stores, refs []telemetry.Ref, cut uint64) (samples int64, different int, err error) {
	seed := maphash.MakeSeed()
	for _, ref := range refs {
		a, err := digest(ctx, s.series, ref, int64(cut), seed)
		if err != nil {
			return samples, different, err
		}
		b, err := digest(ctx, back.series, ref, math.MaxInt64, seed)
		if err != nil {
			return samples, different, err
		}
		samples += b.rows
		if a != b {
			different++
		}
	}
	return samples, different, nil
}

// digested is a series' samples, column by column: heads and blocks give the same rows in other runs.
type digested struct {
	rows    int64
	columns [9]uint64
}

func digest(ctx context.Context, s *telemetry.Store, ref telemetry.Ref, cut int64, seed maphash.Seed) (d digested, err error) {
	var h [9]maphash.Hash
	for i := range h {
		h[i].SetSeed(seed)
	}
	add := func(r *telemetry.Run, i, j int) {
		d.rows += int64(j - i)
		words(&h[0], r.Time[i:j])
		words(&h[1], r.Gateway[i:j])
		words(&h[2], r.Status[i:j])
		words(&h[3], r.Flags[i:j])
		words(&h[4], r.Origin[i:j])
		words(&h[5], r.Revision[i:j])
		words(&h[6], r.Commit[i:j])
		if r.Type != telemetry.String {
			words(&h[7], r.Bits[i:j])
			return
		}
		for _, s := range r.Text[i:j] {
			maphash.WriteComparable(&h[8], s)
		}
	}
	err = s.Scan(ctx, ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.ScanOptions{Columns: telemetry.Everything, History: true}, func(r *telemetry.Run) bool {
		from := 0
		for k, c := range r.Commit {
			if c > cut {
				add(r, from, k)
				from = k + 1
			}
		}
		add(r, from, r.Len())
		return true
	})
	for i := range h {
		d.columns[i] = h[i].Sum64()
	}
	return d, err
}

// words hashes numbers as they lie in memory: both sides are hashed by the same program.
func words[T int64 | uint64 | uint32](h *maphash.Hash, v []T) {
	if len(v) > 0 {
		_, _ = h.Write(unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), len(v)*int(unsafe.Sizeof(v[0])))) // never fails
	}
}

func sizeOf(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

func tell(w io.Writer, r *result.Result) {
	t := result.Table{Head: []string{"step", "seconds", "MB/s", "MB", "MB written"}}
	number := func(name string) float64 {
		switch v := r.Figures[name].(type) {
		case float64:
			return v
		case int64:
			return float64(v)
		case int:
			return float64(v)
		}
		return 0
	}
	mb := func(name string) string { return fmt.Sprintf("%.0f", number(name)/1e6) }
	sec := func(name string) string { return fmt.Sprintf("%.1f", number(name)) }
	for _, run := range []string{"backup", "incremental"} {
		t.Add(run, sec(run+"Seconds"), fmt.Sprintf("%.0f", number(run+"MBps")), mb(run+"Bytes"), mb(run+"WrittenBytes"))
	}
	t.Add("verify", sec("verifySeconds"), "", mb("backupBytes"), "")
	t.Add("restore", sec("restoreSeconds"), fmt.Sprintf("%.0f", number("restoreMBps")), mb("backupBytes"), mb("backupBytes"))
	fmt.Fprintf(w, "%s samples in %s blocks of %s MB; the repository has %s MB with both snapshots\n\n%s",
		result.Number(number("samples")), result.Number(number("blocks")), mb("blockBytes"), mb("repositoryBytes"), t.String())
}
