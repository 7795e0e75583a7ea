package neighbour

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
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
		giver.put(id, 1, 70000)
		taker.has(id, 1, 70000)
		proof.Wait(t, "compared", func() bool { return taker.stream(id).Checked != 0 })
		taker.stop()
		wrong := sha256.Sum256([]byte("wrong"))
		taker.exec("UPDATE neighbour_in_record SET bytes = ? WHERE seq = 66001", []byte("record 66O01 of a stream"))
		taker.exec("UPDATE neighbour_in_record SET hash = ? WHERE seq = 300", wrong[:])
		taker.exec("DELETE FROM neighbour_in_record WHERE seq = 69999")
		taker.start()
		proof.Wait(t, "three records are repaired", func() bool { return taker.stream(id).Repaired == 3 })
		taker.has(id, 1, 70000)
		if !taker.board.has(conditionRepaired, id.String()) || taker.board.has(conditionFork, id.String()) {
			t.Error("the repair is not told, or told as a fork")
		}
		var aside []asideRow
		if err := taker.db.NewSelect().Model(&aside).Order("seq").Scan(t.Context()); err != nil || len(aside) != 2 || string(aside[1].Bytes) != "record 66O01 of a stream" || aside[1].Why != "repaired" {
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
		f := taker.stream(id).Fork
		held := sha256.Sum256(body(40))
		if f.Seq != 40 || f.Held != hexOf(held) || f.Came != hexOf(other) || !taker.board.has(conditionFork, id.String()) || !giver.board.has(conditionFork, id.String()) {
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
