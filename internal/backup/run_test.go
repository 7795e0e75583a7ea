package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/telemetry"
)

// load appends from several producers, and declares series all the time, until stop is called.
func (n *node) load(a *acked) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	a.rows, a.seq = map[uint64]int{}, map[uuid.UUID]map[uint64]uint64{}
	for w := range 3 {
		all.Go(func() {
			producer := uuid.UUID{7, byte(w)}
			a.Lock()
			a.seq[producer] = map[uint64]uint64{}
			a.Unlock()
			first := 1000 * w
			refs := declare(n.t, n.store, first, 8)
			for seq := uint64(1); ctx.Err() == nil; seq++ {
				if seq%40 == 0 && len(refs) < 60 {
					refs = append(refs, declare(n.t, n.store, first+len(refs), 1)...)
				}
				b := batch(refs, int(seq)) // Append may look at it until it returns, done comes later
				all.Add(1)
				err := n.store.Append(ctx, producer, 1, seq, b, func(r telemetry.Receipt, err error) {
					defer all.Done()
					if err == nil {
						a.Lock()
						a.rows[r.Commit], a.last, a.seq[producer][seq] = len(b.Ref), r.Commit, r.Commit
						a.Unlock()
					}
				})
				if err != nil {
					all.Done()
					return // the end of ctx
				}
			}
		})
	}
	all.Go(func() { // a consumer of the journal that keeps its cursor in the records
		for ctx.Err() == nil {
			err := n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.ExecContext(ctx, "UPDATE consumer SET cursor = ?", int64(n.journal.Last().Number))
				return err
			})
			if err != nil {
				return // the end of ctx
			}
			a.consumed.Add(1)
		}
	})
	all.Go(func() { // leaves, and checkpoints of them
		for k := 0; ctx.Err() == nil; k++ {
			if _, err := n.proofs.Append(ctx, [][]byte{fmt.Appendf(nil, "leaf %d", k), []byte("and its neighbour")}); err != nil {
				return // the end of ctx
			}
			time.Sleep(time.Millisecond)
		}
	})
	return func() { cancel(); all.Wait() }
}

// wait until the load has put so many commits in place.
func (a *acked) wait(commits uint64) {
	for {
		a.Lock()
		last := a.last
		a.Unlock()
		if last >= commits {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestBackupUnderLoadComesBackAsItWas(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		ctx := context.Background()
		r := repository(t, filepath.Join(t.TempDir(), "repo"))
		for _, q := range []string{"CREATE TABLE consumer (cursor BIGINT NOT NULL)", "INSERT INTO consumer VALUES (0)"} {
			_, err := n.db.ExecContext(ctx, q)
			must(t, err)
		}
		var a acked
		stop := n.load(&a)
		var stopped sync.Once
		defer stopped.Do(stop)
		a.wait(600)
		seen := a.consumed.Load()
		proof.Wait(t, "the consumer goes on", func() bool { return a.consumed.Load() > seen+1 })
		var results []*Result
		var least []uint64
		for k := range uint64(3) {
			a.Lock()
			least = append(least, a.last)
			a.Unlock()
			res, err := Run(ctx, n.source(), r, nil)
			must(t, err)
			results = append(results, res)
			a.wait(600 + 400*(k+1))
		}
		stopped.Do(stop)
		for k, res := range results {
			if res.Commit < least[k] {
				t.Fatalf("backup %d is of commit %d; %d was acknowledged before it began", k, res.Commit, least[k])
			}
		}
		// Everything that was acknowledged up to the cut, and nothing else, of every series.
		cut := results[1].Commit
		back := restoreNode(t, r, results[1].Snapshot, string(n.db.Engine()))
		if last := back.journal.Last().Number; last != cut {
			t.Fatalf("the restored journal ends at %d, the cut was %d", last, cut)
		}
		var cursor uint64
		must(t, back.db.NewRaw("SELECT cursor FROM consumer").Scan(ctx, &cursor))
		if cursor > cut || cursor == 0 {
			t.Errorf("a consumer's cursor is %d, the cut was %d: it would skip what comes next", cursor, cut)
		}
		rows := 0
		for i := range 3000 {
			ref, ok := n.store.Lookup(seriesID(i))
			other, restored := back.store.Lookup(seriesID(i))
			if !ok {
				continue
			}
			want := samples(t, n.store, ref, cut)
			if !restored && len(want) > 0 {
				t.Fatalf("series %d has %d samples and is not in the restored catalogue", i, len(want))
			}
			if !restored {
				continue
			}
			if ref != other {
				t.Fatalf("series %d was %d and is %d", i, ref, other)
			}
			got := samples(t, back.store, other, ^uint64(0))
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("series %d: %d samples came back, want %d", i, len(got), len(want))
			}
			rows += len(got)
		}
		acknowledged := 0
		for commit, n := range a.rows {
			if commit <= cut {
				acknowledged += n
			}
		}
		if rows != acknowledged || rows == 0 {
			t.Fatalf("%d samples came back, %d were acknowledged up to the cut", rows, acknowledged)
		}
		if size := back.proofs.Size(); size == 0 || size > n.proofs.Size() {
			t.Errorf("the restored evidence log has %d entries, the source %d", size, n.proofs.Size())
		}
		for producer, commits := range a.seq {
			want := uint64(0)
			for seq, commit := range commits {
				if commit <= cut {
					want = max(want, seq)
				}
			}
			if _, got := back.store.LastSeq(producer); got != want {
				t.Errorf("producer %v stands at %d, want %d", producer, got, want)
			}
		}
	})
}

func TestQuietBackupHasTheSameTablesAndFiles(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		r := repository(t, filepath.Join(t.TempDir(), "repo"))
		n.fill(declare(t, n.store, 0, 20), 0, 300)
		must(t, n.store.Flush(context.Background()))
		must1(n.proofs.Publish(context.Background()))
		res, err := Run(context.Background(), n.source(), r, nil)
		must(t, err)
		back := restoreNode(t, r, "", string(n.db.Engine()))
		if want, got := tables(t, n.db), tables(t, back.db); !reflect.DeepEqual(want, got) || len(want) < 4 {
			t.Errorf("the tables differ:\n%v\n%v", want, got)
		}
		for _, name := range []string{"node.id", "evidence/checkpoint", "keys/evidence.key", FormatsFile} {
			want, err1 := os.ReadFile(filepath.Join(n.dir, name))
			got, err2 := os.ReadFile(filepath.Join(back.dir, name))
			if err := errors.Join(err1, err2); err != nil || string(want) != string(got) {
				t.Errorf("%s: %q, want %q, %v", name, got, want, err)
			}
		}
		// Series can be declared and the schema is migrated on: keys, identities and indexes came along.
		declare(t, back.store, 5000, 3)

		// A second backup of what has not changed writes next to nothing, and reads no block.
		again, err := Run(context.Background(), n.source(), r, nil)
		must(t, err)
		if again.Written > res.Written/4 || again.Read >= res.Read {
			t.Errorf("the second backup wrote %d and read %d bytes; the first wrote %d and read %d", again.Written, again.Read, res.Written, res.Read)
		}
	})
}

// A gateway that had sent more than the backup holds is told where the node stands, and goes on in a new epoch with what
// it still has (connect/gateway: place.resume, "hole").
func TestProducerBeyondTheBackupGoesOn(t *testing.T) {
	n := sqliteNode(t)
	refs := declare(t, n.store, 0, 3)
	n.fill(refs, 0, 10)
	r := repository(t, filepath.Join(t.TempDir(), "repo"))
	_, err := Run(context.Background(), n.source(), r, nil)
	must(t, err)
	n.fill(refs, 10, 20)
	back := restoreNode(t, r, "", "sqlite")
	producer := uuid.UUID{7}
	epoch, seq := back.store.LastSeq(producer)
	if epoch != 1 || seq != 10 {
		t.Fatalf("the restored node stands at %d-%d", epoch, seq)
	}
	var gap *telemetry.SequenceError
	if err := back.store.Append(context.Background(), producer, 1, 21, batch(refs, 21), nil); !errors.As(err, &gap) || gap.Want != 11 {
		t.Fatalf("batch 21 after a restore to 10: %v", err)
	}
	done := make(chan error, 1)
	must(t, back.store.Append(context.Background(), producer, 2, 1, batch(refs, 21), func(_ telemetry.Receipt, err error) { done <- err }))
	must(t, <-done)
	if got := samples(t, back.store, refs[0], ^uint64(0)); len(got) != 11 {
		t.Errorf("%d samples, want 11", len(got))
	}
}

func TestStoppedNodeIsBackedUpFromItsFiles(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		refs := declare(t, n.store, 0, 5)
		n.fill(refs, 0, 40)
		must(t, n.store.Flush(context.Background()))
		n.fill(refs, 40, 70)
		want := samples(t, n.store, refs[2], ^uint64(0))
		live := n.source()
		r := repository(t, filepath.Join(t.TempDir(), "repo"))
		_, err := Run(context.Background(), &Source{FS: live.FS, Dir: n.dir, DB: n.db, Now: time.Now}, r, nil)
		if !errors.Is(err, ErrRunning) {
			t.Fatalf("the files of a running node were copied: %v", err)
		}
		must(t, n.proofs.Close())
		must(t, n.store.Close())
		must(t, n.journal.Close())
		res, err := Run(context.Background(), &Source{FS: live.FS, Dir: n.dir, DB: n.db, Now: time.Now}, r, nil)
		must(t, err)
		if res.Commit != 70 {
			t.Errorf("the cut is at %d", res.Commit)
		}
		engine := string(n.db.Engine())
		must(t, n.db.Close())
		n.journal = nil
		back := restoreNode(t, r, "", engine)
		if got := samples(t, back.store, refs[2], ^uint64(0)); !reflect.DeepEqual(got, want) || len(got) != 70 {
			t.Errorf("%d samples came back, want %d", len(got), len(want))
		}
	})
}
