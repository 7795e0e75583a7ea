package crash

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"jingwei/internal/federate"
	"jingwei/internal/telemetry"
)

// reading is what the gateway makes of reading n of the machine.
func readingOf(n uint64) (out [4]telemetry.Sample) {
	at := testBase + int64(n)*2e7
	for k := range out {
		out[k] = telemetry.Sample{Time: at, Gateway: at, Flags: telemetry.GatewayTime, Origin: telemetry.Measured}
		out[k].Value.Type = laneTypes[k]
	}
	out[0].Value.Bits = math.Float64bits(float64(n) / 2)
	out[1].Value.Bits = n
	out[2].Value.Bits = n & 1
	out[3].Value.Text = fmt.Sprintf("n=%010d", n)
	return out
}

func noticed(l *ledger, readings ...uint64) string {
	var pipe bytes.Buffer
	var table federate.Table
	for k, id := range l.series {
		table = append(table, federate.Entry{Series: id, Type: laneTypes[k]})
	}
	for _, n := range readings {
		b := &telemetry.Batch{Origin: telemetry.Measured}
		for k, s := range readingOf(n) {
			if k == 3 {
				b.Text = []string{s.Value.Text}
			}
			b.Ref, b.Time, b.Gateway = append(b.Ref, telemetry.Ref(k)), append(b.Time, s.Time), append(b.Gateway, s.Gateway)
			b.Bits, b.Status, b.Flags = append(b.Bits, s.Value.Bits), append(b.Status, s.Status), append(b.Flags, s.Flags)
		}
		if err := tell(&pipe, table, b); err != nil {
			panic(err)
		}
	}
	return pipe.String()
}

func TestVerifierFindsWhatIsWrongInTheMachinesSeries(t *testing.T) {
	const served = 20
	for _, c := range []struct {
		name   string
		doctor func(s *[4][]telemetry.Sample)
		want   map[Wrong]uint64
	}{
		{"nothing is wrong", func(*[4][]telemetry.Sample) {}, nil},
		{"what the gateway acknowledged is missing", func(s *[4][]telemetry.Sample) { s[3] = s[3][1:] }, map[Wrong]uint64{Lost: 1}},
		{"what the gateway could not tell any more is there", func(s *[4][]telemetry.Sample) { push(s, readingOf(11)) }, nil},
		{"a mark of lost communication is there", func(s *[4][]telemetry.Sample) {
			s[0] = append(s[0], telemetry.Sample{Time: testBase + 9e9, Status: telemetry.BadNoCommunication, Flags: telemetry.NoValue, Origin: telemetry.Measured})
		}, nil},
		{"a sample is there twice", func(s *[4][]telemetry.Sample) { s[2] = append(s[2], s[2][0]) }, map[Wrong]uint64{Doubled: 1}},
		{"a reading is there at two times", func(s *[4][]telemetry.Sample) {
			x := readingOf(5)
			for k := range x {
				x[k].Time += 7
			}
			push(s, x)
		}, map[Wrong]uint64{Doubled: 3}}, // a bool has no number to tell it by
		{"a value was never served", func(s *[4][]telemetry.Sample) { push(s, readingOf(served+1)) }, map[Wrong]uint64{Unknown: 4}},
		{"a value has changed", func(s *[4][]telemetry.Sample) { s[3][2].Value.Text = "n=0000000019" }, map[Wrong]uint64{Altered: 1}},
		{"a value is nonsense", func(s *[4][]telemetry.Sample) {
			x := readingOf(12)[3]
			x.Value.Text = "n=12"
			s[3] = append(s[3], x)
		}, map[Wrong]uint64{Unknown: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger(func() uint64 { return served })
			for k := range l.series {
				l.series[k] = uuidOf(1, k)
			}
			fail := func(v Violation) { t.Error(v) }
			text := noticed(l, 1, 2, 3, 4, 5)
			l.listen(strings.NewReader(text), fail)
			var got [4][]telemetry.Sample
			for n := uint64(1); n <= 5; n++ {
				push(&got, readingOf(n))
			}
			c.doctor(&got)
			var tally Tally
			l.audit(&tally, got, 0, math.MaxInt64)
			if fmt.Sprint(tally.Wrong) != fmt.Sprint(c.want) || tally.Acknowledged != 20 {
				t.Errorf("found %v of %d, want %v\n%v", tally.Wrong, tally.Acknowledged, c.want, tally.First)
			}
		})
	}
}

func push(s *[4][]telemetry.Sample, x [4]telemetry.Sample) {
	for k := range s {
		s[k] = append(s[k], x[k])
	}
}

func TestANoticeThatAKillCutShortIsNone(t *testing.T) {
	l := newLedger(func() uint64 { return 100 })
	for k := range l.series {
		l.series[k] = uuidOf(1, k)
	}
	whole := noticed(l, 1)
	cut := noticed(l, 2)
	l.listen(strings.NewReader(whole+cut[:len(cut)/2]+noticed(l, 3)+cut[:20]), func(v Violation) { t.Error(v) })
	if l.lines != 2 || l.torn != 1 || len(l.noted[1]) != 2 || l.newest(1, math.MaxInt64) != readingOf(3)[1].Time {
		t.Errorf("%d notices, %d cut, %d samples", l.lines, l.torn, len(l.noted[1]))
	}
}

func TestRegistersHoldTheReading(t *testing.T) {
	if r := registers(7); len(r) != 2*machineRegisters || r[7] != 7 || r[17] != 1 || string(r[18:]) != "n=0000000007" {
		t.Errorf("% x", r)
	}
}
