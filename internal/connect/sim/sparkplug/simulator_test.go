package sparkplug

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/uuid"
	"github.com/spf13/pflag"
	"go.uber.org/goleak"

	"jingwei/internal/connect/ingest/intake"
	wire "jingwei/internal/connect/ingest/sparkplug"
	"jingwei/internal/connect/sim/broker"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/connect/sim/simtest"
	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mill = "cnc-mill-sparkplug"

// ledger is what a host stores: in memory, by "device|metric".
type ledger struct {
	mu      sync.Mutex
	series  []string
	types   []telemetry.Type
	refs    map[string]telemetry.Ref
	rows    map[string][]row
	trouble map[string]int
}

type row struct {
	at     int64
	value  telemetry.Value
	status telemetry.Status
}

func (l *ledger) Append(_ context.Context, _ uuid.UUID, _, _ uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	l.mu.Lock()
	for i, ref := range b.Ref {
		r := row{at: b.Time[i], status: b.Status[i]}
		if b.Flags[i]&telemetry.NoValue == 0 {
			r.value = telemetry.Value{Type: l.types[ref-1], Bits: b.Bits[i]}
			if r.value.Type == telemetry.String {
				r.value = telemetry.Value{Type: telemetry.String, Text: b.Text[b.Bits[i]]}
			}
		}
		l.rows[l.series[ref-1]] = append(l.rows[l.series[ref-1]], r)
	}
	l.mu.Unlock()
	done(telemetry.Receipt{Commit: 1}, nil)
	return nil
}
func (l *ledger) LastSeq(uuid.UUID) (uint64, uint64) { return 0, 0 }
func (l *ledger) Bind(_ context.Context, device string, m []intake.Metric) ([]intake.Slot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]intake.Slot, len(m))
	for i := range m {
		key := device + "|" + m[i].Name
		if l.refs[key] == 0 {
			l.series, l.types = append(l.series, key), append(l.types, m[i].Type)
			l.refs[key] = telemetry.Ref(len(l.series))
		}
		out[i] = intake.Slot{Ref: l.refs[key], Type: m[i].Type}
	}
	return out, nil
}
func (l *ledger) Generation() uint64                                { return 1 }
func (l *ledger) Saw(string, intake.Metric, int64, telemetry.Value) {}
func (l *ledger) Alive(string, bool, int64)                         {}
func (l *ledger) Trouble(_ string, t intake.Trouble) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trouble[t.Code]++
}

// host runs the product's host application at a broker.
func host(t *testing.T, address string) *ledger {
	t.Helper()
	l := &ledger{refs: map[string]telemetry.Ref{}, rows: map[string][]row{}, trouble: map[string]int{}}
	in := intake.New(intake.Options{Store: l, Producer: uuid.New()})
	var c paho.Client
	reorder := 300
	h, err := wire.New(context.Background(), wire.Options{Binder: l, Put: in.Put, Config: wire.Config{Host: "jingwei", ReorderMs: &reorder},
		Send: func(topic string, payload []byte, qos byte, retained bool) error {
			c.Publish(topic, qos, retained, payload)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	will, _ := h.Will(time.Now())
	c = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://"+address).SetClientID("host").SetAutoReconnect(false).SetAutoAckDisabled(true).
		SetBinaryWill(will.Topic, will.Payload, 1, true).
		SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
			h.Message(context.Background(), wire.Message{Topic: m.Topic(), Payload: m.Payload(), QoS: m.Qos()}, func(err error) {
				if err == nil {
					m.Ack()
				}
			})
		}))
	if tok := c.Connect(); tok.Wait() && tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	filters := map[string]byte{}
	for _, f := range h.Filters() {
		filters[f] = 1
	}
	if tok := c.SubscribeMultiple(filters, nil); tok.Wait() && tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	if err := h.Online(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { in.Run(ctx) })
	work.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { c.Disconnect(100); cancel(); work.Wait() })
	return l
}

func (l *ledger) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		l.mu.Lock()
		done := ok()
		l.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(end) {
			l.mu.Lock()
			defer l.mu.Unlock()
			t.Fatalf("%s does not come; troubles %v", what, l.trouble)
		}
	}
}

func (l *ledger) count(series string, of func(row) bool) (n int) {
	for _, r := range l.rows[series] {
		if of(r) {
			n++
		}
	}
	return n
}

// epoch is the tests' start: what the mills show then does not depend on the day.
var epoch = time.Now()

// simulate runs an edge node with two mills.
func simulate(t *testing.T, address string, change func(*Options)) (*Simulator, func()) {
	t.Helper()
	m := simtest.Template(mill)
	o := Options{Access: broker.Access{URL: "mqtt://" + address}, Source: replay.Source{Epoch: epoch}, Devices: []Device{{"Mill5", replay.Part{Template: m, Start: 300, Speed: 2}}, {"Mill6", replay.Part{Template: m, Start: 1100, Speed: 2}}}, Every: 20 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	stop, _ := simtest.Run(t, s.Run)
	return s, stop
}

// check compares every stored value with the recording.
func (l *ledger) check(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	m := simtest.Template(mill)
	library, compared := replay.NewLibrary(nil), 0
	for device, start := range map[string]int64{"Jingwei/Line2/Mill5": 300, "Jingwei/Line2/Mill6": 1100} {
		p, err := library.Open(replay.Part{Template: m, Start: start, Speed: 2}, epoch)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.Points {
			series := device + "|" + m.Points[i].Address
			if len(l.rows[series]) == 0 {
				t.Errorf("%s was never told", series)
			}
			for _, r := range l.rows[series] {
				if r.value.Type == 0 {
					continue
				}
				// A time in milliseconds lies in the row shown, or in the one before.
				at := time.Unix(0, r.at)
				if v, w := p.Value(i, p.At(at)), p.Value(i, p.At(at.Add(time.Millisecond))); r.value != v && r.value != w {
					t.Fatalf("%s at %v: %v, the recording has %v", series, at, show(r.value), show(v))
				}
				compared++
			}
		}
	}
	if compared < 200 {
		t.Errorf("only %d values compared", compared)
	}
}

func show(v telemetry.Value) string {
	if v.Type == telemetry.Float64 {
		return fmt.Sprint(math.Float64frombits(v.Bits))
	}
	return fmt.Sprint(v)
}

func isMark(r row) bool { return r.status == telemetry.BadNoCommunication && r.value.Type == 0 }
func isGood(r row) bool { return r.status.IsGood() && r.value.Type != 0 }

const x5 = "Jingwei/Line2/Mill5|X/Position"

func TestMillsComeToTheHostAndGo(t *testing.T) {
	address := peertest.Mosquitto(t)
	_, stop := simulate(t, address, nil)
	l := host(t, address) // late: it has to ask
	l.until(t, "values of both mills", func() bool {
		return l.count(x5, isGood) > 10 && l.count("Jingwei/Line2/Mill6|Program/Line", isGood) > 0
	})
	stop()
	l.until(t, "the death", func() bool { return l.count(x5, isMark) == 1 })
	l.check(t)
	if n := len(l.series); n != 2*26+1 {
		t.Errorf("%d series", n)
	}
}

func TestAPrimaryHostIsWaitedFor(t *testing.T) {
	address := peertest.Mosquitto(t)
	s, _ := simulate(t, address, func(o *Options) { o.PrimaryHost = "jingwei" })
	for end := time.Now().Add(10 * time.Second); s.Stats().Connections == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no connection")
		}
	}
	if n := s.Stats().Births; n != 0 {
		t.Errorf("%d births before the host is online", n)
	}
	l := host(t, address)
	l.until(t, "values", func() bool { return l.count(x5, isGood) > 0 })
}

func TestFaultsEndWell(t *testing.T) {
	for name, f := range map[string]struct {
		faults  Faults
		happens func(Stats) uint64
		trouble string
	}{
		"drop":    {Faults{Drop: 0.05}, func(s Stats) uint64 { return s.Dropped }, ""},
		"swallow": {Faults{Swallow: 0.1}, func(s Stats) uint64 { return s.Swallowed }, "sequence"},
		"silent":  {Faults{Drop: 0.05, Silent: 1}, func(s Stats) uint64 { return s.Silent }, "alias.unknown"},
		"replay":  {Faults{Replay: 0.05}, func(s Stats) uint64 { return s.Replayed }, "birth.replayed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := peertest.Mosquitto(t)
			l := host(t, address)
			s, _ := simulate(t, address, func(o *Options) { o.Faults, o.Seed = f.faults, 7 })
			l.until(t, "the fault", func() bool { return f.happens(s.Stats()) > 0 && (f.trouble == "" || l.trouble[f.trouble] > 0) })
			if err := s.SetFaults(Faults{}); err != nil {
				t.Fatal(err)
			}
			l.mu.Lock()
			n := l.count(x5, isGood)
			l.mu.Unlock()
			l.until(t, "what comes after", func() bool { return l.count(x5, isGood) > n+5 })
			l.check(t)
			l.mu.Lock()
			defer l.mu.Unlock()
			if name == "drop" && l.count(x5, isMark) == 0 {
				t.Error("the Will left no mark")
			}
		})
	}
}

func TestFlags(t *testing.T) {
	m := simtest.Template(mill)
	parse := func(args ...string) (Options, error) {
		fs := pflag.NewFlagSet("sim", pflag.ContinueOnError)
		options := Flags(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		return options(simtest.Template)
	}
	t.Setenv(broker.PasswordVariable, "secret")
	o, err := parse("--broker", "mqtts://h:1", "--user", "u", "--group", "G", "--node", "N", "--device", "A=cnc-mill-sparkplug@5*2", "--swallow", "0.5", "--primary-host", "p")
	if err != nil {
		t.Fatal(err)
	}
	if o.URL != "mqtts://h:1" || o.Username != "u" || o.Password != "secret" || o.Group != "G" || o.Node != "N" || len(o.Devices) != 1 || o.Devices[0].Name != "A" ||
		o.Devices[0].Start != 5 || o.Devices[0].Speed != 2 || o.Faults.Swallow != 0.5 || o.PrimaryHost != "p" || o.Every != 500*time.Millisecond {
		t.Errorf("%+v", o)
	}
	if o, err := parse(); err != nil || len(o.Devices) != 2 {
		t.Errorf("defaults: %d devices, %v", len(o.Devices), err)
	}
	for _, c := range []struct{ args, names string }{
		{"--device=A", "A"}, {"--device=A/B=cnc-mill-sparkplug", "A/B"}, {"--device=A=none", "none"}, {"--epoch=yesterday", "yesterday"}, {"--ca=/nowhere", "nowhere"},
	} {
		if _, err := parse(c.args); err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
	d := []Device{{"A", replay.Part{Template: m}}}
	for name, o := range map[string]Options{
		"address":    {Access: broker.Access{URL: "tcp://x"}, Devices: d},
		"no devices": {Access: broker.Access{URL: "mqtt://x"}},
		"twice":      {Access: broker.Access{URL: "mqtt://x"}, Devices: []Device{d[0], d[0]}},
		"drop":       {Access: broker.Access{URL: "mqtt://x"}, Devices: d, Faults: Faults{Drop: 2}},
		"loopback":   {Access: broker.Access{URL: "mqtt://x"}, Devices: d, Control: "0.0.0.0:1"},
		"group":      {Access: broker.Access{URL: "mqtt://x"}, Devices: d, Group: "a/b"},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
