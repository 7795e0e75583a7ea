package ingest

import (
	"context"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/connect/ingest/push/influx"
	"jingwei/internal/connect/ingest/push/remotewrite"
	"jingwei/internal/connect/ingest/push/rows"
	codec "jingwei/internal/connect/ingest/sparkplug"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const at = int64(1_790_000_000_123)

// The generator writes Sparkplug from the field numbers; the product's own codec reads what was meant, message after
// message of the same bytes.
func TestSparkplugPayloads(t *testing.T) {
	v := newValues(7)
	s := newSparkplug(v, 42, at)
	topic, birth := s.birth(at, 9)
	p, err := codec.Open(birth)
	if err != nil || topic != "spBv1.0/bench/NBIRTH/n042" || p.Count != metrics+1 || p.Timestamp != uint64(at) || !p.HasSeq || p.Seq != 0 {
		t.Fatalf("%s %+v %v", topic, p, err)
	}
	var m codec.Metric
	i := -1
	for it := p.Metrics(); it.Next(&m); i++ {
		if i >= 0 && (string(m.Name) != "m"+strconv.Itoa(i) || m.Alias != uint64(i) || m.Bits != math.Float64bits(v.number[index(42, i, 0)])) {
			t.Fatalf("metric %d: %+v", i, m)
		}
	}
	for n := 1; n <= 600; n++ {
		b := s.fill(n, at+int64(n))
		p, err := codec.Open(b)
		if err != nil || p.Count != metrics || p.Seq != uint64(n&255) || p.Timestamp != uint64(at)+uint64(n) {
			t.Fatalf("%d: %+v %v", n, p, err)
		}
		k := 0
		for it := p.Metrics(); it.Next(&m); k++ {
			if m.Alias != uint64(k) || m.Kind != codec.KindDouble || m.Bits != math.Float64bits(v.number[index(42, k, n)]) || m.Timestamp != p.Timestamp {
				t.Fatalf("%d, metric %d: %+v", n, k, m)
			}
		}
		if k != metrics {
			t.Fatalf("%d: %d metrics", n, k)
		}
	}
}

// Every format carries the same values.
func TestLinesAndRemoteWriteSayTheSame(t *testing.T) {
	v := newValues(7)
	var b rows.Batch
	text := (&lines{v: v, device: 3}).fill(5, at)
	b.Reset(text)
	influx.Decode(&b, text, 1)
	if b.Wrong != 0 || len(b.Rows) != metrics {
		t.Fatalf("%d rows, faults %v", len(b.Rows), b.Faults)
	}
	for m := range metrics {
		if got := math.Float64frombits(b.Rows[m].Bits); got != v.number[index(3, m, 5)] || b.Rows[m].Time != at*1e6 {
			t.Fatalf("field %d: %v at %d", m, got, b.Rows[m].Time)
		}
	}
	var body []byte
	for m := range metrics {
		s := newSeries(3, m, at)
		s.patch(v, 5, at+7)
		body = append(body, s.b...)
	}
	b.Reset(body)
	remotewrite.Decode(&b, body)
	if b.Wrong != 0 || len(b.Rows) != metrics {
		t.Fatalf("%d rows, faults %v", len(b.Rows), b.Faults)
	}
	for m := range metrics {
		if got := math.Float64frombits(b.Rows[m].Bits); got != v.number[index(3, m, 5)] || b.Rows[m].Time != (at+7)*1e6 {
			t.Fatalf("series %d: %v at %d", m, got, b.Rows[m].Time)
		}
	}
}

// The generator against the bare echo: every message is acknowledged and timed, flooding and paced.
func TestLoadAgainstTheEcho(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- echo(ctx, func(a string) { address <- a }) }()
	to := <-address
	for _, l := range []load{
		{Mode: "sparkplug", Inflight: 8, Messages: 5000},
		{Mode: "influx", Inflight: 1, Messages: 1000},
		{Mode: "sparkplug", Inflight: 1, Rate: 1000, For: 400 * time.Millisecond},
	} {
		l.Address = to
		s, err := l.run(ctx, func() error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if l.Messages > 0 && s.Messages != l.Messages || s.Messages == 0 || s.Points != s.Messages*metrics || s.P50 <= 0 || s.P99 < s.P50 || s.Most < s.P99 {
			t.Errorf("%+v gave %+v", l, s)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := (&load{Mode: "sparkplug", Address: to}).run(context.Background(), nil); err == nil {
		t.Error("a broker that is not there was found")
	}
}

func TestVersionsAreFound(t *testing.T) {
	for said, want := range map[string]string{"mosquitto version 2.0.11\n\nmosquitto is": "2.0.11", "Telegraf 1.37.2": "1.37.2",
		"victoria-metrics-v1.130.0": "v1.130.0", "": "unknown", "no numbers here": "unknown"} {
		if got := version(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

func TestMissingPeersAreNamed(t *testing.T) {
	_, missing := findPeers(t.TempDir())
	if len(missing) < 2 || !strings.Contains(strings.Join(missing, "; "), "make bench-peers") {
		t.Errorf("%v", missing)
	}
}
