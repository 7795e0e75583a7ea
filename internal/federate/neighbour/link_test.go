package neighbour

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestAnInvitationLinksOneNodeOnce(t *testing.T) {
	for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			giver, taker, third := newNode(t, open(t), "giver", nil), newNode(t, open(t), "taker", nil), newNode(t, storetest.SQLite(t), "third", nil)
			ctx := auth.AsSystem(t.Context(), "test")
			v := proof.Must(taker.s.Invite(ctx, "the giver's", uuid.Nil))
			if !strings.HasPrefix(v.Code, "jwn1_") {
				t.Errorf("code %.10s", v.Code)
			}
			for code, want := range map[string]error{"hello": ErrCode, v.Code[:60]: ErrCode, federate.Invitation{URL: "https://a"}.String(): ErrCode} {
				if _, err := giver.s.Join(ctx, code); !errors.Is(err, want) {
					t.Errorf("%.10s: %v", code, err)
				}
			}
			if _, err := taker.s.Join(ctx, v.Code); !errors.Is(err, ErrJoin) || !strings.Contains(err.Error(), "neighbour-self") {
				t.Errorf("the node itself: %v", err)
			}
			p := proof.Must(giver.s.Join(ctx, v.Code))
			if p.Node != taker.id || p.Way != Up || p.Name != "taker" || p.Org == nil || p.Org.ID != taker.org.ID {
				t.Errorf("%+v", p)
			}
			linked(giver, taker)
			if _, err := third.s.Join(ctx, v.Code); !errors.Is(err, ErrJoin) || !strings.Contains(err.Error(), "neighbour-code-used") {
				t.Errorf("used twice: %v", err)
			}
			list := proof.Must(taker.s.Peers(t.Context()))
			if len(list) != 1 || list[0].Node != giver.id || list[0].Way != Down || !list[0].Linked || list[0].Name != "giver" || list[0].NotAfter.IsZero() {
				t.Errorf("%+v", list)
			}
			// Whoever holds another invitation must not take the identity of a node that is linked.
			w := proof.Must(taker.s.Invite(ctx, "another", uuid.Nil))
			if _, err := giver.s.Join(ctx, w.Code); !errors.Is(err, ErrJoin) || !strings.Contains(err.Error(), "neighbour-known") {
				t.Errorf("a known node with a stranger's invitation: %v", err)
			}
			again := proof.Must(taker.s.Invite(ctx, "the giver's, again", giver.id))
			if _, err := giver.s.Join(ctx, again.Code); err != nil {
				t.Errorf("joined again: %v", err)
			}
			linked(giver, taker)
			if _, err := taker.s.Invite(ctx, " ", uuid.Nil); !errors.Is(err, ErrName) {
				t.Errorf("without a name: %v", err)
			}
		})
	}
}

func TestARevokedLinkIsRefused(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		giver.put(id, 1, 3)
		taker.has(id, 1, 3)
		ctx := auth.AsSystem(t.Context(), "test")
		if err := taker.s.Remove(ctx, giver.id, Down, false); !errors.Is(err, ErrInUse) {
			t.Errorf("with an agreement: %v", err)
		}
		if err := taker.s.Remove(ctx, giver.id, Down, true); err != nil {
			t.Fatal(err)
		}
		proof.Wait(t, "the giver is refused", func() bool {
			list := proof.Must(giver.s.Peers(t.Context()))
			return !list[0].Linked && strings.Contains(list[0].Failure, "identity")
		})
		giver.put(id, 4, 5)
		time.Sleep(300 * time.Millisecond)
		if st := taker.stream(id); st.Last != 3 {
			t.Errorf("a removed node has sent: %+v", st)
		}
		if err := giver.s.Remove(ctx, taker.id, Up, true); err != nil {
			t.Fatal(err)
		}
		if list := proof.Must(giver.s.Peers(t.Context())); len(list) != 0 {
			t.Errorf("%+v", list)
		}
		if err := giver.s.Remove(ctx, taker.id, Up, true); !errors.Is(err, ErrNoPeer) {
			t.Errorf("twice: %v", err)
		}
		// They link again, and the agreement goes on.
		link(giver, taker)
		taker.has(id, 1, 5)
	})
}

func TestClocksThatAreTooFarApartDoNotLink(t *testing.T) {
	giver, taker := newNode(t, storetest.SQLite(t), "giver", nil), newNode(t, storetest.SQLite(t), "taker", nil)
	link(giver, taker)
	for _, off := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		giver.stop()
		giver.off = off
		giver.start()
		proof.Wait(t, "the link is refused", func() bool {
			list := proof.Must(giver.s.Peers(t.Context()))
			return !list[0].Linked && strings.Contains(list[0].Failure, "apart")
		})
	}
	giver.stop()
	giver.off = 10 * time.Second
	giver.start()
	linked(giver, taker)
	proof.Wait(t, "ten seconds are told", func() bool {
		taker.s.watch(t.Context())
		return taker.board.has(conditionClock, giver.id.String()+"/down")
	})
	giver.stop()
	giver.off = 0
	giver.start()
	linked(giver, taker)
	proof.Wait(t, "it is told no more", func() bool {
		taker.s.watch(t.Context())
		return !taker.board.has(conditionClock, giver.id.String()+"/down")
	})
}

func TestANeighbourThatIsAwayIsTold(t *testing.T) {
	giver, taker := newNode(t, storetest.SQLite(t), "giver", nil), newNode(t, storetest.SQLite(t), "taker", nil)
	link(giver, taker)
	taker.s.o.Grace = time.Millisecond
	giver.stop()
	proof.Wait(t, "the giver is told as offline", func() bool {
		taker.s.watch(t.Context())
		return taker.board.has(conditionOffline, giver.id.String()+"/down")
	})
	giver.start()
	proof.Wait(t, "it is back", func() bool {
		taker.s.watch(t.Context())
		return !taker.board.has(conditionOffline, giver.id.String()+"/down")
	})
}

func TestCertificatesAreRenewedOnTheLink(t *testing.T) {
	giver, taker := newNode(t, storetest.SQLite(t), "giver", nil), newNode(t, storetest.SQLite(t), "taker", nil)
	link(giver, taker)
	id := proof.Must(giver.s.loadIdentity(taker.id))
	cert := proof.Must(id.certificate(giver.id))
	x := &session{s: giver.s, node: taker.id}
	if err := x.renewed([]byte("no certificate")); err == nil {
		t.Error("noise was taken for a certificate")
	}
	giver.s.mu.Lock()
	live := giver.s.peers[peerKey{taker.id, Up}].session
	giver.s.mu.Unlock()
	key, csr, err := federate.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	live.mu.Lock()
	live.pending = key
	live.mu.Unlock()
	if _, err := live.desk.Send(t.Context(), federate.Control{Kind: federate.MessageRenew, Body: csr}); err != nil {
		t.Fatal(err)
	}
	proof.Wait(t, "the new certificate is kept", func() bool {
		now, err := giver.s.loadIdentity(taker.id)
		return err == nil && now.Key == key
	})
	now := proof.Must(giver.s.loadIdentity(taker.id))
	if fresh := proof.Must(now.certificate(giver.id)); fresh.Leaf.SerialNumber.Cmp(cert.Leaf.SerialNumber) == 0 {
		t.Error("it is the old certificate")
	}
	giver.restart()
	linked(giver, taker)
}

func TestRoomsHaveWordsForTheirProblems(t *testing.T) {
	c, err := problemCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	if missing := c.Missing(Problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}

// TestDrain prints how fast records travel between two nodes of this machine.
func TestDrain(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			giver, taker := newNode(t, open(t), "giver", nil), newNode(t, open(t), "taker", nil)
			link(giver, taker)
			id := agree(giver, taker)
			taker.stop()
			const n, size = 50000, 400
			began := time.Now()
			for at := 0; at < n; at += 5000 {
				var list [][]byte
				for range 5000 {
					b := make([]byte, size)
					_, _ = rand.Read(b)
					list = append(list, b)
				}
				if err := giver.db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error { return giver.s.Put(ctx, tx, id, list) }); err != nil {
					t.Fatal(err)
				}
			}
			put := time.Since(began)
			taker.start()
			linked(giver, taker)
			began = time.Now()
			proof.Wait(t, "all are there", func() bool { return taker.stream(id).Last == n })
			took := time.Since(began)
			fmt.Printf("%s: %d records of %d bytes: put in %v (%.0f/s), drained in %v (%.0f/s, %.1f MB/s)\n", engine, n, size, put.Round(time.Millisecond), n/put.Seconds(),
				took.Round(time.Millisecond), n/took.Seconds(), n*size/took.Seconds()/1e6)
		})
	}
}
