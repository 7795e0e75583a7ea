package backup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) {
	if os.Getenv(victimDir) != "" {
		os.Exit(victim())
	}
	goleak.VerifyTestMain(m)
}

// begin is when the tests' samples begin: 2026-11-21 00:00 UTC.
const begin = int64(1795219200) * int64(time.Second)

// node is a node's stores in a folder, with files of other rooms beside them.
type node struct {
	t       testing.TB
	dir     string
	url     string // of the database
	db      *store.DB
	journal *log.Log
	store   *telemetry.Store
	proofs  *evidence.Log
}

// each runs a test with records in SQLite and in PostgreSQL.
func each(t *testing.T, fn func(t *testing.T, n *node)) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		fn(t, newNode(t, dir, store.SQLiteURL(filepath.Join(dir, "records.db"))))
	})
	t.Run("postgres", func(t *testing.T) { fn(t, newNode(t, t.TempDir(), storetest.PostgresURL(t))) })
}

func newNode(t testing.TB, dir, url string) *node {
	t.Helper()
	n := &node{t: t, dir: dir, url: url}
	must(t, os.WriteFile(filepath.Join(dir, "node.id"), []byte("the id"), 0o600))
	n.open()
	_, err := n.proofs.Append(context.Background(), [][]byte{[]byte("the first leaf")})
	must(t, err)
	_, err = n.proofs.Publish(context.Background())
	must(t, err)
	t.Cleanup(n.close)
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (n *node) open() {
	n.t.Helper()
	ctx := context.Background()
	must(n.t, MarkFormats(file.OS(), n.dir, "1.0.0"))
	var err error
	n.db, err = store.Open(ctx, n.url, store.Options{})
	must(n.t, err)
	must(n.t, audit.Migrate(ctx, n.db))
	n.journal, err = log.Open(log.Options{Dir: filepath.Join(n.dir, journalDir), Keepers: []string{telemetry.Keeper},
		SegmentBytes: 256 << 10, MaxBytes: 16 << 20, Logger: proof.Logger(n.t)})
	must(n.t, err)
	catalog, err := telemetry.NewSQLCatalog(ctx, n.db)
	must(n.t, err)
	keys, err := evidence.LoadKeys(file.OS(), filepath.Join(n.dir, "keys"), "test.example/log")
	must(n.t, err)
	n.proofs, err = evidence.Open(evidence.Options{FS: file.OS(), Dir: filepath.Join(n.dir, evidenceDir), Origin: "test.example/log", Keys: keys,
		Now: time.Now, CheckpointEvery: 20 * time.Millisecond})
	must(n.t, err)
	n.store, err = telemetry.Open(ctx, telemetry.Options{FS: file.OS(), Dir: filepath.Join(n.dir, telemetryDir), Log: n.journal, Catalog: catalog,
		Logger: proof.Logger(n.t), HeadBytes: 256 << 10, BlockBytes: 64 << 10, CompactAfter: 2, SettleAfter: time.Nanosecond, CompactRate: -1})
	must(n.t, err)
}

func (n *node) close() {
	if n.journal == nil {
		return
	}
	must(n.t, n.proofs.Close())
	must(n.t, n.store.Close())
	must(n.t, n.journal.Close())
	must(n.t, n.db.Close())
	n.journal, n.store, n.db = nil, nil, nil
}

func (n *node) source() *Source {
	return &Source{FS: file.OS(), Dir: n.dir, DB: n.db, Journal: n.journal, Telemetry: n.store, Node: uuid.UUID{1}, Name: "test", Program: "1.0.0",
		Config: []byte(`[]`), Now: time.Now}
}

func repository(t testing.TB, dir string) *Repository {
	t.Helper()
	r, err := WriteRepository(file.OS(), dir, "1.0.0", time.Now())
	must(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func seriesID(i int) uuid.UUID { return uuid.UUID{6: 0x70, 8: 0x80, 14: byte(i >> 8), 15: byte(i)} }

func declare(t testing.TB, s *telemetry.Store, from, n int) []telemetry.Ref {
	t.Helper()
	d := make([]telemetry.Declaration, n)
	for i := range d {
		d[i] = telemetry.Declaration{ID: seriesID(from + i), Org: uuid.UUID{9}, Type: telemetry.Float64, Unit: "kW", Report: telemetry.Periodic, MaxSilence: time.Minute}
	}
	refs, err := s.Declare(context.Background(), d)
	must(t, err)
	return refs
}

// batch has one sample of each series at tick k; the values depend on both.
func batch(refs []telemetry.Ref, k int) *telemetry.Batch {
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for i, r := range refs {
		at := begin + int64(k)*int64(time.Second)
		b.Ref, b.Time, b.Gateway = append(b.Ref, r), append(b.Time, at), append(b.Gateway, at+5)
		b.Bits = append(b.Bits, uint64(k)*2654435761*uint64(i+1))
		status := telemetry.Good
		if k%7 == 0 {
			status = telemetry.BadNoCommunication
		}
		b.Status, b.Flags = append(b.Status, status), append(b.Flags, 0)
	}
	return b
}

// put appends and waits until it is durable.
func put(t testing.TB, s *telemetry.Store, producer uuid.UUID, seq uint64, b *telemetry.Batch) telemetry.Receipt {
	t.Helper()
	type answer struct {
		telemetry.Receipt
		err error
	}
	done := make(chan answer, 1)
	must(t, s.Append(context.Background(), producer, 1, seq, b, func(r telemetry.Receipt, err error) { done <- answer{r, err} }))
	a := <-done
	must(t, a.err)
	return a.Receipt
}

// fill puts ticks from to to-1 of the series into the store.
func (n *node) fill(refs []telemetry.Ref, from, to int) {
	n.t.Helper()
	producer := uuid.UUID{7}
	_, seq := n.store.LastSeq(producer)
	for k := from; k < to; k++ {
		seq++
		put(n.t, n.store, producer, seq, batch(refs, k))
	}
}

// samples are all samples of a series that came with a commit up to the given one, superseded ones too.
func samples(t testing.TB, s *telemetry.Store, ref telemetry.Ref, upTo uint64) (out []telemetry.Sample) {
	t.Helper()
	err := s.Scan(context.Background(), ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.ScanOptions{Columns: telemetry.Everything, History: true},
		func(r *telemetry.Run) bool {
			for k := range r.Len() {
				if x := r.Sample(k); x.Commit <= upTo {
					out = append(out, x)
				}
			}
			return true
		})
	must(t, err)
	return out
}

// tables is the content of all tables, row by row, in order.
func tables(t testing.TB, db *store.DB) map[string][]string {
	t.Helper()
	ctx := context.Background()
	list := "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
	if db.Engine() == store.Postgres {
		list = "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'public' AND relkind = 'r' ORDER BY relname"
	}
	var names []string
	must(t, db.NewRaw(list).Scan(ctx, &names))
	out := map[string][]string{}
	for _, name := range names {
		rows, err := db.DB.DB.QueryContext(ctx, fmt.Sprintf("SELECT * FROM %q ORDER BY 1, 2", name))
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		out[name] = []string{}
		for rows.Next() {
			v := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range v {
				into[i] = &v[i]
			}
			must(t, rows.Scan(into...))
			out[name] = append(out[name], fmt.Sprint(v...))
		}
		must(t, rows.Err())
	}
	return out
}

// acked collects what was acknowledged.
type acked struct {
	sync.Mutex
	rows map[uint64]int // by commit
	last uint64
	seq  map[uuid.UUID]map[uint64]uint64 // producer: commit by sequence number

	consumed atomic.Int64 // times that the consumer saved its cursor
}

// restoreNode restores the snapshot into a new folder and opens what is there.
func restoreNode(t testing.TB, r *Repository, id, engine string) *node {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	n := &node{t: t, dir: dir, url: store.SQLiteURL(filepath.Join(dir, "records.db"))}
	o := RestoreOptions{Snapshot: id, To: dir}
	if engine == string(store.Postgres) {
		n.url = storetest.PostgresURL(t)
		db, err := store.Open(context.Background(), n.url, store.Options{})
		must(t, err)
		defer db.Close()
		o.DB = db
	}
	if _, err := Restore(context.Background(), r, o); err != nil {
		t.Fatal(err)
	}
	n.open()
	t.Cleanup(n.close)
	return n
}

var begin0 = time.Unix(0, begin)
