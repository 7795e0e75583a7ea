package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
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
