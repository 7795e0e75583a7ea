package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The tests' now: 2026-11-22 08:00 UTC.
const now = int64(1795334400) * int64(time.Second)

// book is a Binder that keeps its bindings in memory. The series are those of a real store.
type book struct {
	store  *telemetry.Store
	adopts atomic.Bool

	mu         sync.Mutex
	slots      map[string]intake.Slot // by device NUL metric
	units      map[string]string
	saw        map[string]telemetry.Value
	alive      map[string]int
	troubles   []intake.Trouble
	binds      int // metrics asked for
	asked      int // calls of Bind
	err        error
	generation atomic.Uint64
}

func key(device, metric string) string { return device + "\x00" + metric }

func (b *book) Bind(ctx context.Context, device string, metrics []intake.Metric) ([]intake.Slot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	b.asked++
	out := make([]intake.Slot, len(metrics))
	var made []telemetry.Declaration
	var at []int
	for i, m := range metrics {
		b.binds++
		s, ok := b.slots[key(device, m.Name)]
		if out[i] = s; !ok && b.adopts.Load() {
			made, at = append(made, declaration(m.Type)), append(at, i)
		}
	}
	refs, err := b.store.Declare(ctx, made)
	if err != nil {
		return nil, err
	}
	for k, i := range at {
		out[i] = intake.Slot{Ref: refs[k], Type: made[k].Type}
		b.slots[key(device, metrics[i].Name)], b.units[key(device, metrics[i].Name)] = out[i], metrics[i].Unit
	}
	return out, nil
}

func (b *book) Generation() uint64 { return b.generation.Load() }

func (b *book) Saw(device string, m intake.Metric, _ int64, v telemetry.Value) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saw[key(device, m.Name)] = v
}

func (b *book) Alive(device string, alive bool, _ int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if alive {
		b.alive[device]++
	}
}

func (b *book) Trouble(_ string, t intake.Trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles = append(b.troubles, t)
}

func declaration(t telemetry.Type) telemetry.Declaration {
	unit := ""
	if t <= telemetry.Int64 {
		unit = "1"
	}
	return telemetry.Declaration{ID: uuid.New(), Org: uuid.Max, Type: t, Unit: unit, Report: telemetry.OnChange, MaxSilence: time.Minute}
}

// house is a node's store with the door before it.
type house struct {
	t      testing.TB
	disk   *fault.Disk
	log    *log.Log
	store  *telemetry.Store
	intake *intake.Intake
	book   *book
	door   Door
	h      *Handler
	url    string
}

// credential of the tests' source.
const (
	id     = "c0ffee"
	secret = "s3cret"
)

func newHouse(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	h := &house{t: t, disk: fault.NewDisk(1)}
	o := Options{Now: func() time.Time { return time.Unix(0, now) }}
	for _, c := range change {
		c(&o)
	}
	clock := o.Now // one clock in the whole house
	var err error
	h.log, err = log.Open(log.Options{FS: h.disk, Dir: "/node/journal", Now: clock, Keepers: []string{telemetry.Keeper}, SegmentBytes: 32 << 20, MaxBytes: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	h.store, err = telemetry.Open(context.Background(), telemetry.Options{FS: h.disk, Dir: "/node/telemetry", Log: h.log, Catalog: &telemetry.MemoryCatalog{}, Now: clock, CompactRate: -1})
	if err != nil {
		t.Fatal(err)
	}
	h.intake = intake.New(intake.Options{Store: h.store, Producer: uuid.MustParse("01980000-0000-7000-8000-0000000000aa")})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.intake.Run(ctx) }()
	h.book = &book{store: h.store, slots: map[string]intake.Slot{}, units: map[string]string{}, saw: map[string]telemetry.Value{}, alive: map[string]int{}}
	h.door = Door{Binder: h.book, Put: h.intake.Put}
	o.Source = func(r *http.Request) (Door, error) {
		i, s, ok := Credential(r)
		if !ok || i != id || s != secret {
			return Door{}, ErrCredential
		}
		return h.door, nil
	}
	h.h = New(o)
	server := httptest.NewServer(h.h)
	h.url = server.URL
	t.Cleanup(func() {
		server.Close()
		http.DefaultClient.CloseIdleConnections()
		cancel()
		<-ended
		_ = h.store.Close()
		_ = h.log.Close()
	})
	return h
}

// bind declares a series for a device's metric.
func (h *house) bind(device, metric string, t telemetry.Type) {
	h.t.Helper()
	refs, err := h.store.Declare(context.Background(), []telemetry.Declaration{declaration(t)})
	if err != nil {
		h.t.Fatal(err)
	}
	h.book.mu.Lock()
	h.book.slots[key(device, metric)] = intake.Slot{Ref: refs[0], Type: t}
	h.book.mu.Unlock()
	h.book.generation.Add(1)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// post sends a body; headers come in pairs.
func (h *house) post(path, body string, headers ...string) answer {
	h.t.Helper()
	r, err := http.NewRequest("POST", h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+id+":"+secret)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

// samples of a series, by source time.
func (h *house) samples(device, metric string) []telemetry.Sample {
	h.t.Helper()
	h.book.mu.Lock()
	s, ok := h.book.slots[key(device, metric)]
	h.book.mu.Unlock()
	if !ok {
		h.t.Fatalf("no series of %q %q; there are %q", device, metric, h.names())
	}
	page, err := h.store.Raw(context.Background(), s.Ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.RawOptions{Limit: telemetry.MaxLimit, History: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return page.Samples
}

func (h *house) names() (out []string) {
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	for k := range h.book.slots {
		out = append(out, strings.ReplaceAll(k, "\x00", " | "))
	}
	return out
}

// stored is how many samples the store has taken.
func (h *house) stored() int { return int(h.store.Stats().Samples) }

// shown is a sample in words: value, its type, status, ms since now.
func shown(s telemetry.Sample) string {
	v := "null"
	switch s.Value.Type {
	case telemetry.Float64:
		v = fmt.Sprintf("%v", asFloat(s.Value))
	case telemetry.Int64:
		v = fmt.Sprintf("%di", int64(s.Value.Bits))
	case telemetry.Bool:
		v = fmt.Sprintf("%t", s.Value.Bits == 1)
	case telemetry.String:
		v = fmt.Sprintf("%q", s.Value.Text)
	}
	out := fmt.Sprintf("%s %+dns", v, s.Time-now)
	if s.Status != 0 {
		out += fmt.Sprintf(" %#x", uint32(s.Status))
	}
	if s.Flags&telemetry.GatewayTime != 0 {
		out += " node's time"
	}
	return out
}

func (h *house) want(device, metric string, want ...string) {
	h.t.Helper()
	var got []string
	for _, s := range h.samples(device, metric) {
		got = append(got, shown(s))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		h.t.Errorf("%s %s: got %q, want %q", device, metric, got, want)
	}
}

// fault is one of an answer's errors.
type fieldFault struct {
	Code, Location, Message, Mend string
	Value                         any
}

type refusal struct {
	Code, Title, Detail, Mend, Error, Message string
	Status                                    int
	Line                                      int
	Errors                                    []fieldFault
}

func (a answer) refusal(t testing.TB) (r refusal) {
	t.Helper()
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil {
		t.Fatalf("%d %q: %v", a.status, a.body, err)
	}
	for name, at := range map[string]any{"title": &r.Title, "detail": &r.Detail, "mend": &r.Mend, "error": &r.Error, "message": &r.Message, "line": &r.Line, "errors": &r.Errors} {
		if v, ok := doc[name]; ok {
			if err := json.Unmarshal(v, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = json.Unmarshal(doc["code"], &r.Code) // a number in OTLP
	return r
}

var errAway = errors.New("the database is away")
