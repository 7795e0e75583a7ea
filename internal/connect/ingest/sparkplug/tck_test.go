package sparkplug

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// What the specification demands of host applications (Sparkplug 3.0.0, chapters 4 to 6), by the identifiers of its
// assertions. Those about the CONNECT itself (clean session, the Will's QoS and retained flag as packets) are the
// broker client's; here stands what the host gives it.
func TestHostAssertions(t *testing.T) {
	state := func(t *testing.T, payload []byte) (online bool, at int64) {
		t.Helper()
		var s map[string]any
		if err := json.Unmarshal(payload, &s); err != nil || len(s) != 2 {
			t.Fatalf("state %s: %v", payload, err)
		}
		return s["online"].(bool), int64(s["timestamp"].(float64))
	}
	for id, check := range map[string]func(t *testing.T, w *world){
		"tck-id-operational-behavior-host-application-connect-will-topic": func(t *testing.T, w *world) {
			if c, ok := w.host.Will(w.clock()); !ok || c.Topic != "spBv1.0/STATE/jingwei" {
				t.Errorf("%+v, %v", c, ok)
			}
		},
		"tck-id-operational-behavior-host-application-connect-will-payload": func(t *testing.T, w *world) {
			c, _ := w.host.Will(w.clock())
			if online, at := state(t, c.Payload); online || at != begin.UnixMilli() {
				t.Errorf("%s", c.Payload)
			}
		},
		"tck-id-operational-behavior-host-application-connect-birth-payload": func(t *testing.T, w *world) {
			w.host.Will(w.clock())
			w.pass(time.Second)
			w.host.Online()
			if online, at := state(t, w.sent[0].payload); !online || at != begin.UnixMilli() {
				t.Errorf("the birth has not the time of the Will: %s", w.sent[0].payload)
			}
		},
		"tck-id-operational-behavior-host-application-connect-birth-topic": func(t *testing.T, w *world) {
			w.host.Online()
			if w.sent[0].topic != "spBv1.0/STATE/jingwei" {
				t.Error(w.sent[0].topic)
			}
		},
		"tck-id-operational-behavior-host-application-connect-birth-qos": func(t *testing.T, w *world) {
			w.host.Online()
			if w.sent[0].qos != 1 {
				t.Error(w.sent[0].qos)
			}
		},
		"tck-id-operational-behavior-host-application-connect-birth-retained": func(t *testing.T, w *world) {
			w.host.Online()
			if !w.sent[0].retained {
				t.Error("not retained")
			}
		},
		"tck-id-operational-behavior-host-application-death-payload": func(t *testing.T, w *world) {
			w.host.Online()
			w.pass(time.Minute)
			w.host.Offline()
			w.host.Offline()
			if len(w.sent) != 2 {
				t.Fatalf("%d messages", len(w.sent))
			}
			if online, at := state(t, w.sent[1].payload); online || at != begin.Add(time.Minute).UnixMilli() || w.sent[1].qos != 1 || !w.sent[1].retained {
				t.Errorf("%+v", w.sent[1])
			}
		},
		"tck-id-message-flow-hid-sparkplug-state-message-delivered": func(t *testing.T, w *world) {
			w.host.Online()
			w.sent = nil
			w.hear("spBv1.0/STATE/jingwei", []byte(`{"online":true,"timestamp":1}`))
			w.hear("spBv1.0/STATE/other", []byte(`{"online":false,"timestamp":1}`))
			w.hear("spBv1.0/STATE/jingwei", []byte(`{"online"`))
			if len(w.sent) != 0 {
				t.Fatalf("answered %s", w.sent[0].payload)
			}
			for range 3 { // somebody insists
				w.hear("spBv1.0/STATE/jingwei", []byte(`{"online":false,"timestamp":1}`))
			}
			if len(w.sent) != 1 {
				t.Fatalf("%d answers at once", len(w.sent))
			}
			w.pass(time.Second)
			w.pass(time.Second)
			if len(w.sent) != 2 {
				t.Errorf("%d answers; the last word must be the host's", len(w.sent))
			}
			if online, _ := state(t, w.sent[1].payload); !online {
				t.Errorf("%s", w.sent[1].payload)
			}
		},
		"tck-id-operational-behavior-host-reordering-param": func(t *testing.T, w *world) {
			c, err := ParseConfig(json.RawMessage(`{"reorderMs":5000}`))
			if err != nil || c.reorder() != 5*time.Second {
				t.Errorf("%v, %v", c.reorder(), err)
			}
		},
		"tck-id-operational-behavior-host-reordering-start": func(t *testing.T, w *world) {
			w.session(1, 0)
			if a := w.hear(dData, payload(2, 5, tell(1, Double, 1.0, 2))); !a.pending() {
				t.Error("taken out of order")
			}
		},
		"tck-id-operational-behavior-host-reordering-rebirth": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.hear(dData, payload(2, 5, tell(1, Double, 1.0, 2)))
			w.pass(1900 * time.Millisecond)
			if c := w.commands(); len(c) > 0 {
				t.Fatal("asked before the time-out")
			}
			w.pass(200 * time.Millisecond)
			if !slices.Contains(w.commands(), "spBv1.0/G/NCMD/E") {
				t.Error("not asked")
			}
		},
		"tck-id-operational-behavior-host-reordering-success": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.hear(dData, payload(3, 3, tell(1, Double, 1.0, 3)))
			w.pass(time.Second)
			w.hear(dData, payload(2, 2, tell(1, Double, 1.0, 2)))
			w.pass(5 * time.Second)
			if c := w.commands(); len(c) > 0 {
				t.Error("asked although nothing is missing")
			}
		},
		"tck-id-operational-behavior-data-commands-ncmd-rebirth-verb": func(t *testing.T, w *world) {
			w.hear(nData, payload(1, 0, tell(1, Double, 1.0, 1)))
			if !slices.Contains(w.commands(), "spBv1.0/G/NCMD/E") {
				t.Error("not asked")
			}
		},
		"tck-id-operational-behavior-data-commands-ncmd-rebirth-name": func(t *testing.T, w *world) {
			w.hear(nData, payload(1, 0, tell(1, Double, 1.0, 1)))
			if _, m := all(t, w.sent[0].payload); string(m[0].Name) != "Node Control/Rebirth" || m[0].Datatype != Boolean {
				t.Errorf("%+v", m[0])
			}
		},
		"tck-id-operational-behavior-data-commands-ncmd-rebirth-value": func(t *testing.T, w *world) {
			w.hear(nData, payload(1, 0, tell(1, Double, 1.0, 1)))
			if _, m := all(t, w.sent[0].payload); m[0].Kind != KindBool || m[0].Bits != 1 {
				t.Errorf("%+v", m[0])
			}
		},
		"tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.hear(nDeath, payload(0, -1, bd(0)))
			if w.isAlive("G/E") {
				t.Error("alive")
			}
		},
		"tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.told()
			w.pass(9 * time.Second)
			w.hear(nDeath, payload(0, -1, bd(0)))
			if !slices.Contains(w.told(), "G/E|up@9=null!80310000") {
				t.Error("not marked with the host's time")
			}
		},
		"tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-offline": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.hear(nDeath, payload(0, -1, bd(0)))
			if w.isAlive("G/E/D") {
				t.Error("alive")
			}
		},
		"tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.told()
			w.pass(9 * time.Second)
			w.hear(nDeath, payload(0, -1, bd(0)))
			if !slices.Contains(w.told(), "G/E/D|t@9=null!80310000") {
				t.Error("not marked with the host's time")
			}
		},
		"tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.hear(dDeath, payload(4, 2))
			if w.isAlive("G/E/D") || !w.isAlive("G/E") {
				t.Error("the device is alive, or the node dead")
			}
		},
		"tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.told()
			w.pass(9 * time.Second)
			w.hear(dDeath, payload(4, 2))
			w.expect("with the time of the payload", "G/E/D|t@4=null!80310000", "G/E/D|n@4=null!80310000")
		},
		"tck-id-payloads-sequence-num-incrementing": func(t *testing.T, w *world) {
			w.session(1, 0)
			w.told()
			for i := 2; i <= 257; i++ {
				w.hear(dData, payload(2, i%256, tell(1, Double, 1.0, 2)))
			}
			if n := len(w.told()); n != 256 {
				t.Errorf("%d of 256", n)
			}
		},
	} {
		t.Run(id, func(t *testing.T) { check(t, newWorld(t, Config{Host: "jingwei"})) })
	}
}

func TestStateOfSparkplug22(t *testing.T) {
	w := newWorld(t, Config{Host: "jingwei", State22: true})
	w.host.Online()
	if len(w.sent) != 2 || w.sent[1].topic != "STATE/jingwei" || string(w.sent[1].payload) != "ONLINE" || !w.sent[1].retained || w.sent[1].qos != 1 {
		t.Fatalf("%+v", w.sent)
	}
	for filter, want := range map[string]int{"STATE/#": 1, "STATE/jingwei": 1, "spBv1.0/STATE/+": 1, "#": 2, "spBv1.0/G/NCMD/E": 0, "+/jingwei": 1, "STATE": 0} {
		if got := len(w.host.Retained(filter)); got != want {
			t.Errorf("%s: %d certificates, want %d", filter, got, want)
		}
	}
	w.sent = nil
	w.hear("STATE/jingwei", []byte("OFFLINE"))
	if len(w.sent) != 2 || string(w.sent[1].payload) != "ONLINE" {
		t.Errorf("%+v", w.sent)
	}
}

func TestWhoMayPublishAndSubscribe(t *testing.T) {
	c := Config{Groups: []string{"G", "H"}, Host: "jingwei"}
	for _, k := range []struct {
		topic, limit string
		want         bool
	}{
		{nBirth, "", true}, {dData, "", true}, {"spBv1.0/X/NDATA/E", "", false}, {"spBv1.0/G/NCMD/E", "", false}, {"spBv1.0/STATE/jingwei", "", false},
		{"other", "", false}, {dData, "G/E", true}, {dData, "G/E/D", true}, {dData, "G/E/other", false}, {nData, "G/E/D", false}, {nData, "G/F", false},
	} {
		if got := c.MayPublish(k.topic, k.limit); got != k.want {
			t.Errorf("publish %s as %q: %v", k.topic, k.limit, got)
		}
	}
	for _, k := range []struct {
		filter, limit string
		want          bool
	}{
		{"spBv1.0/G/NCMD/E", "", true}, {"spBv1.0/STATE/#", "G/E", true}, {"STATE/jingwei", "G/E", true}, {"spBv1.0/G/NCMD/E/#", "G/E", true},
		{"spBv1.0/G/DCMD/E/+", "G/E/D", true}, {"spBv1.0/G/NCMD/F", "G/E", false}, {"spBv1.0/#", "G/E", false}, {"#", "", false}, {"spBv1.0/G/DDATA/E/D", "G/E", false},
	} {
		if got := c.MaySubscribe(k.filter, k.limit); got != k.want {
			t.Errorf("subscribe %s as %q: %v", k.filter, k.limit, got)
		}
	}
	want := []string{"spBv1.0/G/NBIRTH/+", "spBv1.0/G/NDEATH/+", "spBv1.0/G/NDATA/+", "spBv1.0/G/DBIRTH/+/+", "spBv1.0/G/DDEATH/+/+", "spBv1.0/G/DDATA/+/+"}
	if got := c.Filters(); !slices.Equal(got[:6], want) || len(got) != 14 || got[12] != "spBv1.0/STATE/jingwei" {
		t.Errorf("filters %v", got)
	}
}

func TestConfigurations(t *testing.T) {
	for raw, field := range map[string]string{
		`{"host":"a/b"}`: "host", `{"groups":["STATE"]}`: "groups", `{"groups":[""]}`: "groups", `{"reorderMs":-1}`: "reorderMs", `{"reorderMs":60001}`: "reorderMs",
		`{"unknown":1}`: "config", `{"host":1}`: "config",
	} {
		_, err := ParseConfig(json.RawMessage(raw))
		f, ok := err.(*FieldError)
		if !ok || f.Field != field || f.Text.Zh == "" || f.Text.En == "" {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if c, err := ParseConfig(nil); err != nil || c.reorder() != 2*time.Second {
		t.Errorf("default: %+v, %v", c, err)
	}
	var schema struct{ Properties map[string]map[string]any }
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	for name, p := range schema.Properties {
		if zh, _ := p["x-zh"].(map[string]any); p["title"] == nil || zh["title"] == nil || zh["description"] == nil {
			t.Errorf("schema: %s has no titles", name)
		}
	}
	if len(schema.Properties) != 5 {
		t.Errorf("schema: %d properties", len(schema.Properties))
	}
}
