package modbus

import (
	"context"
	"testing"

	"jingwei/internal/connect/driver"
)

// One scan of 1,000 registers of one unit over loopback: 8 requests, decoding, and what the bench server costs.
func BenchmarkScan1000(b *testing.B) {
	srv := newBench(b, memory())
	s := open(b, srv.link(""), nil)
	points := words("holding", 0, 999)
	sink := func(context.Context, []driver.Sample) error { return nil }
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Read(b.Context(), points, sink); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/point")
}

func BenchmarkDecodeF32(b *testing.B) {
	f := field(b, driver.Point{Address: "holding:0", Encoding: "f32", Order: "CDAB", Scale: 0.1})
	raw := []byte{0xE9, 0x79, 0x42, 0xF6}
	b.ReportAllocs()
	for b.Loop() {
		f.Decode(raw)
	}
}
