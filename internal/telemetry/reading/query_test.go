package reading_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/reading"
)

// answered is what of a SeriesQueryAnswer tests look at.
type answered struct {
	Items []struct {
		Series  uuid.UUID
		Items   []struct{ Time string }
		Points  []struct{ Value any }
		Buckets []struct {
			From, To string
			Count    int
			Mean     *float64
		}
		More bool
	}
	Next     string
	From, To string
	Explain  map[string]any
}

func list(ids ...uuid.UUID) string {
	data, _ := json.Marshal(ids)
	return string(data)
}

// machine is three series, of which the second is empty, in memory and on disk.
func machine(t *testing.T, limits reading.Limits) (b *bench, ids []uuid.UUID, span string) {
	t.Helper()
	b = buildWith(t, limits)
	begin := b.now()
	b.pass(time.Hour)
	for i, n := range []int{50, 0, 30} {
		id, ref := b.declare(b.a, fmt.Sprint("p", i), telemetry.Float64, "1")
		var rows []telemetry.Sample
		for k := range n {
			rows = append(rows, float(ref, begin.Add(time.Duration(k)*time.Second), float64(k)))
		}
		ids = append(ids, id)
		if n == 0 {
			continue
		}
		b.add(rows...)
		if i == 0 {
			if err := b.store.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b, ids, `"from":"2026-05-04T08:00:00Z","to":"2026-05-04T08:01:00Z"`
}

func TestManySeriesComeInPages(t *testing.T) {
	b, ids, span := machine(t, reading.DefaultLimits())
	pages := func(limit int, more string) (got []string, pages int, cut []bool) {
		cut = make([]bool, len(ids))
		for cursor := ""; ; {
			var page answered
			b.query("a", fmt.Sprintf(`{"series":%s,%s,"limit":%d%s,"cursor":"%s"}`, list(ids...), span, limit, more, cursor), 200, &page)
			n := 0
			for _, s := range page.Items {
				for i, id := range ids {
					if id == s.Series {
						for _, x := range s.Items {
							got = append(got, fmt.Sprint(i, " ", x.Time[14:19]))
							n++
						}
						cut[i] = cut[i] || s.More
					}
				}
			}
			if n > limit {
				t.Fatalf("a page of %d, of at most %d", n, limit)
			}
			pages++
			if cursor = page.Next; cursor == "" {
				return got, pages, cut
			}
		}
	}
	var want, first []string
	for i, n := range []int{50, 0, 30} {
		for k := range n {
			want = append(want, fmt.Sprintf("%d 00:%02d", i, k))
			if k < 7 {
				first = append(first, fmt.Sprintf("%d 00:%02d", i, k))
			}
		}
	}
	for _, limit := range []int{1, 7, 25, 50, 80, 1000} {
		got, n, _ := pages(limit, "")
		if fmt.Sprint(got) != fmt.Sprint(want) || n < 80/limit || n > 80/limit+1 {
			t.Errorf("by %d: %d samples on %d pages", limit, len(got), n)
		}
		got, _, cut := pages(limit, `,"each":7`)
		if fmt.Sprint(got) != fmt.Sprint(first) || fmt.Sprint(cut) != "[true false true]" {
			t.Errorf("7 of each by %d: %v, %v", limit, got, cut)
		}
	}
	if _, _, cut := pages(1000, `,"each":50`); fmt.Sprint(cut) != "[false false false]" {
		t.Errorf("as many as there are: %v", cut)
	}
	// A page's cursor goes on with the first page's span, also where that was left out.
	b.pass(-59 * time.Minute)
	var page, next answered
	b.query("a", fmt.Sprintf(`{"series":%s,"limit":10}`, list(ids...)), 200, &page)
	b.pass(2 * time.Hour)
	b.query("a", fmt.Sprintf(`{"series":%s,"limit":10,"cursor":"%s"}`, list(ids...), page.Next), 200, &next)
	if len(next.Items) != 1 || next.Items[0].Items[0].Time != "2026-05-04T08:00:10Z" || next.From != page.From || next.To != page.To {
		t.Errorf("%+v after %+v", next, page)
	}
}

func TestManySeriesInOtherModes(t *testing.T) {
	b, ids, span := machine(t, reading.DefaultLimits())
	var out answered
	b.query("a", fmt.Sprintf(`{"series":%s,%s,"mode":"aggregate","step":"30s"}`, list(ids...), span), 200, &out)
	text := func() (all string) {
		for _, s := range out.Items {
			for _, x := range s.Buckets {
				mean := "none"
				if x.Mean != nil {
					mean = fmt.Sprint(*x.Mean)
				}
				all += fmt.Sprintf("%s-%s %d %s; ", x.From[14:19], x.To[14:19], x.Count, mean)
			}
		}
		return all
	}
	if got, want := text(), "00:00-00:30 30 14.5; 00:30-01:00 20 39.5; 00:00-00:30 0 none; 00:30-01:00 0 none; 00:00-00:30 30 14.5; 00:30-01:00 0 none; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	out = answered{}
	b.query("a", fmt.Sprintf(`{"series":%s,"mode":"aggregate","bounds":["2026-05-04T08:00:10Z","2026-05-04T08:00:11Z","2026-05-04T08:00:31Z"]}`, list(ids[0])), 200, &out)
	if got, want := text(), "00:10-00:11 1 10; 00:11-00:31 20 20.5; "; got != want {
		t.Errorf("between bounds %s, want %s", got, want)
	}
	out = answered{}
	b.query("a", fmt.Sprintf(`{"series":%s,%s,"mode":"interpolated","step":"25500ms"}`, list(ids...), span), 200, &out)
	if len(out.Items) != 3 || fmt.Sprint(out.Items[0].Points) != "[{0} {25.5} {49}]" || fmt.Sprint(out.Items[1].Points) != "[{<nil>} {<nil>} {<nil>}]" {
		t.Errorf("interpolated: %+v", out.Items)
	}
	out = answered{}
	b.query("a", fmt.Sprintf(`{"series":%s,%s,"mode":"plot","pixels":2}`, list(ids...), span), 200, &out)
	if len(out.Items) != 3 || len(out.Items[0].Items) != 4 || len(out.Items[1].Items) != 0 || len(out.Items[2].Items) != 2 {
		t.Errorf("plot: %+v", out.Items)
	}
}

func TestBadQueriesAreRefusedWithTheWayOut(t *testing.T) {
	b, ids, span := machine(t, reading.DefaultLimits())
	secret, _ := b.declare(b.b, "secret", telemetry.Float64, "1")
	one := list(ids[0])
	var page, other answered
	b.query("a", fmt.Sprintf(`{"series":%s,%s,"limit":5}`, one, span), 200, &page)
	b.query("a", fmt.Sprintf(`{"series":%s,%s,"limit":5,"each":6}`, one, span), 200, &other)
	var single struct{ Next string }
	path := "/series/" + ids[0].String()
	b.get("a", path+"/samples?from=2026-05-04T08:00:00Z&limit=5", 200, &single)
	many := make([]uuid.UUID, 201)
	for i := range many {
		many[i] = ids[0]
	}
	for body, want := range map[string]string{
		fmt.Sprintf(`{"series":[],%s}`, span):                                                                                     "body.series",
		fmt.Sprintf(`{"series":null,%s}`, span):                                                                                   "body.series",
		`{"series":[null]}`:                                                                                                       "body.series",
		fmt.Sprintf(`{%s}`, span):                                                                                                 "body.series",
		fmt.Sprintf(`{"series":["mill"],%s}`, span):                                                                               "body.series",
		fmt.Sprintf(`{"series":%s,%s}`, list(many...), span):                                                                      "too-many-series 200",
		fmt.Sprintf(`{"series":%s,%s,"mode":"fastest"}`, one, span):                                                               "body.mode",
		fmt.Sprintf(`{"series":%s,"from":"2026-05-04T08:00:00Z","to":"2026-05-04T07:00:00Z"}`, one):                               "span-invalid body.to",
		fmt.Sprintf(`{"series":%s,"from":"1900-05-04T08:00:00Z"}`, one):                                                           "span-invalid body.from",
		fmt.Sprintf(`{"series":%s,%s,"mode":"aggregate"}`, one, span):                                                             "body.step",
		fmt.Sprintf(`{"series":%s,%s,"mode":"aggregate","step":"1ns"}`, one, span):                                                "step-invalid body.step 20000",
		fmt.Sprintf(`{"series":%s,%s,"mode":"interpolated","step":"1ns"}`, one, span):                                             "step-invalid body.step",
		fmt.Sprintf(`{"series":%s,%s,"mode":"previous","step":"-1s"}`, one, span):                                                 "step-invalid body.step",
		fmt.Sprintf(`{"series":%s,%s,"mode":"aggregate","step":"3ms"}`, list(ids...), span):                                       "answer-too-large 60000 50000 body.step 3ms",
		fmt.Sprintf(`{"series":%s,%s,"mode":"previous","step":"3ms"}`, list(ids...), span):                                        "answer-too-large 60000 50000 body.step 3ms",
		fmt.Sprintf(`{"series":%s,%s,"mode":"plot","pixels":20000}`, list(ids...), span):                                          "answer-too-large 60000 40000 body.pixels",
		fmt.Sprintf(`{"series":%s,"mode":"aggregate","bounds":["2026-05-04T08:00:10Z"]}`, one):                                    "bounds-invalid body.bounds",
		fmt.Sprintf(`{"series":%s,"mode":"aggregate","bounds":["2026-05-04T08:00:10Z","2026-05-04T08:00:10Z"]}`, one):             "bounds-invalid body.bounds[1]",
		fmt.Sprintf(`{"series":%s,"mode":"aggregate","bounds":["2026-05-04T08:00:10Z","2300-05-04T08:00:10Z"]}`, one):             "bounds-invalid body.bounds[1]",
		fmt.Sprintf(`{"series":%s,"bounds":["2026-05-04T08:00:10Z","2026-05-04T08:00:11Z"]}`, one):                                "bounds-invalid body.bounds",
		fmt.Sprintf(`{"series":%s,"mode":"aggregate","step":"5m","bounds":["2026-05-04T08:00:10Z","2026-05-04T08:01:10Z"]}`, one): "bounds-invalid body.step",
		fmt.Sprintf(`{"series":%s,%s,"mode":"aggregate","bounds":["2026-05-04T08:00:10Z","2026-05-04T08:01:10Z"]}`, one, span):    "bounds-invalid body.from",
		fmt.Sprintf(`{"series":%s,%s,"cursor":"%s"}`, list(ids[2]), span, page.Next):                                              "cursor-invalid body.cursor",
		fmt.Sprintf(`{"series":%s,%s,"history":true,"cursor":"%s"}`, one, span, page.Next):                                        "cursor-invalid body.cursor",
		fmt.Sprintf(`{"series":%s,%s,"cursor":"%s"}`, one, span, other.Next):                                                      "cursor-invalid body.cursor",
		fmt.Sprintf(`{"series":%s,%s,"asOf":"2026-05-04T09:00:00Z","cursor":"%s"}`, one, span, page.Next):                         "cursor-invalid body.cursor",
		fmt.Sprintf(`{"series":%s,%s,"cursor":"AAAA"}`, one, span):                                                                "cursor-invalid body.cursor",
		fmt.Sprintf(`{"series":%s,%s,"limit":100000}`, one, span):                                                                 "body.limit",
	} {
		got := b.query("a", body, 422, nil)
		for word := range strings.SplitSeq(want, " ") {
			if !strings.Contains(got, word) {
				t.Errorf("%.200s\n is refused without %s: %s", body, word, got)
			}
		}
	}
	for _, path := range []string{
		path + "/samples?from=2026-05-04T08:00:00Z&mode=plot&cursor=" + single.Next, // a cursor is for raw samples; nothing is done with it
	} {
		b.get("a", path, 200, nil)
	}
	for query, want := range map[string]string{
		"/series/" + ids[2].String() + "/samples?cursor=" + single.Next: "query.cursor", path + "/samples?history=true&cursor=" + single.Next: "query.cursor",
		path + "/samples?mode=interpolated&step=1us": "query.step", path + "/samples?mode=previous&step=often": "query.step", path + "/samples?mode=aggregate": "query.mode",
		path + "/samples?mode=interpolated&from=2026-05-04T09:00:00Z&to=2026-05-04T08:00:00Z": "query.to",
	} {
		if got := b.get("a", query, 422, nil); !strings.Contains(got, want) {
			t.Errorf("%s: %s", query, got)
		}
	}
	// One series of another organisation among mine is as unknown as none.
	for _, id := range []uuid.UUID{secret, uuid.New()} {
		for _, mode := range []string{"raw", "plot", "aggregate", "previous"} {
			got := b.query("a", fmt.Sprintf(`{"series":%s,%s,"mode":"%s","step":"1s"}`, list(ids[0], id), span, mode), 404, nil)
			if !strings.Contains(got, `"location":"body.series[1]"`) {
				t.Errorf("another's: %s", got)
			}
		}
		b.get("a", "/samples/export?series="+ids[0].String()+"&series="+id.String(), 404, nil)
		b.get("a", "/samples/export?explain=true&series="+id.String(), 404, nil)
	}
	b.query("m", fmt.Sprintf(`{"series":%s,%s}`, one, span), 403, nil)
	b.query("", fmt.Sprintf(`{"series":%s,%s}`, one, span), 401, nil)
	b.get("", "/samples/export?series="+ids[0].String(), 401, nil)
	for query, want := range map[string]string{
		"": "query.series", "?series=mill": "query.series", "?series=" + ids[0].String() + "&columns=time,colour": "column-unknown", "?series=" + ids[0].String() + "&columns=time,time": "column-unknown",
		"?series=" + ids[0].String() + "&format=pdf": "query.format", "?series=" + ids[0].String() + "&from=2026-05-04T09:00:00Z&to=2026-05-04T08:00:00Z": "query.to",
		"?" + strings.Repeat("series="+ids[0].String()+"&", 201): "too-many-series",
	} {
		if got := b.get("a", "/samples/export"+query, 422, nil); !strings.Contains(got, want) {
			t.Errorf("export%.80s: %s", query, got)
		}
	}
}

func TestExplainTellsTheCostAndLimitsRefuseByIt(t *testing.T) {
	limits := reading.DefaultLimits()
	limits.Rows = 40
	b, ids, span := machine(t, limits)
	path := "/series/" + ids[0].String()
	from := "from=2026-05-04T08:00:00Z&to=2026-05-04T08:01:00Z"
	var out struct {
		Items   []any
		Explain struct {
			Series, Blocks, Chunks, Rows, Summaries, Decoded, Bytes, Heads, HeadRows, Cells, Memory, MaxDecoded int
			Allowed                                                                                             bool
		}
	}
	e := &out.Explain
	b.get("a", path+"/samples?explain=true&"+from, 200, &out)
	if e.Blocks != 1 || e.Chunks != 1 || e.Rows != 50 || e.Decoded != 50 || e.Bytes == 0 || e.MaxDecoded != 0 || !e.Allowed || len(out.Items) != 0 {
		t.Errorf("raw: %+v", out)
	}
	b.get("a", path+"/samples?explain=true&mode=plot&pixels=10&"+from, 200, &out)
	if e.Rows != 50 || e.Cells != 10 || e.MaxDecoded != 40 || e.Allowed {
		t.Errorf("plot: %+v", out)
	}
	b.get("a", path+"/aggregates?explain=true&step=1m&"+from, 200, &out)
	if e.Summaries != 1 || e.Decoded != 0 || !e.Allowed {
		t.Errorf("a minute's aggregate: %+v", out)
	}
	b.get("a", path+"/aggregates?step=1m&"+from, 200, nil)
	b.query("a", fmt.Sprintf(`{"series":%s,%s,"mode":"previous","step":"1m","explain":true}`, list(ids...), span), 200, &out)
	if e.Series != 3 || e.Decoded != 80 || e.HeadRows != 30 || e.Heads != 1 || e.Allowed {
		t.Errorf("three series: %+v", out)
	}
	b.get("a", "/samples/export?explain=true&series="+ids[0].String()+"&"+from, 200, e)
	if e.Rows != 50 || !e.Allowed {
		t.Errorf("an export: %+v", e)
	}
	for _, query := range []string{path + "/samples?mode=plot&" + from, path + "/aggregates?step=30s&" + from, path + "/samples?mode=interpolated&step=30s&" + from} {
		got := b.get("a", query, 422, nil)
		for _, word := range []string{"query-too-costly", "50 samples", "at most 40", "/samples/export"} {
			if !strings.Contains(got, word) {
				t.Errorf("%s is refused without %q: %s", query, word, got)
			}
		}
	}
	// What is shown page by page and what is streamed is not bounded by it.
	b.get("a", path+"/samples?"+from, 200, nil)
	b.get("a", "/samples/export?series="+ids[0].String()+"&"+from, 200, nil)
	// Memory is bounded for all of them.
	limits.Memory = 100
	b, ids, _ = machine(t, limits)
	if got := b.get("a", "/samples/export?series="+ids[0].String()+"&"+from, 422, nil); !strings.Contains(got, "query-too-costly") {
		t.Errorf("memory: %s", got)
	}
}

func TestTheGateBoundsPulls(t *testing.T) {
	limits := reading.DefaultLimits()
	limits.Pulls, limits.PullsEach, limits.PullRows = 2, 1, 40
	b, ids, span := machine(t, limits)
	id, _ := b.declare(b.b, "other", telemetry.Float64, "1")
	export := "/samples/export?from=2026-05-04T08:00:00Z&to=2026-05-04T08:01:00Z&series="
	for range 3 {
		b.get("a", export+ids[0].String(), 200, nil) // each gives its place back
	}
	held := make(chan struct{})
	ended := make(chan struct{})
	w := &slowClient{ResponseRecorder: httptest.NewRecorder(), reached: make(chan struct{}), release: held}
	go func() {
		defer close(ended)
		r := httptest.NewRequest("GET", "/api/v1"+export+ids[0].String(), nil)
		r.Header.Set("Authorization", "Bearer a")
		b.server.Handler().ServeHTTP(w, r)
	}()
	<-w.reached
	refused := func(caller, path string, status int, code string) {
		t.Helper()
		r := httptest.NewRequest("GET", "/api/v1"+path, nil)
		r.Header.Set("Authorization", "Bearer "+caller)
		rec := httptest.NewRecorder()
		b.server.Handler().ServeHTTP(rec, r)
		if rec.Code != status || !strings.Contains(rec.Body.String(), code) || rec.Header().Get("Retry-After") != "10" || rec.Header().Get("Content-Disposition") != "" {
			t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
		}
	}
	refused("a", export+ids[0].String(), 429, "too-many-pulls")
	refused("a", "/series/"+ids[0].String()+"/samples?mode=plot&from=2026-05-04T08:00:00Z&to=2026-05-04T08:01:00Z", 429, "too-many-pulls") // 50 samples are a pull here
	b.query("a", fmt.Sprintf(`{"series":%s,%s}`, list(ids...), span), 200, nil)
	b.get("b", export+id.String(), 200, nil) // another caller has the second place
	close(held)
	<-ended
	b.get("a", export+ids[0].String(), 200, nil)

	limits.Pulls = 0
	b, ids, _ = machine(t, limits)
	refused("a", export+ids[0].String(), 503, "pulls-busy")
}

// slowClient does not read before it is told to.
type slowClient struct {
	*httptest.ResponseRecorder
	reached, release chan struct{}
	once             bool
}

func (c *slowClient) Write(b []byte) (int, error) {
	if !c.once {
		c.once = true
		close(c.reached)
		<-c.release
	}
	return c.ResponseRecorder.Write(b)
}
