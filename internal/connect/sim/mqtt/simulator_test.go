package mqtt

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"
	"go.uber.org/goleak"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/connect/ingest/mqttjson"
	access "jingwei/internal/connect/sim/broker"
	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/connect/sim/simtest"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is the way of a message behind the node's door: broker, decoder, intake. It notes what became durable.
type node struct {
	t  *testing.T
	d  *mqttjson.Decoder
	in *intake.Intake

	mu       sync.Mutex
	slots    []string // device and metric by ref
	rows     map[string]float64
	times    map[string]map[int64]bool // by device
	alive    map[string]bool
	troubles map[string]int
	wills    int
}

func newNode(t *testing.T) (*node, *broker.Broker) {
	t.Helper()
	n := &node{t: t, slots: []string{""}, rows: map[string]float64{}, times: map[string]map[int64]bool{}, alive: map[string]bool{}, troubles: map[string]int{}}
	n.in = intake.New(intake.Options{Store: n, Producer: uuid.New()})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- n.in.Run(ctx) }()
	var config mqttjson.Config
	for _, p := range mqttjson.Presets() {
		if p.ID == "zigbee2mqtt" {
			var err error
			if config, err = mqttjson.ParseConfig(p.Config); err != nil {
				t.Fatal(err)
			}
		}
	}
	var err error
	if n.d, err = mqttjson.New(mqttjson.Options{Binder: n, Put: n.in.Put, Config: config}); err != nil {
		t.Fatal(err)
	}
	b, err := broker.New(broker.Options{Handler: n, Plain: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return n, b
}

func (n *node) Connect(_ context.Context, c *broker.Client) (broker.Session, error) {
	if c.Username != "source" || string(c.Password) != "secret" {
		return nil, broker.ErrCredentials
	}
	return n, nil
}
func (n *node) Message(m broker.Message, done func(error)) {
	if m.Will {
		n.mu.Lock()
		n.wills++
		n.mu.Unlock()
	}
	n.d.Message(context.Background(), m, done)
}
func (n *node) MayPublish(topic string) bool    { return n.d.MayPublish(topic, "") }
func (n *node) MaySubscribe(filter string) bool { return n.d.MaySubscribe(filter, "") }
func (n *node) Subscribed(string)               {}
func (n *node) Closed(error)                    {}

func (n *node) Bind(_ context.Context, device string, ms []intake.Metric) ([]intake.Slot, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]intake.Slot, len(ms))
	for i, m := range ms {
		out[i] = intake.Slot{Ref: telemetry.Ref(len(n.slots)), Type: telemetry.Float64}
		if m.Name == "POWER" {
			out[i].Type = telemetry.Bool
		}
		n.slots = append(n.slots, device+" "+m.Name)
	}
	return out, nil
}
func (n *node) Generation() uint64                                { return 1 }
func (n *node) Saw(string, intake.Metric, int64, telemetry.Value) {}
func (n *node) Alive(device string, alive bool, _ int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.alive[device] = alive
}
func (n *node) Trouble(_ string, t intake.Trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.troubles[t.Code]++
}
func (n *node) LastSeq(uuid.UUID) (uint64, uint64) { return 0, 0 }
func (n *node) Append(_ context.Context, _ uuid.UUID, _, _ uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, ref := range b.Ref {
		key := n.slots[ref]
		device, metric, _ := strings.Cut(key, " ")
		if b.Flags[i] != 0 {
			if b.Flags[i]&telemetry.NoValue == 0 {
				n.t.Errorf("%s without the device's time", key)
			}
			continue
		}
		v := math.Float64frombits(b.Bits[i])
		if metric == "POWER" {
			v = float64(b.Bits[i])
		}
		n.rows[fmt.Sprint(key, " ", b.Time[i])] = v
		if n.times[device] == nil {
			n.times[device] = map[int64]bool{}
		}
		n.times[device][b.Time[i]] = true
	}
	go done(telemetry.Receipt{}, nil)
	return nil
}

func TestDevicesReplayThroughTheNodesDoorWhateverGoesWrong(t *testing.T) {
	n, b := newNode(t)
	o := Options{Access: access.Access{URL: "mqtt://" + b.Plain().String(), Username: "source", Password: "secret"}, Every: 15 * time.Millisecond, Connections: 3, Seed: 7,
		Faults: Faults{Drop: 0.04, Malformed: 0.1, WrongType: 0.1, Stall: 0.02, StallFor: control.Duration(20 * time.Millisecond)}}
	for i := range 6 {
		id := []string{"environment-sensor-zigbee2mqtt", "energy-plug-tasmota"}[i%2]
		o.Devices = append(o.Devices, Device{Name: fmt.Sprint("d", i), Part: replay.Part{Template: simtest.Template(id), Start: int64(i * 50), Speed: 3600}})
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	until := time.Now().Add(20 * time.Second)
	for st := s.Stats(); st.Published < 600 || st.Resent < 5 || st.Malformed < 5 || st.WrongType < 5 || st.Stalled < 2; st = s.Stats() {
		if time.Now().After(until) {
			t.Fatalf("%+v", st)
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	st := s.Stats()
	if err := b.Stop(t.Context()); err != nil { // all sessions have closed after this
		t.Fatal(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := uint64(0)
	for _, times := range n.times {
		taken += uint64(len(times))
	}
	if taken < st.Published {
		t.Errorf("%d messages acknowledged, %d durable", st.Published, taken)
	}
	missing := 0
	for _, d := range s.devices {
		if !n.alive[d.Name] && len(n.times[d.Name]) == 0 {
			t.Errorf("%s was never heard", d.Name)
		}
		for at := range n.times[d.Name] {
			place := d.player.At(time.Unix(0, at))
			for i, name := range d.member {
				want := d.player.Value(i, place)
				got, ok := n.rows[fmt.Sprint(d.Name, " ", name, " ", at)]
				if want.Type == 0 {
					continue
				}
				if !ok {
					missing++ // it was a text in this message
					continue
				}
				v := math.Float64frombits(want.Bits)
				if want.Type != telemetry.Float64 {
					v = float64(int64(want.Bits))
				}
				if got != v && d.player.At(time.Unix(0, at+999_999)) == place {
					t.Errorf("%s %s: %v, the recording has %v", d.Name, name, got, v)
				}
			}
		}
	}
	if n.troubles["type"] < 5 || n.troubles["payload"] < 5 || len(n.troubles) != 2 {
		t.Errorf("told: %v of %+v", n.troubles, st)
	}
	if missing == 0 || uint64(missing) > st.WrongType {
		t.Errorf("%d values missing, %d were wrong", missing, st.WrongType)
	}
	if n.wills == 0 {
		t.Error("broken connections left no will")
	}
}

func TestAWrongPasswordIsTriedAgainAndHarmsNothing(t *testing.T) {
	_, b := newNode(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err := Run(ctx, Options{Access: access.Access{URL: "mqtt://" + b.Plain().String(), Username: "source", Password: "guess"}, Devices: []Device{{Name: "d", Part: replay.Part{Template: simtest.Template("environment-sensor-zigbee2mqtt")}}}})
	if st := b.Stats(); err != nil || st.Refused["credentials"] == 0 || st.Received != 0 {
		t.Errorf("%v, %+v", err, st)
	}
}

func TestPayloadsAreNestedObjects(t *testing.T) {
	plug, err := ParseDevice("plug=energy-plug-tasmota@5", simtest.Template)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDevice(plug, "tele/{device}/SENSOR", replay.NewLibrary(nil), replay.DefaultEpoch)
	if err != nil {
		t.Fatal(err)
	}
	at := replay.DefaultEpoch.Add(1500 * time.Millisecond)
	if got := string(d.payload(at, -1)); got != `{"ENERGY":{"Total":24.42,"Voltage":229},"POWER":true,"last_seen":"2026-01-01T00:00:01.500Z"}` {
		t.Error(got)
	}
	if got := string(d.payload(at, 0)); !strings.Contains(got, `"Voltage":"about 229"`) || !json.Valid([]byte(got)) {
		t.Error(got)
	}
	if d.topic != "tele/plug/SENSOR" || d.numbers(at) != 2 {
		t.Error(d.topic, d.numbers(at))
	}
}

func TestFlagsAndOptionsAreChecked(t *testing.T) {
	parse := func(args ...string) (Options, error) {
		fs := pflag.NewFlagSet("mqtt", pflag.ContinueOnError)
		options := Flags(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		return options(simtest.Template)
	}
	t.Setenv(PasswordVariable, "from the environment")
	o, err := parse("--copies", "3", "--broker", "mqtts://broker:8883")
	if err != nil || len(o.Devices) != 9 || o.Devices[1].Name != "hall-north-2" || o.Password != "from the environment" || o.TLS == nil {
		t.Errorf("%+v %v", o, err)
	}
	if _, err := New(o); err != nil {
		t.Errorf("the default simulator: %v", err)
	}
	for _, args := range [][]string{{"--device", "x"}, {"--device", "x=nothing"}, {"--epoch", "May"}, {"--ca", "nowhere.pem"}, {"--cert", "nowhere.pem"}, {"--copies", "0"}} {
		if _, err := parse(args...); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	good, address := o.Devices[:1], access.Access{URL: "mqtt://h"}
	for name, o := range map[string]Options{
		"no address": {Devices: good}, "no devices": {Access: address}, "twice": {Access: address, Devices: append(good, good...)}, "wildcard": {Access: address, Devices: good, Topic: "{device}/#"},
		"no device in the topic": {Access: address, Devices: good, Topic: "a"}, "open control": {Access: address, Devices: good, Control: "0.0.0.0:1"},
		"probability": {Access: address, Devices: good, Faults: Faults{Drop: 2}}, "name": {Access: address, Devices: []Device{{Name: "a/b", Part: good[0].Part}}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestFaultsAreSteeredOverHTTP(t *testing.T) {
	s, err := New(Options{Access: access.Access{URL: "mqtt://h"}, Devices: []Device{{Name: "d", Part: replay.Part{Template: simtest.Template("environment-sensor-zigbee2mqtt")}}}})
	if err != nil {
		t.Fatal(err)
	}
	put := func(body string) int {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("PUT", "/faults", strings.NewReader(body)))
		return w.Code
	}
	if code := put(`{"drop":0.5,"stallFor":"2s"}`); code != 200 || s.Faults().Drop != 0.5 || time.Duration(s.Faults().StallFor) != 2*time.Second {
		t.Errorf("%d %+v", code, s.Faults())
	}
	for _, body := range []string{`{"drop":2}`, `{"rain":1}`, `{`, `{} {}`} {
		if code := put(body); code != 400 {
			t.Errorf("%s: %d", body, code)
		}
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/stats", nil))
	if !strings.Contains(w.Body.String(), `"published":0`) {
		t.Error(w.Body.String())
	}
}
