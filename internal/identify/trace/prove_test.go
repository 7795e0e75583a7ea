package trace

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

const origin = "test.trace"

func verifier() evidence.Verifier {
	return proof.Must(evidence.GenerateKeys(origin, zeros{}))[0].Verifier()
}

// seal puts what was captured under a signed checkpoint.
func (w *world) seal() {
	w.t.Helper()
	if err := w.book.Seal(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.log.Publish(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// TestOneEventIsProved by its path, the leaf and the signed checkpoint; a changed one is not.
func TestOneEventIsProved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.chain()
		first := packed(30, placeP, box(9), box(1), box(2))
		if _, err := w.service.Prove(w.operator(), hashOf(t, first)); !errors.Is(err, ErrNotProved) {
			t.Fatalf("before a checkpoint covers it: %v", err)
		}
		w.seal()
		for _, e := range []epcis.Event{first, moved(40, "shipping", placeP, partyP, partyW, box(9)), moved(80, "receiving", placeS, partyW, partyS, box(1))} {
			p := proof.Must(w.service.Prove(w.operator(), hashOf(t, e)))
			p = proof.Must(ParseEventProof(proof.Must(p.Encode())))
			at, err := p.Verify(origin, verifier())
			if err != nil || at.Before(begin) {
				t.Errorf("%v, %v", at, err)
			}
			leaf, _, err := p.Group.Verify(p.Event, KindTrace, origin, verifier())
			if err != nil || leaf.CommitTime != at.UnixNano() {
				t.Errorf("by its group: %v, %v", leaf, err)
			}
			for what, bend := range map[string]func(p *EventProof){
				"text":   func(p *EventProof) { p.Event = bytes.Replace(p.Event, []byte("2026-05-0"), []byte("2026-04-0"), 1) },
				"of":     func(p *EventProof) { p.Event[len(recordFormat)+3] ^= 1 },
				"place":  func(p *EventProof) { p.Group.Place++ },
				"size":   func(p *EventProof) { p.Group.Size++ },
				"no one": func(p *EventProof) { p.Event = nil },
			} {
				changed := p
				changed.Event = bytes.Clone(p.Event)
				bend(&changed)
				if _, err := changed.Verify(origin, verifier()); !errors.Is(err, evidence.ErrNotProved) {
					t.Errorf("%s was changed: %v", what, err)
				}
			}
		}
	})
}

// What tlog and note, which others wrote, make of a proof by their own steps.
func TestAProofHoldsByTheStepsOfTlog(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	events := []epcis.Event{made(1, placeP, unit(1)), made(2, placeP, unit(2)), made(3, placeP, unit(3)), made(4, placeP, unit(4)), made(5, placeP, unit(5))}
	c := w.record("p", events...)
	w.record("p", made(6, placeP, unit(6)))
	w.seal()
	p := proof.Must(w.service.Prove(w.as("viewer", "p"), c.EventIDs[3]))

	signed := proof.Must(note.Open([]byte(p.Group.Leaf.Checkpoint), note.VerifierList(proof.Must(note.NewVerifier(verifier().String())))))
	root := proof.Must(tlog.ParseHash(strings.Split(signed.Text, "\n")[2]))
	if err := tlog.CheckRecord(tlog.RecordProof(p.Group.Leaf.Hashes), 2, root, 0, tlog.RecordHash(p.Group.Leaf.Entry)); err != nil {
		t.Fatal(err)
	}
	text := epcis.AppendJSON(nil, &events[3])
	record := append([]byte("jingwei-trace-event/1\n"+w.sides["p"].String()+"\n"+c.ID.String()+"\n"), text...)
	blinded := sha256.Sum256(append(bytes.Clone(p.Group.Salt), record...))
	if err := tlog.CheckRecord(tlog.RecordProof(p.Group.Path), 5, p.Group.Root, 3, tlog.RecordHash(blinded[:])); err != nil {
		t.Fatal(err)
	}
	leaf := proof.Must(evidence.ParseEnvelope(p.Group.Leaf.Entry))
	if want := sha256.Sum256(append([]byte("jingwei-group/1\n\x00\x00\x00\x05"), p.Group.Root[:]...)); leaf.Kind != "trace" || leaf.CommitTime != c.Created.UnixNano() || string(want[:]) != string(leaf.Digest) {
		t.Fatalf("the leaf is %+v", leaf)
	}
}

func TestWhatWasChangedBehindTheNodeIsNotProved(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	c := w.record("p", made(1, placeP, unit(1)), made(2, placeP, unit(2)))
	w.seal()
	var page int64
	var body []byte
	if err := w.service.l.raw().QueryRowContext(t.Context(), "SELECT num, body FROM trace_pages").Scan(&page, &body); err != nil {
		t.Fatal(err)
	}
	texts := proof.Must(w.service.l.pages.unpack(body))
	texts[1] = bytes.Replace(texts[1], []byte("U00002"), []byte("U00003"), 1)
	if _, err := w.service.l.raw().ExecContext(t.Context(), "UPDATE trace_pages SET body = ? WHERE num = ?", w.service.l.pages.pack(texts), page); err != nil {
		t.Fatal(err)
	}
	w.open()
	if _, err := w.service.Prove(w.operator(), c.EventIDs[0]); !errors.Is(err, group.ErrChanged) {
		t.Errorf("beside an event that was changed: %v", err)
	}
}

func TestWithoutABookNothingIsProved(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.service = proof.Must(New(t.Context(), Options{DB: w.db, Outward: w.out, Key: []byte("key"), Now: w.now}))
	c := w.record("p", made(1, placeP, unit(1)))
	w.seal()
	if _, err := w.service.Prove(w.operator(), c.EventIDs[0]); !errors.Is(err, ErrNotProved) {
		t.Errorf("it is proved: %v", err)
	}
}

func TestACaptureIsNotLargerThanAGroup(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	if _, err := w.service.Capture(w.as("operator", "p"), w.sides["p"], &epcis.Document{Events: make([]epcis.Event, group.Most+1)}, false); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
}
