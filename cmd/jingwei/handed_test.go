package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

// again is a node that stops and starts on the same folder, port and database.
type again struct {
	t       *testing.T
	environ []string
	name    string
	n       *node
	stop    func()
	org     uuid.UUID
}

func startAgain(t *testing.T, name, database, packs string) *again {
	ln := proof.Must(net.Listen("tcp", "127.0.0.1:0"))
	link := ln.Addr().String()
	_ = ln.Close()
	x := &again{t: t, name: name, environ: []string{"JINGWEI_DATA=" + t.TempDir(), "JINGWEI_NODE_NAME=" + name, "JINGWEI_NODE_PACKS=" + packs, "JINGWEI_HTTP_ADDRESS=127.0.0.1:0", "JINGWEI_HTTPS_ADDRESS=127.0.0.1:0",
		"JINGWEI_LINK_ADDRESS=" + link, "JINGWEI_MQTT_ADDRESS=off"}}
	if database != "" {
		x.environ = append(x.environ, "JINGWEI_DATABASE_URL="+database)
	}
	x.start()
	if _, _, err := x.n.auth.FirstStart(t.Context(), org.Org{Kind: org.Government, Name: text.Both(name)}, "root"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.stop() })
	home, _, err := x.n.orgs.Home(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x.org = home.ID
	return x
}

func (x *again) start() {
	ctx, cancel := context.WithCancel(context.Background())
	x.n = proof.Must(openNode(ctx, proof.Must(config.Load(config.Sources{Environ: x.environ})), slog.New(slog.DiscardHandler)))
	n, started := x.n, make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		if err := n.serve(ctx, func() { close(started) }); err != nil {
			x.t.Errorf("serve %s: %v", x.name, err)
		}
	})
	x.stop = func() { cancel(); work.Wait(); n.close(); x.stop = func() {} }
	<-started
}

func (x *again) restart() {
	x.stop()
	x.start()
}

// A city hands a year in to its province over a real link: it is returned while the city is away, handed in again, accepted, restated by
// late data, and opened. Both programs stop and start between the steps; who, when and why stand on both sides and in both evidence logs.
func TestAYearIsHandedInToAProvinceOverALink(t *testing.T) {
	packs := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(packs, "indicators"), 0o700), os.WriteFile(filepath.Join(packs, "indicators", "own-rate.yaml"), []byte(ownRate), 0o600)); err != nil {
		t.Fatal(err)
	}
	for engine, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": storetest.PostgresURL} {
		t.Run(engine, func(t *testing.T) {
			handedIn(t, startAgain(t, "city", database(t), packs), startAgain(t, "province", database(t), packs))
		})
	}
}

func handedIn(t *testing.T, city, province *again) {
	ctx := auth.AsSystem(t.Context(), "test")
	const code = "91990100MADEM0126Y"
	year := fmt.Sprint(time.Now().Year() - 1)
	firm := proof.Must(city.n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Both("firm"), CreditCode: code}, uuid.Nil))
	content := func(item, value string) []byte {
		return fmt.Appendf(nil, `{"item":%q,"begins":"%s-01-01","ends":"%s-12-31","value":%q,"unit":"1"}`, item, year, year, value)
	}
	declared := map[string]fact.Fact{}
	for item, value := range map[string]string{"own-a": "3", "own-b": "4"} {
		f, _, err := city.n.facts.Record(ctx, fact.Input{Org: firm.ID, Kind: "declaration", Key: fact.Key{Source: "test", External: item}, Content: content(item, value)})
		if err != nil {
			t.Fatal(err)
		}
		declared[item] = f
	}
	_ = proof.Must(city.n.neighbours.Join(ctx, proof.Must(province.n.neighbours.Invite(ctx, "below", uuid.Nil)).Code))
	agree(ctx, t, city.n, city.n, org.Agreement{Giver: org.Party{Org: firm.ID, CreditCode: code}, Taker: org.Party{Org: city.org}, Detail: org.DetailEnterprise, Drill: org.LevelFacts, Onward: org.LevelFacts})
	high := agree(ctx, t, city.n, province.n, org.Agreement{Giver: org.Party{Node: city.n.id, Org: city.org}, Taker: org.Party{Org: province.org}, Detail: org.DetailAggregate, Drill: org.LevelFacts, Onward: org.LevelNone})
	for _, x := range []*again{city, province} {
		_ = proof.Must(x.n.figures.SetKeeper(ctx, x.org, figure.NewKeeper{Adopted: []string{}, Reason: "the test"}))
	}
	rate := func(x *again) string {
		f, err := x.n.figures.Figure(ctx, figure.Key{Keeper: x.org, Indicator: "own-rate", Filter: figure.All, Kind: "year", Period: year}.ID(), 0, figure.Now)
		if err != nil || f.Readings[0].Number == nil {
			return ""
		}
		return f.Readings[0].Number.Value
	}
	proof.Wait(t, "the province knows the rate", func() bool { return rate(province) == "75.0" })

	var seen figure.HandedView
	stands := func(what, state string, step int64) {
		t.Helper()
		proof.Wait(t, what, func() bool {
			list, err := province.n.figures.HandedTo(ctx, province.org)
			if err != nil || len(list) != 1 {
				return false
			}
			seen = list[0]
			return seen.State == state && seen.Step == step && !seen.Waiting
		})
	}
	submit := func(reason string) {
		t.Helper()
		_ = proof.Must(city.n.figures.Submit(ctx, figure.Submission{Org: city.org, Kind: "year", Period: year, Reason: reason}))
	}
	decide := func(state, reason string) {
		t.Helper()
		_ = proof.Must(province.n.figures.Decide(ctx, figure.Decision{Org: city.org, Kind: "year", Period: year, Taker: province.org, State: state, Root: seen.Root, Reason: reason, Agreement: &high.ID}))
	}
	below := func(what string, n int, reason string) {
		t.Helper()
		proof.Wait(t, what, func() bool {
			steps, err := city.n.figures.Seals(ctx, city.org, "year", year)
			return err == nil && len(steps) == n && steps[0].Reason == reason
		})
	}
	submit("complete")
	city.restart()
	stands("it is handed in above", figure.Submitted, 1)
	city.stop() // it is returned while the city is away
	decide(figure.Returned, "look again")
	province.restart()
	city.start()
	below("the city knows that it was returned", 2, "look again")
	stands("and says so", figure.Returned, 1)
	province.restart()
	submit("looked at")
	city.restart()
	stands("it is handed in again", figure.Submitted, 3)
	decide(figure.Accepted, "")
	province.restart()
	stands("it is accepted", figure.Accepted, 3)
	city.restart()
	below("the city knows", 4, "")
	_ = proof.Must(city.n.facts.Revise(ctx, declared["own-a"].ID, fact.Change{Basis: 1, Content: content("own-a", "1"), Reason: "late"}))
	proof.Wait(t, "the city restates", func() bool { return rate(city) == "25.0" })
	province.restart()
	proof.Wait(t, "the province sees a later revision", func() bool { stands("", figure.Accepted, 3); return seen.Later == 1 })
	if got := rate(province); got != "75.0" {
		t.Errorf("an accepted year counts %s", got)
	}
	decide(figure.Returned, "late data")
	city.restart()
	below("it is open below", 5, "late data")
	proof.Wait(t, "the province counts what is known", func() bool { return rate(province) == "25.0" })

	for x, want := range map[*again][]string{city: {"figure.period.accepted", "figure.period.returned", "figure.period.returned", "figure.period.submitted", "figure.period.submitted"},
		province: {"figure.period.accepted", "figure.period.returned", "figure.period.returned"}} {
		counts := map[string]int{}
		err := store.Each(func(page store.Page) ([]audit.Entry, string, error) {
			return audit.List(ctx, x.n.db, auth.System(x.org), audit.Filter{}, page)
		}, func(e audit.Entry) error { counts[e.Verb]++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, verb := range want {
			counts[verb]--
		}
		for _, verb := range want {
			if counts[verb] != 0 {
				t.Errorf("%s has %d more of %s in its audit", x.name, counts[verb], verb)
			}
		}
		if err := x.n.seal.SealRecords(ctx); err != nil {
			t.Fatal(err)
		}
		var leaves int
		if err := x.n.db.NewSelect().TableExpr("seal_record").ColumnExpr("COUNT(*)").Where("kind = ? AND leaf >= 0", evidence.KindFigure).Scan(ctx, &leaves); err != nil || leaves != len(want) {
			t.Errorf("%s has %d leaves of what was said of figures, want %d: %v", x.name, leaves, len(want), err)
		}
	}
}
