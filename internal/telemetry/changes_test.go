package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"jingwei/internal/kernel/file/fault"
)

// What was committed between two commits is the same set whatever was flushed, merged, replayed or committed again since.
func TestWhatWasCommittedDoesNotDependOnTheLayout(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 17))
		n := newNode(fault.NewDisk(seed), "/node")
		n.mustOpen(t)
		t.Cleanup(n.close)
		refs := n.declare(t, Float64, Int64, Bool, String)
		kinds := map[Ref]Type{refs[0]: Float64, refs[1]: Int64, refs[2]: Bool, refs[3]: String}
		type row struct {
			ref      Ref
			time     int64
			revision uint32
			value    string
			status   Status
			withdraw bool
		}
		first := map[row]uint64{} // the commit that told it first
		var commits []uint64
		check := func(when string) {
			t.Helper()
			for range 4 {
				a := commits[r.IntN(len(commits))]
				w := Between{First: a, Last: a + uint64(r.IntN(len(commits)))}
				var want, got []string
				touched := map[Ref]bool{}
				for x, commit := range first {
					if w.has(commit) {
						touched[x.ref] = true
						want = append(want, fmt.Sprint(x, commit))
					}
				}
				changed, err := n.store.Changed(context.Background(), w)
				if err != nil {
					t.Fatal(err)
				}
				for ref := range touched {
					if !slices.Contains(changed, ref) {
						t.Fatalf("%s: series %d changed and is not told", when, ref)
					}
				}
				ids := n.store.IDs(changed)
				if !slices.IsSortedFunc(ids, compareIDs) {
					t.Fatalf("%s: series out of order", when)
				}
				ref := refs[r.IntN(len(refs))]
				span := Span{From: begin + r.Int64N(40)*int64(time.Minute)}
				span.To = span.From + 1 + r.Int64N(3)*int64(time.Minute)
				any, err := n.store.AnyCommitted(w, ref, span)
				if err != nil {
					t.Fatal(err)
				}
				expected := false
				for x, commit := range first {
					expected = expected || x.ref == ref && w.has(commit) && x.time >= span.From && x.time < span.To
				}
				if expected && !any { // of what came again it may tell too
					t.Fatalf("%s: something was committed in %v and is not told", when, span)
				}
				if latest := (Between{First: commits[len(commits)-1] + 1, Last: 1 << 40}); any {
					if any, err = n.store.AnyCommitted(latest, ref, span); err != nil || any {
						t.Fatalf("%s: nothing came since, yet %v %v", when, any, err)
					}
				}
				last := map[Ref]int64{}
				var done []Ref
				err = n.store.ReadCommitted(context.Background(), w, changed, func(ref Ref, run *Run) bool {
					for i := range run.Len() {
						s := run.Sample(i)
						if before, ok := last[ref]; ok && s.Time < before {
							t.Fatalf("%s: source times go back", when)
						}
						last[ref] = s.Time
						if w.has(s.Commit) {
							x := row{ref, s.Time, s.Revision, fmt.Sprint(s.Value), s.Status, s.Flags&Withdrawn != 0}
							got = append(got, fmt.Sprint(x, s.Commit))
						}
					}
					return true
				}, func(ref Ref, err error) error { done = append(done, ref); return err })
				if err != nil || !slices.Equal(done, changed) {
					t.Fatalf("%s: %v; done %v of %v", when, err, done, changed)
				}
				slices.Sort(want)
				slices.Sort(got)
				if !slices.Equal(want, got) {
					t.Fatalf("seed %d, %s: commits %d to %d:\ngot  %v\nwant %v", seed, when, w.First, w.Last, got, want)
				}
			}
		}
		for round := range 120 {
			b := &Batch{Origin: Measured}
			for range 1 + r.IntN(12) {
				at := begin + r.Int64N(40)*int64(time.Minute) // so few that they meet
				if r.IntN(8) == 0 {
					at -= r.Int64N(60) * 24 * int64(time.Hour)
				}
				ref := refs[r.IntN(len(refs))]
				x := row{ref: ref, time: at, status: Status(r.Uint32N(2)) << 30}
				flags, bits := Flags(0), uint64(r.IntN(2))
				switch r.IntN(10) {
				case 0:
					flags = NoValue
				case 1:
					x.revision, x.withdraw, flags = 1+r.Uint32N(2), true, NoValue|Withdrawn
				case 2:
					x.revision = 1 + r.Uint32N(2)
				}
				value := Value{}
				if flags&NoValue == 0 {
					value = Value{Type: kinds[ref], Bits: bits}
					if value.Type == String {
						value.Bits, value.Text = 0, fmt.Sprint("t", bits)
						bits = uint64(len(b.Text))
						b.Text = append(b.Text, value.Text)
					}
				}
				x.value = fmt.Sprint(value)
				b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, at), append(b.Bits, bits)
				b.Status, b.Flags, b.Revision = append(b.Status, x.status), append(b.Flags, flags), append(b.Revision, x.revision)
				if _, again := first[x]; !again {
					first[x] = 0
				}
			}
			commit := n.mustAppend(t, 1, uint64(round+1), b).Commit
			for x, c := range first {
				if c == 0 {
					first[x] = commit
				}
			}
			commits = append(commits, commit)
			var err error
			what := [...]string{"flush", "compact", "restart", "", "", ""}[r.IntN(6)]
			switch what {
			case "flush":
				err = n.store.Flush(context.Background())
			case "compact":
				err = n.store.Compact(context.Background())
			case "restart":
				n.close()
				n.mustOpen(t)
			}
			if err != nil {
				t.Fatal(err)
			}
			if round%3 == 0 {
				check(cmp.Or(what, "append"))
			}
		}
		if begin, ok, err := n.store.Begin(); err != nil || !ok || begin <= 0 {
			t.Errorf("begin %d %v %v", begin, ok, err)
		}
	}
}
