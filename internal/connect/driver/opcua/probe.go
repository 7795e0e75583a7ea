package opcua

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

const (
	maxElements = 16   // of an array, shown one by one
	maxRaw      = 4096 // bytes of a probe
)

// Probe reads an address and shows what a point of each type would make of it. OPC UA's values bear their type, so the
// first reading is the one to take.
func (s *session) Probe(ctx context.Context, unit, address string) (driver.Probe, error) {
	a, err := ParseAddress(address)
	if err != nil {
		return driver.Probe{}, err
	}
	out := driver.Probe{Address: a.String(), Status: telemetry.BadNodeIdUnknown}
	if a, err = a.At(unit); err != nil {
		return driver.Probe{}, err
	}
	node, ok := a.Node(s.namespaces)
	if !ok {
		return out, nil
	}
	it := bound{item{address: a, scale: 1}, node}
	got, err := s.read(ctx, []*ua.ReadValueID{it.valueID()}, ua.TimestampsToReturnBoth)
	if err != nil {
		return driver.Probe{}, explain(err, s.id)
	}
	dv := got[0]
	if dv == nil {
		out.Status = telemetry.BadDecodingError
		return out, nil
	}
	out.Status = telemetry.Status(dv.Status)
	if dv.Value == nil || dv.Value.Value() == nil || out.Status.IsBad() {
		return out, nil
	}
	if raw, err := dv.Value.Encode(); err == nil {
		out.Raw = raw[:min(len(raw), maxRaw)]
	}
	name := typeName(dv.Value.Type())
	if r := reflect.ValueOf(dv.Value.Value()); r.Kind() == reflect.Slice && dv.Value.Type() != ua.TypeIDByteString && a.Index < 0 {
		for i := range min(r.Len(), maxElements) {
			it.address.Index = i
			v, status := it.value(dv.Value, out.Status)
			out.Readings = append(out.Readings, driver.Reading{Encoding: name, Value: fmt.Sprintf("%s = %s", it.address, show(v, status)), Type: v.Type})
		}
		return out, nil
	}
	for _, t := range []telemetry.Type{0, telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String} {
		it.typ = t
		v, status := it.value(dv.Value, out.Status)
		switch {
		case t == 0:
			if status.IsBad() {
				out.Status = status
			}
		case v.Type == 0 || len(out.Readings) > 0 && v.Type == out.Readings[0].Type:
			continue
		}
		out.Readings = append(out.Readings, driver.Reading{Encoding: name, Value: show(v, status), Type: v.Type, Likely: t == 0 && v.Type != 0})
	}
	return out, nil
}

func show(v telemetry.Value, status telemetry.Status) string {
	switch v.Type {
	case telemetry.Float64:
		return strconv.FormatFloat(math.Float64frombits(v.Bits), 'g', -1, 64)
	case telemetry.Int64:
		return strconv.FormatInt(int64(v.Bits), 10)
	case telemetry.Bool:
		return strconv.FormatBool(v.Bits != 0)
	case telemetry.String:
		return v.Text
	}
	return StatusName(ua.StatusCode(status))
}
