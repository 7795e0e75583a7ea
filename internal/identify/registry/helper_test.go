package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	bg    = context.Background()
	node  = uuid.MustParse("0190a0b0-0000-7000-8000-0000000000ff")
	steel = uuid.MustParse("0190a0b0-0000-7000-8000-000000000001")
	mills = uuid.MustParse("0190a0b0-0000-7000-8000-000000000002")
)

// as is a context of somebody with roles.
func as(name string, roles map[uuid.UUID]auth.Role) context.Context {
	id := uuid.NewSHA1(node, []byte(name))
	return auth.With(bg, auth.NewPrincipal(auth.KindPerson, id, name, "session", roles).AtHome(node))
}

var (
	admin    = as("root", map[uuid.UUID]auth.Role{node: auth.Owner})
	engineer = as("li", map[uuid.UUID]auth.Role{steel: auth.Engineer})
	stranger = as("wang", map[uuid.UUID]auth.Role{mills: auth.Engineer})
)

// watch is a clock that the test moves.
type watch struct {
	mu sync.Mutex
	at time.Time
}

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(time.Microsecond)
	return w.at
}

func (w *watch) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

type world struct {
	*Service
	t     testing.TB
	o     Options
	clock *watch
	log   *evidence.Log
	keys  []evidence.Verifier
	jobs  *job.Runner
	stop  func()
}

const origin = "jingwei.node/test"

func logger() *slog.Logger { return slog.New(slog.DiscardHandler) }

// open opens a registry with an evidence log, and runs it.
func open(t testing.TB, db *store.DB, files file.FS, dir string) *world {
	t.Helper()
	w := &world{t: t, clock: &watch{at: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)}}
	if err := audit.Migrate(bg, db); err != nil {
		t.Fatal(err)
	}
	keys, err := evidence.LoadKeys(file.OS(), t.TempDir(), origin)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		w.keys = append(w.keys, k.Verifier())
	}
	w.log, err = evidence.Open(evidence.Options{FS: file.OS(), Dir: filepath.Join(t.TempDir(), "evidence"), Origin: origin, Keys: keys, Now: time.Now, CheckpointEvery: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.log.Close(); err != nil {
			t.Error(err)
		}
	})
	book, err := group.OpenBook(bg, group.Options{DB: db, Log: w.log, Node: node, Logger: logger()})
	w.must(err)
	sealing, stop := context.WithCancel(bg)
	sealed := make(chan struct{})
	go func() { defer close(sealed); _ = book.Run(sealing) }()
	t.Cleanup(func() { stop(); <-sealed })
	w.o = Options{DB: db, FS: files, Dir: dir, Node: node, Home: func(context.Context) (uuid.UUID, error) { return node, nil }, Book: book, Now: w.clock.now, Logger: logger()}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	s, err := New(bg, w.o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Service = s
	ctx, cancel := context.WithCancel(bg)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Run(ctx) }()
	w.stop = func() {
		cancel()
		<-ended
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
		w.stop = func() {}
	}
}

func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// home homes a prefix for an organisation.
func (w *world) home(prefix string, org uuid.UUID) {
	w.t.Helper()
	_, err := w.Allocate(admin, Allocation{Prefix: prefix, Org: org, State: Homed, Reason: "test"})
	w.must(err)
}

func urlValue(index uint32, data string) handle.Value {
	return handle.Value{Index: index, Type: "URL", Data: []byte(data), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
}

// refused tells whether an error is a refusal with a code.
func (w *world) refused(err error, code handle.Code) {
	w.t.Helper()
	var r *handle.Refusal
	if !errors.As(err, &r) || r.Code != code {
		w.t.Errorf("got %v, want %v", err, code)
	}
}

func (w *world) is(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("got %v, want %v", err, want)
	}
}

// data is what stands at an index of a name by the index, "-" for none.
func (w *world) data(name string, index uint32) string {
	w.t.Helper()
	record, ok := w.Append(nil, handle.Fold(nil, []byte(name)))
	if !ok {
		return "-"
	}
	_, values, err := handle.DecodeRecord(record)
	w.must(err)
	for _, v := range values {
		if v.Index == index {
			return string(v.Data)
		}
	}
	return fmt.Sprintf("no value %d", index)
}
