package push

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/connect/ingest/push/wire"
	"jingwei/internal/telemetry"
)

func asFloat(v telemetry.Value) float64 { return math.Float64frombits(v.Bits) }

func TestEveryKindHasWords(t *testing.T) {
	if m := words.Missing(Kinds()...); len(m) > 0 {
		t.Errorf("without words: %v", m)
	}
	if have, want := len(words.Codes()), len(Kinds()); have != want {
		t.Errorf("%d wordings for %d kinds", have, want)
	}
}

func TestJSONBecomesSamples(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	a := h.post("/push/json", `[
		{"device": "press 3", "time": "2026-11-22T08:00:00.000000001Z", "values": {"temperature": 21.5, "running": true, "program": "汉\u5b57"}},
		{"values": {"temperature": 22}, "time": 1795334400500, "device": "press 3"},
		{"device": "press 3", "name": "speed", "value": null},
		{"device": "press 3", "name": "speed", "time": 1795334401000, "value": -0.5, "status": "Uncertain"},
		{"device": "press 3", "name": "speed", "time": 1795334402000, "value": null, "status": "0x80310000"}]`)
	if a.status != 200 || a.body != "{\"rows\":7}\n" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.want("press 3", "temperature", "21.5 +1ns", "22 +500000000ns")
	h.want("press 3", "running", "true +1ns")
	h.want("press 3", "program", `"汉字" +1ns`)
	h.want("press 3", "speed", "null +0ns 0x80000000 node's time", "-0.5 +1000000000ns 0x40000000", "null +2000000000ns 0x80310000")
	if h.book.alive["press 3"] != 1 {
		t.Errorf("alive: %v", h.book.alive)
	}
	a = h.post("/push/json?precision=s", "{\"device\":\"a\",\"time\":1795334401,\"values\":{\"n\":1}}\n\n{\"device\":\"a\",\"time\":1795334402,\"values\":{\"n\":2}}\r\n", "Content-Type", "application/x-ndjson; charset=utf-8")
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.want("a", "n", "1 +1000000000ns", "2 +2000000000ns")
}

func TestInfluxBecomesSamples(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	a := h.post("/push/api/v2/write?org=o&bucket=b&precision=ns", strings.Join([]string{
		`# a comment`,
		`press,device=3,site=A\,B temp=21.5,n=-3i,u=5u,ok=true,s="he said \"汉字\"` + "\n" + `twice" 1795334400000000007`,
		``,
		`weather\ station t=1e1,h=.5`,
		`m,host=h1 v=1 1795334400000000001` + "\r",
		`m,host=h1,device=d2 v.w=2 1795334400000000001`,
	}, "\n"))
	if a.status != 204 || a.body != "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.want("3", `press.temp{site=A\,B}`, "21.5 +7ns")
	h.want("3", `press.n{site=A\,B}`, "-3i +7ns")
	h.want("3", `press.u{site=A\,B}`, "5i +7ns")
	h.want("3", `press.ok{site=A\,B}`, "true +7ns")
	h.want("3", `press.s{site=A\,B}`, `"he said \"汉字\"\ntwice" +7ns`)
	h.want("weather station", "weather station.t", "10 +0ns node's time")
	h.want("weather station", "weather station.h", "0.5 +0ns node's time")
	h.want("h1", "m.v", "1 +1ns")
	h.want("d2", `m.v\.w{host=h1}`, "2 +1ns")
	if a := h.post("/push/write?db=x&precision=m&u="+id+"&p="+secret, "m,host=h1 v=3 29922240", "Authorization", ""); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.want("h1", "m.v", "3 +0ns", "1 +1ns")
}

// write is a WriteRequest in protocol buffers.
func write(series ...[]byte) []byte {
	var out []byte
	for _, s := range series {
		out = wire.AppendBytes(out, 1, s)
	}
	return out
}

func timeSeries(labels []string, samples ...float64) []byte {
	var out []byte
	for i := 0; i < len(labels); i += 2 {
		out = wire.AppendBytes(out, 1, wire.AppendBytes(wire.AppendBytes(nil, 1, []byte(labels[i])), 2, []byte(labels[i+1])))
	}
	for i, v := range samples {
		out = wire.AppendBytes(out, 2, wire.AppendVarint(wire.AppendFixed64(nil, 1, math.Float64bits(v)), 2, uint64(now/1e6+int64(i))))
	}
	return out
}

var remoteWriteHead = []string{"Content-Type", "application/x-protobuf", "Content-Encoding", "snappy", "X-Prometheus-Remote-Write-Version", "0.1.0"}

func (h *house) remoteWrite(body []byte) answer {
	return h.post("/push/api/v1/write", string(snappy.Encode(nil, body)), remoteWriteHead...)
}

func TestRemoteWriteBecomesSamples(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	a := h.remoteWrite(write(
		timeSeries([]string{"__name__", "up", "instance", "localhost:9090", "job", "prometheus"}, 1, 0, math.Float64frombits(0x7ff0000000000002)),
		timeSeries([]string{"__name__", "q", "instance", "localhost:9090", "quantile", "0.5"}, math.NaN(), math.Inf(1), 3)))
	if a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.want("localhost:9090", "up{job=prometheus}", "1 +0ns", "0 +1000000ns", "null +2000000ns 0x80310000")
	h.want("localhost:9090", "q{quantile=0.5}", "null +0ns 0x803c0000", "null +1000000ns 0x803c0000", "3 +2000000ns")
	if a := h.remoteWrite(wire.AppendBytes(nil, 3, wire.AppendBytes(nil, 2, []byte("metadata")))); a.status != 204 {
		t.Errorf("metadata alone: %d %s", a.status, a.body)
	}
}

func TestRemoteWriteTwoIsRefused(t *testing.T) {
	h := newHouse(t)
	body := string(snappy.Encode(nil, write(timeSeries([]string{"__name__", "up", "instance", "i"}, 1))))
	for _, head := range [][]string{
		{"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding", "snappy"},
		{"Content-Type", "application/x-protobuf", "Content-Encoding", "snappy", "X-Prometheus-Remote-Write-Version", "2.0.0"},
	} {
		a := h.post("/push/prom", body, head...)
		if r := a.refusal(t); a.status != 415 || r.Code != "push-remote-write-version" || !strings.Contains(r.Detail, "1.0") {
			t.Errorf("%v: %d %+v", head, a.status, r)
		}
	}
	symbols := wire.AppendBytes(nil, 4, []byte("up"))
	if a := h.remoteWrite(symbols); a.status != 400 || !strings.Contains(a.body, "remote write 2.0") {
		t.Errorf("a body of version 2: %d %s", a.status, a.body)
	}
}

func TestCompressions(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	line := "m,host=%d v=1 1795334400000000000"
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	fmt.Fprintf(z, line, 1)
	z.Close()
	e, _ := zstd.NewWriter(nil)
	zs := e.EncodeAll(fmt.Appendf(nil, line, 2), nil)
	e.Close()
	var sn bytes.Buffer
	s := snappy.NewBufferedWriter(&sn)
	fmt.Fprintf(s, line, 4)
	s.Close()
	for i, c := range []struct{ encoding, body string }{
		{"gzip", gz.String()}, {"zstd", string(zs)}, {"snappy", string(snappy.Encode(nil, fmt.Appendf(nil, line, 3)))},
		{"snappy", sn.String()}, {"identity", fmt.Sprintf(line, 5)}, {"", fmt.Sprintf(line, 6)},
	} {
		if a := h.post("/push/write", c.body, "Content-Encoding", c.encoding); a.status != 204 {
			t.Errorf("%s: %d %s", c.encoding, a.status, a.body)
			continue
		}
		h.want(fmt.Sprint(i+1), "m.v", "1 +0ns")
	}
	stored := h.stored()
	for _, c := range []struct {
		name, encoding, body string
		status               int
		code                 string
	}{
		{"unknown", "br", "x", 415, "push-encoding"},
		{"half a gzip", "gzip", gz.String()[:gz.Len()-6], 400, "push-body"},
		{"no gzip", "gzip", "m v=1", 400, "push-body"},
		{"nothing as gzip", "gzip", "", 400, "push-body"},
		{"no snappy", "snappy", "\xff\xff\xff\xff\x0fm v=1", 413, "push-too-large"},
		{"snappy that claims too much", "snappy", "\x80\x80\x80\x20m v=1", 400, "push-body"},
		{"half a zstd", "zstd", string(zs[:len(zs)-4]), 400, "push-body"},
	} {
		if a := h.post("/push/write", c.body, "Content-Encoding", c.encoding); a.status != c.status || a.refusal(t).Error == "" || !strings.Contains(a.body, c.code) {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	if h.stored() != stored {
		t.Error("something was stored")
	}
}

func TestLimits(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.MaxBody, o.MaxDecoded = 64<<10, 256<<10 })
	h.book.adopts.Store(true)
	free := h.h.budget.left.Load()
	big := strings.Repeat("m,host=a v=1 1795334400000000000\n", 3000)
	if a := h.post("/push/write", big); a.status != 413 || !strings.Contains(a.body, "push-too-large") {
		t.Errorf("too long: %d %s", a.status, a.body)
	}
	bomb := func(n int) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(bytes.Repeat([]byte("# "), n/2))
		z.Close()
		return b.String()
	}
	if a := h.post("/push/write", bomb(10<<20), "Content-Encoding", "gzip"); a.status != 413 || !strings.Contains(a.body, "push-too-large") {
		t.Errorf("bomb: %d %s", a.status, a.body)
	}
	if a := h.post("/push/write", bomb(200<<10), "Content-Encoding", "gzip"); a.status != 204 {
		t.Errorf("comments within the limit: %d %s", a.status, a.body)
	}
	if left := h.h.budget.left.Load(); left != free {
		t.Errorf("%d bytes of the budget were not given back", free-left)
	}
	h.h.budget.left.Store(100)
	if a := h.post("/push/json", `{"device":"a","values":{"b":1}}`); a.status != 503 || a.header.Get("Retry-After") == "" || a.refusal(t).Code != "push-busy" {
		t.Errorf("no memory: %d %s", a.status, a.body)
	}
	if h.stored() != 0 {
		t.Errorf("%d samples were stored", h.stored())
	}
}

func TestMoreRowsThanTheStoreTakesAtOnceAreRefusedWhole(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	body := func(n int) string {
		var b strings.Builder
		for i := range n / 16 {
			b.WriteString("m,host=a a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=1,k=2,l=3,m=4,n=5,o=6,p=7 ")
			fmt.Fprintln(&b, now+int64(i))
		}
		return b.String()
	}
	if a := h.post("/push/write", body(rows.MaxRows+16)); a.status != 413 || !strings.Contains(a.body, "push-rows") || !strings.Contains(a.body, "65536") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if h.stored() != 0 {
		t.Errorf("%d samples were stored", h.stored())
	}
	if a := h.post("/push/write", body(rows.MaxRows)); a.status != 204 || h.stored() != rows.MaxRows {
		t.Errorf("%d %s: %d were stored", a.status, a.body, h.stored())
	}
	long := strings.Repeat("x", 60_000)
	var texts strings.Builder
	for i := range 200 {
		fmt.Fprintf(&texts, "m,host=a s=%q %d\n", long, now+int64(i))
	}
	if a := h.post("/push/write", texts.String()); a.status != 413 || !strings.Contains(a.body, "push-texts") {
		t.Errorf("%d %.300s", a.status, a.body)
	}
}

func TestCredentials(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	body := `{"device":"a","values":{"b":1}}`
	for _, c := range []struct {
		query, header string
		status        int
	}{
		{"", "Bearer c0ffee:s3cret", 200}, {"", "Token c0ffee:s3cret", 200}, {"", "Basic YzBmZmVlOnMzY3JldA==", 200}, {"?u=c0ffee&p=s3cret", "", 200},
		{"", "", 401}, {"", "Bearer c0ffee:wrong", 401}, {"", "Bearer c0ffee", 401}, {"", "Basic %%", 401}, {"?u=c0ffee", "", 401}, {"?u=c0ffee&p=s3cret", "Bearer x:y", 401},
	} {
		a := h.post("/push/json"+c.query, body, "Authorization", c.header)
		if a.status != c.status {
			t.Errorf("%q %q: %d, want %d", c.query, c.header, a.status, c.status)
		}
		if a.status == 401 && (!strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic") || a.refusal(t).Code != "push-credential") {
			t.Errorf("%q: %v %s", c.header, a.header, a.body)
		}
	}
	r, _ := http.NewRequest("GET", h.url+"/push/json", nil)
	if res, err := http.DefaultClient.Do(r); err != nil || res.StatusCode != 405 || res.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %v %v", res, err)
	} else {
		res.Body.Close()
	}
	if res, err := http.Get(h.url + "/push/ping"); err != nil || res.StatusCode != 204 {
		t.Errorf("ping: %v %v", res, err)
	}
}

func TestACredentialOfOneDevice(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	h.door.Device = "press 3"
	if a := h.post("/push/json", `{"values":{"b":1},"time":1795334400000}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.want("press 3", "b", "1 +0ns")
	a := h.post("/push/json", `[{"device":"press 3","values":{"b":2}},{"device":"press 4","values":{"b":2,"c":3}}]`)
	if r := a.refusal(t); a.status != 400 || len(r.Errors) != 1 || r.Errors[0].Location != "[1]" || r.Errors[0].Code != "push-device-other" || h.stored() != 1 {
		t.Errorf("%d %+v, %d stored", a.status, r, h.stored())
	}
	if a := h.remoteWrite(write(timeSeries([]string{"__name__", "up"}, 1))); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	h.door.Device = ""
	if a := h.remoteWrite(write(timeSeries([]string{"__name__", "up"}, 1))); a.status != 400 || !strings.Contains(a.body, "push-device-missing") || !strings.Contains(a.body, "instance") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestFaultsOfTheNodeAreRetried(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	h.book.err = errAway
	line := "m,host=a v=1 1795334400000000000"
	if a := h.post("/push/write", line); a.status != 503 || a.header.Get("Retry-After") != "5" || strings.Contains(a.body, "away") {
		t.Errorf("binder: %d %v %s", a.status, a.header, a.body)
	}
	h.book.err = nil
	if a := h.post("/push/write", line); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.disk.FailDatasync(1, errors.New("broken disk"))
	if a := h.post("/push/write", line); a.status != 503 || a.header.Get("Retry-After") != "5" {
		t.Errorf("journal: %d %v %s", a.status, a.header, a.body)
	}
	if len(h.book.troubles) > 0 {
		t.Errorf("the node's faults were told as the sender's: %v", h.book.troubles)
	}
}

func TestSlotsAreAskedForOnceAndAgainWhenTheyMayHaveChanged(t *testing.T) {
	h := newHouse(t)
	h.bind("a", "m.v", telemetry.Float64)
	h.bind("a", "m.w", telemetry.Float64)
	for i := range 5 {
		if a := h.post("/push/write", fmt.Sprintf("m,host=a v=1,w=2 %d", now+int64(i))); a.status != 204 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if h.book.binds != 2 {
		t.Errorf("asked for %d metrics, want 2", h.book.binds)
	}
	line := fmt.Sprintf("m,host=a w=2,v=1,x=3 %d", now)
	for range 3 {
		a := h.post("/push/write", line)
		if r := a.refusal(t); a.status != 400 || len(r.Errors) != 1 || r.Errors[0].Code != "push-series-unknown" || r.Errors[0].Location != "line 1: x" || !strings.Contains(r.Errors[0].Message, "m.x") {
			t.Fatalf("%d %+v", a.status, r)
		}
	}
	if h.book.binds != 3 || h.book.saw[key("a", "m.x")].Type != telemetry.Float64 {
		t.Errorf("asked for %d metrics, saw %v", h.book.binds, h.book.saw)
	}
	h.bind("a", "m.x", telemetry.Int64) // somebody has adopted it
	if a := h.post("/push/write", line); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.want("a", "m.x", "3i +0ns")
}

func TestTheMemoryOfSeriesIsBounded(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.CacheBytes = 64 << 10 })
	h.book.adopts.Store(true)
	for i := range 40 {
		var b strings.Builder
		for k := range 25 {
			fmt.Fprintf(&b, "m,host=h%d v=1 %d\n", i*25+k, now)
		}
		if a := h.post("/push/write", b.String()); a.status != 204 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	c := h.h.cache
	n := 0
	for _, m := range c.doors {
		n += len(m.young) + len(m.old)
	}
	if n > 220 || c.bytes > 128<<10 {
		t.Errorf("%d groups, %d bytes are remembered", n, c.bytes)
	}
	// Other sources push the first one out.
	for i := range 2000 {
		d := Door{Binder: &book{}, Device: fmt.Sprint(i)}
		c.door(&d, formats[0])
	}
	if len(c.doors) > 64 || c.bytes > 64<<10 {
		t.Errorf("%d doors, %d bytes are remembered", len(c.doors), c.bytes)
	}
	if a := h.post("/push/write", fmt.Sprintf("m,host=h7 v=2 %d", now+1)); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.want("h7", "m.v", "1 +0ns", "2 +1ns")
}

func TestManySendersAtOnce(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	const senders, requests = 8, 30
	done := make(chan error, senders)
	for s := range senders {
		go func() {
			for i := range requests {
				r, _ := http.NewRequest("POST", h.url+"/push/write?u="+id+"&p="+secret, strings.NewReader(fmt.Sprintf("m,host=h%d a=%d,b=2 %d\nm,host=all c%d=1 %d", s, i, now+int64(i), s*i%7, now+int64(s*requests+i))))
				res, err := http.DefaultClient.Do(r)
				if err == nil {
					res.Body.Close()
					if res.StatusCode != 204 {
						err = fmt.Errorf("status %d", res.StatusCode)
					}
				}
				if err != nil {
					done <- err
					return
				}
				if i%10 == 5 {
					h.book.generation.Add(1)
				}
			}
			done <- nil
		}()
	}
	for range senders {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("stuck")
		}
	}
	if h.stored() != senders*requests*3 {
		t.Errorf("%d samples, want %d", h.stored(), senders*requests*3)
	}
	for s := range senders {
		if n := len(h.samples(fmt.Sprintf("h%d", s), "m.a")); n != requests {
			t.Errorf("sender %d: %d", s, n)
		}
	}
}
