package crash

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

const testBase = int64(1795219200) * 1e9

func testProducer(sent, acked uint64) *producer {
	p := &producer{book: book{lane: lane{seed: 42, base: testBase, text: 60}, epoch: 7, sent: sent, acked: acked, commits: map[uint64]uint64{}}}
	for k := range p.book.series {
		p.book.series[k] = uuidOf(1, k)
	}
	return p
}

// answered is what a node answers that kept all rows of a lane: batch b is commit 2b+10.
func answered(b *book, batches uint64) (out [4][]telemetry.Sample) {
	for k := range out {
		for n := range batches * laneRows {
			s := b.sample(k, n)
			s.Commit = n/laneRows*2 + 10
			out[k] = append(out[k], s)
		}
		slices.SortFunc(out[k], func(a, b telemetry.Sample) int { return int((a.Time - b.Time) / 1e6) })
	}
	return out
}

// fakeNode answers the samples route in the API's words.
func fakeNode(t *testing.T, series [4]uuid.UUID, samples *[4][]telemetry.Sample) client {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := slices.IndexFunc(series[:], func(id uuid.UUID) bool { return strings.Contains(r.URL.Path, id.String()) })
		at, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		end := min(at+100, len(samples[k]))
		out := map[string]any{"items": []any{}}
		var items []any
		for _, x := range samples[k][at:end] {
			items = append(items, inWords(x))
		}
		out["items"] = items
		if end < len(samples[k]) {
			out["next"] = strconv.Itoa(end)
		}
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(s.Close)
	return client{base: s.URL}
}

func inWords(s telemetry.Sample) map[string]any {
	var value any
	switch s.Value.Type {
	case telemetry.Float64:
		f := math.Float64frombits(s.Value.Bits)
		value = json.RawMessage(strconv.FormatFloat(f, 'g', -1, 64))
		if math.IsInf(f, 1) {
			value = "Infinity"
		} else if math.IsInf(f, -1) {
			value = "-Infinity"
		}
	case telemetry.Int64:
		value = strconv.FormatInt(int64(s.Value.Bits), 10)
	case telemetry.Bool:
		value = s.Value.Bits == 1
	case telemetry.String:
		value = s.Value.Text
	}
	var flags []string
	for name, f := range flagsByName {
		if s.Flags&f != 0 {
			flags = append(flags, name)
		}
	}
	origin := "measured"
	if s.Origin == telemetry.Replayed {
		origin = "replayed"
	}
	return map[string]any{"time": instant(s.Time), "gatewayTime": instant(s.Gateway), "value": value, "status": map[string]any{"code": uint32(s.Status)},
		"flags": flags, "origin": origin, "revision": s.Revision, "commit": strconv.FormatUint(s.Commit, 10), "superseded": s.Superseded}
}

func TestVerifierFindsWhatIsWrongInAnAnswer(t *testing.T) {
	const sent, acked = 12, 10
	for _, c := range []struct {
		name   string
		doctor func(s *[4][]telemetry.Sample)
		want   map[Wrong]uint64
	}{
		{"nothing is wrong", func(*[4][]telemetry.Sample) {}, nil},
		{"an acknowledged sample is missing", func(s *[4][]telemetry.Sample) { s[1] = slices.Delete(s[1], 30, 31) }, map[Wrong]uint64{Lost: 1}},
		{"what was sent and not acknowledged is missing", func(s *[4][]telemetry.Sample) {
			for k := range s {
				s[k] = slices.DeleteFunc(s[k], func(x telemetry.Sample) bool { return x.Commit >= 2*acked+10 })
			}
		}, nil},
		{"a sample is there twice", func(s *[4][]telemetry.Sample) { s[3] = slices.Insert(s[3], 40, s[3][40]) }, map[Wrong]uint64{Doubled: 1}},
		{"a batch was stored under two commits", func(s *[4][]telemetry.Sample) { s[2][50].Commit++ }, map[Wrong]uint64{Doubled: 2}},
		{"one bit of a float has changed", func(s *[4][]telemetry.Sample) { flip(s[0], telemetry.Float64) }, map[Wrong]uint64{Altered: 1}},
		{"one bit of an integer has changed", func(s *[4][]telemetry.Sample) { flip(s[1], telemetry.Int64) }, map[Wrong]uint64{Altered: 1}},
		{"a status has changed", func(s *[4][]telemetry.Sample) { s[2][9].Status ^= 1 }, map[Wrong]uint64{Altered: 1}},
		{"a gateway time has changed", func(s *[4][]telemetry.Sample) { s[2][9].Gateway++ }, map[Wrong]uint64{Altered: 1}},
		{"a flag has come", func(s *[4][]telemetry.Sample) { s[2][9].Flags ^= telemetry.Rival }, map[Wrong]uint64{Altered: 1}},
		{"a sample was never sent", func(s *[4][]telemetry.Sample) {
			x := s[0][3]
			x.Time += 12345
			s[0] = append(s[0], x)
		}, map[Wrong]uint64{Unknown: 1}},
		{"a row is there that is still to be sent", func(s *[4][]telemetry.Sample) {
			b := testProducer(0, 0).book
			x := b.sample(1, sent*laneRows)
			s[1] = append(s[1], x)
		}, map[Wrong]uint64{Unknown: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testProducer(sent, acked)
			p.book.commits[3] = 16 // as acknowledged
			samples := answered(&p.book, sent)
			c.doctor(&samples)
			v := verifier{client: fakeNode(t, p.book.series, &samples), producers: []*producer{p}, checked: make([]uint64, 1)}
			var tally Tally
			if err := v.readLanes(t.Context(), true, &tally); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(tally.Wrong) != fmt.Sprint(c.want) {
				t.Errorf("found %v, want %v\n%v", tally.Wrong, c.want, tally.First)
			}
			if tally.Acknowledged != acked*laneRows*4 {
				t.Errorf("%d samples had to be there, looked for %d", acked*laneRows*4, tally.Acknowledged)
			}
		})
	}
}

// flip changes the last bit of the first value.
func flip(s []telemetry.Sample, of telemetry.Type) {
	i := slices.IndexFunc(s, func(x telemetry.Sample) bool {
		return x.Value.Type == of && !math.IsInf(math.Float64frombits(x.Value.Bits), 0)
	})
	s[i].Value.Bits ^= 1
}

func TestCommitOfAnAcknowledgementMustBeThatOfTheData(t *testing.T) {
	p := testProducer(2, 2)
	p.book.commits[1] = 99
	samples := answered(&p.book, 2)
	var tally Tally
	a := newAudit(&tally, &p.book, 0)
	a.series(2, samples[2])
	if tally.Wrong[Doubled] != laneRows {
		t.Fatalf("%v", tally.Wrong)
	}
}

func TestAPositionBehindTheAcknowledgementsIsALoss(t *testing.T) {
	for _, c := range []struct {
		epoch, seq uint64
		want       Wrong
	}{{7, 10, ""}, {7, 12, ""}, {7, 9, Lost}, {0, 0, Lost}, {6, 11, Lost}, {7, 13, Unknown}, {8, 1, Unknown}} {
		b := testProducer(12, 10).book
		v, bad := b.resume(c.epoch, c.seq)
		if bad != (c.want != "") || v.Wrong != c.want {
			t.Errorf("%d-%d: %q", c.epoch, c.seq, v.Wrong)
		}
	}
	if _, bad := (&book{epoch: 7}).resume(0, 0); bad {
		t.Error("a producer that nobody knows yet")
	}
}

func TestRowsHaveOneTimeEach(t *testing.T) {
	l := lane{seed: 1, base: testBase, text: 10}
	for n := range uint64(5000) {
		if got, ok := l.number(l.time(n)); !ok || got != n {
			t.Fatalf("row %d: %d %v", n, got, ok)
		}
	}
	for _, at := range []int64{0, l.base - lateBy, l.base + 5*laneStep, l.base + 1, l.time(5) + laneStep} {
		if n, ok := l.number(at); ok {
			t.Errorf("no row stands at %d, found %d", at, n)
		}
	}
	var b telemetry.Batch
	l.batch(&b, 3, [4]telemetry.Ref{4, 5, 6, 7})
	if b.Len() != laneRows*4 || !slices.ContainsFunc(b.Text, func(s string) bool { return strings.HasPrefix(s, l.batchMark(3)) }) {
		t.Errorf("%d rows, %q", b.Len(), b.Text)
	}
}

type arrivals map[uint64]telemetry.Arrival

func (a arrivals) Commit(n uint64) (telemetry.Arrival, bool, error) {
	x, ok := a[n]
	return x, ok, nil
}

func TestABatchUnderTwoCommitsIsFound(t *testing.T) {
	at := func(seq uint64) telemetry.Arrival {
		return telemetry.Arrival{Producer: uuidOf(9, 1), Epoch: 1, Seq: seq}
	}
	v, err := twice(arrivals{1: at(1), 2: at(2), 4: at(3), 7: at(2)}, 9)
	if err != nil || len(v) != 1 || v[0].Wrong != Doubled || v[0].Commit != 7 {
		t.Fatal(v, err)
	}
	if v, err := twice(arrivals{1: at(1), 2: at(2)}, 2); err != nil || len(v) != 0 {
		t.Fatal(v, err)
	}
}
