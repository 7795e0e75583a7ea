package opcua

import (
	"math"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

func TestConversion(t *testing.T) {
	yes := telemetry.Value{Type: telemetry.Bool, Bits: 1}
	null := telemetry.Value{}
	for _, c := range []struct {
		wire   any
		point  driver.Point
		value  telemetry.Value
		status telemetry.Status
	}{
		{true, driver.Point{}, yes, 0},
		{true, driver.Point{Type: telemetry.Int64}, whole(1), 0},
		{true, driver.Point{Type: telemetry.Float64}, real(1), 0},
		{true, driver.Point{Type: telemetry.String}, null, badTypeMismatch},
		{uint8(1), driver.Point{Type: telemetry.Bool}, yes, 0},
		{uint8(2), driver.Point{Type: telemetry.Bool}, null, telemetry.BadOutOfRange},
		{int8(-5), driver.Point{}, whole(-5), 0},
		{int64(math.MinInt64), driver.Point{Scale: -1, Type: telemetry.Int64}, null, telemetry.BadOutOfRange},
		{int64(math.MaxInt64), driver.Point{Offset: 1, Type: telemetry.Int64}, null, telemetry.BadOutOfRange},
		{uint16(7), driver.Point{Scale: 0.1}, real(0.7000000000000001), 0},
		{uint64(math.MaxUint64), driver.Point{}, null, telemetry.BadOutOfRange},
		{float32(1.5), driver.Point{}, real(1.5), 0},
		{1.5, driver.Point{Type: telemetry.Int64}, null, badTypeMismatch},
		{1.5, driver.Point{Scale: 2, Offset: -1}, real(2), 0},
		{math.NaN(), driver.Point{}, null, telemetry.BadOutOfRange},
		{math.Inf(1), driver.Point{}, null, telemetry.BadOutOfRange},
		{math.MaxFloat64, driver.Point{Scale: 10}, null, telemetry.BadOutOfRange},
		{"12.5", driver.Point{}, text("12.5"), 0},
		{"12.5", driver.Point{Type: telemetry.Float64}, null, badTypeMismatch},
		{"\xff", driver.Point{}, null, telemetry.BadDecodingError},
		{[]byte{1, 0xAB}, driver.Point{}, text("01ab"), 0},
		{ua.NewLocalizedText("x"), driver.Point{}, text("x"), 0},
		{&ua.QualifiedName{Name: "q"}, driver.Point{}, text("q"), 0},
		{ua.NewStringNodeID(2, "n"), driver.Point{}, text("ns=2;s=n"), 0},
		{ua.StatusBad, driver.Point{}, whole(0x80000000), 0},
		{time.Unix(1, 5), driver.Point{}, text("1970-01-01T00:00:01.000000005Z"), 0},
		{time.Unix(1, 5), driver.Point{Type: telemetry.Int64}, whole(1000000005), 0},
		{ua.NewExtensionObject(nil), driver.Point{}, null, badDataTypeIDUnknown},
		{[]float64{1, 2}, driver.Point{}, null, badTypeMismatch},
		{[]float64{1, 2}, driver.Point{Address: "i=1[1]"}, real(2), 0},
		{[]float64{7}, driver.Point{Address: "i=1[1]"}, real(7), 0}, // the one element that was asked for
		{[]float64{1, 2}, driver.Point{Address: "i=1[2]"}, null, badIndexRangeNoData},
		{[]float64{}, driver.Point{Address: "i=1[0]"}, null, badIndexRangeNoData},
		{ua.ByteArray{1, 2}, driver.Point{Address: "i=1[1]"}, whole(2), 0},
		{[][]int32{{1, 2}, {3, 4}}, driver.Point{Address: "i=1[1]"}, null, badNotSupported},
	} {
		if c.point.Address == "" {
			c.point.Address = "i=1"
		}
		it, err := compile(c.point)
		if err != nil {
			t.Fatal(err)
		}
		if v, status := it.value(ua.MustVariant(c.wire), 0); v != c.value || status != c.status {
			t.Errorf("%T %v for %+v: %+v %#x, want %+v %#x", c.wire, c.wire, c.point, v, status, c.value, c.status)
		}
	}
}

// The server's status goes through untouched, with a value, without one, and with one that must not be believed.
func TestStatusesPassThrough(t *testing.T) {
	it, err := compile(driver.Point{Address: "i=1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []telemetry.Status{0, 0x480, 0x00960000, 0x40900000, 0x80310000, 0x808B0000} {
		if v, got := it.value(nil, s); v != (telemetry.Value{}) || got != s {
			t.Errorf("%#x without a value: %+v %#x", s, v, got)
		}
		v, got := it.value(ua.MustVariant(1.5), s)
		if want := real(1.5); s.IsBad() && v != (telemetry.Value{}) || !s.IsBad() && v != want || got != s {
			t.Errorf("%#x: %+v %#x", s, v, got)
		}
	}
	if v, got := it.value(ua.MustVariant(math.NaN()), 0x40900000); v.Type != 0 || got != telemetry.BadOutOfRange {
		t.Errorf("%+v %#x", v, got)
	}
}

func TestWrongPointsAreRefused(t *testing.T) {
	for field, p := range map[string]driver.Point{
		"address": {Address: "x"}, "unit": {Address: "s={unit}.x"}, "encoding": {Address: "i=1", Encoding: "u16"}, "order": {Address: "i=1", Order: "ABCD"},
		"scale": {Address: "i=1", Scale: math.Inf(1)},
	} {
		errs := New(Options{}).Check([]byte(`{"endpoint":"opc.tcp://h"}`), []driver.Point{{Address: "i=1", Encoding: "Double"}, p})
		var f *driver.FieldError
		if len(errs) != 2 || errs[0] != nil || !asField(errs[1], &f) || f.Field != field || f.Text.Zh == "" {
			t.Errorf("%s: %v", field, errs)
		}
	}
	for _, p := range []driver.Point{{Address: "i=1", Type: telemetry.Int64, Scale: 0.5}, {Address: "i=1", Type: telemetry.Bool, Scale: 2}} {
		if _, err := compile(p); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
	if errs := New(Options{}).Check([]byte(`{}`), []driver.Point{{Address: "i=1"}}); len(errs) != 1 || errs[0] == nil {
		t.Errorf("%v", errs)
	}
}

// Which time a sample bears: see session.sample.
func TestTimes(t *testing.T) {
	at := func(n int64) time.Time { return time.Unix(n, 0) }
	value := func(source, server int64) *ua.DataValue {
		d := &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(1.5)}
		if source != 0 {
			d.EncodingMask, d.SourceTimestamp = d.EncodingMask|ua.DataValueSourceTimestamp, at(source)
		}
		if server != 0 {
			d.EncodingMask, d.ServerTimestamp = d.EncodingMask|ua.DataValueServerTimestamp, at(server)
		}
		return d
	}
	s := &session{since: at(1000).UnixNano()}
	it := &bound{item: item{id: 1, scale: 1}}
	for _, c := range []struct {
		what           string
		source, server int64
		answered       int64
		first          bool
		want           int64
	}{
		{"the first value, of long ago", 500, 1100, 1200, true, 1200},
		{"a change", 1201, 1202, 1202, false, 1201},
		{"the same again", 1201, 1203, 1203, false, 1203},
		{"late, but new", 1199, 1204, 1204, false, 1199},
		{"no source time", 0, 1205, 1206, false, 1205},
		{"no time at all", 0, 0, 1206, false, 0},
		{"changed during the outage", 1001, 1300, 1300, true, 1001},
		{"a clock that was never set: 1601", -11644473600, 1300, 1300, false, 1300},
		{"the year 9999", 253402300799, 1300, 1300, false, 1300},
	} {
		d := value(c.source, c.server)
		got := s.sample(it, d, at(c.answered).UnixNano(), true, c.first)
		if want := c.want * int64(time.Second); got.Time != want {
			t.Errorf("%s: %d, want %d", c.what, got.Time, want)
		}
	}
	if got := s.sample(it, value(500, 1100), 0, false, true); got.Time != 500*int64(time.Second) {
		t.Errorf("a test read shows the source's time: %+v", got)
	}
	if got := s.sample(it, nil, 0, true, false); got.Status != telemetry.BadDecodingError {
		t.Errorf("%+v", got)
	}
}
