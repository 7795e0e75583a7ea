package trace

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

type caller struct {
	t      testing.TB
	server *api.Server
}

func newCaller(t testing.TB, w *world) caller {
	server := proof.Must(api.New(t.Context(), api.Options{Auth: w.sides, DB: w.db, Now: w.now}))
	w.service.Routes(server)
	return caller{t, server}
}

func (c caller) do(method, path, as, body string, header ...string) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequest(method, "https://node/api/v1"+path, strings.NewReader(body))
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/ld+json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.server.Handler().ServeHTTP(w, r)
	return w
}

func bare(t testing.TB, e epcis.Event) string {
	t.Helper()
	if f := epcis.Check(&e); len(f) > 0 {
		t.Fatal(f)
	}
	return string(standalone(nil, epcis.AppendJSON(nil, &e)))
}

func document(t testing.TB, events ...epcis.Event) string {
	t.Helper()
	var list []string
	for _, e := range events {
		epcis.Check(&e)
		list = append(list, string(epcis.AppendJSON(nil, &e)))
	}
	return `{"@context":["` + epcis.Context + `"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-05-04T08:00:00Z","epcisBody":{"eventList":[` + strings.Join(list, ",") + `]}}`
}

// ids are the identifiers of the events of an answer.
func ids(t testing.TB, body []byte) (out []string) {
	t.Helper()
	d, err := epcis.ParseJSON(body, epcis.Limits{})
	if err != nil || len(d.Faults) > 0 {
		t.Fatalf("%v %v in %s", err, d, body)
	}
	for i := range d.Events {
		out = append(out, epcis.Hash(&d.Events[i]))
	}
	return out
}

// TestWhatRolesMay tries every operation in every role.
func TestWhatRolesMay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := newCaller(t, w)
		w.chain()
		if _, err := w.service.KeepQuery(w.as(auth.Operator, "p"), w.sides["p"], "mine", Params{"EQ_action": {"ADD"}}); err != nil {
			t.Fatal(err)
		}
		thing := url.QueryEscape(box(9))
		event := bare(t, made(100, placeP, unit(100)))
		routes := []struct {
			method, path, body string
			want               [6]int // nobody, monitor, viewer, operator, engineer of p; owner of x, a stranger
		}{
			{"OPTIONS", "/epcis/capture", "", [6]int{401, 204, 204, 204, 204, 204}},
			{"OPTIONS", "/epcis/events", "", [6]int{401, 204, 204, 204, 204, 204}},
			{"POST", "/epcis/capture", document(t, made(101, placeP, unit(101))), [6]int{401, 403, 403, 202, 202, 202}},
			{"POST", "/epcis/events", event, [6]int{401, 403, 403, 201, 201, 201}},
			{"POST", "/epcis/capture?org=" + w.sides["p"].String(), document(t, made(102, placeP, unit(102))), [6]int{401, 403, 403, 202, 202, 404}},
			{"GET", "/epcis/capture", "", [6]int{401, 200, 200, 200, 200, 200}},
			{"GET", "/epcis/events", "", [6]int{401, 200, 200, 200, 200, 200}},
			{"GET", "/epcis/eventTypes", "", [6]int{401, 200, 200, 200, 200, 200}},
			{"GET", "/epcis/epcs", "", [6]int{401, 200, 200, 200, 200, 200}},
			{"GET", "/epcis/bizSteps", "", [6]int{401, 200, 200, 200, 200, 200}},
			{"GET", "/epcis/bizSteps/shipping/events", "", [6]int{401, 200, 200, 200, 200, 200}},
			{"GET", "/epcis/epcs/" + url.PathEscape(box(9)) + "/events", "", [6]int{401, 200, 200, 200, 200, 200}},
			{"GET", "/epcis/queries", "", [6]int{401, 200, 200, 200, 200, 200}},
			{"GET", "/epcis/queries/mine", "", [6]int{401, 404, 200, 200, 200, 404}},
			{"GET", "/epcis/queries/mine/events", "", [6]int{401, 404, 200, 200, 200, 404}},
			{"POST", "/epcis/queries/mine/subscriptions", `{"dest":"https://example.com/","stream":true}`, [6]int{401, 404, 403, 403, 201, 404}},
			{"GET", "/epcis/queries/mine/subscriptions", "", [6]int{401, 404, 403, 200, 200, 404}},
			{"DELETE", "/epcis/queries/mine", "", [6]int{401, 404, 403, 409, 409, 404}},
			{"GET", "/trace/graph?id=" + thing, "", [6]int{401, 404, 200, 200, 200, 404}},
			{"GET", "/trace/recall?id=" + thing, "", [6]int{401, 404, 200, 200, 200, 404}},
			{"GET", "/trace/recall.csv?id=" + thing, "", [6]int{401, 404, 200, 200, 200, 404}},
			{"GET", "/trace/breaks?id=" + thing, "", [6]int{401, 404, 200, 200, 200, 404}},
			{"GET", "/trace/proof?event=" + url.QueryEscape(hashOf(t, packed(30, placeP, box(9), box(1), box(2)))), "", [6]int{401, 404, 409, 409, 409, 404}},
			{"GET", "/trace/parties", "", [6]int{401, 403, 403, 403, 403, 403}},
			{"POST", "/trace/parties", `{"org":"` + w.sides["p"].String() + `","party":"` + partyP + `","reason":"x"}`, [6]int{401, 403, 403, 403, 403, 403}},
		}
		roles := []string{"", "monitor@p", "viewer@p", "operator@p", "engineer@p", "owner@x"}
		order := []int{0, 1, 5, 2, 4, 3} // the subscription stands before others look for it
		for _, r := range routes {
			for _, i := range order {
				if got := c.do(r.method, r.path, roles[i], r.body); got.Code != r.want[i] {
					t.Errorf("%s %s as %q: %d, want %d: %.300s", r.method, r.path, roles[i], got.Code, r.want[i], got.Body)
				}
			}
		}
		// A stranger's lists are empty, not refused.
		if got := ids(t, c.do("GET", "/epcis/events?MATCH_anyEPC="+thing, "owner@x", "").Body.Bytes()); len(got) != 0 {
			t.Errorf("a stranger sees %v", got)
		}
	})
}

func hashOf(t testing.TB, e epcis.Event) string {
	t.Helper()
	epcis.Check(&e)
	return epcis.Hash(&e)
}

// TestCaptureOverHTTP: documents in JSON and XML, with both behaviours, and what is refused.
func TestCaptureOverHTTP(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := newCaller(t, w)
		r := c.do("POST", "/epcis/capture", "operator@p", document(t, made(0, placeP, unit(1)), made(1, placeP, unit(2))))
		var job CaptureJob
		if err := json.Unmarshal(r.Body.Bytes(), &job); err != nil || r.Code != 202 || job.Events != 2 || !job.Success || r.Header().Get("Location") != "/api/v1/epcis/capture/"+job.CaptureID {
			t.Fatalf("%d %s %v", r.Code, r.Body, err)
		}
		if r = c.do("GET", "/epcis/capture/"+job.CaptureID, "viewer@p", ""); r.Code != 200 || !strings.Contains(r.Body.String(), `"success":true`) {
			t.Errorf("%d %s", r.Code, r.Body)
		}
		xml, err := os.ReadFile("epcis/testdata/hash/epcisDocWithVariousEventTypes.xml")
		if err != nil {
			t.Fatal(err)
		}
		if r = c.do("POST", "/epcis/capture", "operator@p", string(xml), "Content-Type", "application/xml"); r.Code != 202 || !strings.Contains(r.Body.String(), `"jingwei:events":13`) {
			t.Errorf("%d %s", r.Code, r.Body)
		}
		bad, err := os.ReadFile("epcis/testdata/invalid/Combination_of_multiple_invalid_fields.json")
		if err != nil {
			t.Fatal(err)
		}
		before := count(t, w, "trace_events")
		r = c.do("POST", "/epcis/capture", "operator@p", string(bad))
		for _, want := range []string{"trace-document-invalid", "body.epcisBody.eventList[0].bizStep", "transforming", "eventList[4].eventTime"} {
			if r.Code != 400 || !strings.Contains(r.Body.String(), want) {
				t.Errorf("%d: no %q in %s", r.Code, want, r.Body)
			}
		}
		if n := count(t, w, "trace_events"); n != before {
			t.Errorf("%d events of a refused document", n-before)
		}
		mixed := strings.Replace(document(t, made(5, placeP, unit(5)), made(6, placeP, unit(6))), `"action":"ADD"`, `"action":"MAKE"`, 1)
		if r = c.do("POST", "/epcis/capture", "operator@p", mixed, "GS1-Capture-Error-Behaviour", "proceed"); r.Code != 202 || !strings.Contains(r.Body.String(), `"jingwei:events":1`) || !strings.Contains(r.Body.String(), "epcisBody.eventList[0].action") {
			t.Errorf("%d %s", r.Code, r.Body)
		}
		for name, x := range map[string]struct {
			body, header, value string
			want                int
		}{
			"media":     {"a,b", "Content-Type", "text/csv", 415},
			"behaviour": {document(t, made(7, placeP, unit(7))), "GS1-Capture-Error-Behaviour", "hope", 400},
			"version":   {document(t, made(7, placeP, unit(7))), "GS1-EPCIS-Version", "1.1", 406},
			"entity":    {`<!DOCTYPE a [<!ENTITY x "y">]><a/>`, "Content-Type", "application/xml", 400},
			"size":      {strings.Repeat(" ", epcis.DefaultLimits.Bytes+1), "X", "y", 413},
		} {
			if r := c.do("POST", "/epcis/capture", "operator@p", x.body, x.header, x.value); r.Code != x.want {
				t.Errorf("%s: %d, want %d: %.300s", name, r.Code, x.want, r.Body)
			}
		}
		r = c.do("OPTIONS", "/epcis/capture", "viewer@p", "")
		if r.Header().Get("GS1-EPCIS-Capture-Limit") != "20000" || r.Header().Get("GS1-EPCIS-Capture-File-Size-Limit") != "16777216" || r.Header().Get("GS1-EPCIS-Version") != "2.0.0" {
			t.Errorf("%v", r.Header())
		}
		one := made(9, placeP, unit(9))
		r = c.do("POST", "/epcis/events", "operator@p", bare(t, one))
		where := r.Header().Get("Location")
		if r.Code != 201 || where == "" {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		r = c.do("GET", strings.TrimPrefix(where, "/api/v1"), "viewer@p", "")
		if got := ids(t, r.Body.Bytes()); r.Code != 200 || len(got) != 1 || got[0] != hashOf(t, one) || !strings.Contains(r.Body.String(), `"recordTime"`) {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	})
}

// TestPagesHaveEveryEventOnce while others come.
func TestPagesHaveEveryEventOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := newCaller(t, w)
		var want []string
		for n := range 25 {
			e := made(n, placeP, unit(n))
			w.record("p", e)
			want = append(want, hashOf(t, e))
		}
		for _, query := range []string{"perPage=7", "perPage=7&orderBy=eventTime&orderDirection=DESC", "perPage=7&orderBy=eventTime&orderDirection=ASC&EQ_bizStep=commissioning", "perPage=5&MATCH_epc=urn:epc:idpat:sgtin:6901234.056789.*"} {
			var got []string
			path := "/epcis/events?" + query
			for pages := 0; path != ""; pages++ {
				r := c.do("GET", path, "viewer@p", "")
				if r.Code != 200 || pages > 10 {
					t.Fatalf("%d %s", r.Code, r.Body)
				}
				got = append(got, ids(t, r.Body.Bytes())...)
				path = ""
				if l := r.Header().Get("Link"); l != "" {
					path = strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(l, "<"), `>; rel="next"`), "/api/v1")
				}
			}
			if strings.Contains(query, "DESC") {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d events, want %d in order", query, len(got), len(want))
			}
		}
		r := c.do("GET", "/epcis/events?perPage=7", "viewer@p", "")
		l := r.Header().Get("Link")
		token := l[strings.Index(l, "nextPageToken=")+14 : strings.Index(l, ">")]
		if r := c.do("GET", "/epcis/events?perPage=7&EQ_action=ADD&nextPageToken="+token, "viewer@p", ""); r.Code != 400 || !strings.Contains(r.Body.String(), "trace-page-token") {
			t.Errorf("the token of another query: %d", r.Code)
		}
		if r := c.do("GET", "/epcis/events?maxEventCount=24", "viewer@p", ""); r.Code != 413 {
			t.Errorf("more than maxEventCount: %d", r.Code)
		}
		if got := ids(t, c.do("GET", "/epcis/events?eventCountLimit=9&perPage=20", "viewer@p", "").Body.Bytes()); len(got) != 9 {
			t.Errorf("%d events, want 9", len(got))
		}
	})
}

// TestQueryParameters: for each family one that fits and one that does not.
func TestQueryParameters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.clock = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, name := range []string{"ObjectEvent_all_possible_fields.json", "AggregationEvent_all_possible_fields.json", "TransformationEvent_all_possible_fields.json", "TransactionEvent_all_possible_fields.json"} {
			if c, err := w.service.Capture(w.as(auth.Operator, "p"), w.sides["p"], fixture(t, name), false); err != nil || !c.Success {
				t.Fatalf("%s: %+v, %v", name, c, err)
			}
		}
		const at = "2006-01-01T00:00:00Z"
		for query, want := range map[string]int{
			"eventType=ObjectEvent": 1, "eventType=ObjectEvent,AggregationEvent": 2, "EQ_action=ADD": 2, "EQ_bizStep=receiving": 2, "EQ_bizStep=cbv:BizStep-receiving": 2,
			"EQ_disposition=in_transit": 1, "GE_eventTime=" + at: 2, "LT_eventTime=" + at: 2, "GE_recordTime=" + at: 4, "LT_recordTime=" + at: 0,
			"EQ_persistentDisposition_set=completeness_verified": 2, "EQ_persistentDisposition_unset=completeness_verified": 0,
			"EQ_readPoint=urn:epc:id:sgln:0012345.11111.400": 1, "WD_readPoint=https://id.gs1.org/414/0012345111112": 1, "EQ_bizLocation=urn:epc:id:sgln:0012345.11111.0": 1,
			"EQ_transformationID=urn:epc:id:gdti:0614141.12345.400": 1, "MATCH_epc=urn:epc:id:sgtin:0614141.107346.2018": 3, "MATCH_epc=https://id.gs1.org/01/10614141073464/21/2018": 3,
			"MATCH_parentID=urn:epc:id:sscc:0614141.1234567890": 2, "MATCH_inputEPC=urn:epc:id:sgtin:4012345.011122.25": 1, "MATCH_outputEPC=urn:epc:id:sgtin:4012345.011122.25": 0,
			"MATCH_anyEPC=urn:epc:id:sgtin:4012345.011122.25": 1, "MATCH_epcClass=urn:epc:class:lgtin:4012345.012345.998877": 2, "MATCH_inputEPCClass=urn:epc:class:lgtin:4012345.011111.4444": 1,
			"MATCH_anyEPCClass=urn:epc:class:lgtin:4012345.011111.4444": 2, "MATCH_epc=urn:epc:idpat:sgtin:0614141.107346.*": 3,
			"EQ_eventID=urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8": 1, "EXISTS_errorDeclaration=": 4, "GE_errorDeclaration_Time=" + at: 4, "LT_errorDeclaration_Time=" + at: 0,
			"EQ_errorReason=incorrect_data": 4, "EQ_errorReason=did_not_occur": 0,
			"EQ_bizTransaction_po=urn:epc:id:gdti:0614141.00001.1618034": 4, "EQ_bizTransaction_inv=urn:epc:id:gdti:0614141.00001.1618034": 0,
			"EQ_source_owning_party=urn:epc:id:pgln:4012345.00225": 4, "EQ_destination_location=urn:epc:id:sgln:0614141.00777.0": 4, "EQ_destination_owning_party=urn:epc:id:sgln:0614141.00777.0": 0,
			"EQ_quantity=200": 1, "GT_quantity=200": 2, "GE_quantity_KGM=200.5": 1, "LT_quantity_KGM=11": 2, "LE_quantity_LTR=11": 0,
			"EXISTS_sensorElementList=": 4, "EQ_type=Temperature": 4, "EQ_type=gs1:Speed": 0, "EQ_deviceID=urn:epc:id:giai:4000001.111": 4, "EQ_stringValue=SomeString": 4, "EQ_booleanValue=true": 4,
			"EQ_hexBinaryValue=f0f0f0": 4, "EQ_value_CEL=26": 4, "GT_value_CEL=26": 0, "GE_maxValue_CEL=26.2": 4, "LT_minValue_CEL=26": 0, "GE_percRank=50": 4, "GE_percValue_CEL=12.7": 4,
			"GE_time=2019-01-01T00:00:00Z": 4, "LT_startTime=2019-01-01T00:00:00Z": 0,
			"EQ_ILMD_ext1:string=string": 2, "EQ_ILMD_cbvmda:lotNumber=ABC123": 2, "GT_ILMD_ext1:int=9": 2, "GT_ILMD_ext1:int=10": 0, "EXISTS_ILMD_ext1:float=": 2,
			"EQ_ext1:string=string": 4, "EQ_http://example.com/ext1/string=string": 4, "EQ_ext9:string=string": 0, "GE_ext1:time=2013-01-01T00:00:00Z": 4, "EQ_INNER_ext3:string=stringInObjectInObject": 4,
			"EQ_ext3:string=stringInObjectInObject": 0, "EXISTS_INNER_ext2:array=": 4, "EXISTS_ext2:array=": 0, "EQ_INNER_ILMD_ext3:string=stringInObjectInObject": 2,
			"EQ_SENSORMETADATA_ext1:someFurtherMetadata=someText": 4, "EXISTS_SENSORREPORT_ext1:someFurtherReportData=": 4, "EQ_SENSORELEMENT_ext1:int=10": 4,
			"EQ_action=ADD&EQ_bizStep=receiving&eventType=ObjectEvent": 1, "EQ_action=ADD,OBSERVE": 3,
		} {
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			q, err := ParseQuery(Params(values), nil)
			if err != nil {
				t.Errorf("%s: %v", query, err)
				continue
			}
			found, err := w.service.find(t.Context(), mustSight(t, w, "p"), q, 100, "")
			if err != nil || len(found.Events) != want {
				t.Errorf("%s: %d events, want %d, %v", query, len(found.Events), want, err)
			}
		}
		for _, query := range []string{"EQ_hope=1", "bizStep=shipping", "EQ_bizStep=sent", "GE_eventTime=yesterday", "eventType=Thing", "EQ_action=MAKE", "GT_quantity=much", "orderBy=luck", "eventCountLimit=0", "HASATTR_bizLocation=x"} {
			values, _ := url.ParseQuery(query)
			if _, err := ParseQuery(Params(values), nil); err == nil {
				t.Errorf("%s is taken", query)
			}
		}
	})
}
