package telemetry

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"jingwei/internal/kernel/file/fault"
)

// Whatever comes for settled times is told once it can be read, and what a listener has missed it finds afterwards, in
// heads and blocks alike.
func TestLateSamplesAreTold(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	n := newNode(fault.NewDisk(9), "/node")
	n.mustOpen(t)
	t.Cleanup(n.close)
	refs := n.declare(t, Float64, Int64)
	type when struct {
		ref    Ref
		time   int64
		commit uint64
	}
	var sent []when
	told := map[when]bool{}
	settled := begin + int64(time.Hour)
	listen := func() {
		n.store.Watch(func(commit uint64, late []Mark) {
			for _, m := range late {
				told[when{m.Ref, m.From, commit}] = true
			}
		})
		n.store.Settle(settled)
	}
	listen()
	for round := range 60 {
		b := &Batch{Origin: Measured}
		for range 1 + r.IntN(20) {
			at := begin + r.Int64N(2*int64(time.Hour))
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[r.IntN(2)]), append(b.Time, at), append(b.Gateway, at), append(b.Bits, uint64(round))
		}
		receipt := make(chan Receipt, 1)
		if err := n.store.Append(context.Background(), producerID(1), 1, uint64(round+1), b, func(r Receipt, err error) { receipt <- r }); err != nil {
			t.Fatal(err)
		}
		commit := (<-receipt).Commit
		for i := range b.Ref {
			sent = append(sent, when{b.Ref[i], b.Time[i], commit})
		}
		var err error
		switch r.IntN(6) {
		case 0:
			err = n.store.Flush(context.Background())
		case 1:
			err = n.store.Compact(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		if round == 30 {
			n.close()
			n.mustOpen(t)
			listen()
		}
	}
	for _, w := range sent {
		if told[w] != (w.time < settled) {
			t.Fatalf("%+v: told %v", w, told[w])
		}
	}
	newest := sent[len(sent)-1].commit
	for _, since := range []uint64{0, sent[len(sent)/3].commit, newest} {
		var marks []Mark
		until, err := n.store.MarksSince(context.Background(), since, settled, func(m Mark) { marks = append(marks, m) })
		if err != nil || until != newest {
			t.Fatalf("until %d: %v", until, err)
		}
		for _, w := range sent {
			found := false
			for _, m := range marks {
				found = found || m.Ref == w.ref && m.From <= w.time && w.time < m.To
			}
			if w.time < settled && w.commit > since && !found {
				t.Fatalf("since %d: %+v is missing", since, w)
			}
		}
		if since == newest && len(marks) > 0 {
			t.Fatalf("nothing came since, yet %v", marks)
		}
	}
}
