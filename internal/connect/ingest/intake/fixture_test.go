package intake

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var producer = uuid.MustParse("01980000-0000-7000-8000-0000000000aa")

const begin = int64(1_780_000_000_000_000_000)

// house is a journal and a store on disk.
type house struct {
	t     testing.TB
	log   *log.Log
	store *telemetry.Store
	refs  []telemetry.Ref // float64, int64, bool, string, float64 …
}

func newHouse(t testing.TB, series int, o log.Options) *house {
	t.Helper()
	dir, err := os.MkdirTemp(os.Getenv("BENCH_DIR"), "intake")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	h := &house{t: t}
	o.Dir, o.Keepers = filepath.Join(dir, "journal"), []string{telemetry.Keeper}
	if h.log, err = log.Open(o); err != nil {
		t.Fatal(err)
	}
	h.store, err = telemetry.Open(context.Background(), telemetry.Options{FS: file.OS(), Dir: filepath.Join(dir, "telemetry"), Log: h.log, Catalog: &telemetry.MemoryCatalog{},
		CompactRate: -1})
	if err != nil {
		t.Fatal(err)
	}
	var d []telemetry.Declaration
	for i := range series {
		kind, unit := telemetry.Type(i%4+1), ""
		if kind <= telemetry.Int64 {
			unit = "1"
		}
		d = append(d, telemetry.Declaration{ID: uuid.New(), Org: uuid.Max, Type: kind, Unit: unit, Report: telemetry.OnChange, MaxSilence: time.Minute})
	}
	if h.refs, err = h.store.Declare(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = h.store.Close()
		_ = h.log.Close()
	})
	return h
}

// run starts an intake and returns what ends it.
func (h *house) run(o Options) (*Intake, func() error) {
	h.t.Helper()
	o.Store = h.store
	if o.Producer == uuid.Nil {
		o.Producer = producer
	}
	in := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	h.t.Cleanup(func() { _ = stop() })
	return in, stop
}

func (h *house) samples(ref telemetry.Ref) []telemetry.Sample {
	h.t.Helper()
	page, err := h.store.Raw(context.Background(), ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.RawOptions{Limit: telemetry.MaxLimit, History: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return page.Samples
}

func number(f float64) telemetry.Value { return (&Slot{Type: telemetry.Float64}).must(f) }

func (s *Slot) must(f float64) telemetry.Value {
	v, ok := s.Convert(telemetry.Value{Type: telemetry.Int64, Bits: uint64(int64(f))})
	if !ok {
		panic("no such value")
	}
	return v
}

func words(s string) telemetry.Value { return telemetry.Value{Type: telemetry.String, Text: s} }

// answers collects what dones were told, in their order.
type answers struct {
	mu   sync.Mutex
	who  []int
	errs map[int]error
	n    map[int]int
	all  chan struct{}
	want int
}

func expect(n int) *answers {
	return &answers{errs: map[int]error{}, n: map[int]int{}, all: make(chan struct{}), want: n}
}

func (a *answers) to(i int) func(error) {
	return func(err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.who = append(a.who, i)
		a.errs[i] = err
		if a.n[i]++; len(a.who) == a.want {
			close(a.all)
		}
	}
}

func (a *answers) wait(t testing.TB) {
	t.Helper()
	select {
	case <-a.all:
	case <-time.After(20 * time.Second):
		a.mu.Lock()
		defer a.mu.Unlock()
		t.Fatalf("%d of %d were answered", len(a.who), a.want)
	}
}
