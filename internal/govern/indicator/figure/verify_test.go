package figure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/file"
	orgs "jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry/seal"
)

// books are the declarations of enterprises on one node, with their leaves in its log. They are its Sources and Proofs.
type books struct {
	*treeNode
	log  *evidence.Log
	room *indicator.Service
	said map[uuid.UUID][]declared // by organisation
	acts map[uuid.UUID][]Proven
	dir  string
	mu   sync.Mutex
}

type declared struct {
	indicator.Fact
	proven Proven
}

var declaration = field.Schema{{Key: "item", Type: field.Text}, {Key: "begins", Type: field.Date}, {Key: "ends", Type: field.Date}, {Key: "value", Type: field.Text}, {Key: "unit", Type: field.Text}, {Key: "note", Type: field.Text}}

type bookWords struct{ noWords }

func (bookWords) FactFields(kind string) (field.Schema, bool) {
	return declaration, kind == "declaration"
}

// leaf puts a record into the log.
func (b *books) leaf(kind string, subject, org uuid.UUID, fields []seal.Field) Proven {
	payload := seal.Canonical(fields)
	salt := [32]byte{1, 2, 3}
	e := evidence.Envelope{Kind: kind, Subject: subject, Org: org, CommitTime: b.w.now.UnixNano(), Algorithm: evidence.SHA256, Digest: proof.Must(evidence.Salted(evidence.SHA256, salt, payload))}
	at := proof.Must(b.log.Append(context.Background(), [][]byte{proof.Must(e.Encode())}))
	proof.Must(b.log.Publish(context.Background()))
	x := seal.Bundle{Kind: kind, Subject: subject, Salt: salt[:], Proof: proof.Must(b.log.Proof(at))}
	return Proven{payload, proof.Must(x.Encode())}
}

// declare has an enterprise say a number of a year.
func (b *books) declare(org uuid.UUID, n int, item, value string) {
	r := field.Record{"item": item, "begins": "2025-01-01", "ends": "2025-12-31", "value": value, "unit": "1", "note": "not looked at"}
	f := indicator.Fact{ID: id('f', int(org[15])*10+n), Revision: 1, Title: item, Record: r, Grade: fact.Documented}
	since, _ := field.Day("2025-01-01")
	until, _ := field.Day("2026-01-01")
	b.said[org] = append(b.said[org], declared{f, b.leaf(evidence.KindFact, f.ID, org, []seal.Field{{Name: "record", Text: "fact"}, {Name: "fact", Text: f.ID.String()}, {Name: "revision", Text: "1"}, {Name: "org", Text: org.String()}, {Name: "kind", Text: "declaration"},
		{Name: "content", Text: string(r.Encode())}, {Name: "grade", Text: f.Grade.String()}, {Name: "since", Text: fmt.Sprint(since)}, {Name: "until", Text: fmt.Sprint(until)}, {Name: "withdrawn", Text: "false"}})})
}

func (b *books) Facts(_ context.Context, q indicator.FactQuery, call func(indicator.Fact) error) error {
	if q.Kind != "declaration" {
		return nil
	}
	for _, f := range b.said[q.Org] {
		if begins, _ := field.Day(f.Record["begins"].(string)); begins >= q.From && begins < q.To && f.Record["item"] == strings.TrimPrefix(q.Where[0], "item=") {
			if err := call(f.Fact); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *books) asked(org uuid.UUID, p indicator.Period, baseline string) indicator.Asked {
	return indicator.Asked{Firm: b.w.firms[b.w.firm(org)].Enterprise, Period: p, Baseline: baseline}
}

func (b *books) Observe(ctx context.Context, org uuid.UUID, d *indicator.Definition, p indicator.Period, baseline string) (*indicator.Valuation, error) {
	return b.room.Observe(ctx, d, b.asked(org, p, baseline))
}

func (b *books) Recorded(ctx context.Context, org uuid.UUID, d *indicator.Definition, p indicator.Period, baseline string) (*indicator.Valuation, *indicator.Transcript, error) {
	return b.room.Recorded(ctx, d, b.asked(org, p, baseline))
}

func (b *books) Definition(id string) ([]byte, error) {
	for _, s := range definitions {
		if strings.Fields(s)[1] == id {
			return []byte(s), nil
		}
	}
	return nil, store.ErrNotFound
}

func (b *books) Vocabulary() indicator.Vocabulary { return bookWords{} }

func (b *books) Accepted(_ context.Context, a *orgs.Agreement) ([]Proven, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.acts[a.ID] == nil {
		for i, side := range []orgs.Side{orgs.Giver, orgs.Taker} {
			b.acts[a.ID] = append(b.acts[a.ID], b.leaf(evidence.KindAgreement, a.ID, uuid.Nil, []seal.Field{{Name: "record", Text: "agreement"}, {Name: "id", Text: id('x', i).String()}, {Name: "agreement", Text: a.ID.String()}, {Name: "act", Text: orgs.ActAccept}, {Name: "side", Text: string(side)}, {Name: "terms", Text: a.Hash()}}))
		}
	}
	return b.acts[a.ID], nil
}

func (b *books) Fact(_ context.Context, org, id uuid.UUID, revision int64) (Proven, error) {
	for _, f := range b.said[org] {
		if f.ID == id && f.Revision == revision {
			return f.proven, nil
		}
	}
	return Proven{}, store.ErrNotFound
}

func (b *books) Holding(context.Context, uuid.UUID, uuid.UUID, int64, int64) ([]string, error) {
	return nil, nil
}

func (b *books) Samples(context.Context, uuid.UUID, uuid.UUID, string, int64, int64, int) (Proven, error) {
	return Proven{}, store.ErrNotFound
}

func (b *books) Fewest(_ context.Context, _ uuid.UUID, series []uuid.UUID, _, _ int64) ([]uuid.UUID, error) {
	return series, nil
}

func (b *books) Metered(context.Context, uuid.UUID, uuid.UUID, int64, int64) (*Metered, error) {
	return nil, store.ErrNotFound
}

func (b *books) Working(int64, int64) []string { return nil }

// newProvable is a ladder whose logs are real, and whose enterprises have books.
func newProvable(t testing.TB) (*ladder, map[*treeNode]*books) {
	all := map[*treeNode]*books{}
	w := newLadderOf(t, func(w *ladder) {
		for _, n := range w.nodes {
			origin := "jingwei.node/" + n.id.String()
			dir := t.TempDir()
			keys := proof.Must(evidence.LoadKeys(file.OS(), dir, origin))
			log := proof.Must(evidence.Open(evidence.Options{FS: file.OS(), Dir: dir + "/evidence", Origin: origin, Keys: keys, Now: func() time.Time { return w.now }, CheckpointEvery: -1}))
			t.Cleanup(func() { _ = log.Close() })
			b := &books{treeNode: n, log: log, said: map[uuid.UUID][]declared{}, acts: map[uuid.UUID][]Proven{}, dir: dir}
			b.room = indicator.New(indicator.Options{Library: w.library, Now: func() time.Time { return w.now }, Rooms: indicator.Rooms{Facts: b, Fields: bookWords{}}})
			n.log, n.src, w.keys[n.id], w.proofs[n], all[n] = log, b, keys[0].Verifier().String(), b, b
		}
		for i, f := range w.firms {
			all[f.home].declare(f.Org, 1, "a", fmt.Sprint(10+i))
			all[f.home].declare(f.Org, 2, "b", fmt.Sprint(20+3*i))
		}
	})
	for range 3 {
		for _, b := range all {
			proof.Must(b.log.Publish(t.Context()))
		}
		w.heal()
	}
	return w, all
}

func (w *ladder) pack(n *treeNode, grade int) ([]byte, error) {
	return w.explain[n].Pack(w.as(n), Asked{ID: w.key(n).ID()}, grade)
}

func (w *ladder) trusted() (out []evidence.Verifier) {
	for _, k := range w.keys {
		out = append(out, proof.Must(evidence.ParseVerifier(k)))
	}
	return out
}

func (v *Verified) String() string {
	out := fmt.Sprintf("%s: %s\n", v.Subject, v.Grade)
	for kind, list := range map[string][]string{"checked": v.Checked, "open": v.Open, "WRONG": v.Problems} {
		for _, s := range list {
			out += "  " + kind + ": " + s + "\n"
		}
	}
	for _, b := range v.Below {
		out += b.String()
	}
	return out
}

func TestAPackProvesAFigureOffline(t *testing.T) {
	w, _ := newProvable(t)
	for _, n := range []*treeNode{w.city, w.province} {
		v := proof.Must(VerifyPack(proof.Must(w.pack(n, GradeProved)), w.trusted()...))
		if v.Grade != Proved || v.figure.Key != w.key(n) {
			t.Fatal(v)
		}
		v = proof.Must(VerifyPack(proof.Must(w.pack(n, GradeRecomputed)), w.trusted()...))
		if v.Grade != Recomputed || len(v.Below) == 0 || v.Shown == "" {
			t.Fatal(v)
		}
	}
	// Without anybody's keys it says whose word it takes.
	v := proof.Must(VerifyPack(proof.Must(w.pack(w.province, GradeRecomputed))))
	if v.Grade != Recomputed || !slices.ContainsFunc(v.Open, func(s string) bool { return strings.Contains(s, "compare it") }) {
		t.Error(v)
	}
	// With another key for a node nothing of it is believed.
	other := proof.Must(evidence.GenerateKeys("jingwei.node/"+w.city.id.String(), strings.NewReader(strings.Repeat("x", 4096))))
	v = proof.Must(VerifyPack(proof.Must(w.pack(w.province, GradeRecomputed)), other[0].Verifier()))
	if v.Grade != Wrong || !strings.Contains(v.String(), w.city.id.String()) {
		t.Error(v)
	}
	// Without consent, or a link, the rest is proved and what is not is named.
	w.terms(w.firm[2], orgs.LevelReadings, orgs.LevelNone)
	v = proof.Must(VerifyPack(proof.Must(w.pack(w.province, GradeRecomputed)), w.trusted()...))
	if v.Grade != Proved || len(v.Below) != 1 || v.Below[0].Grade != Sealed || !strings.Contains(v.String(), "have not agreed to be passed on") {
		t.Error(v)
	}
	w.down[w.city.id] = true
	v = proof.Must(VerifyPack(proof.Must(w.pack(w.province, GradeRecomputed)), w.trusted()...))
	if v.Grade != Proved || len(v.Below) != 0 || !strings.Contains(v.String(), offline.Code()) {
		t.Error(v)
	}
	if _, err := w.explain[w.province].Pack(w.as(w.city), Asked{ID: w.key(w.province).ID()}, GradeProved); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("others get a pack: %v", err)
	}
}

// What is not agreed to is left out of an enterprise's explanation, at any depth of what it rests on.
func TestAnExplanationIsCutToItsDepth(t *testing.T) {
	explained := func() *FigureExplanation {
		rests := []indicator.Rest{{Kind: "machine", ID: id('m', 1), Series: []uuid.UUID{id('s', 1)}}, {Kind: "series", ID: id('s', 2)}, {Kind: "fact", ID: id('f', 1)}}
		return &FigureExplanation{Level: OfEnterprise, Value: &indicator.IndicatorValue{Inputs: []indicator.IndicatorInputValue{{Rests: slices.Clone(rests), More: 2, Below: &indicator.IndicatorValue{Inputs: []indicator.IndicatorInputValue{{Rests: slices.Clone(rests)}}}}}}}
	}
	for depth, want := range map[string][3]int{orgs.LevelInputs: {0, 0, 0}, orgs.LevelFacts: {3, 0, 0}, orgs.LevelReadings: {3, 1, 1}} {
		e := explained()
		e.limit(depth)
		for _, in := range []indicator.IndicatorInputValue{e.Value.Inputs[0], e.Value.Inputs[0].Below.Inputs[0]} {
			var got [3]int
			for _, r := range in.Rests {
				got[0]++
				got[1] += len(r.Series)
				if r.Kind == "series" && r.ID != uuid.Nil {
					got[2]++
				}
			}
			if got != want {
				t.Errorf("%s: %v, want %v", depth, got, want)
			}
		}
	}
}
