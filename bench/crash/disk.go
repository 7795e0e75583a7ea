package crash

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// How a life of the node on the faulty disk ends.
const (
	powerLoss   = "lost page cache" // the power fails between or in the middle of operations
	failedFsync = "failed fsync"
	fullDisk    = "full disk"
	readOnly    = "read-only disk"
	tornWrite   = "torn write" // half of a write is done, and the power fails at that moment
)

const (
	diskLanes   = 3
	diskLives   = 3   // of a run; after each one everything is read
	diskBatches = 120 // of a lane in one life, at most
	diskFlight  = 6   // batches of a lane under way
)

// diskRun is journal and telemetry store on a disk in memory, over several lives. The books are not on that disk.
type diskRun struct {
	disk    *fault.Disk
	fs      file.FS // disk, as journal and store see it
	rng     *rand.Rand
	catalog *telemetry.MemoryCatalog // stands for the SQL records, whose own durability is SQLite's
	lanes   []*diskLane
	start   int64

	log   *log.Log
	store *telemetry.Store
	refs  [][4]telemetry.Ref
	order *order

	tally  Tally
	orders OrderSum
	blocks uint64 // flushes and merges seen
	dead   uint64 // lives that ended in a fault, not at their end
}

type diskLane struct {
	mu sync.Mutex
	book
	producer uuid.UUID
	fault    error
}

func newDiskRun(seed uint64) *diskRun {
	disk := fault.NewDisk(seed)
	r := &diskRun{disk: disk, fs: disk, rng: rand.New(rand.NewPCG(seed, 1)), catalog: &telemetry.MemoryCatalog{},
		start: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).UnixNano()}
	for i := range diskLanes {
		l := &diskLane{producer: uuidOf(9, i), book: book{epoch: 1, commits: map[uint64]uint64{},
			lane: lane{seed: seed<<8 + uint64(i), base: r.start, text: 300}}}
		for k := range l.series {
			l.series[k] = uuidOf(1, i*4+k)
		}
		r.lanes = append(r.lanes, l)
	}
	return r
}

func uuidOf(kind byte, i int) uuid.UUID {
	return uuid.UUID{0: kind, 6: 0x70, 8: 0x80, 14: byte(i >> 8), 15: byte(i)}
}

// open opens journal and store as the node does, with small heads, blocks and segments: much of what is interesting
// happens when one of them is full.
func (r *diskRun) open(ctx context.Context) error {
	now := time.Now
	var o *order
	l, err := log.Open(log.Options{FS: r.fs, Dir: "/node/journal", SegmentBytes: 128 << 10, MaxBytes: 16 << 20, AlignBytes: 512,
		Keepers: []string{telemetry.Keeper}, Now: now, Logger: slog.New(slog.DiscardHandler),
		Trace: func(event string, number uint64) {
			if o != nil {
				o.trace(event, number)
			}
		}})
	if err != nil {
		return err
	}
	o = newOrder(r.disk, l.Last().Number)
	r.disk.OnEvent(o.event)
	s, err := telemetry.Open(ctx, telemetry.Options{FS: r.fs, Dir: "/node/telemetry", Log: l, Catalog: r.catalog, Now: now,
		HeadBytes: 96 << 10, BlockBytes: 32 << 10, CompactAfter: 3, CompactRate: -1, RetryFlush: 5 * time.Millisecond})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	r.log, r.store, r.order, r.refs = l, s, o, nil
	for _, lane := range r.lanes {
		var d []telemetry.Declaration
		for k, t := range laneTypes {
			d = append(d, telemetry.Declaration{ID: lane.series[k], Org: uuidOf(5, 0), Type: t, Unit: laneUnits[k], Report: telemetry.Periodic, MaxSilence: time.Second})
		}
		refs, err := s.Declare(ctx, d)
		if err != nil {
			return errors.Join(fmt.Errorf("declare: %w", err), r.close())
		}
		r.refs = append(r.refs, [4]telemetry.Ref(refs))
	}
	return nil
}

func (r *diskRun) close() error {
	st := r.store.Stats()
	r.blocks += st.Flushes + st.Compactions
	r.orders.add(r.order.total())
	err := errors.Join(r.store.Close(), r.log.Close())
	r.store, r.log = nil, nil
	return err
}

// reopen opens after a fault. The disk may have an order to fail while it opens.
func (r *diskRun) reopen(ctx context.Context) error {
	for range 5 {
		err := r.open(ctx)
		r.disk.PowerOffAfter(-1)
		if !r.disk.IsOff() {
			return err
		}
		if err == nil { // it failed under what runs in the background
			_ = r.close()
		}
		r.dead++
		r.disk.PowerOn()
	}
	return errors.New("the power failed five times during the start")
}

// run lives several lives that end in the given way, and reads everything after each.
func (r *diskRun) run(ctx context.Context, how string) error {
	defer func() {
		if r.store != nil {
			_ = r.close()
		}
	}()
	for life := range diskLives {
		if how == powerLoss && life > 0 && r.rng.IntN(3) == 0 {
			r.disk.PowerOffAfter(r.rng.IntN(30)) // during the start
		}
		if err := r.reopen(ctx); err != nil {
			return fmt.Errorf("open after a %s: %w", how, err)
		}
		if err := r.read(ctx); err != nil {
			return err
		}
		failed := r.arm(how)
		err := r.load(ctx, how == tornWrite)
		if failed != nil {
			failed()
		}
		if err != nil {
			return err
		}
		if err := r.end(how); err != nil {
			return err
		}
	}
	r.disk.PowerOffAfter(-1)
	r.disk.Heal()
	if err := r.reopen(ctx); err != nil {
		return fmt.Errorf("open at the end: %w", err)
	}
	if err := r.read(ctx); err != nil {
		return err
	}
	if err := errors.Join(r.store.Flush(ctx), r.store.Compact(ctx)); err != nil {
		return fmt.Errorf("flush and merge at the end: %w", err)
	}
	return r.read(ctx)
}

// arm makes the disk fail while the load runs. What it returns is called after the load.
func (r *diskRun) arm(how string) func() {
	switch how {
	case powerLoss:
		r.disk.PowerOffAfter(r.rng.IntN(150))
	case failedFsync:
		name := []string{"*.seg", "*.seg", "*.jwb", "*"}[r.rng.IntN(4)]
		r.disk.Inject(fault.Fault{Op: "datasync", Name: name, Skip: r.rng.IntN(40), Err: syscall.EIO})
	case fullDisk:
		r.disk.Limit(r.disk.Used() + int64(r.rng.IntN(1<<20)))
	case readOnly:
		t := time.AfterFunc(time.Duration(r.rng.IntN(20))*time.Millisecond, func() { r.disk.SetReadOnly(true) })
		return func() { t.Stop() }
	case tornWrite:
		f := fault.Fault{Op: "write", Name: "*.seg", Skip: r.rng.IntN(60), Err: syscall.EIO, Part: true}
		if k := r.rng.IntN(4); k < 2 {
			f.Name, f.Skip = []string{"*.jwb", "manifest*"}[k], r.rng.IntN(8)
		}
		r.disk.Inject(f)
	}
	return nil
}

// end closes what is left of the life, as the fault wants it: a lost power loses what is in memory and in the page
// cache; after the others half of the runs lose their power too, and half end as by kill -9.
func (r *diskRun) end(how string) error {
	err := error(nil)
	if how == powerLoss || how == tornWrite || r.rng.IntN(2) == 0 {
		r.disk.PowerOff()
		err = r.close()
	} else {
		r.disk.Kill()
		err = r.close()
	}
	if err != nil && !r.expected(err) {
		return fmt.Errorf("close after a %s: %w", how, err)
	}
	r.disk.PowerOn()
	r.disk.Heal()
	return nil
}

// expected tells whether an error is one that the faults of this run bring about.
func (r *diskRun) expected(err error) bool {
	for _, e := range []error{fault.ErrPowerOff, syscall.EIO, syscall.ENOSPC, syscall.EROFS, log.ErrFailed, log.ErrFull, log.ErrClosed, telemetry.ErrClosed, telemetry.ErrBusy} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// load sends batches on all lanes until each has sent its share or the disk has failed. tear: the first write that fails
// takes the power with it.
func (r *diskRun) load(ctx context.Context, tear bool) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	hook := r.order.event
	r.disk.OnEvent(func(e fault.Event) {
		hook(e)
		if tear && e.Op == "write" && errors.Is(e.Err, syscall.EIO) {
			r.disk.PowerOff()
			e.Err = fault.ErrPowerOff
		}
		if errors.Is(e.Err, fault.ErrPowerOff) {
			cancel() // whoever waits for room would wait for ever
		}
	})
	var work sync.WaitGroup
	for i, l := range r.lanes {
		work.Go(func() { l.fault = r.send(ctx, i) })
	}
	work.Wait()
	r.disk.OnEvent(hook)
	ended := false
	for _, l := range r.lanes {
		if l.fault == nil {
			continue
		}
		ended = true
		if !r.expected(l.fault) && ctx.Err() == nil {
			return fmt.Errorf("append: %w", l.fault)
		}
	}
	if ended {
		r.dead++
	}
	return nil
}

// send is one producer: it resumes where the store says that it stands, and appends with several batches under way.
func (r *diskRun) send(ctx context.Context, i int) error {
	l := r.lanes[i]
	epoch, seq := r.store.LastSeq(l.producer)
	if v, bad := l.resumed(epoch, seq); bad {
		r.violate(v)
	}
	var batch telemetry.Batch
	var flight sync.WaitGroup
	defer flight.Wait()
	places := make(chan struct{}, diskFlight)
	failed := make(chan error, 1)
	for b := seq; b < seq+diskBatches; b++ {
		select {
		case places <- struct{}{}:
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
		l.mu.Lock()
		l.sent = max(l.sent, b+1)
		l.mu.Unlock()
		l.batch(&batch, b, r.refs[i])
		flight.Add(1)
		wait, stop := context.WithTimeout(ctx, 200*time.Millisecond) // a full disk makes the door wait
		err := r.store.Append(wait, l.producer, 1, b+1, &batch, func(receipt telemetry.Receipt, err error) {
			defer flight.Done()
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			} else {
				r.acked(l, b, receipt)
			}
			<-places
		})
		stop()
		if err != nil {
			flight.Done()
			return err
		}
	}
	return nil
}

// acked takes an acknowledgement, and has its order judged at this very moment.
func (r *diskRun) acked(l *diskLane, batch uint64, receipt telemetry.Receipt) {
	if !receipt.Duplicate {
		if v, bad := r.order.acked(receipt.Commit, l.batchMark(batch), l.series[0]); bad {
			r.violate(v)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = max(l.acked, batch+1)
	l.commits[batch] = receipt.Commit
}

// resumed checks what a receiver says that it holds of a producer against the book.
func (l *diskLane) resumed(epoch, seq uint64) (Violation, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resume(epoch, seq)
}

// resume checks what a receiver says that it holds durably.
func (b *book) resume(epoch, seq uint64) (Violation, bool) {
	if epoch == 0 && b.acked == 0 || epoch == b.epoch && seq >= b.acked && seq <= b.sent {
		return Violation{}, false
	}
	wrong := Lost
	if epoch > b.epoch || epoch == b.epoch && seq > b.sent {
		wrong = Unknown
	}
	return Violation{Wrong: wrong, Series: b.series[0], Time: b.time(seq * laneRows), Row: seq * laneRows, Detail: fmt.Sprintf("the store resumes after batch %d-%d; %d were acknowledged and %d sent in epoch %d",
		epoch, seq, b.acked, b.sent, b.epoch)}, true
}

func (r *diskRun) violate(v Violation) {
	r.lanes[0].mu.Lock()
	defer r.lanes[0].mu.Unlock()
	r.tally.add(v)
}
