package mqttjson

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
)

// FuzzMessage: whatever the payload, done runs once and nothing is taken that the store would refuse.
func FuzzMessage(f *testing.F) {
	configs := []string{simple}
	for _, p := range Presets() {
		configs = append(configs, string(p.Config))
	}
	topics := []string{"d/x", "devices/x/telemetry", "zigbee2mqtt/x", "tele/x/SENSOR", "application/a/device/x/event/up", "v3/a/devices/x/up",
		"/sys/p/x/thing/event/property/post", "$sys/p/x/thing/property/post", "factory/a/x/m"}
	for i := range topics {
		f.Add(i, "", []byte(`{"a":1,"params":{"a":{"value":1,"time":1795334340000}},"object":{"b":[1,"x",null,{"c":true}]}}`))
		f.Add(i, topics[i], []byte(`{"time":"2026-11-22T07:59:00Z","uplink_message":{"decoded_payload":{"t":1.5e3}}}`))
		f.Add(i, "", []byte(`"\ud83d\ude00\u0000"`))
		f.Add(i, "tele/x/LWT", []byte(`Online`))
	}
	f.Fuzz(func(t *testing.T, i int, topic string, payload []byte) {
		i = ((i % len(topics)) + len(topics)) % len(topics)
		if topic == "" {
			topic = topics[i]
		}
		p := newPlant(t)
		d := p.decoder(configs[i], i%2 == 0)
		for range 2 {
			if err := p.hand(d, broker.Message{Topic: topic, Payload: payload, Retained: i%3 == 0}); err != nil {
				t.Fatal(err)
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, name := range p.names {
			if len(name) > 2*maxName+1 {
				t.Fatalf("a name of %d bytes", len(name))
			}
		}
	})
}

// FuzzConfig: a configuration is refused with a field and both languages, or it works.
func FuzzConfig(f *testing.F) {
	for _, p := range Presets() {
		f.Add([]byte(p.Config))
	}
	f.Add([]byte(`{"mappings":[{"topic":"a/{b}/{b}"}]}`))
	f.Add([]byte(`{"mappings":[{"topic":"a/{device}","values":[{"name":"x","path":"$..a"}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseConfig(raw)
		if err != nil {
			var e *FieldError
			if !errors.As(err, &e) || e.Field == "" || e.Text.Zh == "" || e.Text.En == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		p := newPlant(t)
		d, err := New(Options{Binder: p, Put: p.put, Config: c})
		if err != nil {
			t.Fatal(err)
		}
		for _, filter := range d.Filters() {
			topic := strings.NewReplacer("+", "x", "#", "y").Replace(filter)
			d.MaySubscribe(filter, "x")
			d.Message(t.Context(), broker.Message{Topic: topic, Payload: []byte(`{"id":"x","a":{"b":[1,"y"]},"name":"n","value":1}`)}, func(error) {})
		}
	})
}

// BenchmarkMessage is a Zigbee2MQTT message of eight values.
func BenchmarkMessage(b *testing.B) {
	p := newPlant(b)
	c, _ := ParseConfig(json.RawMessage(preset(b, "zigbee2mqtt")))
	d, err := New(Options{Binder: p, Config: c, Put: func(_ context.Context, _ *intake.Message, done func(error)) error { done(nil); return nil }})
	if err != nil {
		b.Fatal(err)
	}
	m := broker.Message{Topic: "zigbee2mqtt/hall", Payload: []byte(`{"battery":97,"humidity":48.31,"linkquality":105,"temperature":21.17,"voltage":2995,"pressure":1013.2,"power":12.5,"energy":1234.567}`)}
	b.ReportAllocs()
	for b.Loop() {
		p.alive = p.alive[:0]
		d.Message(context.Background(), m, func(error) {})
	}
}
