package kept

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

const why = "the meter was read wrong"

// Whatever happens to samples, what is told is what the pure part makes of them, bit for bit; what was kept at any past
// commit is what is told as of it; and once the keeper is through, what is kept is what there is.
func TestKeptRowsAreThoseOfTheSamples(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { keptRows(t, db, uint64(len(t.Name()))) })
}

func keptRows(t *testing.T, db *store.DB, seed uint64) {
	r := rand.New(rand.NewPCG(1, seed))
	n := newNode(t, db, "Asia/Kolkata") // half an hour beside UTC
	ctx := n.sides.As(auth.Engineer, "a")
	ids := []uuid.UUID{n.declare(telemetry.Float64, 5*time.Minute), n.declare(telemetry.Int64, 40*time.Minute), n.declare(telemetry.Bool, 3*time.Hour),
		n.declare(telemetry.String, 10*time.Minute), n.declare(telemetry.Float64, 20*time.Minute)}
	counter := ids[4]
	proof.Must(n.service.SetCounter(ctx, counter, 1000, 500, why))
	if err := n.service.SetStates(ctx, ids[1], true, why); err != nil {
		t.Fatal(err)
	}
	n.clock = begin
	type past struct {
		commit uint64
		now    int64
		rows   map[string][]string
	}
	var pasts []past
	all := telemetry.Span{From: begin.UnixNano(), To: begin.Add(5 * 24 * time.Hour).UnixNano()}
	words := []string{"run", "stop", "fault \"quoted\" ;:=", "维护"}
	value := func(id uuid.UUID) sample {
		x := sample{value: float64(r.IntN(4)), text: words[r.IntN(len(words))]}
		switch id {
		case ids[0]:
			x.value = r.NormFloat64() * 100
		case ids[2]:
			x.value = float64(r.IntN(2))
		case counter:
			x.value = float64(r.IntN(1000))
		}
		switch r.IntN(12) {
		case 0:
			x.status = telemetry.Bad
		case 1:
			x.status = telemetry.Uncertain
		}
		return x
	}
	revisions := map[string]uint32{}
	sent := map[uuid.UUID][]int64{}
	last := map[uuid.UUID]int64{}
	for step := range 90 {
		id := ids[r.IntN(len(ids))]
		switch op := r.IntN(12); {
		case op < 5: // what comes in time
			var list []sample
			at := max(last[id], n.clock.Add(-2*time.Hour).UnixNano())
			for at < n.clock.UnixNano() {
				x := value(id)
				x.at = at
				list, sent[id] = append(list, x), append(sent[id], at)
				at += int64(time.Second) * (1 + r.Int64N(1500))
			}
			if len(list) > 0 {
				n.send(id, list...)
				last[id] = list[len(list)-1].at + 1
			}
		case op < 6: // late
			x := value(id)
			x.at = begin.UnixNano() + r.Int64N(max(n.clock.Sub(begin).Nanoseconds(), 1))
			sent[id] = append(sent[id], x.at)
			n.send(id, x)
		case op < 8 && len(sent[id]) > 0: // corrected, withdrawn, sent again
			x := value(id)
			x.at = sent[id][r.IntN(len(sent[id]))]
			key := fmt.Sprint(id, x.at)
			if r.IntN(4) > 0 {
				revisions[key]++
				x.revision = revisions[key]
				if r.IntN(2) == 0 {
					x.flags, x.status = telemetry.NoValue|telemetry.Withdrawn, telemetry.BadNoData
				}
			}
			n.send(id, x)
		case op == 8:
			if err := n.store.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r.IntN(2) == 0 {
				if err := n.store.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		case op == 9 && r.IntN(2) == 0:
			n.close()
			n.open()
		case op == 10 && step > 20 && r.IntN(2) == 0:
			at := begin.Add(time.Duration(r.Int64N(int64(n.clock.Sub(begin)))))
			proof.Must(n.service.ChangeMeter(ctx, counter, NewMeterChange{At: at, Old: fmt.Sprint(r.IntN(1000)), New: fmt.Sprint(r.IntN(10)), Reason: why}))
		default:
			n.clock = n.clock.Add(time.Duration(r.IntN(200)) * time.Minute)
		}
		if r.IntN(3) > 0 {
			n.round()
		}
		if step%15 == 0 {
			for _, id := range ids {
				n.check("now", id, all, 0, 0)
			}
		}
		if step%7 == 3 {
			p := past{now: n.clock.UnixNano(), rows: map[string][]string{}}
			p.commit = proof.Must(n.store.AsOf(n.store.Closed()))
			if p.commit == telemetry.BeforeAll {
				continue
			}
			for _, id := range ids {
				for _, level := range levels[1:] {
					p.rows[id.String()+level.String()] = figuresOf(proof.Must(n.service.Read(t.Context(), Question{Series: id, Level: level, Span: all, AsOf: p.commit, Now: p.now})))
				}
			}
			pasts = append(pasts, p)
		}
	}
	for _, p := range pasts {
		for _, id := range ids {
			n.check("past", id, all, p.commit, p.now)
			for _, level := range levels[1:] {
				got := figuresOf(proof.Must(n.service.Read(t.Context(), Question{Series: id, Level: level, Span: all, AsOf: p.commit, Now: p.now})))
				if !slices.Equal(got, p.rows[id.String()+level.String()]) {
					t.Fatalf("%s as of %d: %v, then %v", level, p.commit, got, p.rows[id.String()+level.String()])
				}
			}
		}
	}
	n.clock = n.clock.Add(4 * 24 * time.Hour)
	n.round()
	kept := 0
	for _, id := range ids {
		n.check("at the end", id, all, 0, 0)
		for _, level := range Levels {
			for _, x := range n.read(id, level, begin, begin.Add(5*24*time.Hour)) {
				if !x.Kept && !x.Open {
					t.Fatalf("%s of %s is not kept: %s", level, id, x.Word.String())
				}
				if x.Kept {
					kept++
				}
			}
		}
	}
	before := n.door.rows
	n.close()
	n.open()
	n.round()
	n.round()
	if n.door.rows != 0 || kept < 60 || before == 0 {
		t.Errorf("%d rows were written again, %d kept", n.door.rows, kept)
	}
}
