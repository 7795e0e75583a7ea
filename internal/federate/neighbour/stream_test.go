package neighbour

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestRecordsArriveOnceInOrderThroughCutsAndRestarts(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		giver.put(id, 1, 10)
		taker.has(id, 1, 10)
		for i := range 12 {
			giver.put(id, 11+100*i, 110+100*i)
			switch i % 4 {
			case 1:
				giver.cut()
			case 2:
				taker.restart()
			case 3:
				giver.restart()
			}
		}
		taker.has(id, 1, 1210)
		proof.Wait(t, "the giver knows", func() bool { st := giver.stream(id); return st.Acked == 1210 })
		proof.Wait(t, "everything has been compared", func() bool { return taker.stream(id).Checked != 0 })
		if st := taker.stream(id); st.Repaired != 0 || st.State != StreamOpen || st.Side != org.Taker {
			t.Errorf("%+v", st)
		}
	})
}

func TestATakerRestoredFromACopyIsSentTheRestAgain(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		giver.put(id, 1, 300)
		taker.has(id, 1, 300)
		taker.stop()
		taker.exec("DELETE FROM neighbour_in_record WHERE seq > 120")
		taker.exec("UPDATE neighbour_in SET last = 120")
		taker.start()
		taker.has(id, 1, 300)
		giver.put(id, 301, 310)
		taker.has(id, 1, 310)
	})
}

func TestAGiverRestoredFromACopyBeginsANewEpoch(t *testing.T) {
	for name, more := range map[string]int{"behind": 0, "past it with other records": 400} {
		t.Run(name, func(t *testing.T) {
			pair(t, func(giver, taker *node, id uuid.UUID) {
				giver.put(id, 1, 300)
				taker.has(id, 1, 300)
				giver.stop()
				giver.exec("DELETE FROM neighbour_out_record WHERE seq > 50")
				giver.exec("UPDATE neighbour_out SET last = 50, acked = 50")
				giver.prepare = func(n *node) {
					n.s.OnEpoch(func(ctx context.Context, id uuid.UUID) error {
						return n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
							return n.s.Put(ctx, tx, id, [][]byte{body(1), body(2), body(3)})
						})
					})
				}
				if more > 0 {
					err := giver.db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
						var list [][]byte
						for range more {
							list = append(list, []byte("another life"))
						}
						return giver.s.Put(ctx, tx, id, list)
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				giver.start()
				taker.has(id, 2, 3)
				giver.put(id, 4, 20)
				taker.has(id, 2, 20)
				if a := proof.Must(taker.orgs.Agreement(t.Context(), id)); a.Epoch != 2 {
					t.Errorf("epoch %d", a.Epoch)
				}
				old := proof.Must(taker.s.Incoming(t.Context(), id, 1, 290, 100))
				if len(old) != 10 {
					t.Errorf("%d records of the old epoch are left", len(old))
				}
			})
		})
	}
}

func TestADamagedRowIsFoundAndRepaired(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		last := 700
		if giver.db.Engine() == store.SQLite && !testing.Short() {
			last = 66000 // three levels of ranges
		}
		giver.put(id, 1, last)
		taker.has(id, 1, last)
		proof.Wait(t, "compared", func() bool { return taker.stream(id).Checked != 0 })
		taker.stop()
		wrong := sha256.Sum256([]byte("wrong"))
		taker.exec("UPDATE neighbour_in_record SET bytes = ? WHERE seq = 601", []byte("record 6O1 of a stream"))
		taker.exec("UPDATE neighbour_in_record SET hash = ? WHERE seq = 300", wrong[:])
		taker.exec("DELETE FROM neighbour_in_record WHERE seq = ?", last-1)
		taker.start()
		proof.Wait(t, "three records are repaired", func() bool { return taker.stream(id).Repaired == 3 })
		taker.has(id, 1, last)
		proof.Wait(t, "the repair is told", func() bool { return taker.board.has(conditionRepaired, id.String()) })
		if taker.board.has(conditionFork, id.String()) {
			t.Error("the repair is told as a fork")
		}
		var aside []asideRow
		if err := taker.db.NewSelect().Model(&aside).Order("seq").Scan(t.Context()); err != nil || len(aside) != 2 || string(aside[1].Bytes) != "record 6O1 of a stream" || aside[1].Why != "repaired" {
			t.Errorf("aside %+v, %v", aside, err)
		}
	})
}

func TestOtherBytesUnderAnOldNumberAreIsolated(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		giver.put(id, 1, 100)
		taker.has(id, 1, 100)
		giver.stop()
		other := sha256.Sum256([]byte("rewritten"))
		giver.exec("UPDATE neighbour_out_record SET bytes = ?, hash = ? WHERE seq = 40", []byte("rewritten"), other[:])
		giver.start()
		proof.Wait(t, "the taker isolates the stream", func() bool { return taker.stream(id).State == StreamForked })
		proof.Wait(t, "the giver knows", func() bool { return giver.stream(id).State == StreamForked })
		proof.Wait(t, "both are told", func() bool {
			return taker.board.has(conditionFork, id.String()) && giver.board.has(conditionFork, id.String())
		})
		f := taker.stream(id).Fork
		held := sha256.Sum256(body(40))
		if f.Seq != 40 || f.Held != hexOf(held) || f.Came != hexOf(other) {
			t.Errorf("fork %+v", f)
		}
		giver.put(id, 101, 110)
		time.Sleep(200 * time.Millisecond)
		if st := taker.stream(id); st.Last != 100 {
			t.Errorf("an isolated stream has taken records up to %d", st.Last)
		}
		if list := proof.Must(taker.s.Incoming(t.Context(), id, 1, 39, 1)); string(list[0].Bytes) != string(body(40)) {
			t.Errorf("what was held has become %q", list[0].Bytes)
		}
		// The giver begins again, which ends it.
		if st := proof.Must(giver.s.Renew(t.Context(), id)); st.Epoch != 2 || st.State != StreamNone {
			t.Errorf("%+v", st)
		}
		giver.put(id, 1, 5)
		taker.has(id, 2, 5)
		proof.Wait(t, "the fork is over and told no more", func() bool {
			return !taker.board.has(conditionFork, id.String()) && !giver.board.has(conditionFork, id.String())
		})
	})
}

func TestAReplayedRecordIsDroppedOrIsolated(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		giver.put(id, 1, 20)
		taker.has(id, 1, 20)
		in := &incoming{s: taker.s, id: id, row: proof.Must(first2(findIn(t.Context(), taker.db, id)))}
		err := taker.db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			row := in.row
			hash := sha256.Sum256(body(7))
			rest, err := in.known(ctx, tx, &row, []recordRow{{Seq: 7, Hash: hash[:]}})
			if err != nil || len(rest) != 0 {
				t.Errorf("the same again: %v %v", rest, err)
			}
			hash[0] ^= 1
			_, err = in.known(ctx, tx, &row, []recordRow{{Seq: 7, Hash: hash[:]}})
			return err
		})
		var c *clash
		if !errors.As(err, &c) || c.seq != 7 {
			t.Errorf("other bytes: %v", err)
		}
	})
}

func first2[T any](v T, _ bool, err error) (T, error) { return v, err }

func TestARecordThatIsDamagedAtTheGiverIsNotSent(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		taker.stop()
		giver.put(id, 1, 3)
		giver.exec("UPDATE neighbour_out_record SET bytes = ? WHERE seq = 2", []byte("damaged"))
		taker.start()
		proof.Wait(t, "it is told", func() bool { return giver.board.has(conditionDamaged, id.String()) })
		if st := taker.stream(id); st.Last != 0 {
			t.Errorf("%d records were taken", st.Last)
		}
	})
}

func TestAnEndClosesTheStreamAlsoWhereItWasMadeOffline(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		giver.put(id, 1, 10)
		taker.has(id, 1, 10)
		giver.stop() // the taker ends while the giver is away
		_ = proof.Must(taker.orgs.EndAgreement(t.Context(), id, org.Taker, "taker's owner", "not needed"))
		if st := taker.stream(id); st.State != StreamClosed {
			t.Errorf("%+v", st)
		}
		giver.put(id, 11, 20) // it does not know yet
		giver.start()
		proof.Wait(t, "the giver's stream is closed", func() bool { return giver.stream(id).State == StreamClosed })
		if st := taker.stream(id); st.Last != 10 {
			t.Errorf("records were taken after the end: %+v", st)
		}
		a := proof.Must(giver.orgs.Agreement(t.Context(), id))
		if a.EndedOn != org.Taker || a.EndedBy != "taker's owner" || a.Reason != "not needed" {
			t.Errorf("%+v", a)
		}
		err := giver.db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error { return giver.s.Put(ctx, tx, id, [][]byte{{1}}) })
		if !errors.Is(err, ErrClosed) {
			t.Errorf("put after the end: %v", err)
		}
		if _, err := giver.s.Renew(t.Context(), id); !errors.Is(err, ErrClosed) {
			t.Errorf("renew after the end: %v", err)
		}
	})
}

func hexOf(h [32]byte) string { return hex.EncodeToString(h[:]) }

// raw opens the stream of an agreement with the giver's own key, so that a test can send what no giver does.
func (n *node) raw(taker *node, id uuid.UUID, epoch, last uint64) (ch *federate.Channel, position federate.RecordPosition) {
	t := n.t
	config := proof.Must(proof.Must(n.s.loadIdentity(taker.id)).tls(n.id, time.Now()))
	secure := tls.Client(proof.Must(net.Dial("tcp", taker.addr)), config)
	c := proof.Must(federate.Client(secure, federate.Hello{ID: n.id, Instance: uuid.New()}, fast, time.Now, nil, nil))
	var run sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	run.Go(func() { _ = c.Run(ctx) })
	t.Cleanup(func() { cancel(); run.Wait() })
	_ = proof.Must(federate.OpenDesk(ctx, c, n.s.packer, nil))
	ch, answer, err := c.Open(ctx, federate.KindRecords, giveWindow, federate.RecordOpening{Agreement: id, Epoch: epoch, Last: last}.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	return ch, proof.Must(federate.ParseRecordPosition(answer))
}

func TestAReplayOverTheLinkIsDroppedOrIsolated(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		giver.put(id, 1, 20)
		taker.has(id, 1, 20)
		giver.stop()
		ch, at := giver.raw(taker, id, 1, 20)
		if at.Epoch != 1 || at.Seq != 20 || at.Hash != sha256.Sum256(body(20)) {
			t.Errorf("the taker is at %+v", at)
		}
		send := func(epoch, first uint64, bodies ...[]byte) {
			t.Helper()
			m := &federate.RecordMessage{Kind: federate.RecordsSent, Epoch: epoch, First: first, Bodies: bodies}
			if err := ch.Send(t.Context(), m.Append(nil, giver.s.packer)); err != nil {
				t.Fatal(err)
			}
		}
		hears := func() federate.RecordMessage {
			t.Helper()
			raw, err := ch.Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return proof.Must(federate.ParseRecordMessage(raw.Data, giver.s.packer))
		}
		send(1, 5, body(5), body(6), body(7))
		if m := hears(); m.Kind != federate.RecordsAck || m.First != 20 {
			t.Errorf("the same again is answered with %+v", m)
		}
		send(1, 19, body(19), body(20), body(21))
		if m := hears(); m.Kind != federate.RecordsAck || m.First != 21 {
			t.Errorf("an overlap is answered with %+v", m)
		}
		send(1, 6, []byte("other bytes"))
		m := hears()
		if m.Kind != federate.RecordsFork || m.First != 6 || m.Hashes[0] != sha256.Sum256(body(6)) || m.Hashes[1] != sha256.Sum256([]byte("other bytes")) {
			t.Errorf("other bytes are answered with %+v", m)
		}
		if st := taker.stream(id); st.State != StreamForked || st.Last != 21 || !taker.board.has(conditionFork, id.String()) {
			t.Errorf("%+v", st)
		}
	})
}

func TestAStreamOutOfOrderIsClosed(t *testing.T) {
	giver, taker := newNode(t, storetest.SQLite(t), "giver", nil), newNode(t, storetest.SQLite(t), "taker", nil)
	link(giver, taker)
	id := agree(giver, taker)
	giver.put(id, 1, 3)
	taker.has(id, 1, 3)
	giver.stop()
	for name, m := range map[string]*federate.RecordMessage{
		"a gap":                  {Kind: federate.RecordsSent, Epoch: 1, First: 5, Bodies: [][]byte{{1}}},
		"an old epoch":           {Kind: federate.RecordsSent, Epoch: 0, First: 1, Bodies: [][]byte{{1}}},
		"an epoch begun midway":  {Kind: federate.RecordsSent, Epoch: 2, First: 2, Bodies: [][]byte{{1}}},
		"hashes nobody asked":    {Kind: federate.RecordsHashes, Epoch: 1, First: 1, Last: 1, Hashes: make([][32]byte, 1)},
		"records nobody asked":   {Kind: federate.RecordsRepair, Epoch: 1, Seqs: []uint64{1}, Bodies: [][]byte{{1}}},
		"what only a taker says": {Kind: federate.RecordsAck, Epoch: 1, First: 1},
	} {
		ch, _ := giver.raw(taker, id, 1, 3)
		if err := ch.Send(t.Context(), m.Append(nil, giver.s.packer)); err != nil {
			t.Fatal(err)
		}
		var g *federate.Goodbye
		if _, err := ch.Receive(t.Context()); !errors.As(err, &g) || g.Code != federate.CodeProtocol {
			t.Errorf("%s: %v", name, err)
		}
	}
	if st := taker.stream(id); st.Last != 3 || st.Epoch != 1 || st.Repaired != 0 {
		t.Errorf("%+v", st)
	}
}

func TestManyIdleAgreementsCostNoGoroutines(t *testing.T) {
	giver, taker := newNode(t, storetest.SQLite(t), "giver", nil), newNode(t, storetest.SQLite(t), "taker", nil)
	link(giver, taker)
	calm := func() int { // what the HTTP side leaves behind for a moment is not counted
		n := runtime.NumGoroutine()
		for range 20 {
			time.Sleep(10 * time.Millisecond)
			n = min(n, runtime.NumGoroutine())
		}
		return n
	}
	first := agree(giver, taker)
	giver.put(first, 1, 1)
	taker.has(first, 1, 1)
	var ids []uuid.UUID
	for range 60 {
		a := proof.Must(giver.orgs.OfferAgreement(t.Context(), terms(giver, taker), "giver's owner"))
		ids = append(ids, a.ID)
	}
	for _, id := range ids {
		proof.Wait(t, "the taker has heard of it", func() bool { _, err := taker.orgs.Agreement(t.Context(), id); return err == nil })
		_ = proof.Must(taker.orgs.AcceptAgreement(t.Context(), id, org.Taker, 1, "taker's owner"))
	}
	for _, id := range ids {
		proof.Wait(t, "the giver has heard of it", func() bool { return giver.active(id) })
		giver.put(id, 1, 20)
	}
	for _, id := range ids {
		taker.has(id, 1, 20)
	}
	open := func() int {
		n := 0
		for s, way := range map[*Service]Way{giver.s: Up, taker.s: Down} {
			s.mu.Lock()
			n += len(s.taking)
			for key, p := range s.peers {
				if key.way == way && p.session != nil {
					p.session.mu.Lock()
					n += len(p.session.wakes)
					p.session.mu.Unlock()
				}
			}
			s.mu.Unlock()
		}
		return n
	}
	proof.Wait(t, "all streams are closed", func() bool { return open() == 0 })
	before := calm()
	if before > 60 {
		t.Errorf("%d goroutines stand for two nodes with 61 idle agreements", before)
	}
	t.Logf("%d goroutines for two nodes, their link and 61 agreements", before)
}
