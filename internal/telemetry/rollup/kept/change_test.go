package kept

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

// Whatever is changed, in whatever order and with whatever restarts, what is told now is what the pure part makes of what
// there is now: calendars, longest silences, meters, clocks that go back, samples of any age. JINGWEI_SEEDS tries more.
func TestKeptRowsFollowEveryChange(t *testing.T) {
	seeds := 2
	if n, err := strconv.Atoi(os.Getenv("JINGWEI_SEEDS")); err == nil {
		seeds = n
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { changes(t, uint64(seed)) })
	}
}

func changes(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(7, seed))
	n := newNode(t, storetest.SQLite(t), "Asia/Shanghai")
	ctx := n.sides.As(auth.Engineer, "a")
	ids := []uuid.UUID{n.declare(telemetry.Float64, 5*time.Minute), n.declare(telemetry.Float64, 2*time.Hour), n.declare(telemetry.Float64, 20*time.Minute)}
	counter := ids[2]
	proof.Must(n.service.SetCounter(ctx, counter, 1000, 500, why))
	silences := []time.Duration{10 * time.Second, 5 * time.Minute, time.Hour, 5 * time.Hour, 20 * time.Hour}
	zones := []string{"Asia/Shanghai", "Asia/Kolkata", "UTC", "America/New_York"}
	span := telemetry.Span{From: begin.Add(-24 * time.Hour).UnixNano(), To: begin.Add(6 * 24 * time.Hour).UnixNano()}
	last := map[uuid.UUID]int64{}
	said := ""
	for step := range 120 {
		id := ids[r.IntN(len(ids))]
		switch op := r.IntN(16); {
		case op < 6: // what comes in time, more or less
			var list []sample
			at := max(last[id], n.clock.Add(-3*time.Hour).UnixNano())
			for at < n.clock.Add(-time.Duration(r.IntN(60))*time.Minute).UnixNano() {
				list = append(list, sample{at: at, value: float64(r.IntN(1000))})
				at += int64(time.Second) * (1 + r.Int64N(1500))
			}
			if len(list) > 0 {
				n.send(id, list...)
				last[id] = at
			}
			said = fmt.Sprint("in time ", len(list))
		case op < 8: // late
			n.send(id, sample{at: begin.UnixNano() + r.Int64N(max(n.clock.Sub(begin).Nanoseconds(), 1)), value: float64(r.IntN(1000))})
			said = "late"
		case op == 8: // how long a source may be silent is said to be another: from now on, since a while, or since ever
			from := []time.Time{n.clock, n.clock.Add(-5 * time.Hour), begin.Add(-48 * time.Hour)}[r.IntN(3)]
			silence := silences[r.IntN(len(silences))]
			n.again(id, silence, from)
			if r.IntN(3) > 0 {
				n.service.Changed(n.sides["a"])
			}
			said = fmt.Sprint("silence ", silence, " from ", from)
		case op == 9: // another calendar from a time on
			at := begin.Add(time.Duration(r.Int64N(int64(5 * 24 * time.Hour)))).UnixNano()
			zone := zones[r.IntN(len(zones))]
			n.spans = []CalendarSpan{{0, at, n.spans[0].Calendar}, {at, telemetry.MaxTime, works(zone)}}
			if r.IntN(4) == 0 {
				n.spans = []CalendarSpan{{0, telemetry.MaxTime, works(zone)}}
			}
			n.service.Changed(n.sides["a"])
			said = "calendar " + zone
		case op == 10:
			n.close()
			if r.IntN(2) == 0 {
				n.clock = n.clock.Add(-time.Duration(r.IntN(200)) * time.Minute)
			}
			n.open()
			said = "restart"
		case op == 11 && step > 20:
			at := begin.Add(time.Duration(r.Int64N(max(int64(n.clock.Sub(begin)), 1))))
			proof.Must(n.service.ChangeMeter(ctx, counter, NewMeterChange{At: at, Void: r.IntN(3) == 0, Old: fmt.Sprint(r.IntN(1000)), New: fmt.Sprint(r.IntN(10)), Reason: why}))
			said = "meter"
		case op == 12:
			if r.IntN(2) == 0 {
				proof.Must(n.service.SetCounter(ctx, ids[0], float64(1000*r.IntN(2)), 0, why))
			} else {
				_ = n.service.ClearCounter(ctx, ids[0], why) // it may be none
			}
			said = "counter"
		default:
			n.clock = n.clock.Add(time.Duration(r.IntN(150)) * time.Minute)
			said = "time"
		}
		if r.IntN(3) > 0 {
			n.round()
		}
		if r.IntN(5) == 0 {
			i := r.IntN(len(ids))
			n.check(fmt.Sprintf("seed %d, step %d (%s), series %d", seed, step, said, i), ids[i], span, 0, 0)
		}
	}
	n.service.Changed(n.sides["a"])
	n.clock = n.clock.Add(45 * 24 * time.Hour)
	for range 3 {
		n.round()
	}
	for i, id := range ids {
		n.check("at the end", id, span, 0, 0)
		for _, level := range Levels {
			for _, x := range n.read(id, level, begin, n.clock.Add(-40*24*time.Hour)) {
				if !x.Kept && !x.Open {
					t.Fatalf("seed %d: %s of series %d is not kept: %s", seed, level, i, x.Word.String())
				}
			}
		}
	}
	if s := n.service.Stats(); s.Dirty != 0 {
		t.Errorf("seed %d: %+v", seed, s)
	}
}
