package mqttjson

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// plant is a binder that gives a slot to the metrics that it knows, and an intake that keeps what it is given.
type plant struct {
	t          testing.TB
	slots      map[string]intake.Slot // by device and metric; nil: every metric gets one of its own type
	mu         sync.Mutex             // names, types and rows: the intake appends in a goroutine of its own
	next       telemetry.Ref
	names      map[telemetry.Ref]string
	types      map[telemetry.Ref]telemetry.Type
	generation uint64
	binds      int
	fail       error

	rows     []string
	saw      []string
	alive    []string
	troubles []intake.Trouble
	puts     int
	in       *intake.Intake
	putErr   error
	landErr  error
}

func (p *plant) Bind(_ context.Context, device string, ms []intake.Metric) ([]intake.Slot, error) {
	if p.fail != nil {
		return nil, p.fail
	}
	p.binds++
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]intake.Slot, len(ms))
	for i, m := range ms {
		key := device + " " + m.Name
		if p.slots == nil {
			out[i] = intake.Slot{Type: m.Type}
		} else if s, ok := p.slots[key]; ok {
			out[i] = s
		} else {
			continue
		}
		p.next++
		out[i].Ref = p.next
		p.names[p.next], p.types[p.next] = key, out[i].Type
	}
	return out, nil
}
func (p *plant) Generation() uint64 { return p.generation }
func (p *plant) Saw(device string, m intake.Metric, _ int64, v telemetry.Value) {
	p.saw = append(p.saw, device+" "+m.Name+"="+show(v))
}
func (p *plant) Alive(device string, alive bool, _ int64) {
	p.alive = append(p.alive, fmt.Sprint(device, " ", alive))
}
func (p *plant) Trouble(_ string, t intake.Trouble) {
	if t.Zh == "" || t.En == "" || t.Where == "" {
		p.t.Errorf("a trouble without words or place: %+v", t)
	}
	p.troubles = append(p.troubles, t)
}

var now = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

// Append is the store's door: it notes rows as "device metric=value", with "@time" where the device told one and
// "!status" where not good.
func (p *plant) Append(_ context.Context, _ uuid.UUID, _, _ uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	if p.landErr != nil {
		go done(telemetry.Receipt{}, p.landErr)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, ref := range b.Ref {
		var text string
		v := telemetry.Value{Bits: b.Bits[i]}
		switch slot := p.types[ref]; {
		case b.Flags[i]&telemetry.NoValue != 0:
			text = "null"
		case slot == telemetry.String:
			text = b.Text[b.Bits[i]]
		default:
			v.Type = slot
			text = show(v)
		}
		s := p.names[ref] + "=" + text
		if b.Flags[i]&telemetry.GatewayTime == 0 {
			s += "@" + time.Unix(0, b.Time[i]).UTC().Format("2006-01-02T15:04:05.999")
		}
		if b.Status != nil && b.Status[i] != telemetry.Good {
			s += fmt.Sprintf("!%08X", uint32(b.Status[i]))
		}
		p.rows = append(p.rows, s)
	}
	go done(telemetry.Receipt{}, nil)
	return nil
}

func (p *plant) LastSeq(uuid.UUID) (uint64, uint64) { return 0, 0 }

func (p *plant) put(ctx context.Context, m *intake.Message, done func(error)) error {
	p.puts++
	if p.putErr != nil {
		return p.putErr
	}
	return p.in.Put(ctx, m, done)
}

func newPlant(t testing.TB) *plant {
	p := &plant{t: t, names: map[telemetry.Ref]string{}, types: map[telemetry.Ref]telemetry.Type{}, generation: 1}
	p.in = intake.New(intake.Options{Store: p})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- p.in.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *plant) decoder(config string, remote bool) *Decoder {
	p.t.Helper()
	c, err := ParseConfig(json.RawMessage(config))
	if err != nil {
		p.t.Fatal(err)
	}
	d, err := New(Options{Binder: p, Put: p.put, Config: c, Remote: remote, Now: func() time.Time { return now }})
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

// say hands a message over and returns what became of it.
func (p *plant) say(d *Decoder, topic, payload string) error {
	p.t.Helper()
	return p.hand(d, broker.Message{Topic: topic, Payload: []byte(payload), QoS: 1})
}

func (p *plant) hand(d *Decoder, m broker.Message) error {
	p.t.Helper()
	done := make(chan error, 2)
	d.Message(context.Background(), m, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		p.t.Fatal("done did not run")
		return nil
	}
}

func (p *plant) codes() (out []string) {
	for _, t := range p.troubles {
		out = append(out, t.Code)
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func preset(t testing.TB, id string) string {
	t.Helper()
	for _, p := range Presets() {
		if p.ID == id {
			return string(p.Config)
		}
	}
	t.Fatalf("no preset %s", id)
	return ""
}
