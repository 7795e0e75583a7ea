package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const origin = "plant.example/evidence"

// Fixed keys, so that what is signed is the same at every run. They guard nothing.
var testKeys = []Signer{
	proof.Must(NewSigner("PRIVATE+KEY+plant.example/evidence+aa5e852a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")),
	proof.Must(NewSigner("PRIVATE+KEY+plant.example/evidence/sm2+577fea74+/2ppbmd3ZWkvc20yLXNtMy92MQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")),
}

func vkeys() []Verifier { return []Verifier{testKeys[0].Verifier(), testKeys[1].Verifier()} }

// noon is a clock that stands still.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 1, time.UTC) }

// manual are options for a log that signs on demand only.
func manual(files file.FS, dir string) Options {
	return Options{FS: files, Dir: dir, Origin: origin, Keys: testKeys, Now: noon, CheckpointEvery: -1}
}

func start(t testing.TB, o Options) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// add appends entries and checks where they went.
func add(t testing.TB, l *Log, entries ...[]byte) {
	t.Helper()
	want := l.Size()
	first, err := l.Append(context.Background(), entries)
	if err != nil || first != want {
		t.Fatalf("%d entries went to %d, want %d: %v", len(entries), first, want, err)
	}
}

func publish(t testing.TB, l *Log) Checkpoint {
	t.Helper()
	c, err := l.Publish(context.Background())
	must(t, err)
	return c
}

// text makes n different entries beginning with number from.
func text(from, n int) [][]byte {
	entries := make([][]byte, n)
	for i := range entries {
		entries[i] = fmt.Appendf(nil, "e%d", from+i)
	}
	return entries
}

// mth is the Merkle tree hash of RFC 6962, 2.1, as its text says it and no other way.
func mth(leaves []Hash) Hash {
	switch len(leaves) {
	case 0:
		h, _ := tlog.TreeHash(0, nil)
		return h
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(mth(leaves[:k]), mth(leaves[k:]))
}

func hashAll(entries [][]byte) []Hash {
	out := make([]Hash, len(entries))
	for i, e := range entries {
		out[i] = LeafHash(e)
	}
	return out
}

// treePath is PATH(m, D[n]) of RFC 6962, 2.1.1.
func treePath(m int, leaves []Hash) []Hash {
	if len(leaves) == 1 {
		return nil
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	if m < k {
		return append(treePath(m, leaves[:k]), mth(leaves[k:]))
	}
	return append(treePath(m-k, leaves[k:]), mth(leaves[:k]))
}

// subproof is SUBPROOF(m, D[n], b) of RFC 6962, 2.1.2.
func subproof(m int, leaves []Hash, b bool) []Hash {
	n := len(leaves)
	if m == n {
		if b {
			return nil
		}
		return []Hash{mth(leaves)}
	}
	k := 1
	for k*2 < n {
		k *= 2
	}
	if m <= k {
		return append(subproof(m, leaves[:k], b), mth(leaves[k:]))
	}
	return append(subproof(m-k, leaves[k:], false), mth(leaves[:k]))
}

// tree lists the static files of a log's folder, by their paths in it.
func tree(t testing.TB, files file.FS, dir string) []string {
	t.Helper()
	out := []string{checkpointFile}
	var walk func(p string)
	walk = func(p string) {
		list, err := files.ReadDir(filepath.Join(dir, p))
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		must(t, err)
		for _, e := range list {
			if e.IsDir() {
				walk(path.Join(p, e.Name()))
			} else {
				out = append(out, path.Join(p, e.Name()))
			}
		}
	}
	walk(tileDir)
	return out
}

// check verifies a folder and expects no problem.
func check(t testing.TB, files file.FS, dir string, old []byte) Report {
	t.Helper()
	r, err := Verify(context.Background(), VerifyOptions{FS: files, Dir: dir, Origin: origin, Keys: vkeys(), Old: old})
	if err != nil || len(r.Problems) > 0 {
		t.Fatalf("%v %v", err, r.Problems)
	}
	return r
}

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 5)) }

// TestOnlyDirectoriesThatMayHoldLaterTilesAreRead for numbers of all lengths.
func TestOnlyDirectoriesThatMayHoldLaterTilesAreRead(t *testing.T) {
	rng := seeded(9)
	skipped := 0
	for range 20000 {
		n := rng.Int64N([]int64{10, 1000, 1200, 100_000, 1_000_200, 1 << 36}[rng.IntN(6)])
		right := tile(0, n, rng.IntN(tileWidth))
		m := max(0, n+rng.Int64N(3000)-1500)
		if rng.IntN(2) == 0 {
			m = rng.Int64N(n + 150_000)
		}
		parts := strings.Split(strings.TrimPrefix(tilePath(tile(0, m, 1+rng.IntN(255))), "tile/0/"), "/")
		var above []int64
		ok := true
		for _, name := range parts[:len(parts)-1] {
			if above, ok = mayHold(name, right, above); !ok {
				break
			}
		}
		if !ok {
			skipped++
		}
		if !ok && m >= n && m < n+150_000 {
			t.Fatalf("tile %d is not found behind %d", m, n)
		}
	}
	if skipped < 2000 {
		t.Errorf("only %d of those before it are skipped", skipped)
	}
}
