package plant_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry/calendar"
)

// calendar adds one of steel.
func (h *house) calendar(d calendar.Definition) uuid.UUID {
	h.t.Helper()
	c, err := h.CreateCalendar(ctx, scope(steel), plant.NewCalendar{Org: steel, Name: text.Text{Zh: "三班"}, Definition: d})
	if err != nil {
		h.t.Fatal(err)
	}
	return c.ID
}

func (h *house) assign(site, cal uuid.UUID, from time.Time) {
	h.t.Helper()
	if _, err := h.AssignCalendar(ctx, scope(steel), site, plant.AssignCalendar{Calendar: cal, From: from, Reason: "works so"}); err != nil {
		h.t.Fatal(err)
	}
}

// zone is that of a series' calendar on a day, with its day's start.
func (h *house) zone(series uuid.UUID, at time.Time) string {
	h.t.Helper()
	c, version, err := h.CalendarOf(ctx, series, at.UnixNano())
	if err != nil || version != c.Version() {
		h.t.Fatalf("calendar at %s: version %s, %v", at, version, err)
	}
	return c.Zone() + c.Definition().DayStart
}

func TestASeriesIsSummedUpByTheCalendarOfWhereItStood(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		a, b := h.add(plant.Site, uuid.Nil, "一厂", 0), h.add(plant.Site, uuid.Nil, "二厂", 0)
		lineA, lineB := h.add(plant.Line, a, "线", 1), h.add(plant.Line, b, "线", 1)
		mill := h.add(plant.Machine, lineA, "铣", 2)
		_, points, err := h.Machine(ctx, scope(steel), mill, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		series := points[0].ID
		if got := h.zone(series, day(5)); got != "Asia/Shanghai" {
			t.Errorf("without any calendar: %s", got)
		}

		berlin := h.calendar(calendar.Definition{Zone: "Europe/Berlin"})
		three := h.calendar(calendar.Presets("Asia/Shanghai")[2].Definition)
		h.assign(a, three, day(-100)) // before the site was entered
		h.assign(b, berlin, day(0))
		if _, err := h.Move(ctx, scope(steel), mill, plant.Move{Parent: lineB, From: day(10)}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ChangeCalendar(ctx, scope(steel), berlin, plant.ChangeCalendar{Definition: &calendar.Definition{Zone: "Europe/Berlin", DayStart: "06:00"}, From: day(15), Reason: "new works agreement"}); err != nil {
			t.Fatal(err)
		}
		h.assign(b, uuid.Nil, day(20))
		if _, err := h.Retire(ctx, scope(steel), mill, plant.Retire{At: day(25), Reason: "sold"}); err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]string{-150: "Asia/Shanghai", -50: "Asia/Shanghai08:00", 3: "Asia/Shanghai08:00", 9: "Asia/Shanghai08:00", 10: "Europe/Berlin", 14: "Europe/Berlin", 15: "Europe/Berlin06:00", 19: "Europe/Berlin06:00", 20: "Asia/Shanghai", 40: "Asia/Shanghai"} {
			if got := h.zone(series, day(n)); got != want {
				t.Errorf("day %d: by %s, want %s", n, got, want)
			}
		}

		// The same in one piece: each begins with a day of the calendar that begins.
		spans, err := h.CalendarSpans(ctx, series, day(-150).UnixNano(), day(60).UnixNano())
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for i, s := range spans {
			told = append(told, time.Unix(0, s.From).UTC().Format("01-02T15:04 ")+s.Zone()+s.Definition().DayStart)
			if i > 0 && spans[i-1].To != s.From {
				t.Errorf("a gap before %+v", s)
			}
		}
		want := "12-02T08:00 Asia/Shanghai, 01-21T00:00 Asia/Shanghai08:00, 05-11T08:00 Europe/Berlin, 05-16T04:00 Europe/Berlin06:00, 05-20T16:00 Asia/Shanghai"
		if got := strings.Join(told, ", "); got != want || spans[len(spans)-1].To != day(60).UnixNano() {
			t.Errorf("got  %s\nwant %s", got, want)
		}

		// A version that is dated back takes the place of what was said of that time and later.
		if _, err := h.ChangeCalendar(ctx, scope(steel), berlin, plant.ChangeCalendar{Definition: &calendar.Definition{Zone: "Europe/Paris"}, From: day(12), Reason: "wrong zone"}); err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]string{11: "Europe/Berlin", 12: "Europe/Paris", 16: "Europe/Paris"} {
			if got := h.zone(series, day(n)); got != want {
				t.Errorf("after the mend, day %d: by %s, want %s", n, got, want)
			}
		}
		c, versions, err := h.Calendar(ctx, scope(steel), berlin, day(13))
		if err != nil || len(versions) != 3 || versions[1].Definition().DayStart != "06:00" || versions[1].Reason != "new works agreement" || versions[2].Maker != "node" || c.Number != 3 || c.Zone() != "Europe/Paris" {
			t.Errorf("got %+v %+v, %v", c, versions, err)
		}
		if _, _, err := h.CalendarOf(ctx, uuid.New(), 0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of an unknown series: %v", err)
		}
		entries, _, err := audit.List(ctx, db, scope(steel), audit.Filter{Verb: "plant.calendar.change"}, store.Page{})
		if err != nil || len(entries) != 2 || entries[0].Reason == "" || entries[0].Object.ID != berlin.String() {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		if entries, _, err = audit.List(ctx, db, scope(steel), audit.Filter{Verb: "plant.node.calendar"}, store.Page{}); err != nil || len(entries) != 3 {
			t.Errorf("audit of assignments: %+v, %v", entries, err)
		}
	})
}

func TestAssignmentsThatCannotBe(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	site := h.add(plant.Site, uuid.Nil, "厂", 0)
	line := h.add(plant.Line, site, "线", 1)
	cal := h.calendar(calendar.Definition{Zone: "Asia/Shanghai"})
	h.assign(site, cal, day(10))
	theirs, err := h.CreateCalendar(ctx, scope(mills), plant.NewCalendar{Org: mills, Name: text.Text{En: "x"}, Definition: calendar.Definition{Zone: "UTC"}})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		node uuid.UUID
		q    plant.AssignCalendar
		want error
	}{
		"before another": {site, plant.AssignCalendar{Calendar: cal, From: day(5), Reason: "x"}, plant.ErrLater},
		"a line":         {line, plant.AssignCalendar{Calendar: cal, Reason: "x"}, plant.ErrNotSite},
		"another's":      {site, plant.AssignCalendar{Calendar: theirs.ID, Reason: "x"}, plant.ErrNoCalendar},
		"none such":      {site, plant.AssignCalendar{Calendar: uuid.New(), Reason: "x"}, plant.ErrNoCalendar},
		"no reason":      {site, plant.AssignCalendar{Calendar: cal}, plant.ErrReason},
		"long ago":       {site, plant.AssignCalendar{Calendar: cal, Reason: "x", From: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)}, plant.ErrTime},
		"an old version": {site, plant.AssignCalendar{Calendar: cal, Reason: "x", IfMatch: api.IfMatch{IfMatch: `"old"`}}, api.ErrPrecondition},
	} {
		if _, err := h.AssignCalendar(ctx, scope(steel), c.node, c.q); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
	if _, err := h.CreateCalendar(ctx, scope(steel), plant.NewCalendar{Org: mills, Name: text.Text{En: "x"}, Definition: calendar.Definition{Zone: "UTC"}}); err == nil {
		t.Error("a calendar for another organisation was made")
	}
	if _, err := h.Retire(ctx, scope(steel), line, plant.Retire{At: day(20), Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Retire(ctx, scope(steel), site, plant.Retire{At: day(20), Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.AssignCalendar(ctx, scope(steel), site, plant.AssignCalendar{Calendar: cal, Reason: "x"}); !errors.Is(err, plant.ErrRetired) {
		t.Errorf("a retired site: %v", err)
	}
}

func TestCalendarsThroughTheDoor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		d := serve(t, h)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		var presets api.Page[calendar.Preset]
		if r := d.call("viewer", "GET", "/plant/calendars/presets?zone=Asia/Shanghai", "", &presets); r.StatusCode != 200 || len(presets.Items) != 4 || presets.Items[3].ID != "four-crews" {
			t.Fatalf("got %d %+v", r.StatusCode, presets)
		}
		four, err := json.Marshal(presets.Items[3].Definition)
		if err != nil {
			t.Fatal(err)
		}
		var buckets api.Page[plant.BucketView]
		draft := `{"definition":` + string(four) + `}`
		if r := d.call("viewer", "POST", "/plant/calendars/preview?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z", draft, &buckets); r.StatusCode != 200 || len(buckets.Items) != 3 {
			t.Fatalf("got %d %+v", r.StatusCode, buckets)
		}
		if b := buckets.Items[2]; b.Name.Zh != "2026-11-22 夜班 甲班" || b.Hours != 8 || !b.Works || b.Crew.En != "Crew A" || b.Day != "2026-11-22" {
			t.Errorf("got %+v", b)
		}

		var c plant.CalendarView
		r := d.call("engineer", "POST", "/plant/calendars", `{"org":"`+steel.String()+`","name":{"zh":"四班三运转"},"definition":`+string(four)+`}`, &c)
		if r.StatusCode != 201 || c.Zone != "Asia/Shanghai" || c.Number != 1 || len(c.Version) != 32 || len(c.ZoneVersion) != 16 || len(c.Versions) != 1 || c.Versions[0].From != nil || c.Versions[0].Maker != "li" || r.Header.Get("ETag") != c.ETag {
			t.Fatalf("got %d %+v", r.StatusCode, c)
		}
		path := "/plant/calendars/" + c.ID.String()
		if r := d.call("viewer", "GET", path+"/preview?from=2026-11-01T00:00:00%2B08:00&to=2026-12-01T00:00:00%2B08:00&level=day", "", &buckets); r.StatusCode != 200 || len(buckets.Items) != 31 || buckets.Items[30].Name.En != "2026-11-30" {
			t.Errorf("got %d, %d days", r.StatusCode, len(buckets.Items))
		}

		var node plant.NodeView
		if r := d.call("engineer", "PUT", "/plant/nodes/"+site.String()+"/calendar", `{"calendar":"`+c.ID.String()+`","from":"2026-05-10T12:00:00Z","reason":"as agreed"}`, &node); r.StatusCode != 200 || node.ID != site || node.ETag == "" {
			t.Errorf("got %d %+v", r.StatusCode, node)
		}
		var holds plant.NodeCalendarView
		if r := d.call("viewer", "GET", "/plant/nodes/"+site.String()+"/calendar?at=2026-05-10T00:00:00Z", "", &holds); r.StatusCode != 200 || *holds.Calendar != c.ID || holds.Version != c.Version || holds.To != nil {
			t.Errorf("got %d %+v", r.StatusCode, holds)
		}
		if r := d.call("viewer", "GET", "/plant/nodes/"+site.String()+"/calendar?at=2026-05-09T23:59:59Z", "", &holds); r.StatusCode != 200 || holds.Version == c.Version || !holds.To.Equal(time.Date(2026, 5, 10, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("the day before: got %d %+v", r.StatusCode, holds)
		}

		var changed plant.CalendarView
		if r := d.call("engineer", "PATCH", path, `{"name":{"zh":"新"},"definition":{"zone":"Asia/Shanghai"},"from":"2026-05-20T12:00:00Z","reason":"stop"}`, &changed, "If-Match", c.ETag); r.StatusCode != 200 || changed.Number != 2 || changed.Name.Zh != "新" || changed.Versions[1].Reason != "stop" || changed.Definition.Patterns != nil {
			t.Errorf("got %d %+v", r.StatusCode, changed)
		}
		var list api.Page[plant.CalendarSummary]
		if r := d.call("viewer", "GET", "/plant/calendars?org="+steel.String()+"&at=2026-05-11T00:00:00Z", "", &list); r.StatusCode != 200 || len(list.Items) != 1 || list.Items[0].Number != 1 || list.Items[0].Name.Zh != "新" {
			t.Errorf("got %d %+v", r.StatusCode, list)
		}
		if r := d.call("stranger", "GET", "/plant/calendars", "", &list); r.StatusCode != 200 || len(list.Items) != 0 {
			t.Errorf("a stranger lists: %d %+v", r.StatusCode, list)
		}
		// What was not given does not change: the name alone makes no version.
		if r := d.call("engineer", "PATCH", path, `{"name":{"zh":"更新"},"reason":"typo"}`, &changed); r.StatusCode != 200 || len(changed.Versions) != 2 || changed.Name.Zh != "更新" {
			t.Errorf("got %d %+v", r.StatusCode, changed)
		}

		body := `{"definition":{"zone":"Asia/Shanghai"},"reason":"x"}`
		for what, c := range map[string]struct {
			who, method, path, body, lang string
			status                        int
			code, says                    string
		}{
			"nobody":              {"", "GET", path, "", "en", 401, "unauthenticated", ""},
			"a stranger reads":    {"stranger", "GET", path, "", "en", 404, "not-found", ""},
			"a stranger previews": {"stranger", "GET", path + "/preview?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z", "", "en", 404, "not-found", ""},
			"a stranger changes":  {"stranger", "PATCH", path, body, "en", 404, "not-found", ""},
			"a stranger assigns":  {"stranger", "PUT", "/plant/nodes/" + site.String() + "/calendar", `{"reason":"x"}`, "en", 404, "not-found", ""},
			"a stranger looks":    {"stranger", "GET", "/plant/nodes/" + site.String() + "/calendar", "", "en", 404, "not-found", ""},
			"a stranger adds":     {"stranger", "POST", "/plant/calendars", `{"org":"` + steel.String() + `","name":{"en":"x"},"definition":{"zone":"UTC"}}`, "en", 404, "not-found", ""},
			"a viewer changes":    {"viewer", "PATCH", path, body, "en", 403, "forbidden", ""},
			"no reason":           {"engineer", "PATCH", path, `{"definition":{"zone":"Asia/Shanghai"},"reason":" "}`, "en", 422, "plant-reason-missing", ""},
			"a wrong zone":        {"engineer", "PATCH", path, `{"definition":{"zone":"Asia/Peking"},"reason":"x"}`, "en", 422, "plant-calendar-invalid", "body.definition.zone Asia/Peking: is not an IANA time zone"},
			"a wrong zone, zh":    {"engineer", "PATCH", path, `{"definition":{"zone":"Asia/Peking"},"reason":"x"}`, "zh-CN", 422, "plant-calendar-invalid", "body.definition.zone Asia/Peking：不是 IANA 时区"},
			"two faults":          {"engineer", "PATCH", path, `{"definition":{"zone":"UTC","dayStart":"8:00","monthStart":31},"reason":"x"}`, "en", 422, "invalid", "1 to 28"},
			"an unknown field":    {"engineer", "PATCH", path, `{"definition":{"zone":"UTC","shifts":[]},"reason":"x"}`, "en", 422, "", ""},
			"a line":              {"engineer", "PUT", "/plant/nodes/" + h.add(plant.Line, site, "线", 1).String() + "/calendar", `{"reason":"x"}`, "zh", 422, "plant-calendar-not-for-kind", "line"},
			"a long preview":      {"viewer", "GET", path + "/preview?from=2026-01-01T00:00:00Z&to=2029-01-01T00:00:00Z&level=hour", "", "en", 422, "plant-calendar-preview-too-long", "at most 1000"},
			"preview backwards":   {"viewer", "GET", path + "/preview?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "", "zh", 422, "plant-calendar-preview-too-long", "从较早时间到较晚时间"},
		} {
			var f fault
			r := d.call(c.who, c.method, c.path, c.body, &f, "Accept-Language", c.lang)
			told := f.Detail
			for _, e := range f.Errors {
				told += " " + e.Message
			}
			if r.StatusCode != c.status || c.code != "" && f.Code != c.code || !strings.Contains(told, c.says) || f.Mend == "" || strings.Contains(told, "?") {
				t.Errorf("%s: got %d %+v, want %d %s %q", what, r.StatusCode, f, c.status, c.code, c.says)
			}
		}
	})
}
