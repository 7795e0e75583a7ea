package push

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	for in, field := range map[string]string{
		``: "", `{}`: "", `{"influxDevice":["plc"],"omit":["job","site"],"earliest":"1990-01-01","otlpScope":true}`: "",
		`{"influxdevices":["x"]}`: "config", `[]`: "config", `{"omit":[""]}`: "omit", `{"otlpDevice":["` + strings.Repeat("x", 201) + `"]}`: "otlpDevice",
		`{"prometheusDevice":["` + strings.Repeat(`x","`, 20) + `x"]}`: "prometheusDevice", `{"earliest":"1969-12-31"}`: "earliest", `{"earliest":"yesterday"}`: "earliest",
	} {
		_, err := ParseConfig(json.RawMessage(in))
		var f *FieldError
		if errors.As(err, &f); (err == nil) != (field == "") || f != nil && (f.Field != field || f.Text.Zh == "" || f.Text.En == "") {
			t.Errorf("%s: %v, want a fault of %q", in, err, field)
		}
	}
}

func TestSchemaListsEveryField(t *testing.T) {
	var s struct {
		Properties map[string]struct {
			Title, Description string
			Zh                 struct{ Title, Description string } `json:"x-zh"`
		}
	}
	if err := json.Unmarshal(Schema, &s); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for f := range reflect.TypeFor[Config]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		want = append(want, name)
	}
	for name, p := range s.Properties {
		got = append(got, name)
		if p.Title == "" || p.Description == "" || p.Zh.Title == "" || p.Zh.Description == "" {
			t.Errorf("%s has no words in one of the languages", name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the schema has %v, the configuration %v", got, want)
	}
}

func TestAConfigurationChangesNames(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	line := "m,device=a,plc=p1,site=s v=1 1795334400000000000"
	old := "m,device=a v=1 1000000000000000000" // 2001
	for _, c := range []struct{ config, device, metric string }{
		{`{}`, "a", "m.v{plc=p1,site=s}"}, {`{"influxDevice":["plc"]}`, "p1", "m.v{device=a,site=s}"}, {`{"influxDevice":["x"],"omit":["site","plc"]}`, "m", "m.v{device=a}"},
	} {
		var err error
		if h.door.Config, err = ParseConfig(json.RawMessage(c.config)); err != nil {
			t.Fatal(err)
		}
		if a := h.post("/push/write", line); a.status != 204 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if h.count(c.device, c.metric) != 1 {
			t.Errorf("%s: nothing at %s %s", c.config, c.device, c.metric)
		}
	}
	if a := h.post("/push/write", old); a.status != 204 {
		t.Errorf("2001: %d %s", a.status, a.body)
	}
	h.door.Config, _ = ParseConfig(json.RawMessage(`{"earliest":"2020-01-01"}`))
	if a := h.post("/push/write", old); a.status != 400 || !strings.Contains(a.body, "push-time") || !strings.Contains(a.body, "2020-01-01") {
		t.Errorf("2001: %d %s", a.status, a.body)
	}
}
