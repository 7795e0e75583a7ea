package reading_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

func TestEveryReadAnswersAsOf(t *testing.T) {
	b := build(t)
	id, ref := b.declare(b.a, "speed", telemetry.Float64, "mm/s")
	begin := b.now()
	at := func(i int) time.Time { return begin.Add(time.Duration(i) * time.Second) }
	b.get("a", "/watermark", 200, nil)
	b.add(float(ref, at(0), 0), float(ref, at(4), 4))
	b.pass(time.Minute)
	then := b.now().Format(time.RFC3339Nano)
	var mark struct{ Closed, Commit string }
	b.get("a", "/watermark", 200, &mark)
	if mark.Closed != "2026-05-04T08:01:00Z" || mark.Commit != "1" {
		t.Errorf("watermark %+v", mark)
	}
	b.pass(time.Minute)
	b.add(float(ref, at(2), 10)) // late
	if err := b.store.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.pass(time.Minute)
	span := "?from=2026-05-04T08:00:00Z&to=2026-05-04T08:00:05Z&asOf="
	series := "/series/" + id.String()
	for _, c := range []struct {
		path       string
		was, is    string // what the answer holds
		wasn, isnt string // and what it does not
	}{
		{series + "/samples" + span, `"value":4`, `"value":10`, `"value":10`, "nothing of it"},
		{series + "/samples" + span + "&mode=plot&pixels=5", `"value":4`, `"value":10`, `"value":10`, "nothing of it"},
		{series + "/samples" + span + "&mode=interpolated&step=1s", `"time":"2026-05-04T08:00:01Z","value":1,`, `"time":"2026-05-04T08:00:01Z","value":5,`, `"value":5`, `"value":1,`},
		{series + "/aggregates" + span + "&step=5s", `"count":2`, `"count":3`, "10", `"count":2`},
		{"/samples/export" + span + "&series=" + id.String(), ",4,0,Good", ",10,0,Good", ",10,0", "nothing of it"},
	} {
		past := strings.Replace(c.path, "asOf=", "asOf="+then, 1)
		now := strings.Replace(c.path, "&asOf=", "", 1)
		if got := b.get("a", past, 200, nil); !strings.Contains(got, c.was) || strings.Contains(got, c.wasn) {
			t.Errorf("%s: %s", past, got)
		}
		if got := b.get("a", now, 200, nil); !strings.Contains(got, c.is) || strings.Contains(got, c.isnt) {
			t.Errorf("%s: %s", now, got)
		}
		// Before all: nothing was known, which is an answer.
		for _, early := range []string{"2026-05-04T07:59:59Z", "1965-01-01T00:00:00Z"} {
			got := b.get("a", strings.Replace(c.path, "asOf=", "asOf="+early, 1), 200, nil)
			if strings.Contains(got, "Good,") || strings.Contains(got, `"class":"good"`) || strings.Contains(got, `"count":2`) {
				t.Errorf("as of %s: %s", early, got)
			}
		}
		for _, ahead := range []string{"2026-05-04T08:03:00.000000001Z", "2030-01-01T00:00:00Z", "9999-01-01T00:00:00Z"} {
			got := b.get("a", strings.Replace(c.path, "asOf=", "asOf="+ahead, 1), 422, nil)
			if !strings.Contains(got, `"code":"as-of-not-closed"`) || !strings.Contains(got, "2026-05-04T08:03:00Z") || !strings.Contains(got, `"location":"query.asOf"`) {
				t.Errorf("as of %s: %s", ahead, got)
			}
		}
		b.get("a", strings.Replace(c.path, "asOf=", "asOf=yesterday", 1), 422, nil)
	}
	// Coverage as of a time ends there: the last sample covers its longest silence, but not beyond that time.
	b.pass(time.Minute)
	b.add(float(ref, b.now(), 1))
	b.pass(3 * time.Second)
	early := b.now().Format(time.RFC3339Nano)
	b.pass(time.Hour)
	for asOf, want := range map[string]string{early: `"covered":3}`, "": `"covered":10}`} {
		path := series + "/aggregates?from=2026-05-04T08:04:00Z&to=2026-05-04T08:05:00Z&step=1m"
		if asOf != "" {
			path += "&asOf=" + asOf
		}
		if got := b.get("a", path, 200, nil); !strings.Contains(got, want) {
			t.Errorf("as of %q: %s, want %s", asOf, got, want)
		}
	}
	// Where to is left out it is the time asked about.
	if got := b.get("a", series+"/samples?mode=plot&pixels=1&asOf="+then, 200, nil); !strings.Contains(got, `"to":"2026-05-04T08:01:00Z"`) {
		t.Errorf("to left out: %s", got)
	}
	b.query("a", fmt.Sprintf(`{"series":["%s"],"asOf":"2030-01-01T00:00:00Z"}`, id), 422, nil)
	b.get("", "/watermark", 401, nil)
}

func TestValuesOnAGrid(t *testing.T) {
	b := build(t)
	id, ref := b.declare(b.a, "speed", telemetry.Float64, "mm/s")
	state, sref := b.declare(b.a, "state", telemetry.String, "")
	begin := b.now()
	at := func(i int) time.Time { return begin.Add(time.Duration(i) * time.Second) }
	bad := float(ref, at(6), 0)
	bad.Status, bad.Flags, bad.Value = telemetry.BadNoCommunication, telemetry.NoValue, telemetry.Value{}
	b.add(float(ref, at(0), 1), float(ref, at(4), 3), bad, float(ref, at(8), 5),
		telemetry.Sample{Commit: uint64(sref), Time: at(1).UnixNano(), Value: telemetry.Value{Type: telemetry.String, Text: "run"}})
	b.pass(time.Hour)
	grid := func(id uuid.UUID, mode string) string {
		var out struct {
			Items  []any
			Points []struct {
				Time, SourceTime string
				Value            any
				Status           struct {
					Code uint32
					Name string
				}
			}
			From, To string
		}
		b.get("a", "/series/"+id.String()+"/samples?from=2026-05-04T08:00:00Z&to=2026-05-04T08:00:21Z&step=2s&mode="+mode, 200, &out)
		if out.From != "2026-05-04T08:00:00Z" || out.To != "2026-05-04T08:00:21Z" || out.Items == nil || len(out.Items) != 0 {
			t.Errorf("from %s to %s, items %v", out.From, out.To, out.Items)
		}
		var words []string
		for _, p := range out.Points {
			from := "-"
			if p.SourceTime != "" {
				from = p.SourceTime[17:19]
			}
			words = append(words, fmt.Sprintf("%s %v %s %s", p.Time[17:19], p.Value, p.Status.Name, from))
		}
		return strings.Join(words, ", ")
	}
	for _, c := range []struct {
		id   uuid.UUID
		mode string
		want string
	}{
		{id, "interpolated", "00 1 Good 00, 02 2 Good 00, 04 3 Good 04, 06 4 UncertainDataSubNormal 04, 08 5 Good 08, 10 5 UncertainDataSubNormal 08, 12 5 UncertainDataSubNormal 08, " +
			"14 5 UncertainDataSubNormal 08, 16 5 UncertainDataSubNormal 08, 18 5 UncertainDataSubNormal 08, 20 <nil> BadNoData -"},
		{id, "previous", "00 1 Good 00, 02 1 Good 00, 04 3 Good 04, 06 <nil> BadNoCommunication 06, 08 5 Good 08, 10 5 Good 08, 12 5 Good 08, 14 5 Good 08, 16 5 Good 08, 18 5 Good 08, 20 <nil> BadNoData -"},
		{state, "interpolated", "00 <nil> BadNoData -, 02 run Good 01, 04 run Good 01, 06 run Good 01, 08 run Good 01, 10 run Good 01, 12 <nil> BadNoData -, 14 <nil> BadNoData -, 16 <nil> BadNoData -, 18 <nil> BadNoData -, 20 <nil> BadNoData -"},
	} {
		if got := grid(c.id, c.mode); got != c.want {
			t.Errorf("%s:\n got  %s\n want %s", c.mode, got, c.want)
		}
	}
}
