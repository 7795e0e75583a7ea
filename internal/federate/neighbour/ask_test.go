package neighbour

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// answering gives a node handlers of the kinds that rooms have.
func answering(n *node) {
	n.s.Answer("echo", func(_ context.Context, a *org.Agreement, body json.RawMessage) (any, error) {
		return map[string]any{"at": n.name, "agreement": a.ID, "body": body}, nil
	})
	n.s.Answer("secret", func(context.Context, *org.Agreement, json.RawMessage) (any, error) { return nil, ErrConsent })
	n.s.Answer("broken", func(context.Context, *org.Agreement, json.RawMessage) (any, error) {
		return nil, errors.New("a password: 1234")
	})
	n.s.Answer("long", func(context.Context, *org.Agreement, json.RawMessage) (any, error) {
		return strings.Repeat("x", federate.MaxAnswer), nil
	})
	n.s.Answer("slow", func(ctx context.Context, _ *org.Agreement, _ json.RawMessage) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
}

func TestQuestionsAreAnsweredRefusedAndLogged(t *testing.T) {
	giver, taker := newNode(t, storetest.SQLite(t), "giver", answering), newNode(t, storetest.Postgres(t), "taker", nil)
	link(giver, taker)
	id := agree(giver, taker)
	ctx := authtest.As(t.Context(), taker.org.ID, auth.Viewer)
	ask := func(verb, body string) (json.RawMessage, error) {
		return taker.s.Ask(ctx, id, verb, json.RawMessage(body))
	}
	answer, err := ask("echo", `{"figure":"energy"}`)
	if err != nil || !strings.Contains(string(answer), `"at":"giver"`) || !strings.Contains(string(answer), `"figure":"energy"`) {
		t.Errorf("%s %v", answer, err)
	}
	for verb, want := range map[string]error{"secret": ErrConsent, "broken": ErrRefused, "long": ErrTooLong, "what": ErrVerb} {
		if _, err := ask(verb, `{}`); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", verb, err, want)
		} else if strings.Contains(err.Error(), "1234") {
			t.Errorf("%s tells what is inside: %v", verb, err)
		}
	}
	if _, err := ask("echo", `"`+strings.Repeat("x", federate.MaxAsk)+`"`); !errors.Is(err, ErrTooLong) {
		t.Errorf("a long question: %v", err)
	}
	limited, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := taker.s.Ask(limited, id, "slow", nil); !errors.Is(err, ErrNoAnswer) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a slow answer: %v", err)
	}
	if _, err := giver.s.Ask(t.Context(), id, "echo", nil); !errors.Is(err, ErrNoPeer) {
		t.Errorf("the giver asks: %v", err)
	}
	giver.stop()
	proof.Wait(t, "the link is down", func() bool { return !taker.linkedTo(giver, Down) })
	if _, err := ask("echo", `{}`); !errors.Is(err, ErrOffline) {
		t.Errorf("offline: %v", err)
	}
	giver.start()
	linked(giver, taker)
	logged := func(n *node, side org.Side) string {
		list, _, err := n.s.Questions(t.Context(), id, side, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, q := range list {
			out = append(out, q.Verb+" "+q.Outcome)
			if q.Verb == "echo" && q.Outcome == "answered" && (!strings.Contains(q.Body, "energy") || q.Bytes == 0 || q.Who == "") {
				t.Errorf("%+v", q)
			}
		}
		return strings.Join(out, ", ")
	}
	for _, want := range []string{"echo answered", "secret question-no-consent", "what question-verb-unknown", "echo question-too-long", "echo question-offline"} {
		if got := logged(taker, org.Taker); !strings.Contains(got, want) {
			t.Errorf("the taker's log %s lacks %s", got, want)
		}
	}
	for _, want := range []string{"echo answered", "secret question-no-consent", "broken internal", "slow internal"} {
		if got := logged(giver, org.Giver); !strings.Contains(got, want) {
			t.Errorf("the giver's log %s lacks %s", got, want)
		}
	}
	_ = proof.Must(giver.orgs.EndAgreement(t.Context(), id, org.Giver, "owner", "enough of it"))
	if proof.Wait(t, "the taker knows", func() bool { return !taker.active(id) }); t.Failed() {
		return
	}
	if _, err := ask("echo", `{}`); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestOneNodeIsAskedSoMuchAtATime(t *testing.T) {
	patient := func(n *node) {
		answering(n)
		n.s.o.AskTime = time.Minute
	}
	giver, taker := newNode(t, storetest.SQLite(t), "giver", patient), newNode(t, storetest.SQLite(t), "taker", patient)
	link(giver, taker)
	id := agree(giver, taker)
	ctx, cancel := context.WithCancel(authtest.As(t.Context(), taker.org.ID, auth.Viewer))
	var slow sync.WaitGroup
	for range maxAsking {
		slow.Go(func() { _, _ = taker.s.Ask(ctx, id, "slow", nil) })
	}
	busy := func() int {
		giver.s.mu.Lock()
		defer giver.s.mu.Unlock()
		return giver.s.peers[peerKey{taker.id, Up}].asked
	}
	proof.Wait(t, "all are being answered", func() bool { return busy() == maxAsking })
	if _, err := taker.s.Ask(authtest.As(t.Context(), taker.org.ID, auth.Viewer), id, "echo", nil); !errors.Is(err, ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	cancel() // whoever asked has gone: the giver stops working on it
	slow.Wait()
	proof.Wait(t, "nothing is being answered any more", func() bool { return busy() == 0 })
	if raw, err := taker.s.Ask(authtest.As(t.Context(), taker.org.ID, auth.Viewer), id, "echo", json.RawMessage(`1`)); err != nil || len(raw) == 0 {
		t.Errorf("afterwards: %s %v", raw, err)
	}
}

// TestAQuestionGoesDownFourHops: each handler asks the node below and adds itself.
func TestAQuestionGoesDownFourHops(t *testing.T) {
	var nodes []*node
	ids := map[*node]uuid.UUID{} // agreement with the node below
	names := []string{"ministry", "province", "city", "park", "works"}
	for i, name := range names {
		nodes = append(nodes, newNode(t, storetest.SQLite(t), name, func(n *node) {
			n.s.Answer("way", func(ctx context.Context, a *org.Agreement, body json.RawMessage) (any, error) {
				id, ok := ids[n]
				if !ok {
					return []string{n.name, Asker(ctx)}, nil
				}
				raw, err := n.s.Ask(ctx, id, "way", body)
				if err != nil {
					return nil, err
				}
				var below []string
				if err := json.Unmarshal(raw, &below); err != nil {
					return nil, err
				}
				return append([]string{n.name}, below...), nil
			})
		}))
		if i > 0 {
			link(nodes[i], nodes[i-1])
			ids[nodes[i-1]] = agree(nodes[i], nodes[i-1])
		}
	}
	ctx := auth.AsSystem(t.Context(), "test")
	raw, err := nodes[0].s.Ask(ctx, ids[nodes[0]], "way", json.RawMessage(`{"figure":"energy"}`))
	var way []string
	if err != nil || json.Unmarshal(raw, &way) != nil || len(way) != 5 || way[3] != "works" || way[0] != "province" {
		t.Fatalf("%s %v", raw, err)
	}
	if want := "node @ ministry @ province @ city @ park"; way[4] != want {
		t.Errorf("asked by %q, want %q", way[4], want)
	}
	// A hop that is offline reaches the asker as what it is.
	nodes[4].stop()
	proof.Wait(t, "the works are offline", func() bool { return !nodes[3].linkedTo(nodes[4], Down) })
	if _, err := nodes[0].s.Ask(ctx, ids[nodes[0]], "way", nil); !errors.Is(err, ErrOffline) || !strings.Contains(err.Error(), "works") {
		t.Errorf("%v", err)
	}
	nodes[4].start()
}

func TestBothSidesOfOneNodeAskWithoutALink(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "node", answering)
	other := proof.Must(n.orgs.Create(t.Context(), org.Org{Kind: org.Park, Name: n.org.Name}, uuid.Nil))
	a := terms(n, n)
	a.Taker.Org = other.ID
	a = proof.Must(n.orgs.OfferAgreement(t.Context(), a, "giver"))
	a = proof.Must(n.orgs.AcceptAgreement(t.Context(), a.ID, org.Taker, 1, "taker"))
	if raw, err := n.s.Ask(t.Context(), a.ID, "echo", json.RawMessage(`1`)); err != nil || !strings.Contains(string(raw), `"at":"node"`) {
		t.Errorf("%s %v", raw, err)
	}
	if _, err := n.s.Stream(t.Context(), a.ID); !errors.Is(err, ErrNoStream) {
		t.Errorf("a stream of one node: %v", err)
	}
	if err := n.s.Put(t.Context(), n.db, a.ID, [][]byte{{1}}); !errors.Is(err, ErrNoStream) {
		t.Errorf("put: %v", err)
	}
	list, _, err := n.s.Questions(t.Context(), a.ID, "", store.Page{})
	if err != nil || len(list) != 2 || fmt.Sprint(list[0].Side, list[1].Side) == "giver giver" {
		t.Errorf("%+v %v", list, err)
	}
}
