package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// ledger is a list of facts, as their room gives them.
type ledger struct{ list []Fact }

func (l *ledger) Since(_ context.Context, commit uint64, limit int) (out []Fact, err error) {
	for _, f := range l.list {
		if f.Commit > commit && len(out) < limit {
			out = append(out, f)
		}
	}
	return out, nil
}

func (l *ledger) Find(_ context.Context, id uuid.UUID) (Fact, error) {
	for _, f := range l.list {
		if f.ID == id {
			return f, nil
		}
	}
	return Fact{}, store.ErrNotFound
}

// TestFactsAreLeaves: every revision of a fact is one leaf, more than fit into one look too, and a change of a word shows.
func TestFactsAreLeaves(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	l := &ledger{}
	for i := range 2*recordsAtOnce + 3 {
		f := fact.Fact{ID: uuid.UUID{1, byte(i), byte(i >> 8)}, RevisionID: uuid.UUID{2, byte(i), byte(i >> 8)}, Org: n.sides["a"], Commit: uint64(i + 1), At: n.clock.UnixNano(),
			Kind: "order", Source: "erp", External: fmt.Sprint("PO-", i), Reason: "导入"}
		leaf := f.Leaf()
		s := Fact{ID: leaf.ID, Subject: leaf.Subject, Org: leaf.Org, Commit: leaf.Commit, At: leaf.At}
		for _, field := range leaf.Fields {
			s.Fields = append(s.Fields, Field(field))
		}
		l.list = append(l.list, s)
	}
	n.seal.o.Facts = l
	must(t, n.seal.SealRecords(t.Context()))
	must(t, n.seal.SealRecords(t.Context())) // finds nothing more
	if leaves := n.samplesLeaves(); len(leaves) != len(l.list) {
		t.Errorf("%d leaves of %d facts", len(leaves), len(l.list))
	}
	last := &l.list[len(l.list)-1]
	kind, payload := n.provedRecord(last.ID)
	if kind != evidence.KindFact || !bytes.Contains(payload, []byte("PO-1002")) {
		t.Errorf("%s %s", kind, payload)
	}
	last.Fields[8].Text = "PO-9"
	r := proof.Must(n.seal.findRecord(t.Context(), last.ID))
	b := proof.Must(n.seal.recordBundle(t.Context(), &r, 0))
	_, e, err := b.Verify(origin, nil, n.verifiers()...)
	must(t, err)
	if err := b.CheckRecord(proof.Must(n.seal.payload(t.Context(), &r)), &e); !errors.Is(err, evidence.ErrNotProved) {
		t.Errorf("a changed fact: %v", err)
	}
}
