package sparkplug

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// hundred is the message of the ingest benchmark: 100 metrics with alias, time and double.
func hundred(at, seq uint64) []byte {
	metrics := make([]Metric, 100)
	for i := range metrics {
		metrics[i] = Metric{Alias: uint64(1000 + i), HasAlias: true, Timestamp: at, Kind: KindDouble, Bits: math.Float64bits(float64(i) * 1.1)}
	}
	return AppendPayload(nil, Payload{Timestamp: at, Seq: seq, HasSeq: true}, metrics)
}

// Decoding alone; ns/metric is reported beside ns/op.
func BenchmarkDecode(b *testing.B) {
	raw := hundred(uint64(begin.UnixMilli()), 1)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	var sum uint64
	var m Metric
	for b.Loop() {
		p, err := Open(raw)
		if err != nil {
			b.Fatal(err)
		}
		it := p.Metrics()
		for it.Next(&m) {
			sum += m.Alias + m.Timestamp + m.Bits
		}
		if it.Err() != nil {
			b.Fatal(it.Err())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/metric")
}

func BenchmarkEncode(b *testing.B) {
	raw := hundred(uint64(begin.UnixMilli()), 1)
	p, _ := Open(raw)
	var metrics []Metric
	var m Metric
	for it := p.Metrics(); it.Next(&m); {
		metrics = append(metrics, m)
	}
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		out = AppendPayload(out[:0], p, metrics)
	}
}

// binder gives every metric a slot of its type.
type binder struct{ ref telemetry.Ref }

func (x *binder) Bind(_ context.Context, _ string, m []intake.Metric) ([]intake.Slot, error) {
	out := make([]intake.Slot, len(m))
	for i := range m {
		x.ref++
		out[i] = intake.Slot{Ref: x.ref, Type: m[i].Type}
	}
	return out, nil
}
func (*binder) Generation() uint64                                { return 1 }
func (*binder) Saw(string, intake.Metric, int64, telemetry.Value) {}
func (*binder) Alive(string, bool, int64)                         {}
func (*binder) Trouble(string, intake.Trouble)                    {}

// The whole way of a message from the broker to the intake's door: topic, session, order, decoding, slots, rows. What
// the intake does with the rows has its own benchmark.
func BenchmarkMessage(b *testing.B) {
	rows := 0
	say := alive(b, &rows)
	b.ReportAllocs()
	for b.Loop() {
		say()
	}
	if rows != 100*b.N {
		b.Fatalf("%d rows of %d messages", rows, b.N)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/metric")
}

func TestDataOfKnownAliasesTakeNoMemory(t *testing.T) {
	rows := 0
	say := alive(t, &rows)
	say()
	// The race detector empties pools at random: one receipt then.
	if n := testing.AllocsPerRun(200, say); n > 1 {
		t.Errorf("%v allocations for a message of 100 metrics", n)
	}
}

// alive returns what tells a host, which has had the births, another message of 100 metrics.
func alive(t testing.TB, rows *int) (say func()) {
	h, err := New(context.Background(), Options{Binder: &binder{}, Now: func() time.Time { return begin },
		Put: func(_ context.Context, m *intake.Message, done func(error)) error {
			*rows += m.Len()
			done(nil)
			return nil
		},
		Send: func(string, []byte, byte, bool) error { t.Fatal("asked for births"); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	done := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var metrics []Metric
	for i := range 100 {
		metrics = append(metrics, Metric{Name: fmt.Appendf(nil, "m%d", i), Alias: uint64(1000 + i), HasAlias: true, Datatype: Double, Kind: KindDouble})
	}
	at := uint64(begin.UnixMilli())
	ctx := context.Background()
	h.Message(ctx, Message{Topic: nBirth, Payload: AppendPayload(nil, Payload{Timestamp: at, HasSeq: true}, nil)}, done)
	h.Message(ctx, Message{Topic: dBirth, Payload: AppendPayload(nil, Payload{Timestamp: at, Seq: 1, HasSeq: true}, metrics)}, done)
	var messages [256][]byte
	for i := range messages {
		messages[i] = hundred(at+1, uint64(i))
	}
	*rows = 0
	seq := 2
	return func() {
		h.Message(ctx, Message{Topic: dData, Payload: messages[seq&255], QoS: 1}, done)
		seq++
	}
}
