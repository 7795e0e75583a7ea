package kept

import (
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

func TestRestatedHoursAreSummedUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, "UTC")
		a, b := n.declare(telemetry.Float64, 5*time.Minute), n.declare(telemetry.Float64, 5*time.Minute)
		n.clock = begin.Add(-24 * time.Hour)
		n.round()
		for _, id := range []uuid.UUID{a, b} {
			n.every(id, begin, begin.Add(2*24*time.Hour), 150*time.Second, func(i int) float64 { return float64(i % 10) })
		}
		n.until(begin.Add(4 * 24 * time.Hour))
		n.round()
		hour := func(i int) time.Time { return begin.Truncate(time.Hour).Add(time.Duration(i) * time.Hour) }
		for i, id := range []uuid.UUID{a, a, a, b} { // two of them into one hour
			at := hour([]int{5, 9, 9, 20}[i]).Add(time.Duration(i+1) * 7 * time.Minute)
			n.send(id, sample{at: at.UnixNano(), value: 1000})
			n.round()
		}
		ask := func(scope auth.Scope, series uuid.UUID, from, to int) map[uuid.UUID]RestatedHours {
			t.Helper()
			return proof.Must(n.service.RestatedIn(t.Context(), scope, series, hour(from).UnixNano(), hour(to).UnixNano()))
		}
		told := func(hours, from, to int) RestatedHours {
			return RestatedHours{hours, hour(from).UnixNano(), hour(to).UnixNano()}
		}
		org := auth.System(n.sides["a"])
		for what, x := range map[string]struct{ got, want map[uuid.UUID]RestatedHours }{
			"all":          {ask(org, uuid.Nil, 0, 30), map[uuid.UUID]RestatedHours{a: told(2, 5, 10), b: told(1, 20, 21)}},
			"a part":       {ask(org, uuid.Nil, 6, 15), map[uuid.UUID]RestatedHours{a: told(1, 9, 10)}},
			"one":          {ask(org, b, 0, 30), map[uuid.UUID]RestatedHours{b: told(1, 20, 21)}},
			"nothing":      {ask(org, uuid.Nil, 10, 20), nil},
			"other people": {ask(auth.System(n.sides["b"]), uuid.Nil, 0, 30), nil},
		} {
			if !maps.Equal(x.got, x.want) {
				t.Errorf("%s: %v, want %v", what, x.got, x.want)
			}
		}
	})
}
