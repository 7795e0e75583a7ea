package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess/checkup"
	"jingwei/internal/govern/assess/measured"
	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/office/register"
	"jingwei/internal/office/register/party"
	"jingwei/packs"
)

// mill is a plant with one production machine that delivered on every day of 2025 (measured.Plant, measured.Series).
type mill struct{ machine, point uuid.UUID }

func (m mill) Plant(context.Context, uuid.UUID, time.Time) ([]measured.Machine, []measured.Point, error) {
	return []measured.Machine{{ID: m.machine, Name: text.Both("mill"), Production: true}}, []measured.Point{{ID: m.point, Machine: m.machine, Name: text.Both("load")}}, nil
}

func (m mill) Days(_ context.Context, series []uuid.UUID, bounds []int64) ([][]measured.Day, error) {
	days := make([]measured.Day, len(bounds)-1)
	for i := range days {
		days[i].Good = 1
	}
	out := make([][]measured.Day, len(series))
	for i := range out {
		out[i] = days
	}
	return out, nil
}

func (mill) Consumed(context.Context, uuid.UUID, int64, int64) (int64, bool, error) {
	return 0, false, nil
}

// What enterprises have granted counts, what they have not is missing and is not read; on both databases.
func TestIndicatorsKeepToWhatIsGranted(t *testing.T) {
	measures := proof.Must(incentive.Load(packs.Files, "policy", incentive.Options{}))
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		clock := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
		now := func() time.Time { clock = clock.Add(time.Millisecond); return clock }
		if err := audit.Migrate(ctx, db); err != nil {
			t.Fatal(err)
		}
		orgs := proof.Must(org.New(ctx, db, now))
		trades := proof.Must(party.Load(packs.Files))
		registers := proof.Must(register.New(ctx, register.Options{DB: db, Packs: packs.Files, Now: now, Calculations: map[string]register.Calculation{"size-class": trades.Sizes.SizeOf}}))
		facts := proof.Must(fact.New(ctx, fact.Options{DB: db, Blobs: proof.Must(blob.Open(file.OS(), t.TempDir(), 1<<20)), Packs: packs.Files, Now: now}))
		plant := measured.New(measured.Options{Plant: mill{uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())}, Series: mill{}})
		checks := proof.Must(checkup.New(ctx, checkup.Options{DB: db, Packs: packs.Files, Documents: checkupPapers{facts}, Facts: plant, Now: now}))
		words := indicatorWords{facts: facts, registers: registers, checkups: checks}
		s := indicator.New(indicator.Options{Library: proof.Must(indicator.Load(packs.Files, measures.Documents(), words)), Now: now, Rooms: indicator.Rooms{
			Enterprises: indicatorFirms{enterprises{orgs, registers}}, Facts: indicatorFacts{facts}, Entries: indicatorEntries{registers},
			Plants: indicatorPlants{plant, proof.Must(workday.Load(packs.Files))}, Checkups: indicatorCheckups{checks}, Fields: words,
		}})

		found := func(name, code string, kind org.Kind) uuid.UUID {
			return proof.Must(orgs.Create(ctx, org.Org{Kind: kind, Name: text.Both(name), CreditCode: code}, uuid.Nil)).ID
		}
		keeper := proof.Must(orgs.Create(ctx, org.Org{Kind: org.Government, Name: text.Both("keeper"), Home: true}, uuid.Nil)).ID
		a, b, c := found("a", "9144030071526726XG", org.Enterprise), found("b", "914403001000000248", org.Enterprise), found("c", "914403001922038216", org.Enterprise)
		as := func(role auth.Role, at uuid.UUID) context.Context {
			return auth.With(ctx, authtest.Person(fmt.Sprint(role, at), map[uuid.UUID]auth.Role{at: role}).WithGrants(orgs))
		}
		officer, clerk := as(auth.Viewer, keeper), as(auth.Engineer, keeper)
		list := func(reg, content, move string) {
			t.Helper()
			e, err := registers.Add(clerk, keeper, reg, register.Input{Content: []byte(content), Since: "2016-01-01"})
			if err == nil {
				_, err = registers.Move(clerk, e.ID, move, e.Revision, "")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, x := range []struct {
			org  uuid.UUID
			code string
		}{{a, "9144030071526726XG"}, {b, "914403001000000248"}, {c, "914403001922038216"}} {
			list("enterprises", fmt.Sprintf(`{"creditCode":%q,"name":"企业%d","org":%q,"industry":"C3670","region":"330100","designated":true,"tags":[{"tag":"key","from":"2016-01-01","reason":"名单"}]}`, x.code, i, x.org), "approve")
		}
		record := func(o uuid.UUID, kind, key, content string) {
			t.Helper()
			if _, _, err := facts.Record(as(auth.Engineer, o), fact.Input{Org: o, Kind: kind, Key: fact.Key{Source: "erp", External: key}, Content: []byte(content)}); err != nil {
				t.Fatal(err)
			}
		}
		for o, kind := range map[uuid.UUID]string{a: "erp", b: "erp", c: "other"} {
			record(o, "software-use", "u", fmt.Sprintf(`{"system":"s","kind":%q,"deployed":"2024-01-01","day":"2026-04-20","uses":3}`, kind))
		}
		record(a, "training", "t", fmt.Sprintf(`{"day":"2026-04-01","person":"%064d","programme":"digital-workers","course":"c","passed":true}`, 1))
		give := func(from uuid.UUID, kind, subject string, fields []string) org.Grant {
			t.Helper()
			return proof.Must(orgs.Give(ctx, org.Grant{From: from, To: keeper, Purpose: "credit", Words: "targets", Kind: kind, Subject: subject, Fields: fields, Span: org.Span{To: clock.AddDate(0, 1, 0).UnixNano()}}))
		}
		told := func(ctx context.Context, target string) string {
			t.Helper()
			x, err := s.Progress(ctx, target, keeper, "2026-05-04", 0)
			if err != nil {
				return "refused: " + err.Error()
			}
			out, known := "unknown", 0
			if x.Value != nil {
				out = x.Value.RatString()
			}
			if x.Whole == nil {
				return out
			}
			for _, r := range x.Whole.Readings {
				if r.How == x.Target.Reading {
					known = r.Known
				}
			}
			out = fmt.Sprintf("%s of %d/%d", out, known, len(x.Whole.Members.List))
			for _, m := range x.Whole.Absent {
				out += fmt.Sprintf(" %s:%s×%d", m.Input, m.Reason, m.Firms)
			}
			return out
		}
		expect := func(when, want, got string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		const erp = "KPI-ZJ-08"
		expect("before any grant", "unknown of 0/3 uses:no-consent×3", told(officer, erp))
		first := give(a, fact.GrantKind, "software-use", []string{"kind", "uses"})
		give(b, fact.GrantKind, "software-use", []string{"kind", "system"}) // without the field that is summed
		expect("one grant that is enough", "100 of 1/3 uses:no-consent×2", told(officer, erp))
		give(c, fact.GrantKind, "software-use", nil)
		expect("two", "50 of 2/3 uses:no-consent×1", told(officer, erp))
		if reads, _, err := orgs.GrantReads(ctx, first.ID, store.Page{}); err != nil || len(reads) != 1 || reads[0].Reads < 2 {
			t.Errorf("the giver does not see who looked: %+v, %v", reads, err)
		}
		if _, err := orgs.EndGrant(ctx, first.ID, "owner", "not needed any more"); err != nil {
			t.Fatal(err)
		}
		expect("after it was ended", "0 of 1/3 uses:no-consent×2", told(officer, erp))

		value := func(ctx context.Context, id string, o uuid.UUID, period string) string {
			t.Helper()
			v, err := s.Value(ctx, id, o, period, "")
			switch {
			case errors.Is(err, auth.ErrNotFound):
				return "not found"
			case err != nil:
				t.Fatal(err)
			case v.Num != nil:
				return v.Num.RatString() + " " + v.Grade.String()
			}
			return string(v.Lack[0].Reason)
		}
		expect("the enterprise itself", "1 E0", value(as(auth.Viewer, a), "erp-use", a, ""))
		expect("another enterprise", "not found", value(as(auth.Owner, b), "erp-use", a, ""))
		expect("a nobody's organisation", "not found", value(officer, "erp-use", uuid.Must(uuid.NewV7()), ""))
		expect("its keeper, without a grant", "no-consent", value(officer, "erp-use", a, ""))
		give(a, fact.GrantKind, "training", nil) // restricted fields come only where they are named
		expect("a restricted field", "no-consent", value(officer, "digital-workers", a, ""))
		give(a, fact.GrantKind, "training", []string{"person", "programme", "passed"})
		expect("a restricted field that is named", "1 E0", value(officer, "digital-workers", a, ""))
		expect("a restricted field, for a viewer of its own", "no-consent", value(as(auth.Viewer, a), "digital-workers", a, ""))

		expect("machines without a grant", "no-consent", value(officer, "machine-networking", a, "2025"))
		give(a, measuredGrant, "energy", nil)
		expect("machines with another grant", "no-consent", value(officer, "machine-networking", a, "2025"))
		give(a, measuredGrant, "machines", nil)
		expect("machines with a grant", "100 E3", value(officer, "machine-networking", a, "2025"))
		expect("check-ups without a grant", "no-consent", value(officer, "assessed-enterprises", a, "2025"))
		give(a, measuredGrant, "checkups", nil)
		expect("no check-up was accepted", "0 E2", value(officer, "assessed-enterprises", a, "2025"))

		expect("a register without entries", "unknown", told(officer, "KPI-ZJ-18"))
		for i, division := range []string{"330100", "330200", "440100"} {
			list("recognitions", fmt.Sprintf(`{"number":"%d","object":"o","holder":"h","holderCode":%q,"kind":"industrial-internet-demonstration","awarded":"2017-01-01","by":"b","division":%q}`, i, []string{"9144030071526726XG", "914403001000000248", "914403001922038216"}[i], division), "confirm")
		}
		expect("a count of the keeper's own register", "2", told(officer, "KPI-ZJ-18"))
		for name, who := range map[string]context.Context{"an enterprise": as(auth.Owner, a), "a role that does not read": as(auth.Monitor, keeper)} {
			if _, err := s.Progress(who, erp, keeper, "", 0); err == nil {
				t.Errorf("%s evaluates the region", name)
			}
		}
	})
}

// The routes, as whoever runs a new node sees them: nothing is known, and each answer says so.
func TestTargetsOfANewNodeOverHTTP(t *testing.T) {
	ctx := t.Context()
	n, home := newNode(t)
	_, token, err := n.auth.CreateToken(auth.AsSystem(ctx, "test"), auth.System(home.ID), "reader", auth.Viewer, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string, status int, into any) {
		t.Helper()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/api/v1"+path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept-Language", "zh")
		w := httptest.NewRecorder()
		n.api.Handler().ServeHTTP(w, r)
		if w.Code != status {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	var board struct{ Items []indicator.TargetBrief }
	ask("/targets?on=2018-12-31&region=440000", 200, &board)
	if len(board.Items) != 15 || board.Items[4].ID != "KPI-GD16-05" || !board.Items[4].Verified || board.Items[4].Indicator.Standing.Is != "computable" || board.Items[4].Clause.Quote == "" {
		t.Errorf("%d targets, %+v", len(board.Items), board.Items[4])
	}
	var definitions struct{ Items []indicator.IndicatorBrief }
	ask("/indicators", 200, &definitions)
	if len(definitions.Items) < 60 {
		t.Errorf("%d definitions", len(definitions.Items))
	}
	var d indicator.IndicatorDetail
	ask("/indicators/inventory-turnover", 200, &d)
	if d.Formula == "" || len(d.Inputs) != 3 || d.Inputs[0].From[0].Kind != "declared" || len(d.UsedBy) != 1 || len(d.Assumptions) == 0 {
		t.Errorf("%+v", d)
	}
	var x indicator.TargetProgress
	ask("/targets/KPI-GD16-05?past=2&on=2018-12-31&org="+home.ID.String(), 200, &x)
	if x.Status != indicator.NoValue || x.Number != nil || x.Members == nil || x.Members.Members != 0 || len(x.Past) != 2 || len(x.Readings) != 3 || x.Readings[0].Reason != indicator.NoData {
		t.Errorf("%+v", x)
	}
	ask("/targets/KPI-GD16-12?org="+home.ID.String(), 200, &x)
	if x.Single == nil || len(x.Missing) != 1 || x.Missing[0].Reason != indicator.NoEntries || len(x.Also) != 2 {
		t.Errorf("%+v", x)
	}
	var v indicator.IndicatorValue
	ask("/indicators/integration-rounds/value?period=2018&org="+home.ID.String(), 200, &v)
	if v.Number != nil || len(v.Missing) != 1 || v.Filled != "? = ?" || v.Period.To != "2018-12-31" {
		t.Errorf("%+v", v)
	}
	var p struct{ Code, Detail string }
	for path, want := range map[string]string{
		"/targets?on=yesterday": "indicator-day",
		"/targets/KPI-GD16-05?on=2199-01-01&org=" + home.ID.String():    "indicator-day",
		"/indicators/erp-use/value?period=2018&org=" + home.ID.String(): "indicator-period",
		"/indicators/erp-use/value?org=" + home.ID.String():             "indicator-of",
	} {
		if ask(path, 422, &p); p.Code != want || p.Detail == "" {
			t.Errorf("%s: %+v", path, p)
		}
	}
	ask("/targets/KPI-NONE-1?org="+home.ID.String(), 404, &p)
	ask("/targets/KPI-GD16-05?org="+uuid.NewString(), 404, &p)
}
