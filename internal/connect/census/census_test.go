package census_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/census"
	"jingwei/internal/connect/ingest"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry"
)

// history is what happens at two plants from May to November 2026.
type history struct {
	*node
	north, south                           uuid.UUID
	mill, lathe, press, meter, loom, shed  uuid.UUID
	foreign                                uuid.UUID
	gateway, link, mqtt, push, foreignGate uuid.UUID
}

func live(t *testing.T, db *store.DB) *history {
	h := &history{node: newNode(t, db, nil)}
	ctx := t.Context()
	a, b := auth.System(h.a), auth.System(h.b)

	h.on("2026-05-04")
	h.north, h.south = h.place(h.a, plant.Site, uuid.Nil, "north"), h.place(h.a, plant.Site, uuid.Nil, "south")
	hall := h.place(h.a, plant.Area, h.north, "hall")
	h.mill = h.machine(h.a, hall, "mill", "cnc-machine-tool", 3)
	h.lathe = h.machine(h.a, hall, "lathe", "cnc-machine-tool", 1)
	h.meter = h.machine(h.a, h.north, "meter", "plant-auxiliary", 1)
	h.gateway, h.link = h.node.link(h.a, "=gateway")
	proof.Must(h.fleet.Connect(h.as(h.a), h.mill, h.link, "1"))
	proof.Must(h.fleet.Connect(h.as(h.a), h.meter, h.link, "2"))

	h.on("2026-06-10")
	h.press = h.machine(h.a, h.south, "press", "large-machine", 2)
	foreignSite := h.place(h.b, plant.Site, uuid.Nil, "abroad")
	h.foreign = h.machine(h.b, foreignSite, "foreign", "trade-equipment", 1)
	gate, foreignLink := h.node.link(h.b, "gate B")
	h.foreignGate = gate
	proof.Must(h.fleet.Connect(h.as(h.b), h.foreign, foreignLink, "1"))

	h.on("2026-07-15")
	proof.Must(h.fleet.Connect(h.as(h.a), h.lathe, h.link, "3"))
	proof.Must(h.plant.Retire(ctx, a, h.meter, plant.Retire{Reason: "replaced"}))
	h.loom = h.machine(h.a, h.south, "loom", "trade-equipment", 1)

	h.on("2026-08-20")
	h.mqtt = h.source(h.a, "mqtt", ingest.Broker)
	proof.Must(h.sources.SetFeed(h.as(h.a), h.press, h.mqtt, "press-7"))
	proof.Must(h.plant.Move(ctx, a, h.mill, plant.Move{Parent: h.south}))

	h.on("2026-09-25")
	if err := h.fleet.Disconnect(h.as(h.a), h.lathe); err != nil {
		t.Fatal(err)
	}
	h.shed = h.machine(h.a, h.south, "shed", "", 0)
	h.push = h.source(h.a, "push", ingest.HTTP)
	proof.Must(h.sources.SetFeed(h.as(h.a), h.shed, h.push, "=1+1"))

	h.on("2026-11-22")
	_ = b
	return h
}

// by finds a group by its name or id.
func by(t *testing.T, groups []census.Group, key string) census.Group {
	t.Helper()
	i := slices.IndexFunc(groups, func(g census.Group) bool { return g.ID == key || g.Name.En == key })
	if i < 0 {
		t.Fatalf("no %q in %+v", key, groups)
	}
	return groups[i]
}

// said writes counts for comparison: machines/connected, and live, stale, silent, replayed.
func said(c census.Count) string {
	s := fmt.Sprintf("%d/%d", c.Connected, c.Machines)
	if c.States != nil {
		s += fmt.Sprintf(" %d %d %d %d", c.States.Live, c.States.Stale, c.States.Silent, c.States.Replayed)
	}
	return s
}

func rate(t *testing.T, v census.View, id string) string {
	t.Helper()
	for _, r := range v.Rates {
		if r.ID != id {
			continue
		}
		if r.Definition.Zh == "" || r.Definition.En == "" || r.Name.Zh == "" || r.Name.En == "" || len(r.Basis) == 0 {
			t.Errorf("rate %s has no words: %+v", id, r)
		}
		if r.Missing != nil {
			if r.Numerator != nil || r.Denominator != nil || r.Value != nil {
				t.Errorf("rate %s is missing and given: %+v", id, r)
			}
			return "missing"
		}
		if r.Value == nil {
			return fmt.Sprintf("%d/%d", *r.Numerator, *r.Denominator)
		}
		return fmt.Sprintf("%d/%d=%.3f", *r.Numerator, *r.Denominator, *r.Value)
	}
	return "absent"
}

func want(t *testing.T, what, got, wanted string) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s: %s, want %s", what, got, wanted)
	}
}

func TestCountsOfNow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := live(t, db)
		now := h.now()
		h.tell(h.a, h.mill, 0, now.Add(-time.Hour), telemetry.Good, telemetry.Measured)
		h.tell(h.a, h.mill, 1, now.Add(-time.Second), telemetry.Good, telemetry.Replayed)
		h.tell(h.a, h.press, 0, now.Add(-time.Hour), telemetry.Good, telemetry.Measured)
		h.tell(h.a, h.press, 1, now, telemetry.BadNoCommunication, telemetry.Measured)
		h.tell(h.a, h.lathe, 0, now, telemetry.Good, telemetry.Measured) // not connected: its value is not looked at
		h.tell(h.b, h.foreign, 0, now, telemetry.Good, telemetry.Measured)

		v := h.scale("a", "?months=0")
		want(t, "all", said(v.Count), "3/5 1 1 1 1") // mill live, press stale, shed silent; lathe and loom are not connected
		if !v.Now || !v.At.Equal(now) || v.Zone != "Asia/Shanghai" || v.Gateways != 1 || v.Sources != 2 || len(v.Growth) != 0 {
			t.Errorf("%+v", v)
		}
		want(t, "points", fmt.Sprint(v.Points.Total, *v.Points.Live, *v.Points.Stale, *v.Points.Silent), "7 1 2 2")

		var classes []string
		for _, g := range v.Class {
			classes = append(classes, g.ID)
		}
		want(t, "classes", strings.Join(classes, " "), "cnc-machine-tool trade-equipment large-machine plant-auxiliary ")
		want(t, "CNC", said(by(t, v.Class, "cnc-machine-tool").Count), "1/2 1 0 0 1")
		want(t, "large", said(by(t, v.Class, "large-machine").Count), "1/1 0 1 0 0")
		want(t, "auxiliary, of which the only one is retired", said(by(t, v.Class, "plant-auxiliary").Count), "0/0 0 0 0 0")
		want(t, "without class", said(by(t, v.Class, "Without a class").Count), "1/1 0 0 1 0")
		want(t, "modbus", said(by(t, v.Protocol, "modbus").Count), "1/1 1 0 0 1")
		want(t, "mqtt", said(by(t, v.Protocol, "mqtt").Count), "1/1 0 1 0 0")
		want(t, "push", said(by(t, v.Protocol, "push").Count), "1/1 0 0 1 0")
		want(t, "gateway", said(by(t, v.Channel, h.gateway.String()).Count), "1/1 1 0 0 1")
		if g := by(t, v.Channel, h.mqtt.String()); g.Kind != "source" || g.Name.En != "mqtt" || *g.Org != h.a || !slices.Equal(g.Protocols, []string{"mqtt"}) || g.ValuesPerSecond == nil {
			t.Errorf("%+v", g)
		}
		want(t, "north", said(by(t, v.Site, "north").Count), "0/1 0 0 0 0")
		want(t, "south", said(by(t, v.Site, "south").Count), "3/4 1 1 1 1")
		want(t, "template", said(by(t, v.Template, "").Count), "3/5 1 1 1 1")
		want(t, "organisation", said(by(t, v.Org, "A").Count), "3/5 1 1 1 1")

		want(t, "networking", rate(t, v, "networking"), "2/4=0.500")
		want(t, "production", rate(t, v, "networking-production"), "2/4=0.500")
		want(t, "live", rate(t, v, "networking-live"), "1/4=0.250")
		want(t, "CNC networking", rate(t, v, "cnc-networking"), "1/2=0.500")
		want(t, "numerical control", rate(t, v, "numerical-control"), "missing")

		// A minute and the way's grace later the mill is stale by the passing of time.
		h.clock.Add(int64(62 * time.Second))
		want(t, "later", said(h.scale("a", "").Count), "3/5 0 2 1 1")
	})
}

func TestFiguresFollowEffectiveDates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := live(t, db)
		at := func(day string) census.View {
			return h.scale("a", "?at="+url.QueryEscape(proof.Must(time.ParseInLocation("2006-01-02", day, census.Zone)).Format(time.RFC3339)))
		}
		for _, c := range []struct{ day, all, north, networking, production, protocols string }{
			{"2026-05-01", "0/0", "", "0/0", "0/0", ""},
			{"2026-06-01", "2/3", "2/3", "2/3=0.667", "1/2=0.500", "modbus 2"},
			{"2026-07-01", "2/4", "2/3", "2/4=0.500", "1/3=0.333", "modbus 2"},
			{"2026-08-01", "2/4", "2/2", "2/4=0.500", "2/4=0.500", "modbus 2"}, // the meter is retired, though nobody ended its connection
			{"2026-09-01", "3/4", "1/1", "3/4=0.750", "3/4=0.750", "modbus 2 mqtt 1"},
			{"2026-10-01", "3/5", "0/1", "2/4=0.500", "2/4=0.500", "modbus 1 mqtt 1 push 1"},
		} {
			v := at(c.day)
			want(t, c.day, said(v.Count), c.all)
			if c.north != "" {
				want(t, c.day+" north", said(by(t, v.Site, "north").Count), c.north)
			}
			want(t, c.day+" networking", rate(t, v, "networking"), c.networking)
			want(t, c.day+" production", rate(t, v, "networking-production"), c.production)
			want(t, c.day+" live", rate(t, v, "networking-live"), "absent")
			var protocols []string
			for _, g := range v.Protocol {
				protocols = append(protocols, fmt.Sprint(g.ID, " ", g.Machines))
			}
			slices.Sort(protocols)
			want(t, c.day+" protocols", strings.Join(protocols, " "), c.protocols)
			if v.Now || v.Flow != nil || v.Points.Live != nil {
				t.Errorf("%s is a past time and tells the present: %+v", c.day, v)
			}
		}

		// A source that has been removed since still tells of its time what it was.
		if err := h.sources.Remove(h.as(h.a), h.mqtt, api.IfMatch{}); err != nil {
			t.Fatal(err)
		}
		if err := h.fleet.Remove(h.as(h.a), h.gateway, api.IfMatch{}); err != nil {
			t.Fatal(err)
		}
		h.clock.Add(int64(time.Hour))
		v := at("2026-09-01")
		want(t, "then", said(v.Count), "3/4")
		want(t, "through the removed source", said(by(t, v.Protocol, "mqtt").Count), "1/1")
		want(t, "by its name", said(by(t, v.Channel, "mqtt").Count), "1/1")
		want(t, "through the removed gateway", said(by(t, v.Channel, "=gateway").Count), "2/2")
		want(t, "now", said(h.scale("a", "").Count), "1/5 0 0 1 0")
	})
}

func TestGrowthByCalendarMonths(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := live(t, db)
		var got []string
		v := h.scale("a", "?months=8")
		for _, m := range v.Growth {
			got = append(got, fmt.Sprintf("%s +%d -%d =%d c%d n%d/%d", m.Month, m.Added, m.Ended, m.Machines, m.Connected, m.Networked.Numerator, m.Networked.Denominator))
		}
		want(t, "growth", strings.Join(got, "\n"), strings.Join([]string{
			"2026-04 +0 -0 =0 c0 n0/0",
			"2026-05 +3 -0 =3 c2 n2/3",
			"2026-06 +1 -0 =4 c2 n2/4",
			"2026-07 +1 -1 =4 c2 n2/4",
			"2026-08 +0 -0 =4 c3 n3/4",
			"2026-09 +1 -0 =5 c3 n2/4",
			"2026-10 +0 -0 =5 c3 n2/4",
			"2026-11 +0 -0 =5 c3 n2/4",
		}, "\n"))
		first, last := v.Growth[0], v.Growth[len(v.Growth)-1]
		if want := time.Date(2026, 3, 31, 16, 0, 0, 0, time.UTC); !first.From.Equal(want) || !first.Complete {
			t.Errorf("April begins %v, want %v, the midnight of Shanghai", first.From, want)
		}
		if last.Complete || !last.To.Equal(h.now().Add(1)) {
			t.Errorf("the month that is not over: %+v", last)
		}
		// Each month tells the same as the figures of its last moment.
		for _, m := range v.Growth {
			then := h.scale("a", "?months=1&at="+url.QueryEscape(m.To.Add(-1).Format(time.RFC3339Nano)))
			if then.Machines != m.Machines || then.Connected != m.Connected {
				t.Errorf("%s: %s at its end, growth says %d/%d", m.Month, said(then.Count), m.Connected, m.Machines)
			}
			if g := then.Growth[0]; g.Month != m.Month || g.Complete != m.Complete || g.Added != m.Added || g.Ended != m.Ended {
				t.Errorf("asked at its last moment the month is %+v, before it was %+v", g, m)
			}
		}
	})
}

func TestTenantsDoNotSeeEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := live(t, db)
		v := h.scale("b", "")
		want(t, "B", said(v.Count), "1/1 0 0 1 0")
		if len(v.Org) != 1 || v.Org[0].ID != h.b.String() || len(v.Channel) != 1 || v.Channel[0].ID != h.foreignGate.String() || len(v.Site) != 1 || v.Points.Total != 1 {
			t.Errorf("B sees %+v", v)
		}
		want(t, "both", said(h.scale("both", "").Count), "4/6 0 0 4 0")
		want(t, "one of both", said(h.scale("both", "?org="+h.a.String()).Count), "3/5 0 0 3 0")
		for _, c := range []struct {
			who, query string
			status     int
		}{
			{"b", "?org=" + h.a.String(), 404}, {"b", ".csv?org=" + h.a.String(), 404}, {"", "", 401}, {"", ".csv", 401},
			{"none", "?org=" + h.a.String(), 403},
			{"a", "?at=2026-11-23T00:00:00Z", 422}, {"a", ".csv?at=1969-01-01T00:00:00Z", 422}, {"a", "?months=121", 422}, {"a", "?org=x", 422},
		} {
			if status, _, body := h.get(c.who, c.query); status != c.status || strings.Contains(string(body), "mill") {
				t.Errorf("%s as %q: %d %s, want %d", c.query, c.who, status, body, c.status)
			}
		}
		if n := h.scale("none", "").Machines; n != 0 {
			t.Errorf("one who may read nothing counts %d machines", n)
		}
		_, _, body := h.get("b", ".csv")
		if s := string(body); !strings.Contains(s, "foreign") || strings.Contains(s, "mill") || strings.Contains(s, h.a.String()) {
			t.Errorf("B's list: %s", s)
		}
		if _, _, body := h.get("a", "?at=2027-01-01T00:00:00Z", "Accept-Language", "zh"); !strings.Contains(string(body), "尚未到来") || !strings.Contains(string(body), `"scale-time-invalid"`) {
			t.Errorf("%s", body)
		}
	})
}

// TestEveryRateCanBeFollowedDownToItsMachines counts the columns of the list.
func TestEveryRateCanBeFollowedDownToItsMachines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := live(t, db)
		h.tell(h.a, h.mill, 2, h.now(), telemetry.Good, telemetry.Measured)
		for _, query := range []string{"", "at=2026-08-01T00:00:00Z", "at=2026-06-11T00:00:00Z"} {
			v := h.scale("both", "?"+query)
			status, header, body := h.get("both", ".csv?"+query, "Accept-Language", "en")
			if status != 200 || header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(header.Get("Content-Disposition"), `attachment; filename="machines-2026-`) {
				t.Fatalf("%d %v", status, header)
			}
			rows := proof.Must(csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff")))).ReadAll())
			if len(rows)-1 != v.Machines {
				t.Errorf("%s: %d rows, want %d", query, len(rows)-1, v.Machines)
			}
			column := func(name string) int {
				i := slices.Index(rows[0], name)
				if i < 0 {
					t.Fatalf("no column %q in %q", name, rows[0])
				}
				return i
			}
			connected := 0
			for _, r := range rows[1:] {
				if r[column("Protocol")] != "" {
					connected++
				}
			}
			if connected != v.Connected {
				t.Errorf("%s: %d rows with a protocol, want %d", query, connected, v.Connected)
			}
			for _, r := range v.Rates {
				if r.Missing != nil {
					if slices.Contains(rows[0], r.Name.En) {
						t.Errorf("a rate that is not known has a column")
					}
					continue
				}
				c, part, whole := column(r.Name.En), 0, 0
				for _, row := range rows[1:] {
					switch row[c] {
					case "1":
						part, whole = part+1, whole+1
					case "0":
						whole++
					case "":
					default:
						t.Errorf("%s: %q", r.ID, row[c])
					}
				}
				if part != *r.Numerator || whole != *r.Denominator {
					t.Errorf("%s %s: the list has %d of %d, the rate is %d of %d", query, r.ID, part, whole, *r.Numerator, *r.Denominator)
				}
			}
			if query != "" {
				continue
			}
			find := func(machine uuid.UUID) []string {
				return rows[slices.IndexFunc(rows, func(r []string) bool { return slices.Contains(r, machine.String()) })]
			}
			mill := find(h.mill)
			for name, value := range map[string]string{
				"Organisation": "A", "Site": "south", "Place": "south", "Machine": "mill", "Class": "CNC machine tools", "Protocol": "modbus", "Through": "gateway",
				"Gateway or source": "'=gateway", "Unit or device": "1", "Connected since": "2026-05-04T04:00:00Z", "In the plant since": "2026-05-04T04:00:00Z",
				"State": "live", "Live points": "1", "Silent points": "2", "Newest value": "2026-11-22T04:00:00Z",
			} {
				want(t, name, mill[column(name)], value)
			}
			want(t, "a device that looks like a formula", find(h.shed)[column("Unit or device")], "'=1+1")
			want(t, "where the lathe stands", find(h.lathe)[column("Place")], "north / hall")
			want(t, "the lathe's channel", find(h.lathe)[column("Gateway or source")], "")
		}
		if _, _, body := h.get("a", ".csv", "Accept-Language", "zh-CN"); !strings.Contains(string(body), "设备联网率") || !strings.Contains(string(body), "数控机床") {
			t.Errorf("in Chinese: %s", body)
		}
	})
}
