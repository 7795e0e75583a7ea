package trace

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func fixture(t testing.TB, name string) *epcis.Document {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("epcis/testdata/capture", name))
	if err != nil {
		t.Fatal(err)
	}
	d, err := epcis.ParseJSON(b, epcis.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEventsComeBackAsTheyWere: every fixture is captured, read by its id, and has the hash it had; a second capture adds nothing,
// also after a restart.
func TestEventsComeBackAsTheyWere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		files, err := filepath.Glob("epcis/testdata/capture/*.json")
		if err != nil || len(files) == 0 {
			t.Fatal(err)
		}
		w.clock = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) // some fixtures are of late 2026
		hashes := map[string]bool{}
		for round := range 2 {
			for _, name := range files {
				d := fixture(t, filepath.Base(name))
				c, err := w.service.Capture(w.as(auth.Operator, "p"), w.sides["p"], d, false)
				if err != nil || len(c.EventIDs) != len(d.Events) {
					// Two fixtures have one eventID with different content: that is what the rule is for.
					if err == nil && len(c.Faults) > 0 && c.Faults[0].Rule == epcis.RuleTaken {
						continue
					}
					t.Fatalf("%s: %+v, %v", name, c, err)
				}
				if round == 1 && c.Events != 0 {
					t.Errorf("%s: %d events are new the second time", name, c.Events)
				}
				for i, id := range c.EventIDs {
					list, err := w.service.l.byID(t.Context(), w.service.l.raw(), Sight{all: true}, id)
					if err != nil || len(list) == 0 {
						t.Fatalf("%s: %q: %d events, %v", name, id, len(list), err)
					}
					want := epcis.Hash(&d.Events[i])
					if !slices.ContainsFunc(list, func(s Stored) bool { return epcis.Hash(&s.event) == want }) {
						t.Errorf("%s: %q has another hash", name, id)
					}
					hashes[want] = true
				}
			}
			w.open()
		}
		if len(hashes) < 20 {
			t.Errorf("only %d events", len(hashes))
		}
	})
}

func TestAnEventOfTheFutureIsRefused(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	e := made(0, placeP, unit(1))
	e.Time = epcis.Instant{At: begin.Add(time.Hour)}
	_, err := w.service.Record(t.Context(), w.sides["p"], "test", made(0, placeP, unit(2)), e)
	p, ok := problem.From(err)
	if !ok || !errors.Is(err, ErrDocument) {
		t.Fatalf("%v", err)
	}
	if p.Location() != "body.eventTime" {
		t.Errorf("%v", p)
	}
	if n := count(t, w, "trace_events"); n != 0 {
		t.Errorf("%d events of a refused group were kept", n)
	}
	e.Time = epcis.Instant{At: begin.Add(4 * time.Minute)} // within the tolerance
	w.record("p", e)
}

func count(t testing.TB, w *world, table string) (n int) {
	t.Helper()
	if err := w.db.NewRaw("SELECT count(*) FROM "+table).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestProceedLeavesOutWhatIsWrong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		doc := func() *epcis.Document {
			d := &epcis.Document{Events: []epcis.Event{made(0, placeP, unit(1)), made(1, placeP, unit(2))}, At: []string{"a", "b"}}
			for i := range d.Events {
				if f := epcis.Check(&d.Events[i]); len(f) > 0 {
					t.Fatal(f)
				}
			}
			d.Faults = []epcis.Fault{{Event: 1, Path: "b.bizStep", Value: "sent", Rule: epcis.RuleVocabulary}}
			return d
		}
		ctx := w.as(auth.Operator, "p")
		c, err := w.service.Capture(ctx, w.sides["p"], doc(), false)
		if err != nil || c.Success || count(t, w, "trace_events") != 0 {
			t.Fatalf("rollback: %+v, %v", c, err)
		}
		c, err = w.service.Capture(ctx, w.sides["p"], doc(), true)
		if err != nil || !c.Success || c.Events != 1 || count(t, w, "trace_events") != 1 {
			t.Fatalf("proceed: %+v, %v", c, err)
		}
		job, err := w.service.Job(ctx, c.ID)
		if err != nil || job.Events != 1 || len(job.Faults) != 1 || job.Faults[0].Path != "b.bizStep" {
			t.Errorf("%+v, %v", job, err)
		}
		if _, err := w.service.Job(w.as(auth.Operator, "x"), c.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a stranger reads a capture: %v", err)
		}
	})
}

// TestAnEventIDIsOneEvent: another event with its id is refused; the declaration that it was wrong has the same id and is taken.
func TestAnEventIDIsOneEvent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		first := made(0, placeP, unit(1))
		first.ID = "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8"
		w.record("p", first)
		other := made(1, placeP, unit(2))
		other.ID = first.ID
		if _, err := w.service.Record(t.Context(), w.sides["p"], "test", other); !errors.Is(err, ErrEventID) {
			t.Errorf("%v", err)
		}
		wrong := first
		wrong.Error = &epcis.ErrorDeclaration{Time: epcis.Instant{At: begin}, Reason: "https://ref.gs1.org/cbv/ER-did_not_occur"}
		if c := w.record("p", wrong, wrong); c.Events != 1 || c.Duplicates != 1 {
			t.Errorf("%+v", c)
		}
		list, err := w.service.l.byID(t.Context(), w.service.l.raw(), Sight{all: true}, first.ID)
		if err != nil || len(list) != 2 || list[0].event.Error != nil || list[1].event.Error == nil {
			t.Errorf("%d events, %v", len(list), err)
		}
	})
}

// TestManyCaptureAtOnce: each is answered for itself, and what they share is kept once.
func TestManyCaptureAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				c, err := w.service.Record(t.Context(), w.sides["p"], "test", made(0, placeP, unit(0)), made(n, placeP, unit(n+1)))
				if err != nil || c.Events+c.Duplicates != 2 {
					t.Errorf("%+v, %v", c, err)
				}
			})
		}
		all.Wait()
		if n := count(t, w, "trace_events"); n != 21 {
			t.Errorf("%d events, want 21", n)
		}
		if n := count(t, w, "audit_entry"); n != 20 {
			t.Errorf("%d entries of the audit log, want 20", n)
		}
	})
}

// TestRefusalsAreWordedInBothLanguages.
func TestRefusalsAreWordedInBothLanguages(t *testing.T) {
	words, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		t.Fatal(err)
	}
	if missing := words.Missing(problems()...); len(missing) > 0 {
		t.Errorf("without words: %v", missing)
	}
}
