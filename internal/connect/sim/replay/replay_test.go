package replay

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/data"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func point(typ template.Type, r template.Recorded) template.Point {
	return template.Point{Key: "p", Type: typ, Recorded: &r}
}

func TestReplayLoopsAndCountersGoOn(t *testing.T) {
	table := &data.Table{Columns: []string{"level", "use", "name"}, Rows: [][]string{{"1.5", "10", "a"}, {"2.5", "0.5", "b"}, {"3.5", "4", "a"}}}
	tp := &template.Template{Points: []template.Point{point("float64", template.Recorded{Column: "level"}),
		point("float64", template.Recorded{Column: "use", Cumulative: true}), point("string", template.Recorded{Column: "name"}),
		point("string", template.Recorded{Constant: "SMART"}), {Key: "none", Type: "float64"}}}
	r, err := newPlayer(tp, table, 200*time.Millisecond, epoch, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		level float64
		total float64
		name  string
	}{
		{-time.Hour, 2.5, 10.5, "b"}, {0, 2.5, 10.5, "b"}, {199 * time.Millisecond, 2.5, 10.5, "b"}, {200 * time.Millisecond, 3.5, 14.5, "a"},
		{400 * time.Millisecond, 1.5, 24.5, "a"}, {600 * time.Millisecond, 2.5, 25, "b"}, {6 * time.Second, 2.5, 10*14.5 + 10.5, "b"},
	} {
		p := r.At(epoch.Add(c.after))
		if got := math.Float64frombits(r.Value(0, p).Bits); got != c.level {
			t.Errorf("after %v the level is %v, want %v", c.after, got, c.level)
		}
		if got := math.Float64frombits(r.Value(1, p).Bits); got != c.total {
			t.Errorf("after %v the counter is %v, want %v", c.after, got, c.total)
		}
		if got := r.Value(2, p).Text; got != c.name {
			t.Errorf("after %v the name is %q, want %q", c.after, got, c.name)
		}
		if r.Value(3, p).Text != "SMART" || r.Value(4, p) != (telemetry.Value{}) {
			t.Errorf("after %v: %+v %+v", c.after, r.Value(3, p), r.Value(4, p))
		}
	}
}

func TestRecordingsThatDoNotFitAreToldAtTheStart(t *testing.T) {
	table := &data.Table{Columns: []string{"x"}, Rows: [][]string{{"1"}, {"70000"}, {"oops"}}}
	for want, p := range map[string]template.Point{
		`no column "y"`: point("float64", template.Recorded{Column: "y"}),
		`row 3`:         point("float64", template.Recorded{Column: "x"}),
	} {
		tp := &template.Template{Points: []template.Point{p}}
		if _, err := newPlayer(tp, table, time.Second, epoch, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestMachinesOfACommandLine(t *testing.T) {
	mill := &template.Template{}
	find := func(id string) *template.Template {
		return map[string]*template.Template{"mill": mill}[id]
	}
	for given, want := range map[string]struct {
		name string
		part Part
	}{"a=mill": {"a", Part{mill, 0, 0}}, "=mill@7": {"", Part{mill, 7, 0}}, "b=mill@500*2.5": {"b", Part{mill, 500, 2.5}}, "c=mill*2": {"c", Part{mill, 0, 2}}} {
		if name, part, err := ParseNamed(given, find); err != nil || name != want.name || part != want.part {
			t.Errorf("%s: %q %+v %v", given, name, part, err)
		}
	}
	parse := func(s string, find func(string) *template.Template) (Part, error) {
		_, p, err := ParseNamed(s, find)
		return p, err
	}
	wrong := map[string]string{"mill": "no =", "a=lathe": `no template "lathe"`, "a=mill@x": "the row", "a=mill@-1": "the row", "a=mill*0": "the speed", "a=mill*Inf": "the speed"}
	all, err := ParseAll(append(slices.Collect(maps.Keys(wrong)), "a=mill"), find, parse)
	if len(all) != 7 || all[6].Template != mill || err == nil {
		t.Fatalf("%+v %v", all, err)
	}
	for _, want := range wrong {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell %q", err, want)
		}
	}
}
