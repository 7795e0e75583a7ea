package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/peertest"
)

func (n *node) remote(kind, own, address string) Source {
	n.t.Helper()
	return proof.Must(n.ingest.Create(n.as(auth.Engineer, "a"), Draft{Org: n.a, Name: text.Both("far " + kind), Kind: kind, Transport: Remote, Adopt: n.siteA,
		Config: json.RawMessage(strings.TrimSuffix(own, "}") + `,"remote":{"url":"mqtt://` + address + `","username":"u","password":"very secret"}}`)}))
}

func (n *node) at(address, id string) *client {
	n.t.Helper()
	o, c := n.options(id)
	o.Servers = nil
	return proof.Must(n.connect(o.AddBroker("tcp://"+address), c))
}

const plainJSON = `{"mappings":[{"topic":"devices/{device}/telemetry","time":{"path":"$.time"},"exclude":["time"]}]}`

func TestExternalBrokerIsReadAndKeepsWhatComesMeanwhile(t *testing.T) {
	address := peertest.Mosquitto(t)
	n := newNode(t, storetest.SQLite(t))
	src := n.remote("mqtt", plainJSON, address)
	in := n.ingest.inlet(src.ID)
	n.wait("the source is connected", func() bool { return in.view().State == Connected })
	far := n.at(address, "device")
	at := time.Now().UnixMilli()
	if err := far.publish("devices/d/telemetry", fmt.Sprintf(`{"t":1,"time":%d}`, at)); err != nil {
		t.Fatal(err)
	}
	n.wait("the machine is made", func() bool { v, _ := in.deviceViews("", 10); return len(v) == 1 && v[0].Machine != nil })
	v, _ := in.deviceViews("", 10)
	point := n.points(n.a, *v[0].Machine)["t"]
	n.wait("the value is there", func() bool { return len(n.samples(point)) == 1 })
	n.stop()
	for i := 1; i <= 5; i++ { // while the node is down
		if err := far.publish("devices/d/telemetry", fmt.Sprintf(`{"t":%d,"time":%d}`, i+1, at+int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	n.start()
	n.wait("all values are there", func() bool { return len(n.samples(point)) == 6 })
	// What is told of it has no password, and a change that leaves it out keeps it for the same broker only.
	in = n.ingest.inlet(src.ID)
	if text := string(proof.Must(json.Marshal(in.view()))); strings.Contains(text, "very secret") || !strings.Contains(text, address) {
		t.Errorf("told: %s", text)
	}
	password := func(s Source) string {
		_, raw, err := split(s.Config)
		if err != nil {
			t.Fatal(err)
		}
		return proof.Must(parseRemote(raw)).Password
	}
	ctx := n.as(auth.Engineer, "a")
	if s := proof.Must(n.ingest.Update(ctx, src.ID, Change{Config: shown(src.Config)}, noMatch)); password(s) != "very secret" {
		t.Error("the password was lost")
	}
	elsewhere := json.RawMessage(strings.Replace(string(shown(src.Config)), address, "127.0.0.1:1", 1))
	if s := proof.Must(n.ingest.Update(ctx, src.ID, Change{Config: elsewhere}, noMatch)); password(s) != "" {
		t.Error("the password went to another broker")
	}
	n.wait("the failure is seen", func() bool {
		v := in.view()
		return v.State == Failed && v.LastTrouble != nil && v.LastTrouble.Text.Zh != ""
	})
	n.ahead.Store(int64(2 * remoteGrace))
	n.wait("the condition is raised", func() bool { return n.raised("source.remote", src.ID) })
	proof.Must(n.ingest.Update(ctx, src.ID, Change{Config: src.Config}, noMatch))
	n.wait("the condition is cleared", func() bool { return !n.raised("source.remote", src.ID) })
	if n.audited()["ingest.source.update"] != 3 {
		t.Errorf("audited %v", n.audited())
	}
}

func TestSparkplugHostTellsItsStateAtAnExternalBroker(t *testing.T) {
	address := peertest.Mosquitto(t)
	n := newNode(t, storetest.SQLite(t))
	far := n.at(address, "watcher")
	if tok := far.Subscribe("spBv1.0/STATE/jw", 1, nil); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	src := n.remote("sparkplug", `{"host":"jw"}`, address)
	online := func(want bool) {
		t.Helper()
		for {
			select {
			case m := <-far.got:
				var s struct{ Online bool }
				if err := json.Unmarshal(m.Payload(), &s); err != nil {
					t.Fatalf("state %s", m.Payload())
				}
				if s.Online == want {
					return
				}
			case <-time.After(15 * time.Second):
				t.Fatalf("the host did not say that it is online: %v", want)
			}
		}
	}
	online(true)
	if err := n.ingest.Remove(n.as(auth.Engineer, "a"), src.ID, noMatch); err != nil {
		t.Fatal(err)
	}
	online(false)
}

func TestRemoteConfigurationsAreChecked(t *testing.T) {
	for config, field := range map[string]string{
		``:                                       "remote",
		`{}`:                                     "remote.url",
		`{"url":"http://h"}`:                     "remote.url",
		`{"url":"mqtt://u:p@h"}`:                 "remote.url",
		`{"url":"mqtt://h","port":1}`:            "remote",
		`{"url":"mqtts://h","ca":"no PEM"}`:      "remote.ca",
		`{"url":"mqtts://h","fingerprint":"ab"}`: "remote.fingerprint",
		`{"url":"mqtt://h","qos":2}`:             "remote.qos",
	} {
		var raw json.RawMessage
		if config != "" {
			raw = json.RawMessage(config)
		}
		var f *fieldError
		if _, err := parseRemote(raw); !errors.As(err, &f) || f.field != field || f.text.Zh == "" {
			t.Errorf("%s: %v, want a fault of %s", config, err, field)
		}
	}
	c := proof.Must(parseRemote(json.RawMessage(`{"url":"mqtts://h:8883","fingerprint":"` + strings.Repeat("ab:", 31) + `ab"}`)))
	if cfg := proof.Must(c.tls()); cfg == nil || cfg.VerifyConnection == nil {
		t.Error("the fingerprint is not compared")
	}
}
