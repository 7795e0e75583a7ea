package faults

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

const (
	journalDir   = "/node/journal"
	telemetryDir = "/node/telemetry"
	evidenceDir  = "/node/evidence"
	origin       = "faults.example/evidence"
	patience     = 150 * time.Millisecond // with a door that waits for room
)

var types = []telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String}

// begin is the source time of the first sample: noon of a day, so that a life of some days makes several blocks.
var begin = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC).UnixNano()

// keys of the evidence logs of a run; they guard nothing.
var keys = sync.OnceValues(func() ([]evidence.Signer, error) { return evidence.GenerateKeys(origin, rand.Reader) })

// node is the durable part of a node: journal, telemetry store and evidence log on one disk, with small files, and nothing
// that works in the background but the journal's own goroutines.
type node struct {
	disk    *fault.Disk
	fs      file.FS
	catalog *telemetry.MemoryCatalog // stands for the SQL records
	clock   *atomic.Int64

	log      *log.Log
	store    *telemetry.Store
	evidence *evidence.Log
	refs     []telemetry.Ref

	mu       sync.Mutex
	troubles []string // subjects of conditions raised
}

func newNode(disk *fault.Disk) *node {
	n := &node{disk: disk, fs: disk, catalog: &telemetry.MemoryCatalog{}, clock: new(atomic.Int64)}
	n.clock.Store(begin + int64(20*24*time.Hour))
	return n
}

// now is a clock that moves a little whenever it is looked at.
func (n *node) now() time.Time { return time.Unix(0, n.clock.Add(int64(time.Millisecond))).UTC() }

func (n *node) raised(t telemetry.Trouble) {
	if t.Active {
		n.mu.Lock()
		n.troubles = append(n.troubles, t.Subject)
		n.mu.Unlock()
	}
}

// told tells whether a condition named a file.
func (n *node) told(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range n.troubles {
		if strings.HasSuffix(t, name) {
			return true
		}
	}
	return false
}

func declarations() (d []telemetry.Declaration) {
	for i, t := range types {
		unit := "1"
		if t == telemetry.Bool || t == telemetry.String {
			unit = ""
		}
		d = append(d, telemetry.Declaration{ID: uuid.UUID{0: 1, 6: 0x70, 8: 0x80, 15: byte(i + 1)}, Org: uuid.UUID{0: 5, 6: 0x70, 8: 0x80}, Type: t, Unit: unit,
			Report: telemetry.Periodic, MaxSilence: time.Minute})
	}
	return d
}

// openStore opens journal and telemetry store.
func (n *node) openStore(ctx context.Context) error {
	series, err := n.catalog.Declare(ctx, declarations())
	if err != nil {
		return err
	}
	n.refs = n.refs[:0]
	for _, s := range series {
		n.refs = append(n.refs, s.Ref)
	}
	if n.log, err = log.Open(log.Options{FS: n.fs, Dir: journalDir, SegmentBytes: 64 << 10, MaxBytes: 4 << 20, AlignBytes: 512,
		Keepers: []string{telemetry.Keeper}, Now: n.now, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		return err
	}
	n.store, err = telemetry.Open(ctx, telemetry.Options{FS: n.fs, Dir: telemetryDir, Log: n.log, Catalog: n.catalog, Now: n.now,
		Raise: n.raised, BlockBytes: 16 << 10, CompactRate: -1, NoBackground: true})
	return err
}

// openEvidence opens the evidence log, which signs on demand only.
func (n *node) openEvidence() (err error) {
	signers, err := keys()
	if err != nil {
		return err
	}
	n.evidence, err = evidence.Open(evidence.Options{FS: n.fs, Dir: evidenceDir, Origin: origin, Keys: signers, Now: n.now, CheckpointEvery: -1})
	return err
}

func (n *node) open(ctx context.Context) error {
	return errors.Join(n.openStore(ctx), n.openEvidence())
}

// close closes what is open.
func (n *node) close() error {
	var errs []error
	if n.evidence != nil {
		errs = append(errs, n.evidence.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	if n.log != nil {
		errs = append(errs, n.log.Close())
	}
	n.log, n.store, n.evidence = nil, nil, nil
	return errors.Join(errs...)
}

// raw reads a series in a span.
func (n *node) raw(ctx context.Context, series int, span telemetry.Span, history bool) ([]telemetry.Sample, error) {
	page, err := n.store.Raw(ctx, n.refs[series], span, telemetry.RawOptions{Limit: telemetry.MaxLimit, History: history})
	if err != nil {
		return nil, err
	}
	return page.Samples, nil
}

var always = telemetry.Span{From: 0, To: telemetry.MaxTime}

// judge reads everything and compares it with the book. An error is one of a reading.
func (n *node) judge(ctx context.Context, b *book) (v verdict, err error) {
	for series := range types {
		history, e := n.raw(ctx, series, always, true)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		v.add(b.history(series, always, history))
		current, e := n.raw(ctx, series, always, false)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		v.add(b.current(series, history, current))
	}
	return v, err
}

// judgeEvidence reads every acknowledged entry of the evidence log.
func (n *node) judgeEvidence(b *book) (v verdict, err error) {
	size := n.evidence.Size()
	for i, want := range b.leaves {
		if i >= size {
			v.bad(&v.lost, "evidence: entry %d was acknowledged, the log ends at %d", i, size)
			v.older = v.older || i < b.group
			continue
		}
		got, e := n.evidence.Entry(i)
		if e != nil {
			err = errors.Join(err, fmt.Errorf("entry %d: %w", i, e))
		} else if string(got) != want {
			v.bad(&v.wrong, "evidence: entry %d is %q, it was %q", i, got, want)
		}
	}
	return v, err
}
