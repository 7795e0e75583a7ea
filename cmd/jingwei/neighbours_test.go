package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// runningNode is a whole node that serves.
func runningNode(t *testing.T, name string, prepare func(*node), environ ...string) (*node, org.Org) {
	ctx, cancel := context.WithCancel(context.Background())
	cfg := proof.Must(config.Load(config.Sources{Environ: append(environ, "JINGWEI_DATA="+t.TempDir(), "JINGWEI_NODE_NAME="+name, "JINGWEI_HTTP_ADDRESS=127.0.0.1:0", "JINGWEI_HTTPS_ADDRESS=127.0.0.1:0",
		"JINGWEI_LINK_ADDRESS=127.0.0.1:0", "JINGWEI_MQTT_ADDRESS=off")}))
	n := proof.Must(openNode(ctx, cfg, slog.New(slog.DiscardHandler)))
	if _, _, err := n.auth.FirstStart(ctx, org.Org{Kind: org.Enterprise, Name: text.Both(name)}, "root"); err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(n)
	}
	started := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		if err := n.serve(ctx, func() { close(started) }); err != nil {
			t.Errorf("serve %s: %v", name, err)
		}
	})
	t.Cleanup(func() { cancel(); work.Wait(); n.close() })
	<-started
	home, _, err := n.orgs.Home(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return n, home
}

// TestTwoNodesLinkAgreeAndExchange: an invitation over HTTPS, an agreement, records and a question over the link that gateways use, and what
// the evidence log and the audit of both nodes hold of it.
func TestTwoNodesLinkAgreeAndExchange(t *testing.T) {
	ctx := auth.AsSystem(t.Context(), "test")
	works, worksOrg := runningNode(t, "works", func(n *node) {
		n.neighbours.Answer("test", func(context.Context, *org.Agreement, json.RawMessage) (any, error) { return "answered", nil })
	})
	city, cityOrg := runningNode(t, "city", nil)
	v := proof.Must(city.neighbours.Invite(ctx, "the works", uuid.Nil))
	if p := proof.Must(works.neighbours.Join(ctx, v.Code)); p.Node != city.id || p.Name != "city" {
		t.Errorf("%+v", p)
	}
	linked := func(n *node) bool {
		list := proof.Must(n.neighbours.Peers(ctx))
		return len(list) == 1 && list[0].Linked
	}
	proof.Wait(t, "the two are linked", func() bool { return linked(works) && linked(city) })
	a := proof.Must(city.orgs.RequestAgreement(ctx, org.Agreement{Kind: "regulator", Giver: org.Party{Node: works.id, Org: worksOrg.ID}, Taker: org.Party{Org: cityOrg.ID}, Figures: []string{"energy"},
		Detail: org.DetailEnterprise, Drill: org.LevelFacts, Onward: org.LevelNone, Span: org.Span{To: time.Now().AddDate(1, 0, 0).UnixNano()}, Purpose: "statistics", Words: "monthly figures"}, "mayor"))
	proof.Wait(t, "the works have heard", func() bool { _, err := works.orgs.Agreement(ctx, a.ID); return err == nil })
	_ = proof.Must(works.orgs.AcceptAgreement(ctx, a.ID, org.Giver, 1, "director"))
	err := works.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return works.neighbours.Put(ctx, tx, a.ID, [][]byte{[]byte("one"), []byte("two")})
	})
	if err != nil {
		t.Fatal(err)
	}
	proof.Wait(t, "the city has the records", func() bool { return proof.Must(city.neighbours.Stream(ctx, a.ID)).Last == 2 })
	if list := proof.Must(city.neighbours.Incoming(ctx, a.ID, 1, 0, 10)); len(list) != 2 || string(list[1].Bytes) != "two" {
		t.Errorf("%v", list)
	}
	if answer, err := city.neighbours.Ask(ctx, a.ID, "test", json.RawMessage(`{}`)); err != nil || string(answer) != `"answered"` {
		t.Errorf("%s %v", answer, err)
	}
	got := proof.Must(city.orgs.Agreement(ctx, a.ID))
	if _, err := evidence.ParseVerifier(got.Giver.Key); err != nil || got.Taker.Key != "" {
		t.Errorf("the works' key %q: %v", got.Giver.Key, err)
	}
	_ = proof.Must(city.orgs.EndAgreement(ctx, a.ID, org.Taker, "mayor", "not needed"))
	proof.Wait(t, "the stream is closed on both", func() bool {
		return proof.Must(works.neighbours.Stream(ctx, a.ID)).State == neighbour.StreamClosed && proof.Must(city.neighbours.Stream(ctx, a.ID)).State == neighbour.StreamClosed
	})
	for name, n := range map[string]*node{"works": works, "city": city} {
		if err := n.seal.SealRecords(ctx); err != nil {
			t.Fatal(err)
		}
		acts := proof.Must(n.orgs.AgreementHistory(ctx, a.ID))
		var words []string
		for _, act := range acts {
			words = append(words, fmt.Sprint(act.Side, " ", act.Act))
			var kind string
			var leaf int64
			if err := n.db.NewSelect().TableExpr("seal_record").Column("kind", "leaf").Where("id = ?", act.ID.String()).Scan(ctx, &kind, &leaf); err != nil || kind != evidence.KindAgreement || leaf < 0 {
				t.Errorf("%s: act %s has no leaf: %q %d %v", name, act.ID, kind, leaf, err)
			}
		}
		if fmt.Sprint(words) != "[taker accept giver accept taker end]" {
			t.Errorf("%s: %v", name, words)
		}
	}
	// What the other side did is in the audit of this one.
	entries, _, err := audit.List(ctx, works.db, auth.System(worksOrg.ID), audit.Filter{Object: a.ID.String()}, store.Page{})
	if err != nil || len(entries) != 2 || entries[0].Verb != "org.agreement.end" {
		t.Errorf("%+v %v", entries, err)
	}
}
