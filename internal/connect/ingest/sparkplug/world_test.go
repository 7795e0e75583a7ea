package sparkplug

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begin is when the tests' clock starts.
var begin = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

// world is a host between a real intake, whose rows land in memory, and a binder in memory.
type world struct {
	t    testing.TB
	host *Host
	in   *intake.Intake
	book *book
	keep *remembered
	stop func()

	mu   sync.Mutex
	now  time.Time
	sent []sentMessage
}

type sentMessage struct {
	topic    string
	payload  []byte
	qos      byte
	retained bool
}

// book is a store and a binder: every metric of a device gets a series.
type book struct {
	mu       sync.Mutex
	series   []string // by ref - 1: "device|metric"
	slots    map[string]intake.Slot
	unwanted func(name string) bool
	slot     func(name string, t telemetry.Type) intake.Slot // nil: as told
	gen      uint64
	binds    int
	fail     error
	refuse   func(b *telemetry.Batch) error

	rows     []entry
	alive    map[string]bool
	saw      map[string]telemetry.Value
	troubles []intake.Trouble
	where    []string
}

// entry is a stored sample.
type entry struct {
	series string
	at     int64
	value  string
	status telemetry.Status
	flags  telemetry.Flags
}

func (b *book) Append(_ context.Context, _ uuid.UUID, _, _ uint64, rows *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	b.mu.Lock()
	if b.refuse != nil {
		if err := b.refuse(rows); err != nil {
			b.mu.Unlock()
			return err
		}
	}
	for i, ref := range rows.Ref {
		e := entry{series: b.series[ref-1], at: rows.Time[i], status: rows.Status[i], flags: rows.Flags[i]}
		s := b.slots[e.series]
		switch {
		case e.flags&telemetry.NoValue != 0:
			e.value = "null"
		case s.Type == telemetry.String:
			e.value = rows.Text[rows.Bits[i]]
		default:
			e.value = shown(telemetry.Value{Type: s.Type, Bits: rows.Bits[i]})
		}
		b.rows = append(b.rows, e)
	}
	b.mu.Unlock()
	done(telemetry.Receipt{Commit: 1}, nil)
	return nil
}

func (b *book) LastSeq(uuid.UUID) (uint64, uint64) { return 0, 0 }

func (b *book) Bind(_ context.Context, device string, metrics []intake.Metric) ([]intake.Slot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.binds++
	if b.fail != nil {
		return nil, b.fail
	}
	out := make([]intake.Slot, len(metrics))
	for i, m := range metrics {
		if b.unwanted != nil && b.unwanted(m.Name) {
			continue
		}
		key := device + "|" + m.Name
		s, ok := b.slots[key]
		if !ok {
			b.series = append(b.series, key)
			s = intake.Slot{Type: m.Type}
			if b.slot != nil {
				s = b.slot(m.Name, m.Type)
			}
			s.Ref = telemetry.Ref(len(b.series))
			b.slots[key] = s
		}
		out[i] = s
	}
	return out, nil
}

func (b *book) Generation() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gen
}

func (b *book) Saw(device string, m intake.Metric, _ int64, v telemetry.Value) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saw[device+"|"+m.Name] = v
}

func (b *book) Alive(device string, alive bool, _ int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alive[device] = alive
}

func (b *book) Trouble(device string, t intake.Trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles, b.where = append(b.troubles, t), append(b.where, device)
}

func shown(v telemetry.Value) string {
	switch v.Type {
	case telemetry.Int64:
		return fmt.Sprint(int64(v.Bits))
	case telemetry.Float64:
		return fmt.Sprint(asFloat(v.Bits))
	case telemetry.Bool:
		return fmt.Sprint(v.Bits == 1)
	case telemetry.String:
		return v.Text
	}
	return "null"
}

// remembered is a Memory without a disk.
type remembered struct {
	mu     sync.Mutex
	states map[string]NodeState
	saves  int
	fail   error
}

func (r *remembered) Load(context.Context) ([]NodeState, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []NodeState
	for _, s := range r.states {
		out = append(out, s)
	}
	return out, nil
}

func (r *remembered) Save(_ context.Context, s NodeState) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.saves++
	r.states[s.Node] = s
	return nil
}

func newWorld(t testing.TB, c Config) *world {
	t.Helper()
	w := &world{t: t, now: begin, keep: &remembered{states: map[string]NodeState{}},
		book: &book{slots: map[string]intake.Slot{}, alive: map[string]bool{}, saw: map[string]telemetry.Value{}}}
	w.in = intake.New(intake.Options{Store: w.book, Producer: uuid.New()})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.in.Run(ctx); close(ended) }()
	w.stop = func() { cancel(); <-ended }
	t.Cleanup(w.stop)
	w.restart(c)
	return w
}

// restart makes a new host over the same memory, binder and intake.
func (w *world) restart(c Config) {
	w.t.Helper()
	h, err := New(context.Background(), Options{Binder: w.book, Put: w.in.Put, Config: c, Memory: w.keep, Now: w.clock,
		Send: func(topic string, payload []byte, qos byte, retained bool) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.sent = append(w.sent, sentMessage{topic, slices.Clone(payload), qos, retained})
			return nil
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.host = h
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass lets time go by and does what is due.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	w.host.tick(context.Background())
	w.settle()
}

// settle waits until everything put is stored.
func (w *world) settle() {
	w.t.Helper()
	ch := make(chan error, 1)
	if err := w.in.Put(context.Background(), &intake.Message{}, func(err error) { ch <- err }); err != nil {
		w.t.Fatal(err)
	}
	if err := <-ch; err != nil {
		w.t.Fatal(err)
	}
}

// answer is what became of a message.
type answer struct {
	mu   sync.Mutex
	told int
	err  error
}

func (a *answer) acknowledged() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told == 1 && a.err == nil
}
func (a *answer) pending() bool { a.mu.Lock(); defer a.mu.Unlock(); return a.told == 0 }

// hear gives the host a message and waits for what can be stored of it. The bytes are overwritten after the call.
func (w *world) hear(topic string, payload []byte) *answer {
	w.t.Helper()
	a := &answer{}
	b := slices.Clone(payload)
	w.host.Message(context.Background(), Message{Topic: topic, Payload: b}, func(err error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.told++
		a.err = err
	})
	for i := range b {
		b[i] = 0xEE
	}
	w.settle()
	return a
}

// told returns the stored samples since the last call as "device|metric@seconds=value" with the status where not good;
// seconds are since begin.
func (w *world) told() []string {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	var out []string
	for _, e := range w.book.rows {
		s := fmt.Sprintf("%s@%g=%s", e.series, float64(e.at-begin.UnixNano())/1e9, e.value)
		if e.status != 0 {
			s += fmt.Sprintf("!%08X", uint32(e.status))
		}
		out = append(out, s)
	}
	w.book.rows = w.book.rows[:0]
	return out
}

func (w *world) expect(what string, want ...string) {
	w.t.Helper()
	if got := w.told(); !slices.Equal(got, want) {
		w.t.Fatalf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// codes returns the troubles since the last call.
func (w *world) codes() []string {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	var out []string
	for _, t := range w.book.troubles {
		if t.Zh == "" || t.En == "" || t.Where == "" {
			w.t.Errorf("trouble without words or place: %+v", t)
		}
		out = append(out, t.Code)
	}
	w.book.troubles, w.book.where = nil, nil
	return out
}

func (w *world) expectCodes(what string, want ...string) {
	w.t.Helper()
	if got := w.codes(); !slices.Equal(got, want) {
		w.t.Fatalf("%s: troubles %v, want %v", what, got, want)
	}
}

// commands returns the topics of the requests for births since the last call.
func (w *world) commands() (out []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sent {
		p, err := Open(s.payload)
		if err != nil {
			continue // a state
		}
		var m Metric
		if it := p.Metrics(); !it.Next(&m) || string(m.Name) != "Node Control/Rebirth" || m.Bits != 1 || m.Kind != KindBool || p.HasSeq || s.qos != 0 || s.retained {
			w.t.Fatalf("not a request for births: %x", s.payload)
		}
		out = append(out, s.topic)
	}
	w.sent = nil
	return out
}

func (w *world) isAlive(device string) bool {
	w.book.mu.Lock()
	defer w.book.mu.Unlock()
	return w.book.alive[device]
}

var errAway = errors.New("the database is away")

// Metrics as edge nodes make them. Times are seconds since begin.

func ms(at float64) uint64 { return uint64(begin.UnixMilli() + int64(at*1000)) }

func value(d Datatype, v any) Metric {
	m := Metric{Datatype: d}
	switch v := v.(type) {
	case string:
		m.Kind, m.Bytes = KindString, []byte(v)
	case []byte:
		m.Kind, m.Bytes = KindBytes, v
	case int:
		m.Kind, m.Bits = d.Of(int64(v))
	case nil:
		m.Null = true
	default:
		m.Kind, m.Bits = d.Of(v)
	}
	return m
}

// declare is a metric of a birth.
func declareMetric(name string, alias uint64, d Datatype, v any, at float64) Metric {
	m := value(d, v)
	m.Name, m.Alias, m.HasAlias, m.Timestamp = []byte(name), alias, true, ms(at)
	return m
}

// tell is a metric of data: an alias, and no type.
func tell(alias uint64, d Datatype, v any, at float64) Metric {
	m := value(d, v)
	m.Alias, m.HasAlias, m.Timestamp, m.Datatype = alias, true, ms(at), Unknown
	return m
}

func payload(at float64, seq int, metrics ...Metric) []byte {
	p := Payload{Timestamp: ms(at), HasSeq: seq >= 0}
	if seq >= 0 {
		p.Seq = uint64(seq)
	}
	return AppendPayload(nil, p, metrics)
}

func bd(n int) Metric {
	return Metric{Name: []byte("bdSeq"), Datatype: UInt64, Kind: KindLong, Bits: uint64(n)}
}

func rebirth() Metric {
	return Metric{Name: []byte("Node Control/Rebirth"), Datatype: Boolean, Kind: KindBool}
}

const (
	nBirth = "spBv1.0/G/NBIRTH/E"
	nDeath = "spBv1.0/G/NDEATH/E"
	nData  = "spBv1.0/G/NDATA/E"
	dBirth = "spBv1.0/G/DBIRTH/E/D"
	dDeath = "spBv1.0/G/DDEATH/E/D"
	dData  = "spBv1.0/G/DDATA/E/D"
)

// session begins a session with one device: t (alias 1) at 20, n (alias 2) at -12.
func (w *world) session(at float64, number int) {
	w.t.Helper()
	w.hear(nBirth, payload(at, 0, bd(number), rebirth(), declareMetric("up", 9, Boolean, true, at)))
	w.hear(dBirth, payload(at, 1, declareMetric("t", 1, Double, 20.0, at), declareMetric("n", 2, Int8, -12, at)))
}
