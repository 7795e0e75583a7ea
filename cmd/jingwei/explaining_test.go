package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/seal"
)

const ownRate = `id: own-rate
version: 1.0.0
source: the tests
name: {zh: 率, en: Rate}
unit: '%'
period: year
of: enterprise
inputs:
  - {key: a, name: {zh: 甲, en: A}, unit: '1', from: {declared: own-a}}
  - {key: b, name: {zh: 乙, en: B}, unit: '1', from: {declared: own-b}}
formula: 100 * a / b
upward: {how: mean, also: [pooled]}
assumptions: [{zh: 假设, en: assumed}]
`

// agree has a taker ask for figures, and the giver accept.
func agree(ctx context.Context, t *testing.T, giver, taker *node, a org.Agreement) org.Agreement {
	t.Helper()
	a.Kind, a.Figures, a.Span, a.Purpose, a.Words = "parent", []string{"own-rate"}, org.Span{To: time.Now().AddDate(1, 0, 0).UnixNano()}, "statistics", "yearly figures"
	a = proof.Must(taker.orgs.RequestAgreement(ctx, a, "mayor"))
	proof.Wait(t, "the giver has heard", func() bool { _, err := giver.orgs.Agreement(ctx, a.ID); return err == nil })
	_ = proof.Must(giver.orgs.AcceptAgreement(ctx, a.ID, org.Giver, 1, "director"))
	proof.Wait(t, "the taker has heard", func() bool {
		x, err := taker.orgs.Agreement(ctx, a.ID)
		return err == nil && x.GiverAccepted != nil
	})
	return a
}

// Three nodes: an enterprise's declarations become the province's figure; from there the figure is explained down to the fact, and proved
// offline down to it.
func TestAFigureIsExplainedAndProvedOverThreeNodes(t *testing.T) {
	packs := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(packs, "indicators"), 0o700), os.WriteFile(filepath.Join(packs, "indicators", "own-rate.yaml"), []byte(ownRate), 0o600)); err != nil {
		t.Fatal(err)
	}
	ctx := auth.AsSystem(t.Context(), "test")
	own := "JINGWEI_NODE_PACKS=" + packs
	works, _ := runningNode(t, "works", nil, own)
	city, cityOrg := runningNode(t, "city", nil, own)
	province, provinceOrg := runningNode(t, "province", nil, own)
	const code = "91990100MADEM0126Y"
	firm := proof.Must(works.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Both("firm"), CreditCode: code}, uuid.Nil))
	year := time.Now().Year() - 1
	var first fact.Fact
	for item, value := range map[string]string{"own-a": "3", "own-b": "4"} {
		content := fmt.Sprintf(`{"item":%q,"begins":"%d-01-01","ends":"%d-12-31","value":%q,"unit":"1"}`, item, year, year, value)
		f, _, err := works.facts.Record(ctx, fact.Input{Org: firm.ID, Kind: "declaration", Key: fact.Key{Source: "test", External: item}, Content: []byte(content)})
		if err != nil {
			t.Fatal(err)
		}
		if item == "own-a" {
			first = f
		}
	}
	for _, pair := range [][2]*node{{works, city}, {city, province}} {
		proof.Must(pair[0].neighbours.Join(ctx, proof.Must(pair[1].neighbours.Invite(ctx, "below", uuid.Nil)).Code))
	}
	low := agree(ctx, t, works, city, org.Agreement{Giver: org.Party{Node: works.id, Org: firm.ID, CreditCode: code}, Taker: org.Party{Org: cityOrg.ID}, Detail: org.DetailEnterprise, Drill: org.LevelFacts, Onward: org.LevelFacts})
	high := agree(ctx, t, city, province, org.Agreement{Giver: org.Party{Node: city.id, Org: cityOrg.ID}, Taker: org.Party{Org: provinceOrg.ID}, Detail: org.DetailAggregate, Drill: org.LevelFacts, Onward: org.LevelNone})
	for n, o := range map[*node]uuid.UUID{city: cityOrg.ID, province: provinceOrg.ID} {
		proof.Must(n.figures.SetKeeper(ctx, o, figure.NewKeeper{Adopted: []string{}, Reason: "the test"}))
	}
	key := figure.Key{Keeper: provinceOrg.ID, Indicator: "own-rate", Filter: figure.All, Kind: "year", Period: fmt.Sprint(year)}
	asked := figure.Asked{ID: key.ID()}
	proof.Wait(t, "the province knows the rate", func() bool {
		e, err := province.explainer.Explain(ctx, asked)
		return err == nil && e.Readings[0].Number != nil && e.Readings[0].Number.Value == "75.0"
	})
	asked.Via, asked.Code = []uuid.UUID{high.ID, low.ID}, code
	e := proof.Must(province.explainer.Explain(ctx, asked))
	if e.Node != works.id || !*e.Agrees || len(e.Hops) != 2 || e.Value == nil || len(e.Value.Inputs) != 2 || len(e.Value.Inputs[0].Rests) != 1 || e.Value.Inputs[0].Rests[0].ID != first.ID {
		t.Fatalf("%+v", e)
	}
	f := proof.Must(province.explainer.Fact(ctx, figure.Drill{Figure: key.ID(), Code: code, Via: asked.Via, ID: first.ID}))
	if f.Revision != 1 || f.Kind != "declaration" || len(f.Hops) != 2 || len(f.Fields) == 0 || f.Fields[0].Text != "own-a" {
		t.Errorf("%+v", f)
	}
	if _, err := province.explainer.Sample(ctx, figure.Drill{Figure: key.ID(), Code: code, Via: asked.Via, ID: uuid.New()}); !errors.Is(err, neighbour.ErrConsent) {
		t.Errorf("readings are agreed to nowhere: %v", err)
	}
	// Who asked what is known to both sides of each agreement.
	for agreement, sides := range map[uuid.UUID]map[*node]org.Side{high.ID: {province: org.Taker, city: org.Giver}, low.ID: {city: org.Taker, works: org.Giver}} {
		for n, side := range sides {
			list, _, err := n.neighbours.Questions(ctx, agreement, side, store.Page{})
			if err != nil || len(list) < 2 || list[len(list)-1].Verb != figure.AskExplain || list[len(list)-1].Outcome != "answered" {
				t.Errorf("%s of %s: %+v %v", side, agreement, list, err)
			}
		}
	}
	for _, n := range []*node{works, city, province} {
		if err := n.seal.SealRecords(ctx); err != nil {
			t.Fatal(err)
		}
	}
	token := proof.Must(province.ownerToken(ctx, provinceOrg.ID))
	t.Setenv("JINGWEI_TOKEN", token)
	file := filepath.Join(t.TempDir(), "rate.jwf")
	verify := func(args ...string) (string, error) {
		var out bytes.Buffer
		c := verifyFigureCommand()
		c.SetArgs(args)
		c.SetOut(&out)
		c.SetErr(&out)
		c.SilenceUsage = true
		err := c.ExecuteContext(ctx)
		return out.String(), err
	}
	var said string
	proof.Wait(t, "the pack is proved down to the facts", func() bool {
		var err error
		said, err = verify(key.String(), "--node", province.base(), "--out", file)
		return err == nil && strings.HasSuffix(said, "=> recomputed\n")
	})
	keys := []string{file}
	for _, n := range []*node{works, city, province} {
		keys = append(keys, "--key", n.orgs.NodeKey())
	}
	said, err := verify(keys...)
	if err != nil || strings.Contains(said, "compare it") || !strings.Contains(said, "fact "+first.ID.String()+", revision 1 is in the log as it counted") {
		t.Errorf("%v\n%s", err, said)
	}
	b := proof.Must(os.ReadFile(file))
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := verify(keys...); err == nil {
		t.Errorf("a changed pack is proved:\n%s", said)
	}
	if raw, err := json.Marshal(e); err != nil || len(raw) > 16<<10 {
		t.Errorf("%d bytes %v", len(raw), err)
	}
}

const ownEnergy = `id: own-energy
version: 1.0.0
source: the tests
name: {zh: 单台电耗, en: Energy per machine}
unit: kW.h
period: month
of: enterprise
inputs:
  - {key: m, name: {zh: 设备, en: Machines}, unit: '1', from: {plant: production-machines, where: {delivers: '80%'}}}
  - {key: e, name: {zh: 用电, en: Electricity}, unit: kW.h, from: {energy: kWh}}
formula: e / m
upward: {how: mean}
assumptions: [{zh: 假设, en: assumed}]
`

// A month of a meter that was imported this morning: the figure above is proved and worked out again from the samples, which are sealed
// before their day has ended; one sample more, and it is so again.
func TestAFigureIsRecomputedFromSamples(t *testing.T) {
	packs := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(packs, "indicators"), 0o700), os.WriteFile(filepath.Join(packs, "indicators", "own-energy.yaml"), []byte(ownEnergy), 0o600)); err != nil {
		t.Fatal(err)
	}
	ctx := auth.AsSystem(t.Context(), "test")
	own := "JINGWEI_NODE_PACKS=" + packs
	works, _ := runningNode(t, "works", nil, own)
	city, cityOrg := runningNode(t, "city", nil, own)
	const code = "91990100MADEM0126Y"
	firm := proof.Must(works.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Both("firm"), CreditCode: code}, uuid.Nil))
	secret := proof.Must(works.ownerToken(ctx, firm.ID))
	ask := func(path string, body any, into any) {
		t.Helper()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/api/v1"+path, bytes.NewReader(proof.Must(json.Marshal(body))))
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		works.api.Handler().ServeHTTP(w, r)
		if w.Code >= 300 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		if into != nil {
			if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
				t.Fatal(err)
			}
		}
	}
	now := time.Now().In(field.China)
	begin := time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, field.China)
	end := begin.AddDate(0, 1, 0)
	from := begin.AddDate(0, 0, -3).UTC().Format(time.RFC3339)
	var place, point struct{ ID uuid.UUID }
	ask("/plant/nodes", map[string]any{"org": firm.ID, "kind": "site", "name": map[string]string{"en": "site"}, "from": from}, &place)
	ask("/plant/nodes", map[string]any{"org": firm.ID, "kind": "machine", "parent": place.ID, "name": map[string]string{"en": "press"}, "from": from}, &place)
	ask(fmt.Sprintf("/plant/machines/%s/points", place.ID), map[string]any{"key": "energy", "name": map[string]string{"en": "feeder"}, "type": "float64", "unit": "kW.h", "address": "energy", "from": from}, &point)
	ask("/energy/main-meters", map[string]any{"org": firm.ID, "series": point.ID, "from": begin.Format(time.DateOnly)}, nil)
	if _, err := works.rollups.SetCounter(ctx, point.ID, 0, 0, "a meter"); err != nil {
		t.Fatal(err)
	}
	// It counts 2 kWh every half hour; of one hour the readings come later than all others.
	producer, seq := uuid.Must(uuid.NewV7()), uint64(0)
	send := func(which func(at time.Time) bool) {
		t.Helper()
		ref, ok := works.telemetry.Lookup(point.ID)
		if !ok {
			t.Fatal("the point has no series")
		}
		b := &telemetry.Batch{Origin: telemetry.Measured}
		for at, kWh := begin.Add(-6*time.Hour), 1000.0; at.Before(end.Add(6 * time.Hour)); at, kWh = at.Add(30*time.Minute), kWh+2 {
			if which(at) {
				b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at.UnixNano()), append(b.Gateway, at.UnixNano()), append(b.Bits, math.Float64bits(kWh))
			}
		}
		seq++
		done := make(chan error, 1)
		err := works.telemetry.Append(ctx, producer, 1, seq, b, func(_ telemetry.Receipt, err error) { done <- err })
		if err = errors.Join(err, <-done); err != nil {
			t.Fatal(err)
		}
	}
	late := begin.AddDate(0, 0, 9).Add(12 * time.Hour)
	last := end.Add(-30 * time.Minute)
	send(func(at time.Time) bool { return !at.Equal(late) && at.Before(last) })
	proof.Must(works.neighbours.Join(ctx, proof.Must(city.neighbours.Invite(ctx, "below", uuid.Nil)).Code))
	a := org.Agreement{Kind: "parent", Figures: []string{"own-energy"}, Span: org.Span{To: time.Now().AddDate(1, 0, 0).UnixNano()}, Purpose: "statistics", Words: "monthly figures",
		Giver: org.Party{Node: works.id, Org: firm.ID, CreditCode: code}, Taker: org.Party{Org: cityOrg.ID}, Detail: org.DetailEnterprise, Drill: org.LevelReadings, Onward: org.LevelReadings}
	a = proof.Must(city.orgs.RequestAgreement(ctx, a, "mayor"))
	proof.Wait(t, "the giver has heard", func() bool { _, err := works.orgs.Agreement(ctx, a.ID); return err == nil })
	_ = proof.Must(works.orgs.AcceptAgreement(ctx, a.ID, org.Giver, 1, "director"))
	proof.Must(city.figures.SetKeeper(ctx, cityOrg.ID, figure.NewKeeper{Adopted: []string{}, Reason: "the test"}))
	key := figure.Key{Keeper: cityOrg.ID, Indicator: "own-energy", Filter: figure.All, Kind: "month", Period: begin.Format("2006-01")}
	days := int(end.Sub(begin) / (24 * time.Hour))
	verified := func(kWh float64) *figure.Verified {
		t.Helper()
		var v *figure.Verified
		proof.Wait(t, fmt.Sprintf("%g kWh are worked out again", kWh), func() bool {
			for _, n := range []*node{works, city} {
				if err := n.seal.SealRecords(ctx); err != nil {
					t.Fatal(err)
				}
			}
			b, err := city.explainer.Pack(ctx, figure.Asked{ID: key.ID()}, figure.GradeRecomputed)
			if err != nil {
				return false
			}
			if v, err = figure.VerifyPack(b, proof.Must(evidence.ParseVerifier(works.orgs.NodeKey())), proof.Must(evidence.ParseVerifier(city.orgs.NodeKey()))); err != nil {
				t.Fatal(err)
			}
			return v.Grade == figure.Recomputed && len(v.Below) == 1 && slices.ContainsFunc(v.Below[0].Checked, func(s string) bool {
				return strings.Contains(s, fmt.Sprintf("counted %.0f Wh on %d of %d days", kWh*1000, days, days))
			})
		})
		return v
	}
	total := float64(days) * 48 * 2
	v := verified(total - 2*2) // up to the reading before the last half hour
	if !slices.ContainsFunc(v.Below[0].Checked, func(s string) bool { return strings.Contains(s, "working days, as ") }) {
		t.Errorf("%v", v.Below[0].Checked)
	}
	send(func(at time.Time) bool { return at.Equal(late) || !at.Before(last) })
	works.composer.Touch(figure.Change{Org: firm.ID, What: indicator.TouchReadings, From: begin.UnixNano(), To: end.UnixNano()}) // roll-ups wait for more that is late
	verified(total)
	// The running day of the import is sealed once for all of it, and again for what came.
	list := proof.Must(works.seal.Days(ctx, point.ID, seal.DayOf(works.now().UnixNano()), seal.DayOf(works.now().UnixNano())+1))
	if len(list) != 1 || list[0].State != seal.Open {
		t.Errorf("%+v", list)
	}
}
