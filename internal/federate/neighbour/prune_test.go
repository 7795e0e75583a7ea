package neighbour

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
)

// pruned are the records of an epoch at a giver, and how many of them have no bytes any more.
func (n *node) pruned(id uuid.UUID, epoch int) (all, gone int) {
	n.t.Helper()
	err := n.db.NewSelect().TableExpr("neighbour_out_record").ColumnExpr("COUNT(*), COALESCE(SUM(CASE WHEN LENGTH(bytes) = 0 THEN 1 ELSE 0 END), 0)").
		Where("agreement = ? AND epoch = ?", id.String(), epoch).Scan(n.t.Context(), &all, &gone)
	if err != nil {
		n.t.Fatal(err)
	}
	return all, gone
}

// What the taker has and both ends have compared keeps its hashes alone; ranges agree as before, and what comes later goes on.
func TestWhatBothEndsAgreeOnIsPruned(t *testing.T) {
	pair(t, func(giver, taker *node, id uuid.UUID) {
		giver.whole = 10
		giver.restart()
		linked(giver, taker)
		giver.put(id, 1, 300)
		taker.has(id, 1, 300)
		proof.Wait(t, "it is pruned", func() bool { all, gone := giver.pruned(id, 1); return all == 300 && gone == 290 })
		before := taker.stream(id).Checked
		taker.restart()
		linked(giver, taker)
		proof.Wait(t, "it is compared again", func() bool { return taker.stream(id).Checked > before })
		giver.put(id, 301, 320)
		taker.has(id, 1, 320)
		if st := taker.stream(id); st.Repaired != 0 || st.State != StreamOpen || st.Epoch != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// A record that is damaged at the taker, or that a copy of it lacks, and whose bytes are gone at the giver, has everything sent again.
func TestWhatIsPrunedAndNeededIsToldAfresh(t *testing.T) {
	for name, harm := range map[string]func(taker *node){
		"damaged": func(taker *node) { taker.exec("UPDATE neighbour_in_record SET bytes = hash WHERE seq = 5") },
		"restored": func(taker *node) {
			taker.exec("DELETE FROM neighbour_in_record WHERE seq > 120")
			taker.exec("UPDATE neighbour_in SET last = 120")
		},
	} {
		t.Run(name, func(t *testing.T) {
			pair(t, func(giver, taker *node, id uuid.UUID) {
				giver.whole = 10
				giver.prepare = func(n *node) {
					n.s.OnEpoch(func(ctx context.Context, id uuid.UUID) error {
						return n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
							return n.s.Put(ctx, tx, id, [][]byte{body(1), body(2), body(3)})
						})
					})
				}
				giver.restart()
				linked(giver, taker)
				giver.put(id, 1, 300)
				taker.has(id, 1, 300)
				proof.Wait(t, "it is pruned", func() bool { _, gone := giver.pruned(id, 1); return gone == 290 })
				taker.stop()
				harm(taker)
				taker.start()
				taker.has(id, 2, 3)
				proof.Wait(t, "nothing of the epoch before is left", func() bool { all, _ := giver.pruned(id, 1); return all == 0 })
				if st := giver.stream(id); st.State != StreamOpen || st.Side != org.Giver {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

func TestComparisonsAreFollowed(t *testing.T) {
	ask := func(level uint8, first, last uint64) *federate.RecordMessage {
		return &federate.RecordMessage{Kind: federate.RecordsHashes, Level: level, First: first, Last: last}
	}
	for name, c := range map[string]struct {
		asked []*federate.RecordMessage
		want  uint64
	}{
		"nothing":            {nil, 0},
		"all":                {[]*federate.RecordMessage{ask(1, 1, 1000)}, 1000},
		"a part differs":     {[]*federate.RecordMessage{ask(1, 1, 1000), ask(0, 257, 512)}, 0},
		"the first differs":  {[]*federate.RecordMessage{ask(2, 1, 100_000), ask(1, 1, 65536)}, 0},
		"again, and all now": {[]*federate.RecordMessage{ask(1, 1, 1000), ask(0, 257, 512), ask(1, 1, 1000)}, 1000},
		"only a part":        {[]*federate.RecordMessage{ask(0, 257, 300)}, 0},
	} {
		var x comparison
		for _, m := range c.asked {
			x.hashes(m)
		}
		if got := x.agreed(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
