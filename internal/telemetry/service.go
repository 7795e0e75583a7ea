package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
)

// Partition is the journal's partition of telemetry records; Keeper is the name under which the store holds them.
const (
	Partition = "telemetry"
	Keeper    = "telemetry"
)

// Trouble is a condition of the store that people should know of: it begins with Active and ends without.
type Trouble struct {
	Kind    string // one of those below
	Subject string // what it is about: a directory or a file
	Active  bool
	Err     error
}

// Kinds of trouble.
const (
	TroubleFlush   = "telemetry.flush"   // blocks cannot be written; the samples are safe in the journal
	TroubleCompact = "telemetry.compact" // blocks cannot be merged
	TroubleDamage  = "telemetry.damage"  // a block is damaged; Subject is its file
	TroubleFuture  = "telemetry.future"  // a producer (Subject) sends samples dated ahead; they are kept, and shown when due
)

// Options build a store. FS, Dir, Log and Catalog are required.
type Options struct {
	FS      file.FS
	Dir     string      // of the store alone
	Log     log.Journal // this node's own, or the one in the cluster
	Catalog Catalog
	Now     func() time.Time
	Logger  *slog.Logger
	Raise   func(Trouble) // called from the store's goroutines; must not block

	HeadBytes    int64         // memory of the head before it is flushed; a second one fills meanwhile. Default 64 MiB
	HeadAge      time.Duration // the longest that samples stay in the head. Default 2 h
	BlockBytes   int64         // about the size of a block file. Default 6 MiB
	CompactAfter int           // flushes of one day that are merged at once. Default 8
	SettleAfter  time.Duration // a day to which nothing came for so long is merged for good. Default 30 min
	CompactRate  int64         // bytes per second that compaction may write, 0: no limit. Default 64 MiB/s
	NoBackground bool          // no flush by age and no compaction but when called for: for tests
	RetryFlush   time.Duration // first pause after a failed flush; doubles up to a minute. Default 1 s
}

// Store keeps the samples of a node. All methods are safe for concurrent use.
type Store struct {
	o         Options
	partition log.Topic
	pool      *slabPool
	lock      io.Closer
	opened    uint64 // the cursor at the start, at least 1

	catalogMu sync.Mutex // one declaration at a time
	known     atomic.Pointer[catalogue]

	insertMu sync.Mutex    // insertion and sealing
	active   *head         // the one that takes samples; nil once closed
	inserted atomic.Uint64 // greatest commit number in the heads and blocks
	late     []Mark        // under insertMu: of the batch being inserted
	watch    watch

	viewMu   sync.Mutex
	view     *view
	headRefs map[*head]int

	producersMu sync.Mutex
	producers   map[uuid.UUID]*producer
	prepared    sync.Pool
	scanners    sync.Pool
	builders    sync.Pool // of block.Builder, for their memory

	room          gate
	manifest      *manifest     // written under workMu
	workMu        sync.Mutex    // one flush or compaction changes the manifest at a time
	nextBlock     atomic.Uint64 // number of the next file
	started       time.Time
	lastFlush     map[cell]time.Time // under workMu
	doubtful      []string           // under workMu: files that a manifest may name whose writing failed
	compactMu     sync.Mutex         // one compaction at a time
	compactFailed bool               // of the compactor's goroutine
	latest        latestTable
	stats         counters

	flushNow   chan struct{}
	compactNow chan struct{}
	ctx        context.Context
	stop       context.CancelFunc
	done       sync.WaitGroup
	closing    atomic.Bool
}

// catalogue is what is known of the series; it is replaced as a whole when series are declared.
type catalogue struct {
	series []Series // by Ref; 0 is unused
	types  kinds
	byID   map[uuid.UUID]Ref
}

func (c *catalogue) with(more []Series) *catalogue {
	next := &catalogue{series: append([]Series(nil), c.series...), types: append(kinds(nil), c.types...), byID: c.byID}
	fresh := false
	for _, s := range more {
		for int(s.Ref) >= len(next.series) {
			next.series = append(next.series, Series{})
			next.types = append(next.types, 0)
		}
		fresh = fresh || next.types[s.Ref] == 0
		next.series[s.Ref], next.types[s.Ref] = s, s.Type
	}
	if fresh {
		next.byID = make(map[uuid.UUID]Ref, len(next.series))
		for _, s := range next.series[1:] {
			if s.Type != 0 {
				next.byID[s.ID] = s.Ref
			}
		}
	}
	return next
}

// Open opens the store in o.Dir, or begins one, and takes over from the journal what is not in its blocks yet. Blocks that
// are damaged are told through Raise and kept aside; a damaged manifest is a *ManifestError, a directory in use by another
// process file.ErrLocked.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.setDefaults()
	s := &Store{o: o, headRefs: map[*head]int{}, producers: map[uuid.UUID]*producer{}, flushNow: make(chan struct{}, 1), compactNow: make(chan struct{}, 1)}
	s.prepared.New = func() any { return new(prepared) }
	s.pool = &slabPool{most: int(o.HeadBytes/(slabLen*12)) + 1}
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.open(ctx); err != nil {
		s.stop()
		if s.view != nil {
			s.release(s.view)
		}
		if s.lock != nil {
			s.lock.Close()
		}
		return nil, fmt.Errorf("open telemetry in %s: %w", o.Dir, err)
	}
	if !o.NoBackground {
		s.done.Add(2)
		go s.flusher()
		go s.compactor()
	}
	return s, nil
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Raise == nil {
		o.Raise = func(Trouble) {}
	}
	if o.HeadBytes <= 0 {
		o.HeadBytes = 64 << 20
	}
	if o.HeadAge <= 0 {
		o.HeadAge = 2 * time.Hour
	}
	if o.BlockBytes <= 0 {
		o.BlockBytes = 6 << 20
	}
	if o.CompactAfter < 2 {
		o.CompactAfter = 8
	}
	if o.SettleAfter <= 0 {
		o.SettleAfter = 30 * time.Minute
	}
	if o.CompactRate == 0 {
		o.CompactRate = 64 << 20
	}
	if o.RetryFlush <= 0 {
		o.RetryFlush = time.Second
	}
}

func (s *Store) blockDir() string          { return filepath.Join(s.o.Dir, "blocks") }
func (s *Store) blockPath(n uint64) string { return filepath.Join(s.blockDir(), blockName(n)) }
func (s *Store) manifestPath() string      { return filepath.Join(s.o.Dir, manifestName) }
func (s *Store) raise(k, what string, e error) {
	s.o.Raise(Trouble{Kind: k, Subject: what, Active: true, Err: e})
}
func (s *Store) clear(k, what string) { s.o.Raise(Trouble{Kind: k, Subject: what}) }

func (s *Store) open(ctx context.Context) error {
	fsys := s.o.FS
	if err := file.MakeDir(fsys, s.blockDir(), 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	lock, err := fsys.Lock(filepath.Join(s.o.Dir, "lock"))
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	s.lock = lock
	if err := s.loadManifest(); err != nil {
		return err
	}
	series, err := s.o.Catalog.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the catalogue of series: %w", err)
	}
	s.known.Store((&catalogue{series: make([]Series, 1), types: make(kinds, 1), byID: map[uuid.UUID]Ref{}}).with(series))
	if err := s.removeStrays(); err != nil {
		return err
	}
	var blocks []*blockFile
	for _, m := range s.manifest.blocks {
		b := openBlock(fsys, s.blockPath(m.number), m)
		b.remove = s.removeBlock
		if e := b.broken.Load(); e != nil {
			s.damaged(b, *e)
		}
		blocks = append(blocks, b)
	}
	s.inserted.Store(s.manifest.cursor)
	s.nextBlock.Store(s.manifest.nextBlock)
	s.started, s.lastFlush = s.o.Now(), map[cell]time.Time{}
	s.opened = max(s.manifest.cursor, 1)
	s.latest.init(len(blocks) == 0)
	s.active = newHead(len(series)+1, s.pool)
	s.setView(s.active, nil, blocks)
	if s.partition, err = s.o.Log.Topic(Partition); err != nil {
		return err
	}
	if last := s.o.Log.Last().Number; last < s.manifest.cursor {
		return &ManifestError{File: s.manifestPath(), Reason: fmt.Sprintf("holds commits up to %d but the journal ends at %d: "+
			"it is another or an older journal; restore both from the same backup", s.manifest.cursor, last)}
	}
	if err := s.replay(ctx); err != nil {
		return err
	}
	return s.o.Log.Keep(Keeper, s.manifest.cursor+1)
}

// loadManifest reads the manifest or begins a store. A store always has one: blocks without it are not taken for a new
// store.
func (s *Store) loadManifest() error {
	name := s.manifestPath()
	data, err := file.ReadAll(s.o.FS, name, maxManifest)
	if err == nil {
		s.manifest, err = decodeManifest(name, data)
		return err
	}
	if !missing(err) {
		return fmt.Errorf("read manifest: %w", err)
	}
	entries, err := s.o.FS.ReadDir(s.blockDir())
	if err != nil {
		return fmt.Errorf("list blocks: %w", err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".jwb") {
			return &ManifestError{File: name, Reason: "is missing but there are blocks; restore it from a backup"}
		}
	}
	s.manifest = &manifest{store: uuid.Must(uuid.NewV7()), nextBlock: 1, producers: map[uuid.UUID]position{}}
	if err := s.writeManifest(s.manifest); err != nil {
		return err
	}
	return s.syncParents()
}

// syncParents makes the directories that were just created durable, as far as this process may.
func (s *Store) syncParents() error {
	for dir := filepath.Clean(s.o.Dir); ; {
		up := filepath.Dir(dir)
		if up == dir {
			return nil
		}
		if err := s.o.FS.SyncDir(up); errors.Is(err, fs.ErrPermission) {
			return nil // not made by us
		} else if err != nil {
			return fmt.Errorf("make directory %s durable: %w", dir, err)
		}
		dir = up
	}
}

func (s *Store) writeManifest(m *manifest) error {
	if err := file.WriteAtomic(s.o.FS, s.manifestPath(), m.encode(), 0o600); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// removeStrays removes what a flush or compaction left that never became part of the store.
func (s *Store) removeStrays() error {
	live := map[string]bool{}
	for _, b := range s.manifest.blocks {
		live[blockName(b.number)] = true
	}
	entries, err := s.o.FS.ReadDir(s.blockDir())
	if err != nil {
		return fmt.Errorf("list blocks: %w", err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".jwb") && !live[e.Name()] {
			if err := s.o.FS.Remove(filepath.Join(s.blockDir(), e.Name())); err != nil {
				return fmt.Errorf("remove unfinished block: %w", err)
			}
		}
	}
	return nil
}

// replay puts into the head what the journal holds beyond the blocks.
func (s *Store) replay(ctx context.Context) error {
	for id, p := range s.manifest.producers {
		s.producers[id] = newProducer(p)
	}
	r := s.partition.Records(s.manifest.cursor + 1)
	p := new(prepared)
	for {
		rec, ok, err := r.TryNext()
		var trimmed *log.TrimmedError
		if errors.As(err, &trimmed) {
			return fmt.Errorf("the journal begins at commit %d but the blocks end at %d: samples between them are lost; restore the journal, or the blocks, from a backup: %w",
				trimmed.First, s.manifest.cursor, err)
		}
		if err != nil {
			return fmt.Errorf("replay the journal: %w", err)
		}
		if !ok {
			return nil
		}
		known := s.known.Load()
		if err := p.decode(rec.Data, known.types); err != nil {
			return fmt.Errorf("replay commit %d: %w", rec.Number, err)
		}
		s.insert(p, rec.Number, rec.Time)
		at := position{p.epoch, p.seq}
		if have := s.producers[p.producer]; have != nil {
			have.position, have.queued = at, at
		} else {
			s.producers[p.producer] = newProducer(at)
		}
		s.stats.replayed.Add(uint64(len(p.refs)))
		if s.sealedHead() != nil {
			if err := s.flushSealed(ctx); err != nil {
				return fmt.Errorf("flush while replaying: %w", err)
			}
		}
	}
}

// Close ends the store's goroutines and releases its files. It flushes nothing: the journal holds what is in the head.
// Batches whose done has not run yet get ErrClosed or their receipt. The journal must be closed by its owner, before or after.
func (s *Store) Close() error {
	if s.closing.Swap(true) {
		return nil
	}
	s.stop()
	s.room.open()
	s.done.Wait()
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	s.workMu.Lock()
	defer s.workMu.Unlock()
	s.insertMu.Lock()
	s.active = nil
	s.insertMu.Unlock()
	s.viewMu.Lock()
	v := s.view
	s.view = nil
	s.viewMu.Unlock()
	s.release(v)
	return s.lock.Close()
}
