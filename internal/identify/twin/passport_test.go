package twin_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/twin"
	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// grants lets mills read tiers of steel's passports.
type grants struct {
	subject string
	looked  int
}

func (g *grants) Held(_ context.Context, _ []uuid.UUID, _ uuid.UUID, kind string, from uuid.UUID) ([]org.Grant, error) {
	if g.subject == "" || kind != twin.GrantKind || from != steel {
		return nil, nil
	}
	return []org.Grant{{From: steel, To: mills, Kind: kind, Subject: g.subject}}, nil
}

func (g *grants) Looked(context.Context, uuid.UUID, string, string, int) error {
	g.looked++
	return nil
}

const battery = "https://id.gs1.org/01/09521002005004/21/BAT-1"

func (h *house) battery() {
	h.t.Helper()
	must[twin.Item](h.t)(h.twin.Put(ctx, scope(steel), doc(h.t, aas.Submodel, `{"modelType":"Submodel","id":"urn:x:pack","idShort":"Pack","submodelElements":[{"modelType":"Property","idShort":"Mass","valueType":"xs:double","value":"12.5"},{"modelType":"Property","idShort":"Chemistry","valueType":"xs:string","value":"LFP"},{"modelType":"Property","idShort":"Supplier","valueType":"xs:string","value":"secret"},{"modelType":"SubmodelElementCollection","idShort":"Test","value":[{"modelType":"Property","idShort":"Cycles","valueType":"xs:int","value":"900"}]}]}`), twin.Way{}))
	must[twin.Item](h.t)(h.twin.Put(ctx, scope(steel), doc(h.t, aas.Shell, `{"modelType":"AssetAdministrationShell","id":"urn:x:battery","idShort":"Battery","assetInformation":{"assetKind":"Instance","globalAssetId":"`+battery+`"},"submodels":[{"type":"ModelReference","keys":[{"type":"Submodel","value":"urn:x:pack"}]}]}`), twin.Way{}))
}

func passport() twin.Passport {
	return twin.Passport{ID: battery + "/dpp", Product: battery, Granularity: "item", Status: "active", Operator: "urn:x:operator", Shell: "urn:x:battery", Tiers: map[string]twin.Tier{
		"Pack.Mass": twin.Public, "Pack.Chemistry": twin.Legitimate, "Pack.Test": twin.Authority,
	}}
}

func TestPassportsTellEachCallerItsTiers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		h.battery()
		h.pass(time.Hour)
		before := h.now()
		h.pass(time.Hour)
		if _, err := h.twin.Publish(ctx, scope(steel), passport()); err != nil {
			t.Fatal(err)
		}
		path := twin.PassportPrefix + "v1/dpps/" + url.PathEscape(battery+"/dpp")
		for who, want := range map[string]string{"": "[Mass]", "viewer@mills": "[Mass]", "viewer@steel": "[Chemistry Mass Supplier Test]"} {
			r := h.at(who, "GET", path, nil, nil)
			if r.status != 200 {
				t.Fatalf("%q: %d %s", who, r.status, r.body)
			}
			d := r.json(t)
			if got := keys(d["Pack"]); got != want || d["digitalProductPassportId"] != battery+"/dpp" || d["dppStatus"] != "active" {
				t.Errorf("%q reads %s of %s", who, got, r.body)
			}
		}
		full := h.at("", "GET", path+"?representation=full", nil, nil).json(t)
		if e := full["elements"].([]any)[0].(map[string]any); e["objectType"] != "DataElementCollection" || len(e["elements"].([]any)) != 1 {
			t.Errorf("full %v", full)
		}
		for p, status := range map[string]int{"$.Pack.Mass": 200, "$['Pack']['Mass']": 200, "$.Pack.Chemistry": 404, "$.Pack.Supplier": 404, "Pack": 400, "$..Mass": 400} {
			if r := h.at("", "GET", path+"/elements/"+url.PathEscape(p), nil, nil); r.status != status {
				t.Errorf("%s: %d %s", p, r.status, r.body)
			}
		}
		for p, status := range map[string]int{
			"v1/dppsByProductId/" + url.PathEscape(battery): 200,
			"v1/dppsByProductId/none":                       404,
			"v1/dpps/none":                                  404,
			"v1/dppsByIdAndDate/" + url.PathEscape(battery+"/dpp") + "?date=" + before.Format(time.RFC3339):      404,
			"v1/dppsByIdAndDate/" + url.PathEscape(battery+"/dpp") + "?date=" + h.now().Format(time.RFC3339Nano): 200,
			"v1/dppsByIdAndDate/" + url.PathEscape(battery+"/dpp") + "?date=soon":                                400,
			"v1/dpps/" + url.PathEscape(battery+"/dpp") + "?representation=long":                                 400,
		} {
			r := h.at("", "GET", twin.PassportPrefix+p, nil, nil)
			if r.status != status || status != 200 && r.json(t)["statusCode"] == nil {
				t.Errorf("%s: %d %s", p, r.status, r.body)
			}
		}
		if r := h.at("", "POST", twin.PassportPrefix+"v1/dppsByProductIds", `{"productIds":["none","`+battery+`"]}`, nil); fmt.Sprint(r.json(t)["dppIds"]) != "["+battery+"/dpp]" {
			t.Errorf("ids %s", r.body)
		}
		if r := h.at("engineer@steel", "POST", twin.PassportPrefix+"v1/dpps", `{}`, nil); r.status != 501 || len(r.body) != 0 {
			t.Errorf("create: %d %s", r.status, r.body)
		}
		// Another organisation cannot take the id, and nobody publishes another's shell.
		must[twin.Item](t)(h.twin.Put(ctx, scope(mills), doc(t, aas.Shell, shell("urn:x:mills", "M", "1")), twin.Way{}))
		stolen := passport()
		if _, err := h.twin.Publish(ctx, scope(mills), stolen); err == nil {
			t.Error("a shell of another organisation is published")
		}
		if stolen.Shell = "urn:x:mills"; true {
			if _, err := h.twin.Publish(ctx, scope(mills), stolen); err == nil {
				t.Error("the passport's id is taken over")
			}
		}
	})
}

func TestGrantsOpenTiersAndAreCounted(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	h.battery()
	if _, err := h.twin.Publish(ctx, scope(steel), passport()); err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]string{"": "[Mass]", "legitimate-interest": "[Chemistry Mass]", "authority": "[Chemistry Mass Test]"} {
		g := &grants{subject: subject}
		p := authtest.Person("reader", map[uuid.UUID]auth.Role{mills: auth.Viewer}).WithGrants(g)
		tree, err := h.twin.ReadPassport(auth.With(ctx, p), battery+"/dpp")
		if err != nil {
			t.Fatal(err)
		}
		if got := keys(tree["Pack"]); got != want || (subject != "") != (g.looked == 1) {
			t.Errorf("%q reads %s, counted %d times", subject, got, g.looked)
		}
	}
}

func TestPassportsThatAreNotRightAreRefused(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	h.battery()
	for field, change := range map[string]func(*twin.Passport){
		"body.id":       func(p *twin.Passport) { p.ID = "no uri" },
		"body.product":  func(p *twin.Passport) { p.Product = "" },
		"body.operator": func(p *twin.Passport) { p.Operator = "::" },
		"body.tiers":    func(p *twin.Passport) { p.Tiers = nil },
		"body.tiers.A":  func(p *twin.Passport) { p.Tiers = map[string]twin.Tier{"A": "friends"} },
	} {
		p := passport()
		change(&p)
		if _, err := h.twin.Publish(ctx, scope(steel), p); err == nil || !strings.Contains(fmt.Sprint(err), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func keys(v any) string {
	o, _ := v.(map[string]any)
	var out []string
	for _, k := range []string{"Chemistry", "Mass", "Supplier", "Test"} {
		if _, ok := o[k]; ok {
			out = append(out, k)
		}
	}
	return fmt.Sprint(out)
}
