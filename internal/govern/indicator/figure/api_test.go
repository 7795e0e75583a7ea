package figure

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
)

// door is the world behind HTTP. Callers are "role@city", "role@province".
type door struct {
	*world
	handler http.Handler
}

func newDoor(t *testing.T) *door {
	w := newWorld(t, storetest.SQLite(t))
	server := proof.Must(api.New(t.Context(), api.Options{Auth: authtest.Sides{"city": keeper, "province": w.province}}))
	w.service.Routes(server)
	return &door{w, server.Handler()}
}

// call answers with the status and the body; into takes it apart where it is not nil.
func (d *door) call(caller, method, path string, body, into any) (int, string) {
	d.t.Helper()
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(proof.Must(json.Marshal(body)))
	}
	r := httptest.NewRequest(method, api.Base+path, in)
	r.Header.Set("Authorization", "Bearer "+caller)
	r.Header.Set("Content-Type", "application/json")
	out := httptest.NewRecorder()
	d.handler.ServeHTTP(out, r)
	if into != nil && out.Code < 300 {
		if err := json.Unmarshal(out.Body.Bytes(), into); err != nil {
			d.t.Fatalf("%s %s: %v in %s", method, path, err, out.Body)
		}
	}
	return out.Code, out.Body.String()
}

func TestBoardOverHTTP(t *testing.T) {
	d := newDoor(t)
	first := d.compose(50)
	d.clock = d.clock.Add(time.Hour)
	d.compose(90)
	var board api.Page[FigureBrief]
	query := "?org=" + keeper.String() + "&indicator=networking&filter=" + url.QueryEscape("designated=true") + "&kind=year&latest=true"
	if code, body := d.call("viewer@city", "GET", "/figures"+query, nil, &board); code != 200 || len(board.Items) != 1 || board.Items[0].Key != "networking@designated=true/2025" || board.Items[0].Period.To != "2025-12-31" {
		t.Fatalf("%d %s", code, body)
	}
	asOf := url.QueryEscape(time.Unix(0, first.Commit).UTC().Format(time.RFC3339Nano))
	if code, body := d.call("viewer@city", "GET", "/figures"+query+"&asOf="+asOf, nil, &board); code != 200 || board.Items[0].Revision != 1 {
		t.Errorf("%d %s", code, body)
	}
	id := rate.ID().String()
	var one FigureDetail
	if code, body := d.call("viewer@city", "GET", "/figures/"+id, nil, &one); code != 200 || one.Revision != 2 || len(one.Parts) != 3 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := d.call("viewer@city", "GET", "/figures/"+id+"?revision=1", nil, &one); code != 200 || one.Revision != 1 || one.Hash != first.Hash().String() {
		t.Errorf("%d %s", code, body)
	}
	var firms api.Page[FigureFirm]
	second := code(2)
	if code, body := d.call("viewer@city", "GET", "/figures/"+id+"/enterprises?limit=2", nil, &firms); code != 200 || len(firms.Items) != 2 || firms.Next != second {
		t.Errorf("%d %s", code, body)
	}
	for _, path := range []string{"/figures" + query, "/figures/" + id, "/figures/" + id + "/enterprises", "/figures/table" + query, "/manual-figures" + query, "/figure-keepers/" + keeper.String(), "/figure-keepers/" + keeper.String() + "/versions"} {
		if code, body := d.call("owner@province", "GET", path, nil, nil); code != 404 {
			t.Errorf("%s answers another organisation: %d %s", path, code, body)
		}
		if code, _ := d.call("", "GET", path, nil, nil); code != 401 {
			t.Errorf("%s answers nobody: %d", path, code)
		}
	}
}

func TestBoardAsAFile(t *testing.T) {
	d := newDoor(t)
	d.compose(50)
	in := NewManual{ManualKey{Org: keeper, Indicator: "networking", Filter: "designated=true", Kind: "year", Period: "2025", Reading: "mean"}, ManualValue{Value: "61.5", Unit: "%", Grade: "E0", Reason: "统计年报"}}
	if code, body := d.call("engineer@city", "POST", "/manual-figures", in, nil); code != 201 {
		t.Fatalf("%d %s", code, body)
	}
	alone := NewManual{ManualKey{Org: keeper, Indicator: "platforms", Kind: "year", Period: "2025", Reading: "value"}, ManualValue{Value: "12", Unit: "1", Grade: "E0", Reason: "来函登记"}}
	if code, body := d.call("engineer@city", "POST", "/manual-figures", alone, nil); code != 201 {
		t.Fatalf("%d %s", code, body)
	}
	if code, body := d.call("engineer@city", "POST", "/figure-seals", Submission{Org: keeper, Kind: "year", Period: "2025"}, nil); code != 201 {
		t.Fatalf("%d %s", code, body)
	}
	code, body := d.call("viewer@city", "GET", "/figures/table?format=csv&org="+keeper.String(), nil, nil)
	if code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%q, %v", body, err)
	}
	for i, want := range []string{"From,Reading,Value,Unit,Known,Enterprises,Grade", "computed,mean,40.0,%,4,7,E1", "computed,pooled,40.0,%,4,7,E1", "entered (not confirmed yet),mean,61.5,%,,,E0", "entered (not confirmed yet),value,12,1,,,E0"} {
		if got := strings.Join(rows[i][6:13], ","); got != want {
			t.Errorf("row %d: %s, want %s", i, got, want)
		}
	}
	if got := strings.Join(rows[1][16:], ","); got != "submitted,no,"+rate.ID().String() {
		t.Errorf("handed in: %s", got)
	}
	code, body = d.call("viewer@city", "GET", "/figures/table?org="+keeper.String(), nil, nil)
	sheets, err := table.Read(table.XLSX, []byte(body))
	if code != 200 || err != nil || len(sheets) != 1 || len(sheets[0].Rows) != 4 {
		t.Errorf("%d, %+v, %v", code, sheets, err)
	}
}

func TestManualValuesAndSealsOverHTTP(t *testing.T) {
	d := newDoor(t)
	d.compose(50)
	var m ManualView
	in := NewManual{ManualKey{Org: keeper, Indicator: "platforms", Kind: "year", Period: "2025", Reading: "value"}, ManualValue{Value: "12", Unit: "1", Grade: "E0", Reason: "来函登记"}}
	if code, body := d.call("engineer@city", "POST", "/manual-figures", in, &m); code != 201 || m.Of.Name.En != "Platforms" || m.State != Entered {
		t.Fatalf("%d %s", code, body)
	}
	path := "/manual-figures/" + m.ID.String()
	if code, body := d.call("engineer@city", "POST", path+"/confirmation", ManualBasis{1}, nil); code != 409 || !strings.Contains(body, "figure-own-confirmation") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := d.call("owner@city", "POST", path+"/confirmation", ManualBasis{1}, &m); code != 200 || m.State != Confirmed {
		t.Errorf("%d %s", code, body)
	}
	if code, body := d.call("engineer@city", "PUT", path, ManualRevision{2, in.ManualValue}, &m); code != 200 || m.Revision != 3 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := d.call("engineer@city", "POST", path+"/withdrawal", ManualWithdrawal{3, "登记有误"}, &m); code != 200 || m.State != Withdrawn {
		t.Errorf("%d %s", code, body)
	}
	var list api.Page[ManualView]
	if code, body := d.call("viewer@city", "GET", path, nil, &list); code != 200 || len(list.Items) != 4 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := d.call("viewer@city", "GET", "/manual-figures?org="+keeper.String(), nil, &list); code != 200 || len(list.Items) != 1 {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := d.call("viewer@city", "GET", "/manual-figures/"+uuid.NewString(), nil, nil); code != 404 {
		t.Errorf("a value that is not there: %d", code)
	}
	var seal SealView
	if code, body := d.call("engineer@city", "POST", "/figure-seals", Submission{Org: keeper, Kind: "year", Period: "2025"}, &seal); code != 201 {
		t.Fatalf("%d %s", code, body)
	}
	decision := Decision{Org: keeper, Kind: "year", Period: "2025", Taker: d.province, State: Accepted, Root: seal.Root}
	if code, body := d.call("engineer@province", "POST", "/figure-seals/decisions", decision, &seal); code != 201 || seal.State != Accepted || *seal.Agreement != takenBy {
		t.Errorf("%d %s", code, body)
	}
	var seals api.Page[SealView]
	if code, body := d.call("viewer@province", "GET", "/figure-seals?org="+keeper.String()+"&kind=year&period=2025", nil, &seals); code != 200 || len(seals.Items) != 2 {
		t.Errorf("%d %s", code, body)
	}
	var k KeeperView
	if code, body := d.call("engineer@city", "PUT", "/figure-keepers/"+keeper.String(), NewKeeper{Scope: "430100", Adopted: []string{"hn2026"}, Reason: "采用"}, nil); code != 422 || !strings.Contains(body, "figure-reason") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := d.call("engineer@city", "PUT", "/figure-keepers/"+keeper.String(), NewKeeper{Scope: "430100", Adopted: []string{"hn2026"}, Reason: "采用湖南政策"}, &k); code != 200 || k.Version != 1 {
		t.Errorf("%d %s", code, body)
	}
}

// What is computed once for a region holds its inputs in the place of an account.
func TestRegionsOwnFigureIsRead(t *testing.T) {
	d := newDoor(t)
	def := d.definition("platforms")
	p, _ := indicator.ParsePeriod("year", "2025")
	k := Key{Keeper: keeper, Indicator: "platforms", Filter: All, Kind: p.Kind, Period: p.Label}
	for i, lack := range []indicator.Lack{indicator.NoData, ""} {
		g := indicator.Given{Lack: lack, Source: -1}
		if lack == "" {
			g = indicator.Given{Num: big.NewRat(12, 1)}
		}
		o := indicator.Evaluate(def, p, []indicator.Given{g}).Observation()
		d.service.store.write(t, d.clock, func(c *Commit) {
			c.PutFigure(&Figure{Key: k, Definition: definitionHash(def), Account: o.Encode(), Parts: []Part{{Source: Local, Kind: Rows, State: Given, Members: 1, Known: i}}})
		})
		var one FigureDetail
		code, body := d.call("viewer@city", "GET", "/figures/"+k.ID().String(), nil, &one)
		if code != 200 || one.Population != nil || len(one.Readings) != 1 || one.Coverage.Known != i {
			t.Fatalf("%d %s", code, body)
		}
		switch r := one.Readings[0]; {
		case lack != "" && (r.Number != nil || r.Reason != lack || len(one.Missing) != 1):
			t.Errorf("%+v", one.Readings)
		case lack == "" && (r.Number == nil || r.Number.Value != "12" || one.Grade != "E0"):
			t.Errorf("%+v, grade %s", one.Readings, one.Grade)
		}
		var firms api.Page[FigureFirm]
		if code, body := d.call("viewer@city", "GET", "/figures/"+k.ID().String()+"/enterprises", nil, &firms); code != 200 || len(firms.Items) != 0 {
			t.Errorf("%d %s", code, body)
		}
	}
}

// A figure of a definition that is no longer here, or has other inputs now, is told without its readings.
func TestFigureOfAnotherDefinition(t *testing.T) {
	d := newDoor(t)
	d.service.store.write(t, d.clock, func(c *Commit) {
		c.PutFigure(&Figure{Key: Key{keeper, "gone", All, "year", "2025", "", ""}, Definition: Hash{1}, Account: []byte{1}})
		c.PutFigure(&Figure{Key: Key{keeper, "networking", All, "year", "2025", "", ""}, Definition: Hash{1}, Account: []byte{1}})
	})
	var board api.Page[FigureBrief]
	code, body := d.call("viewer@city", "GET", "/figures?org="+keeper.String(), nil, &board)
	if code != 200 || len(board.Items) != 2 {
		t.Fatalf("%d %s", code, body)
	}
	for _, f := range board.Items {
		if !f.Definition.Changed || len(f.Readings) != 0 {
			t.Errorf("%s: %+v", f.Indicator, f.Readings)
		}
	}
	if got := fmt.Sprint(board.Items[0].Name); !strings.Contains(got, "gone") {
		t.Errorf("its name is %s", got)
	}
}
