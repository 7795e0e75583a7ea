package index

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"jingwei/internal/kernel/file"
)

// Options of an index.
type Options struct {
	FS     file.FS
	Dir    string // its own; made if need be
	Logger *slog.Logger
	// TableBytes is how much is gathered in memory before it becomes a segment. Default 16 MiB.
	TableBytes int64
	// Damaged is told once when bytes turn out to be wrong while the index is open; it must not wait. May be nil.
	Damaged func(error)
}

// What an index that does not keep up does.
const (
	defaultTable = 16 << 20
	heldWeight   = 120 // bytes of memory of an entry of a table beside its key and record
	maxFrozen    = 8   // tables that wait to be written
)

// ErrBehind tells that segments cannot be written and too much waits in memory.
var ErrBehind = errors.New("the identifier index cannot write its segments")

// Change is what is now held under a name. The index keeps Record; it must not be changed any more.
type Change struct {
	Name   []byte // as in the record
	Record []byte // nil: nothing any more
}

// view is what readers see; it never changes, but for the newest table.
type view struct {
	seed     uint64
	tables   []*table   // the newest first, which takes what comes
	segments []*segment // the newest first
}

// Index is an open index. Its methods are safe for concurrent use.
type Index struct {
	o    Options
	view atomic.Pointer[view]

	mu      sync.Mutex // of what changes the view, and of the newest table
	through Mark       // of all that was applied
	frozen  []Mark     // of the tables behind the newest one, in their order
	behind  error      // why the last segment was not written
	room    *sync.Cond // a segment was written, or was not

	manifest manifest // owned by the goroutine that writes
	wake     chan struct{}
	resets   chan chan error
	stop     context.CancelFunc
	ended    chan struct{}
	damaged  atomic.Bool
}

// Open opens the index in a directory. Where there is none, or it is damaged, it begins empty: Through is zero then, and whatever is held
// must be given to Apply.
func Open(o Options) (*Index, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.TableBytes <= 0 {
		o.TableBytes = defaultTable
	}
	x := &Index{o: o, wake: make(chan struct{}, 1), resets: make(chan chan error), ended: make(chan struct{})}
	x.room = sync.NewCond(&x.mu)
	if err := file.MakeDir(o.FS, o.Dir, 0o700); err != nil {
		return nil, err
	}
	v, err := x.load()
	if errors.Is(err, ErrDamaged) {
		o.Logger.Warn("the identifier index is damaged and is made anew", "reason", err)
		v, err = nil, nil
	}
	if err == nil && v == nil {
		v, err = x.begin()
	}
	if err == nil {
		err = sweep(o.FS, o.Dir, &x.manifest)
	}
	if err != nil {
		return nil, fmt.Errorf("open the identifier index in %s: %w", o.Dir, err)
	}
	x.view.Store(v)
	ctx, cancel := context.WithCancel(context.Background())
	x.stop = cancel
	go x.run(ctx)
	return x, nil
}

// load reads manifest and segments; nil where there are none.
func (x *Index) load() (*view, error) {
	m, err := readManifest(x.o.FS, x.o.Dir)
	if m == nil || err != nil {
		return nil, err
	}
	v := &view{seed: m.Seed, tables: []*table{newTable()}}
	for _, n := range m.Segments {
		s, err := openSegment(x.o.FS, segmentName(x.o.Dir, n), n, m.Seed)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		v.segments = append(v.segments, s)
	}
	x.manifest, x.through = *m, m.mark()
	return v, nil
}

// begin makes an empty index.
func (x *Index) begin() (*view, error) {
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // it never fails
	// A new seed: segments of the index before it are told from its own.
	x.manifest = manifest{Seed: binary.LittleEndian.Uint64(seed[:]), Hash: hex.EncodeToString(make([]byte, 32)), Next: x.manifest.Next + 1}
	x.through = Mark{}
	if err := x.keep(x.manifest); err != nil {
		return nil, err
	}
	return &view{seed: x.manifest.Seed, tables: []*table{newTable()}}, nil
}

// keep makes a manifest the one that counts.
func (x *Index) keep(m manifest) error {
	b, err := m.encode()
	if err != nil {
		return err
	}
	if err := x.o.FS.SyncDir(x.o.Dir); err != nil { // the segments that it names must be there before it is
		return err
	}
	return file.WriteAtomic(x.o.FS, filepath.Join(x.o.Dir, manifestName), b, 0o600)
}

// Append appends the record held under a key; false when there is none. It allocates nothing when dst has room. Error: ErrDamaged, with
// dst as it was: what is held under the key is not known then.
func (x *Index) Append(dst, key []byte) (out []byte, ok bool, err error) {
	defer guard(debug.SetPanicOnFault(true), &err)
	out = dst
	v := x.view.Load()
	hash := hashOf(key, v.seed)
	for _, t := range v.tables {
		if out, s := t.find(dst, key, hash); s != unknown {
			return out, s == there, nil
		}
	}
	for _, s := range v.segments {
		out, known, err := s.find(dst, key, hash)
		if err != nil {
			x.tell(err)
			return dst, false, err
		}
		if known != unknown {
			runtime.KeepAlive(v)
			return out, known == there, nil
		}
	}
	runtime.KeepAlive(v) // the mappings live as long as somebody holds their segments
	return dst, false, nil
}

// tell reports damage, once.
func (x *Index) tell(err error) {
	if x.damaged.CompareAndSwap(false, true) {
		x.o.Logger.Error("the identifier index is damaged", "reason", err)
		if x.o.Damaged != nil {
			x.o.Damaged(err)
		}
	}
}

// Apply takes in what a commit changed, in its order, and waits where segments are written more slowly than changes come. through is the
// commit: the next Open tells it, or an earlier one. Errors: ErrBehind, with nothing taken; those of ctx.
func (x *Index) Apply(ctx context.Context, changes []Change, through Mark) error {
	stop := context.AfterFunc(ctx, func() { x.mu.Lock(); defer x.mu.Unlock(); x.room.Broadcast() })
	defer stop()
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.frozen) >= maxFrozen {
		if x.behind != nil {
			return fmt.Errorf("%w: %w", ErrBehind, x.behind)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		x.room.Wait()
	}
	v := x.view.Load()
	t := v.tables[0]
	for _, c := range changes {
		h := &held{key: appendKey(make([]byte, 0, len(c.Name)), c.Name), body: c.Record, gone: c.Record == nil}
		h.hash = hashOf(h.key, v.seed)
		if h.gone {
			h.body = append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(c.Name)), uint32(len(c.Name))), c.Name...)
		}
		t.put(h)
	}
	x.through = through
	if t.bytes+int64(t.n)*heldWeight >= x.o.TableBytes {
		x.freeze()
	}
	return nil
}

// freeze begins a new table; the one before waits to be written. The caller holds mu.
func (x *Index) freeze() {
	v := x.view.Load()
	if v.tables[0].n == 0 {
		return
	}
	x.frozen = append([]Mark{x.through}, x.frozen...)
	x.view.Store(&view{v.seed, append([]*table{newTable()}, v.tables...), v.segments})
	x.wakeUp()
}

func (x *Index) wakeUp() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Through is the last commit that was applied.
func (x *Index) Through() Mark {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.through
}

// Stats is what an index holds.
type Stats struct {
	Entries  int64 // in segments and in memory; one of a key that stands in several counts as often
	Segments int
	Mapped   int64 // bytes of the segments
	Waiting  int64 // bytes in memory
}

// Stats tells what the index holds now.
func (x *Index) Stats() Stats {
	x.mu.Lock()
	defer x.mu.Unlock()
	v := x.view.Load()
	out := Stats{Segments: len(v.segments)}
	for _, s := range v.segments {
		out.Entries += s.entries - s.gone
		out.Mapped += int64(len(s.data))
	}
	for _, t := range v.tables {
		out.Entries += int64(t.n)
		out.Waiting += t.bytes + int64(t.n)*heldWeight
	}
	return out
}

// Reset throws everything away: Through is zero afterwards. Nobody may Apply meanwhile.
func (x *Index) Reset(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case x.resets <- done:
		return <-done
	case <-x.ended:
		return errors.New("the identifier index is closed")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Damaged tells whether bytes of the index were found to be wrong; Reset makes it well again.
func (x *Index) Damaged() bool { return x.damaged.Load() }

// Check reads every byte of the segments. Error: ErrDamaged.
func (x *Index) Check(ctx context.Context) error {
	v := x.view.Load()
	for _, s := range v.segments {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.check(); err != nil {
			x.tell(err)
			return err
		}
	}
	return nil
}

// Close writes what is in memory and ends. Readers may go on; what they find is what was held.
func (x *Index) Close() error {
	x.stop()
	<-x.ended
	x.mu.Lock()
	x.freeze()
	x.mu.Unlock()
	return x.flush()
}
