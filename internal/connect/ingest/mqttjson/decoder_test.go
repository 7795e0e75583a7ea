package mqttjson

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// The payloads are those of the makers' documentation, shortened.
func TestPresetsReadWhatDevicesSend(t *testing.T) {
	for _, c := range []struct {
		preset, topic, payload string
		rows                   []string
		alive                  []string
	}{
		{"json", "devices/pump-1/telemetry", `{"time":"2026-11-22T07:59:00.5Z","motor":{"speed":1480,"on":true},"temps":[21.5,22],"note":"ok","none":null}`,
			[]string{"pump-1 motor.speed=1480@2026-11-22T07:59:00.5", "pump-1 motor.on=true@2026-11-22T07:59:00.5", "pump-1 temps.0=21.5@2026-11-22T07:59:00.5",
				"pump-1 temps.1=22@2026-11-22T07:59:00.5", "pump-1 note=ok@2026-11-22T07:59:00.5"}, []string{"pump-1 true"}},
		{"zigbee2mqtt", "zigbee2mqtt/hall", `{"battery":97,"humidity":48.31,"linkquality":105,"temperature":21.17,"voltage":2995,"update":{"state":"idle"},"last_seen":"2026-11-22T15:59:58+08:00"}`,
			[]string{"hall battery=97@2026-11-22T07:59:58", "hall humidity=48.31@2026-11-22T07:59:58", "hall linkquality=105@2026-11-22T07:59:58",
				"hall temperature=21.17@2026-11-22T07:59:58", "hall voltage=2995@2026-11-22T07:59:58"}, []string{"hall true"}},
		{"zigbee2mqtt", "zigbee2mqtt/hall/availability", `{"state":"offline"}`, nil, []string{"hall false"}},
		{"zigbee2mqtt", "zigbee2mqtt/hall/availability", `online`, nil, []string{"hall true"}},
		{"zigbee2mqtt", "zigbee2mqtt/bridge/logging", `not json`, nil, nil},
		{"tasmota", "tele/plug/SENSOR", `{"Time":"2026-11-22T15:00:00","ENERGY":{"TotalStartTime":"2026-01-01T00:00:00","Total":123.456,"Power":42,"Factor":0.98,"Voltage":229,"Current":0.187}}`,
			[]string{"plug ENERGY.Total=123.456", "plug ENERGY.Power=42", "plug ENERGY.Factor=0.98", "plug ENERGY.Voltage=229", "plug ENERGY.Current=0.187"}, []string{"plug true"}},
		{"tasmota", "tele/plug/STATE", `{"Time":"2026-11-22T15:00:00","Uptime":"0T01:00:00","UptimeSec":3600,"POWER":"ON","Wifi":{"RSSI":80}}`,
			[]string{"plug UptimeSec=3600", "plug POWER=ON", "plug Wifi.RSSI=80"}, []string{"plug true"}},
		{"tasmota", "stat/plug/POWER", `OFF`, []string{"plug POWER=OFF"}, []string{"plug true"}},
		{"tasmota", "tele/plug/LWT", `Offline`, nil, []string{"plug false"}},
		{"tasmota", "tele/plug/INFO1", `{"Info1":{}}`, nil, nil},
		{"chirpstack", "application/17c82e96/device/0101010101010101/event/up",
			`{"deduplicationId":"3ac7e3c4","time":"2026-11-22T07:51:09.123+00:00","deviceInfo":{"tenantName":"T","devEui":"0101010101010101"},"dr":1,"fCnt":4,"fPort":2,"data":"qg==","object":{"temperature":19.5,"door":"open"},"rxInfo":[{"gatewayId":"0016c0","rssi":-48,"snr":9.25}],"txInfo":{"frequency":868500000}}`,
			[]string{"0101010101010101 lora.rssi=-48@2026-11-22T07:51:09.123", "0101010101010101 lora.snr=9.25@2026-11-22T07:51:09.123", "0101010101010101 lora.port=2@2026-11-22T07:51:09.123",
				"0101010101010101 lora.counter=4@2026-11-22T07:51:09.123", "0101010101010101 lora.rate=1@2026-11-22T07:51:09.123",
				"0101010101010101 temperature=19.5@2026-11-22T07:51:09.123", "0101010101010101 door=open@2026-11-22T07:51:09.123"}, []string{"0101010101010101 true"}},
		{"chirpstack", "application/17c82e96/device/01/event/join", `{"x":1}`, nil, nil},
		{"ttn", "v3/app@tenant/devices/dev1/up", `{"end_device_ids":{"device_id":"dev1"},"received_at":"2026-11-22T07:00:00.000000001Z","uplink_message":{"f_port":15,"f_cnt":527,"decoded_payload":{"temperature":1.0},"rx_metadata":[{"rssi":-35,"snr":5.2}]}}`,
			[]string{"dev1 lora.rssi=-35@2026-11-22T07:00:00", "dev1 lora.snr=5.2@2026-11-22T07:00:00", "dev1 lora.port=15@2026-11-22T07:00:00", "dev1 lora.counter=527@2026-11-22T07:00:00", "dev1 temperature=1@2026-11-22T07:00:00"}, []string{"dev1 true"}},
		{"aliyun", "/sys/a1x/dev/thing/event/property/post", `{"id":"123","version":"1.0","params":{"Power":{"value":"on","time":1795334340000},"WF":{"value":23.6,"time":1795334340000},"Plain":7,"Geo":{"value":{"lat":1.5},"time":1795334340000}},"method":"thing.event.property.post"}`,
			[]string{"a1x/dev Power=on@2026-11-22T07:59:00", "a1x/dev WF=23.6@2026-11-22T07:59:00", "a1x/dev Plain=7", "a1x/dev Geo.lat=1.5@2026-11-22T07:59:00"}, []string{"a1x/dev true"}},
		{"onenet", "$sys/pid/dev/thing/property/post", `{"id":"1","version":"1.0","params":{"temp":{"value":20.5,"time":1795334340123},"on":{"value":true}}}`,
			[]string{"pid/dev temp=20.5@2026-11-22T07:59:00.123", "pid/dev on=true"}, []string{"pid/dev true"}},
		{"value", "factory/hall/press/force", ` 12.5 `, []string{"hall/press force=12.5"}, []string{"hall/press true"}},
		{"value", "factory/hall/press/state", `läuft`, []string{"hall/press state=läuft"}, []string{"hall/press true"}},
		{"value", "factory/hall/press/state", `"12"`, []string{"hall/press state=12"}, []string{"hall/press true"}},
	} {
		p := newPlant(t)
		if err := p.say(p.decoder(preset(t, c.preset), false), c.topic, c.payload); err != nil {
			t.Errorf("%s %s: %v", c.preset, c.topic, err)
		}
		same(t, c.preset+" "+c.topic, p.rows, c.rows)
		same(t, c.preset+" "+c.topic+" alive", p.alive, c.alive)
		if len(p.troubles) > 0 {
			t.Errorf("%s %s: %v", c.preset, c.topic, p.troubles)
		}
	}
}

func TestListedValuesRecordsTimesAndQuality(t *testing.T) {
	for _, c := range []struct {
		name, config, payload string
		rows, codes           []string
	}{
		{"listed", `{"mappings":[{"topic":"d/{device}","prefix":"x.","values":[{"name":"t","path":"$.a.b[1]['c d']","scale":0.1,"offset":-5},{"name":"n","path":"n","type":"integer"},
			{"name":"b","path":"b","type":"boolean"},{"name":"s","path":"s","type":"text"},{"name":"q","path":"q","type":"number"},{"name":"gone","path":"nothing"}]}]}`,
			`{"a":{"b":[0,{"c d":250}]},"n":"17","b":1,"s":2.5,"q":"1e3","more":1}`, []string{"x x.t=20", "x x.n=17", "x x.b=true", "x x.s=2.5", "x x.q=1000"}, nil},
		{"listed wrong", `{"mappings":[{"topic":"d/{device}","values":[{"name":"n","path":"n","type":"integer"},{"name":"b","path":"b","type":"boolean"},{"name":"q","path":"q","type":"number"},{"name":"o","path":"o"},{"name":"ok","path":"ok"}]}]}`,
			`{"n":1.5,"b":"maybe","q":"1x","o":{},"ok":1}`, []string{"x ok=1"}, []string{"type", "type", "type", "type"}},
		{"records", `{"mappings":[{"topic":"d/{device}","shape":"records","root":"$.data","record":{"name":"$.n","value":"$.v","time":"$.ts"},"time":{"format":"s"}}]}`,
			`{"data":[{"n":"a","v":1,"ts":1795334340},{"n":"b","v":"x"},{"v":1},{"n":7,"v":{"z":1}}]}`, []string{"x a=1@2026-11-22T07:59:00", "x b=x", "x 7.z=1"}, []string{"payload"}},
		{"quality good", `{"mappings":[{"topic":"d/{device}","root":"$.v","quality":{"path":"$.q","good":["192","GOOD"]}}]}`, `{"q":192,"v":{"a":1}}`, []string{"x a=1"}, nil},
		{"quality bad", `{"mappings":[{"topic":"d/{device}","root":"$.v","quality":{"path":"$.q","good":["192"]}}]}`, `{"q":0,"v":{"a":1}}`, []string{"x a=1!80000000"}, nil},
		{"quality missing", `{"mappings":[{"topic":"d/{device}","root":"$.v","quality":{"path":"$.q","good":["192"]}}]}`, `{"v":{"a":1}}`, []string{"x a=1"}, nil},
		{"zone", `{"mappings":[{"topic":"d/{device}","root":"$.v","time":{"path":"$.t","zone":"Asia/Shanghai"}}]}`, `{"t":"2026-11-22 15:59:00","v":{"a":1}}`, []string{"x a=1@2026-11-22T07:59:00"}, nil},
		{"no such time", `{"mappings":[{"topic":"d/{device}","root":"$.v","time":{"path":"$.t"}}]}`, `{"t":"yesterday","v":{"a":1}}`, []string{"x a=1"}, []string{"time"}},
		{"a clock never set", `{"mappings":[{"topic":"d/{device}","root":"$.v","time":{"path":"$.t","format":"s"}}]}`, `{"t":12,"v":{"a":1}}`, []string{"x a=1"}, []string{"time"}},
		{"device in the payload", `{"mappings":[{"topic":"d/{area}","device":"{area}/{payload}","devicePath":"$.id","root":"$.v"}]}`, `{"id":"m 7","v":{"a":1}}`, []string{"x/m 7 a=1"}, nil},
		{"no device in the payload", `{"mappings":[{"topic":"d/{area}","devicePath":"$.id"}]}`, `{"a":1}`, nil, []string{"device"}},
		{"nothing at the root", `{"mappings":[{"topic":"d/{device}","root":"$.v"}]}`, `{"a":1}`, nil, []string{"payload"}},
		{"too many", `{"maxMetrics":2,"mappings":[{"topic":"d/{device}"}]}`, `{"a":1,"b":2,"c":3}`, []string{"x a=1", "x b=2"}, []string{"bound"}},
		{"beyond a float", `{"mappings":[{"topic":"d/{device}"}]}`, `{"a":1e999,"b":2}`, []string{"x b=2"}, []string{"type"}},
		{"endless text", `{"mappings":[{"topic":"d/{device}"}]}`, `{"a":"` + strings.Repeat("x", 5000) + `","b":2}`, []string{"x b=2"}, []string{"bound"}},
		{"endless name", `{"mappings":[{"topic":"d/{device}"}]}`, `{"` + strings.Repeat("x", 300) + `":1,"b":2}`, []string{"x b=2"}, []string{"name"}},
	} {
		p := newPlant(t)
		if err := p.say(p.decoder(c.config, false), "d/x", c.payload); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		same(t, c.name, p.rows, c.rows)
		same(t, c.name+" troubles", p.codes(), c.codes)
	}
}

const simple = `{"mappings":[{"topic":"d/{device}","time":{"path":"$.t"},"exclude":["t"]},{"topic":"s/{device}","shape":"alive"}]}`

func TestAValueOfAnotherTypeIsToldAndItsNeighboursAreTaken(t *testing.T) {
	p := newPlant(t)
	p.slots = map[string]intake.Slot{"x temp": {Type: telemetry.Float64, Scale: 0.1}, "x name": {Type: telemetry.String}, "x on": {Type: telemetry.Bool},
		"x count": {Type: telemetry.Int64}, "x word": {Type: telemetry.Bool}}
	d := p.decoder(simple, false)
	p.say(d, "d/x", `{"temp":215,"name":"a","on":true,"count":9007199254740993,"word":"Off"}`)
	p.say(d, "d/x", `{"temp":"warm","name":7,"on":1,"count":1.5,"word":"maybe"}`)
	p.say(d, "d/x", `{"temp":true,"name":"b"}`)
	same(t, "rows", p.rows, []string{"x temp=21.5", "x name=a", "x on=true", "x count=9007199254740993", "x word=false", "x name=b"})
	same(t, "troubles", p.codes(), []string{"type", "type", "type", "type", "type", "type"})
	if tr := p.troubles[0]; tr.Where != "d/x temp" || tr.Value != "warm" || !strings.Contains(tr.Zh, "文本") || !strings.Contains(tr.En, "text") {
		t.Errorf("told %+v", tr)
	}
	if p.binds != 1 {
		t.Errorf("asked %d times where five metrics go", p.binds)
	}
}

func TestWhatCannotBeReadIsAcknowledgedAndTold(t *testing.T) {
	p := newPlant(t)
	d := p.decoder(simple, false)
	for _, payload := range []string{"", "{", `{"a":}`, `{"a":NaN}`, `{"a":01}`, "{\"a\":\"\x01\"}", `{"a":1}{"b":2}`, strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat("[", 1<<20)} {
		if err := p.say(d, "d/x", payload); err != nil {
			t.Errorf("%.20q is not acknowledged: %v", payload, err)
		}
	}
	p.say(d, "s/x", "perhaps")
	p.say(d, "nowhere", "1")
	same(t, "troubles", p.codes(), []string{"payload", "payload", "payload", "payload", "payload", "payload", "payload", "payload", "payload", "payload", "topic"})
	if p.puts != 11 || len(p.rows) > 0 {
		t.Errorf("%d messages kept their place, rows %v", p.puts, p.rows)
	}
}

func TestWhatTheNodeCannotDoNowIsNotAcknowledged(t *testing.T) {
	p := newPlant(t)
	d := p.decoder(simple, false)
	p.fail = errors.New("the database is away")
	if err := p.say(d, "d/x", `{"a":1}`); !errors.Is(err, p.fail) {
		t.Errorf("got %v", err)
	}
	p.fail = nil
	p.landErr = errors.New("disk full")
	if err := p.say(d, "d/x", `{"a":1}`); !errors.Is(err, p.landErr) {
		t.Errorf("got %v", err)
	}
	p.landErr, p.putErr = nil, intake.ErrClosed
	if err := p.say(d, "d/x", `{"a":1}`); !errors.Is(err, intake.ErrClosed) {
		t.Errorf("got %v", err)
	}
	// What the store refuses for what it is would be refused again: told and acknowledged.
	p.putErr = &telemetry.BatchError{Row: 0, Field: "time", Value: "x", Reason: "wrong"}
	if err := p.say(d, "d/x", `{"a":1}`); err != nil {
		t.Errorf("got %v", err)
	}
	same(t, "troubles", p.codes(), []string{"refused"})
	p.putErr = nil
	p.rows = nil
	if err := p.say(d, "d/x", `{"a":1}`); err != nil || len(p.rows) != 1 {
		t.Errorf("got %v, rows %v", err, p.rows)
	}
}

func TestMetricsWithoutAPointAreShownAndTakenWhenTheyGetOne(t *testing.T) {
	p := newPlant(t)
	p.slots = map[string]intake.Slot{}
	d := p.decoder(simple, false)
	p.say(d, "d/x", `{"a":1}`)
	p.say(d, "d/x", `{"a":2}`)
	same(t, "seen", p.saw, []string{"x a=1", "x a=2"})
	p.slots["x a"] = intake.Slot{Type: telemetry.Float64}
	p.generation++
	p.say(d, "d/x", `{"a":3}`)
	same(t, "rows", p.rows, []string{"x a=3"})
	if p.binds != 2 {
		t.Errorf("asked %d times", p.binds)
	}
}

func TestADeviceThatHasGoneMarksItsPointsOnce(t *testing.T) {
	p := newPlant(t)
	d := p.decoder(simple, false)
	p.say(d, "d/x", `{"a":1}`)
	p.say(d, "s/x", `offline`)
	p.say(d, "s/x", `offline`)
	p.say(d, "s/x", `online`)
	p.say(d, "s/x", `OFFLINE`)
	same(t, "rows", p.rows, []string{"x a=1", "x a=null!80310000", "x a=null!80310000"})
	same(t, "alive", p.alive, []string{"x true", "x false", "x false", "x true", "x false"})
}

func TestARetainedMessageOfABrokerOfOthersHasNoTimeOfItsOwn(t *testing.T) {
	for remote, want := range map[bool][]string{true: {"x a=2@2026-11-22T07:59:00"}, false: {"x a=1", "x a=2@2026-11-22T07:59:00"}} {
		p := newPlant(t)
		d := p.decoder(simple, remote)
		for _, payload := range []string{`{"a":1}`, `{"a":2,"t":1795334340}`} {
			p.hand(d, broker.Message{Topic: "d/x", Payload: []byte(payload), Retained: true})
		}
		same(t, fmt.Sprint("remote ", remote), p.rows, want)
	}
}

func TestRepliesComeAfterDurability(t *testing.T) {
	p := newPlant(t)
	c, err := ParseConfig(json.RawMessage(preset(t, "aliyun")))
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	var later func(error)
	d, err := New(Options{Binder: p, Config: c, Now: func() time.Time { return now },
		Put: func(_ context.Context, m *intake.Message, done func(error)) error { later = done; return nil },
		Send: func(topic string, payload []byte, _ byte, _ bool) error {
			sent = append(sent, topic+" "+string(payload))
			return broker.ErrNotSubscribed
		}})
	if err != nil {
		t.Fatal(err)
	}
	acked := false
	d.Message(t.Context(), broker.Message{Topic: "/sys/p/d/thing/event/property/post", Payload: []byte(`{"id":"9\"","params":{"a":1}}`)}, func(err error) { acked = err == nil })
	if acked || len(sent) > 0 {
		t.Fatal("answered before the message was durable")
	}
	later(nil)
	same(t, "replies", sent, []string{`/sys/p/d/thing/event/property/post_reply {"id":"9\"","code":200,"data":{}}`})
	if !acked {
		t.Error("not acknowledged")
	}
}

func TestRightsOfClients(t *testing.T) {
	p := newPlant(t)
	z, a, v := p.decoder(preset(t, "zigbee2mqtt"), false), p.decoder(preset(t, "aliyun"), false), p.decoder(preset(t, "value"), false)
	in := p.decoder(`{"mappings":[{"topic":"d/{gw}","devicePath":"$.id"}]}`, false)
	for _, c := range []struct {
		what string
		got  bool
		want bool
	}{
		{"any device", z.MayPublish("zigbee2mqtt/hall", ""), true},
		{"what is ignored", z.MayPublish("zigbee2mqtt/bridge/state", ""), true},
		{"another topic", z.MayPublish("factory/hall", ""), false},
		{"the one device", z.MayPublish("zigbee2mqtt/hall", "hall"), true},
		{"another device", z.MayPublish("zigbee2mqtt/roof", "hall"), false},
		{"the one device of two levels", v.MayPublish("factory/a/b/c", "a/b"), true},
		{"another of two levels", v.MayPublish("factory/a/x/c", "a/b"), false},
		{"a device of the payload", in.MayPublish("d/g", ""), true},
		{"a device of the payload, limited", in.MayPublish("d/g", "g"), false},
		{"subscribe as listed", z.MaySubscribe("zigbee2mqtt/+/set", ""), true},
		{"subscribe to all", z.MaySubscribe("#", ""), false},
		{"own replies", a.MaySubscribe("/sys/p/d/thing/event/property/post_reply", "p/d"), true},
		{"another's replies", a.MaySubscribe("/sys/p/x/thing/event/property/post_reply", "p/d"), false},
		{"all replies", a.MaySubscribe("/sys/+/+/thing/event/property/post_reply", "p/d"), false},
		{"all replies, any device", a.MaySubscribe("/sys/+/+/thing/event/property/post_reply", ""), true},
		{"a limit that is a wildcard", a.MaySubscribe("/sys/p/d/thing/event/property/post_reply", "+/+"), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v", c.what, c.got)
		}
	}
	same(t, "filters", z.Filters(), []string{"zigbee2mqtt/bridge/#", "zigbee2mqtt/+/availability", "zigbee2mqtt/+", "zigbee2mqtt/#", "homeassistant/#"})
}

func TestMemoryIsBounded(t *testing.T) {
	p := newPlant(t)
	d := p.decoder(simple, false)
	d.o.MaxDevices = 2
	for _, device := range []string{"a", "b", "c", "a"} {
		p.say(d, "d/"+device, `{"v":1}`)
	}
	same(t, "rows", p.rows, []string{"a v=1", "b v=1", "a v=1"})
	same(t, "troubles", p.codes(), []string{"device"})
	p.troubles, p.rows = nil, nil
	for i := 0; i < maxDeviceMetrics+500; i += 500 { // keys that are new each time
		var b strings.Builder
		for j := range 500 {
			fmt.Fprintf(&b, `,"k%d":1`, i+j)
		}
		p.say(d, "d/a", "{"+b.String()[1:]+"}")
	}
	if n := len(d.devices["a"].metrics); n != maxDeviceMetrics || len(p.rows) != maxDeviceMetrics-1 {
		t.Errorf("%d metrics, %d rows", n, len(p.rows))
	}
}

func TestNumbersKeepTheirLastDigit(t *testing.T) {
	for s, want := range map[string]telemetry.Value{
		"0": i64(0), "-0": f64(math.Copysign(0, -1)), "9223372036854775807": i64(math.MaxInt64), "9223372036854775808": f64(9223372036854775808),
		"21.17": f64(21.17), "1e-7": f64(1e-7), "123456789.123456789": f64(123456789.123456789), "5e-324": f64(5e-324),
	} {
		if got, ok := number(s); !ok || got != want {
			t.Errorf("%s: %+v, want %+v", s, got, want)
		}
	}
}

func i64(n int64) telemetry.Value { return telemetry.Value{Type: telemetry.Int64, Bits: uint64(n)} }
func f64(f float64) telemetry.Value {
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(f)}
}
