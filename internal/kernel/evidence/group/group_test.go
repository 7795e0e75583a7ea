package group

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const origin = "plant.example/evidence"

// A fixed key, so that what is signed is the same at every run. It guards nothing.
var key = proof.Must(evidence.NewSigner("PRIVATE+KEY+plant.example/evidence+aa5e852a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"))

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func open(t *testing.T, db *store.DB) (*Book, *evidence.Log) {
	t.Helper()
	log, err := evidence.Open(evidence.Options{FS: file.OS(), Dir: t.TempDir(), Origin: origin, Keys: []evidence.Signer{key}, Now: noon, CheckpointEvery: -1})
	must(t, err)
	t.Cleanup(func() { must(t, log.Close()) })
	book, err := OpenBook(t.Context(), Options{DB: db, Log: log, Node: uuid.MustParse("0192f0c1-0000-7000-8000-000000000001"), Logger: proof.Logger(t)})
	must(t, err)
	return book, log
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, log *evidence.Log) {
	t.Helper()
	_, err := log.Publish(t.Context())
	must(t, err)
}

func records(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = fmt.Appendf(nil, "88.101/box-%d", i)
	}
	return out
}

func put(t *testing.T, b *Book, id int64, list [][]byte) {
	t.Helper()
	must(t, b.o.DB.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		return b.Put(ctx, tx, "identifiers", id, noon().UnixNano()+id, list)
	}))
}

func TestEveryRecordOfAGroupIsProved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		book, log := open(t, db)
		for id, n := range []int{1, 2, 3, 7, 64, 100} {
			put(t, book, int64(id), records(n))
		}
		if _, err := book.Prove(t.Context(), "identifiers", 0, records(1), 0); !errors.Is(err, ErrOpen) {
			t.Fatalf("before it has a leaf: %v", err)
		}
		must(t, book.Seal(t.Context()))
		if _, err := book.Prove(t.Context(), "identifiers", 0, records(1), 0); !errors.Is(err, ErrOpen) {
			t.Fatalf("before a checkpoint covers it: %v", err)
		}
		publish(t, log)
		must(t, book.Seal(t.Context()))
		if got := log.Checkpoint().Size; got != 6 {
			t.Fatalf("%d leaves, want 6: one for each group", got)
		}
		for id, n := range []int{1, 2, 3, 7, 64, 100} {
			for place, record := range records(n) {
				p, err := book.Prove(t.Context(), "identifiers", int64(id), records(n), place)
				must(t, err)
				text, err := p.Encode()
				must(t, err)
				p, err = ParseProof(text)
				must(t, err)
				e, c, err := p.Verify(record, "identifiers", origin, key.Verifier())
				must(t, err)
				if e.CommitTime != noon().UnixNano()+int64(id) || c.Size != 6 {
					t.Fatalf("commit time %d in a tree of %d", e.CommitTime, c.Size)
				}
				if _, _, err := p.Verify(append(record, '!'), "identifiers", origin, key.Verifier()); !errors.Is(err, evidence.ErrNotProved) {
					t.Fatalf("another record: %v", err)
				}
			}
		}
		if _, err := book.Prove(t.Context(), "identifiers", 9, records(1), 0); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("a group that is not: %v", err)
		}
	})
}

// What tlog and note, which others wrote, make of a proof by their own steps.
func TestAProofHoldsByTheStepsOfTlog(t *testing.T) {
	book, log := open(t, storetest.SQLite(t))
	list := records(13)
	put(t, book, 1, list)
	must(t, book.Seal(t.Context()))
	publish(t, log)
	p, err := book.Prove(t.Context(), "identifiers", 1, list, 11)
	must(t, err)

	verifier, err := note.NewVerifier(key.Verifier().String())
	must(t, err)
	signed, err := note.Open([]byte(p.Leaf.Checkpoint), note.VerifierList(verifier))
	must(t, err)
	lines := strings.Split(signed.Text, "\n")
	root, err := tlog.ParseHash(lines[2])
	must(t, err)
	must(t, tlog.CheckRecord(tlog.RecordProof(p.Leaf.Hashes), 1, root, 0, tlog.RecordHash(p.Leaf.Entry)))

	blinded := sha256.Sum256(append(bytes.Clone(p.Salt), list[11]...))
	e, err := evidence.ParseEnvelope(p.Leaf.Entry)
	must(t, err)
	must(t, tlog.CheckRecord(tlog.RecordProof(p.Path), 13, p.Root, 11, tlog.RecordHash(blinded[:])))
	if want := sha256.Sum256(append([]byte("jingwei-group/1\n\x00\x00\x00\x0d"), p.Root[:]...)); string(want[:]) != string(e.Digest) {
		t.Fatalf("the leaf holds %x, want %x", e.Digest, want)
	}
}

func TestWhatWasChangedIsNotProved(t *testing.T) {
	book, log := open(t, storetest.SQLite(t))
	list := records(20)
	put(t, book, 1, list)
	must(t, book.Seal(t.Context()))
	publish(t, log)
	p, err := book.Prove(t.Context(), "identifiers", 1, list, 5)
	must(t, err)

	changed := records(20)
	changed[6] = []byte("88.101/box-666")
	if _, err := book.Prove(t.Context(), "identifiers", 1, changed, 5); !errors.Is(err, ErrChanged) {
		t.Errorf("a record of the group was changed: %v", err)
	}
	for what, bend := range map[string]func(p *Proof){
		"place":    func(p *Proof) { p.Place++ },
		"size":     func(p *Proof) { p.Size-- },
		"no size":  func(p *Proof) { p.Size = 0 },
		"negative": func(p *Proof) { p.Place = -1 },
		"salt":     func(p *Proof) { p.Salt[3] ^= 1 },
		"no salt":  func(p *Proof) { p.Salt = nil },
		"path":     func(p *Proof) { p.Path[2][7] ^= 1 },
		"root":     func(p *Proof) { p.Root[0] ^= 1 },
		"short":    func(p *Proof) { p.Path = p.Path[:len(p.Path)-1] },
		"long":     func(p *Proof) { p.Path = append(p.Path, make([]evidence.Hash, 20)...) },
		"entry":    func(p *Proof) { p.Leaf.Entry[len(p.Leaf.Entry)-3] ^= 1 },
	} {
		text, err := p.Encode()
		must(t, err)
		q, err := ParseProof(text)
		must(t, err)
		bend(&q)
		if _, _, err := q.Verify(list[5], "identifiers", origin, key.Verifier()); !errors.Is(err, evidence.ErrNotProved) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := p.Verify(list[5], "trace", origin, key.Verifier()); !errors.Is(err, evidence.ErrNotProved) {
		t.Errorf("another kind: %v", err)
	}
}

func TestAGroupHasItsBounds(t *testing.T) {
	book, _ := open(t, storetest.SQLite(t))
	for what, list := range map[string][][]byte{"none": nil, "too many": make([][]byte, Most+1)} {
		if err := book.Put(t.Context(), book.o.DB, "identifiers", 1, 1, list); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	if err := book.Put(t.Context(), book.o.DB, "No Kind", 1, 1, records(1)); err == nil {
		t.Error("a kind that cannot be: taken")
	}
}

func TestRunSealsWhatWakesIt(t *testing.T) {
	book, log := open(t, storetest.SQLite(t))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- book.Run(ctx) }()
	put(t, book, 1, records(3))
	book.Wake()
	for {
		publish(t, log)
		if log.Checkpoint().Size == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte(`{"format":"jingwei-group-proof/1","place":0,"size":1,"salt":"","path":[],"root":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","leaf":{"format":"","index":"0","entry":null,"hashes":null,"checkpoint":""}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
		if err != nil {
			return
		}
		if _, _, err := p.Verify([]byte("x"), "identifiers", origin, key.Verifier()); err == nil {
			t.Fatal("proved")
		}
	})
}

func BenchmarkDigest(b *testing.B) {
	list := records(2000)
	for b.Loop() {
		if _, err := Digest(Secret{}, list); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/record")
}
